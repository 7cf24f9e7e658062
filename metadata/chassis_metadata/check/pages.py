"""What shows an object: record types, paths, list views, layouts, apps name fields and values that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chassis_metadata.check.filters import filter_complaints, logic_complaints
from chassis_metadata.check.look import Look, field_at, missing_field, path_complaints, unknown
from chassis_metadata.check.picklists import unknown_values
from chassis_metadata.components import PAGES, PathDefinition, RelatedList
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object


def check_pages(look: Look) -> Iterator[Complaint]:
    """All of them, on objects that there are."""
    yield from _check_record_types(look)
    yield from _check_paths(look)
    yield from _check_list_views(look)
    yield from _check_layouts(look)
    for app in look.package.apps:
        for index, tab in enumerate(app.tabs):
            if tab not in look.after.objects and tab not in PAGES:
                known = [*look.after.objects, *PAGES]
                yield unknown(("apps", app.name, "tabs", index), "object", tab, known)


def _placed(look: Look, key: str) -> Iterator[tuple[Where, Object, Any]]:
    for each in getattr(look.package, key):
        of = look.after.objects.get(each.object_name)
        if of is not None:
            yield ("objects", each.object_name, key, each.name), of, each


def _check_record_types(look: Look) -> Iterator[Complaint]:
    yield from _one_default(look, "record_types")
    for where, of, each in _placed(look, "record_types"):
        for name, values in each.picklists.items():
            here = (*where, "picklists", name)
            field = of.fields.get(name)
            if field is None:
                yield missing_field(here, of, name)
            elif not field.values:
                yield Complaint(
                    here, "wrong_type", f"{name!r} is a {field.type}; only picklists have values to narrow."
                )
            else:
                yield from unknown_values(here, field, values, "unknown_value")


def _one_default(look: Look, key: str) -> Iterator[Complaint]:
    first: dict[str, str] = {}
    for where, of, each in _placed(look, key):
        if each.default and first.setdefault(of.name, each.name) != each.name:
            message = f"{first[of.name]!r} is the default of {of.name} already. Keep one."
            yield Complaint((*where, "default"), "second_default", message)


def _check_paths(look: Look) -> Iterator[Complaint]:
    for where, of, each in _placed(look, "paths"):
        field = of.fields.get(each.field)
        if field is None:
            yield missing_field((*where, "field"), of, each.field)
        elif field.type is not FieldType.PICKLIST:
            yield Complaint(
                (*where, "field"), "wrong_type", f"{each.field!r} is a {field.type}; a path needs a picklist."
            )
        if each.record_type is not None:
            yield from _check_record_type_names(of, [each.record_type], (*where, "record_type"))
        yield from _check_stages(look, of, each, (*where, "stages"))


def _check_stages(look: Look, of: Object, path: PathDefinition, where: Where) -> Iterator[Complaint]:
    field = of.fields.get(path.field)
    for index, stage in enumerate(path.stages):
        here = (*where, index)
        if field is not None:
            yield from unknown_values((*here, "value"), field, [stage.value], "unknown_value")
        yield from path_complaints(look.after, of, stage.key_fields, (*here, "key_fields"))
        if stage.value in {one.value for one in path.stages[:index]}:
            yield Complaint((*here, "value"), "duplicate_value", f"The stage {stage.value!r} is there already.")


def _check_record_type_names(of: Object, names: Iterable[str], where: Where) -> Iterator[Complaint]:
    known = [each.name for each in of.record_types]
    for name in names:
        if name not in known:
            yield unknown(where, "record type", name, known)


def _check_list_views(look: Look) -> Iterator[Complaint]:
    yield from _one_default(look, "list_views")
    for where, of, each in _placed(look, "list_views"):
        yield from path_complaints(look.after, of, each.columns, (*where, "columns"))
        for index, one in enumerate(each.filters):
            yield from filter_complaints(look, of, one, (*where, "filters", index))
        yield from logic_complaints(each.logic, len(each.filters), (*where, "logic"))
        yield from _check_order(look, of, each.order_by, (*where, "order_by"))
        if each.owner == "mine" and not of.has_owner:
            message = f"Records of {of.name} have no owner: they follow their parent. Use everyone."
            yield Complaint((*where, "owner"), "invalid_value", message)


def _check_order(look: Look, of: Object, order_by: Iterable[tuple[str, bool]], where: Where) -> Iterator[Complaint]:
    for index, (path, _) in enumerate(order_by):
        here = (*where, index, "field")
        field = field_at(look.after, of, path, here)
        if isinstance(field, Complaint):
            yield field
        elif not field.traits.sortable:
            what = "An encrypted field" if field.encrypted else f"A {field.type}"
            yield Complaint(here, "not_sortable", f"{what} can't be sorted by.")


def _check_layouts(look: Look) -> Iterator[Complaint]:
    for where, of, each in _placed(look, "layouts"):
        yield from _check_record_type_names(of, each.record_types, (*where, "record_types"))
        shown: set[str] = set()
        for index, section in enumerate(each.sections):
            here = (*where, "sections", index, "fields")
            yield from path_complaints(look.after, of, section.fields, here)
            for place, name in enumerate(section.fields):
                if name in shown:
                    yield Complaint((*here, place), "duplicate_value", f"{name!r} is on the page already.")
            shown.update(section.fields)
        for index, related in enumerate(each.related_lists):
            yield from _check_related(look, of, related, (*where, "related_lists", index))


def _check_related(look: Look, of: Object, related: RelatedList, where: Where) -> Iterator[Complaint]:
    known = {child.name: child for child in of.children}
    if related.relationship not in known:
        message = unknown((*where, "relationship"), "child relationship", related.relationship, known)
        there = ", ".join(sorted(known)) or "none"
        yield Complaint(message.where, message.code, f"{message.message} {of.name} has: {there}.")
        return
    child = look.after.objects[known[related.relationship].child]
    yield from path_complaints(look.after, child, related.columns, (*where, "columns"))
    yield from _check_order(look, child, related.order_by, (*where, "order_by"))
