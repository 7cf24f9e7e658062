"""What an object says of itself: how its records are called and who sees them."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.field import format_complaints
from chassis_metadata.check.look import Look, circle, missing_field, path_complaints
from chassis_metadata.components import OrgWideDefault
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object


def check_objects(look: Look) -> Iterator[Complaint]:
    """The package's own objects."""
    for where, each in look.objects():
        yield from _check_name(where, each)
        yield from _check_control(look, where, each)
        yield from path_complaints(look.after, each, each.compact_fields, (*where, "compact_fields"))


def _check_name(where: Where, each: Object) -> Iterator[Complaint]:
    how = each.name_field
    here = (*where, "name")
    if how.type == "auto_number":
        yield from format_complaints(here, how.format)
    elif how.format is not None:
        yield Complaint((*here, "format"), "misplaced_key", "Only an auto_number has a format.")
    if how.type == "person" and how.last is None:
        yield Complaint(here, "required_key_missing", "'last' is missing: the field with the last name.")
    if how.type == "auto_number" and (how.last or how.first):
        yield Complaint(here, "misplaced_key", "Only person and text are composed of last and first name.")
    for key, name in (("last", how.last), ("first", how.first)):
        yield from _check_name_part((*here, key), each, name)


def _check_name_part(where: Where, of: Object, name: str | None) -> Iterator[Complaint]:
    if name is None:
        return
    part = of.fields.get(name)
    if part is None:
        yield missing_field(where, of, name)
    elif part.type is not FieldType.TEXT:
        yield Complaint(where, "wrong_type", f"{name!r} is a {part.type}; a name is composed of text fields.")


def _check_control(look: Look, where: Where, each: Object) -> Iterator[Complaint]:
    here = (*where, "controlled_by")
    is_controlled = each.sharing is OrgWideDefault.CONTROLLED_BY_PARENT
    if not is_controlled:
        if each.controlled_by is not None:
            message = "Only `sharing: controlled_by_parent` has a field that decides. Leave it out, or set the sharing."
            yield Complaint(here, "misplaced_key", message)
        return
    if each.controlled_by is None:
        message = "'controlled_by' is missing: the reference whose record decides."
        yield Complaint(where, "required_key_missing", message)
        return
    field = each.fields.get(each.controlled_by)
    if field is None:
        yield missing_field(here, each, each.controlled_by)
    elif not field.is_reference:
        message = f"{field.name!r} is a {field.type}. Name a lookup or master_detail field."
        yield Complaint(here, "not_a_reference", message)
    else:
        yield from _check_circle(look, here, each)


def _check_circle(look: Look, where: Where, each: Object) -> Iterator[Complaint]:
    edges = {
        name: set(one.fields[one.controlled_by].references)
        for name, one in look.after.objects.items()
        if one.controlled_by is not None and one.controlled_by in one.fields
    }
    way = circle(each.name, edges)
    if way:
        yield Complaint(where, "circular_control", f"Objects control each other in a circle: {' -> '.join(way)}.")
