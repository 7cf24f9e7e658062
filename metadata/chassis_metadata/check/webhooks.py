"""Webhooks: objects and fields that are there, each object once, criteria that are true or not."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.engine_formulas import field_complaints, formula_complaints, object_complaint
from chassis_metadata.check.look import Look, path_complaints
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_webhook(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole webhook."""
    seen: set[str] = set()
    for place, watched in enumerate(each.body["objects"]):
        here, name = (*where, "objects", place), watched["object"]
        if name in seen:
            yield Complaint((*here, "object"), "duplicate_name", f"{name} stands here already.")
        seen.add(name)
        yield from object_complaint(look, name, (*here, "object"))
        obj = look.after.objects.get(name)
        if obj is None:
            continue
        if not (obj.createable or obj.updateable or obj.deletable):
            yield Complaint((*here, "object"), "wrong_type", f"{name} is a journal: its entries are no changes.")
        yield from formula_complaints(look, obj, watched.get("criteria"), (*here, "criteria"), Kind.BOOLEAN)
        yield from path_complaints(look.after, obj, watched.get("fields", ()), (*here, "fields"))
        for number, changed in enumerate(watched.get("changed", ())):
            yield from field_complaints(obj, changed, (*here, "changed", number), written=False)
