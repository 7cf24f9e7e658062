"""What a merge would do: the records side by side, the value that would stay, what would be re-parented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_metadata.logic.duplicate_rule import MergeChoice, merge_choices
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path
from chassis_platform.access.context import Context
from chassis_platform.automation.merging.children import referring_fields
from chassis_platform.automation.merging.choices import choosable_fields, is_enforced
from chassis_platform.plan.listing import ListRequest
from chassis_platform.records.lists import field_label, list_records
from chassis_platform.sql.check import children_of
from chassis_tenants.database import Database

_BLANKS = (None, "", False)
_ALWAYS_READ = ("Name", "CreatedDate", "LastModifiedDate")


async def preview_merge(
    database: Database, context: Context, obj: Object, ids: Sequence[str], *, master_id: str
) -> dict[str, Any]:
    """The records as the user may see them (masked, and logged, as in any list), and what would become of them."""
    readable = context.policy.on(obj.name).readable
    fields = [each for each in choosable_fields(obj) if each.name in readable]
    names = [each for each in dict.fromkeys([*_ALWAYS_READ, *(each.name for each in fields)]) if each in readable]
    records = await _read(database, context, obj, (ids, names))
    if len(records) < len(ids):
        raise NotFound.of("not_found", "One of the records is not there, or you may not see it.")
    rules = merge_choices(context.snapshot, obj.name)
    by_id = {each["id"]: each for each in records}
    ordered = [by_id[each] for each in (master_id, *(each for each in ids if each != master_id))]
    return {
        "object": obj.name,
        "masterId": master_id,
        "records": ordered,
        "fields": [_field(context, each, ordered, rules.get(each.name)) for each in fields],
        "related": await _related(database, context, obj, [each["id"] for each in ordered[1:]]),
    }


async def _read(
    database: Database, context: Context, obj: Object, wanted: tuple[Sequence[str], Sequence[str]]
) -> list[dict[str, Any]]:
    """The records as rows of a list have them: id, version, values, and the names of what they refer to."""
    ids, names = wanted
    chosen = Comparison(Path(("Id",)), Operator.IN, tuple(Literal(each) for each in ids))
    request = ListRequest(columns=tuple(names), limit=len(ids), extra=(chosen,))
    page = orjson.loads(await list_records(database, context, obj.name, request, door="merge"))
    found: list[dict[str, Any]] = page["records"]
    return found


def _field(
    context: Context, field: Field, records: Sequence[Mapping[str, Any]], rule: MergeChoice | None
) -> dict[str, Any]:
    values = [_value(each, field.name) for each in records]
    return {
        "name": field.name,
        "label": field_label(field, context),
        "differs": any(each != values[0] for each in values),
        "source": _source(field, records, rule),
        "canChoose": not is_enforced(rule) and field.name in context.policy.on(field.object_name).editable,
    }


def _source(field: Field, records: Sequence[Mapping[str, Any]], rule: MergeChoice | None) -> str:
    """The record whose value would stay."""
    filled = [each for each in records if _value(each, field.name) not in _BLANKS]
    if isinstance(rule, tuple):
        ranks = {value: place for place, value in enumerate(rule)}
        return _id(min(records, key=lambda each: ranks.get(str(_value(each, field.name)), len(ranks))))
    if rule in ("true_wins", "false_wins"):
        wanted = rule == "true_wins"
        return _id(next((each for each in records if _value(each, field.name) is wanted), records[0]))
    if rule == "oldest" and filled:
        return _id(min(filled, key=_id))
    if rule == "newest" and filled:
        return _id(max(filled, key=_modified))
    return _id(records[0] if records[0] in filled or not filled else max(filled, key=_modified))


def _value(record: Mapping[str, Any], name: str) -> Any:
    return record["values"].get(name)


def _modified(record: Mapping[str, Any]) -> str:
    return str(_value(record, "LastModifiedDate"))


def _id(record: Mapping[str, Any]) -> str:
    return str(record["id"])


async def _related(database: Database, context: Context, obj: Object, loser_ids: Sequence[str]) -> list[dict[str, Any]]:
    """How many records would be re-parented, by object and field, as far as the user may know of the object."""
    fields = [
        (child, each)
        for child, each in referring_fields(context.snapshot, obj)
        if each.name in context.policy.on(child.name).readable
    ]
    bound = {"tenant_id": context.tenant.id, "ids": list(loser_ids)}
    answers = await database.read(context.binding, *(children_of(child, each).bind(**bound) for child, each in fields))
    return [
        {"object": child.name, "field": each.name, "label": _child_label(context, child, each), "count": len(rows)}
        for (child, each), rows in zip(fields, answers, strict=True)
        if rows
    ]


def _child_label(context: Context, child: Object, field: Field) -> str:
    """What the related list is called in the user's language."""
    language, text = context.principal.language, context.snapshot.text
    if field.child_label:
        return text(language, f"objects.{child.name}.fields.{field.name}.child_label", field.child_label)
    return text(language, f"objects.{child.name}.plural_label", child.plural_label)
