"""Inbound mappings: what they name is there, what they say in other languages can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.mapping_expressions import ExpressionCheck
from chassis_metadata.components import InboundMapping
from chassis_metadata.document_paths import language_of
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_TABLES = ("csv", "fixed_width")
#: What only tables have.
_OF_TABLES = ("columns", "group_by", "encoding", "delimiter", "header", "skip_lines")


def check_inbound(look: Look) -> Iterator[Complaint]:
    """The package's mappings."""
    for mapping in look.package.inbound_mappings:
        where: Where = ("inbound", mapping.name)
        body = mapping.body
        values = frozenset(body.get("values", {}))
        check = ExpressionCheck(look, language_of(body), body.get("namespaces", {}), values)
        yield from _check_form(body, where)
        yield from _check_texts(check, body, where)
        yield from _check_targets(check, where, mapping)


def _check_form(body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    kind = body.get("format", "xml")
    if kind not in _TABLES:
        yield from (
            Complaint((*where, key), "unused_key", f"Only tables (csv, fixed_width) have {key!r}.")
            for key in _OF_TABLES
            if key in body
        )
        if "root" not in body:
            yield Complaint(where, "required_key_missing", "Where are the units? Give 'root'.")
        return
    columns: Sequence[Mapping[str, Any]] = body.get("columns", ())
    names = [each["name"] for each in columns]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Complaint((*where, "columns", number), "duplicate_name", f"There are two columns {name!r}.")
    if not columns and (kind == "fixed_width" or not body.get("header", True)):
        yield Complaint(where, "required_key_missing", "A table without a header needs 'columns'.")
    if columns:
        grouped = body.get("group_by", ())
        yield from (unknown((*where, "group_by"), "column", each, names) for each in grouped if each not in names)
    if kind == "fixed_width":
        yield from _check_widths(columns, where)


def _check_widths(columns: Sequence[Mapping[str, Any]], where: Where) -> Iterator[Complaint]:
    for number, each in enumerate(columns):
        if not {"from", "to"} <= each.keys():
            yield Complaint((*where, "columns", number), "required_key_missing", "Give its 'from' and 'to'.")
        elif each["from"] > each["to"]:
            yield Complaint((*where, "columns", number), "invalid_value", "It ends before it begins.")


def _check_texts(check: ExpressionCheck, body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    """Everything besides the targets."""
    root = body.get("root", ())
    for path in [root] if isinstance(root, str) else root:
        yield from check.path(path, (*where, "root"))
    for name, each in body.get("values", {}).items():
        yield from check.expression(each, (*where, "values", name))
    for number, each in enumerate(body.get("message_key", ())):
        yield from check.expression(each, (*where, "message_key", number))
    if "revision" in body:
        yield from check.expression(body["revision"], (*where, "revision"))
    for number, each in enumerate(body.get("require", ())):
        yield from check.condition(each["that"], (*where, "require", number, "that"))


def _check_targets(check: ExpressionCheck, where: Where, mapping: InboundMapping) -> Iterator[Complaint]:
    made: list[str] = []
    for index, target in enumerate(mapping.body["targets"]):
        here = (*where, "targets", index)
        obj = check.look.after.objects.get(target["object"])
        if obj is None:
            yield unknown((*here, "object"), "object", target["object"], check.look.after.objects)
        else:
            yield from _check_fields(check, obj, target, (here, made))
            yield from _check_finding(check, obj, target, (here, made))
        if "each" in target:
            yield from check.path(target["each"], (*here, "each"))
        if "when" in target:
            yield from check.condition(target["when"], (*here, "when"))
        made.append(target.get("name", target["object"]))


def _check_fields(
    check: ExpressionCheck, obj: Object, target: Mapping[str, Any], place: tuple[Where, Sequence[str]]
) -> Iterator[Complaint]:
    here, made = place
    if "fields" not in target and "new_fields" not in target and target.get("if_found") != "keep":
        yield Complaint(here, "required_key_missing", "Which fields? Give 'fields'.")
    for key in ("fields", "new_fields"):
        for name, expression in target.get(key, {}).items():
            if name not in obj.fields:
                yield missing_field((*here, key, name), obj, name)
            yield from check.expression(expression, (*here, key, name), made)


def _check_finding(
    check: ExpressionCheck, obj: Object, target: Mapping[str, Any], place: tuple[Where, Sequence[str]]
) -> Iterator[Complaint]:
    here, made = place
    if "find" in target:
        yield from check.expression(target["find"], (*here, "find"))
    if "within" in target and target["within"] not in made:
        yield unknown((*here, "within"), "earlier target", target["within"], made)
    key = target.get("upsert_by")
    if key is None:
        return
    if "find" in target:
        yield Complaint(here, "unused_key", "Either 'find' or 'upsert_by', not both.")
    field = obj.fields.get(key)
    if field is None:
        yield missing_field((*here, "upsert_by"), obj, key)
    elif not field.external_id or key not in target["fields"]:
        message = f"{key} must be an external id of {obj.name}, and one of 'fields'."
        yield Complaint((*here, "upsert_by"), "no_external_id", message)
