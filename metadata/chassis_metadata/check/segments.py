"""Segments: groups of the object's records, other segments of the same object, no circles."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.engine_formulas import formula_complaints, object_complaint
from chassis_metadata.check.look import Look, circle, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.segment import KIND, read_segment
from chassis_metadata.places import Where


def check_segment(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole segment."""
    body = each.body
    yield from object_complaint(look, body["object"], (*where, "object"))
    obj = look.after.objects.get(body["object"])
    if obj is None:
        return
    for place, one in enumerate(body["groups"]):
        here = (*where, "groups", place)
        if ("criteria" in one) == ("segment" in one):
            yield Complaint(here, "invalid_value", "A group has `criteria` or a `segment`, and not both.")
        if place == 0 and one.get("combine", "union") != "union":
            yield Complaint((*here, "combine"), "invalid_value", "There is nothing above the first group.")
        yield from formula_complaints(look, obj, one.get("criteria"), (*here, "criteria"), Kind.BOOLEAN)
        if "segment" in one:
            yield from _other_complaints(look, obj.name, one["segment"], (*here, "segment"))
    yield from _circles(each, look, where)


def _other_complaints(look: Look, object_name: str, name: str, where: Where) -> Iterator[Complaint]:
    known = look.after.logic_of(KIND)
    if name not in known:
        yield unknown(where, "segment", name, known)
    elif known[name].body["object"] != object_name:
        yield Complaint(where, "wrong_type", f"{name} is a segment of {known[name].body['object']}.")


def _circles(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    edges = {
        name: {group.segment for group in read_segment(one).groups if group.segment}
        for name, one in look.after.logic_of(KIND).items()
    }
    way = circle(each.name, edges)
    if way:
        yield Complaint(where, "circular_reference", f"The segment is made of itself: {' -> '.join(way)}.")
