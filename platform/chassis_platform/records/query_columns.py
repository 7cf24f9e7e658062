"""`query?columns=true`: what the columns of a query's answer are called and hold, without the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from chassis_metadata.fields import NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_platform.access.context import Context
from chassis_platform.plan.conditions import type_of
from chassis_platform.plan.read_plan import ChildSet, Column, KindSet, PlannedField, Selected
from chassis_platform.records.pages import planned

_APEX_TYPES = {
    FieldType.CHECKBOX: "Boolean",
    FieldType.DATE: "Date",
    FieldType.DATETIME: "Datetime",
    FieldType.TIME: "Time",
    **dict.fromkeys(REFERENCE_TYPES | {FieldType.ID}, "Id"),
    **dict.fromkeys(NUMERIC_TYPES, "Double"),
}


def query_columns(context: Context, text: str) -> bytes:
    """The columns of a query as the user may ask it, in its order."""
    plan = planned(context, text, include_deleted=False)
    return orjson.dumps(
        {
            "columnMetadata": _columns(plan.selected, 0, is_group=plan.is_aggregate),
            "entityName": plan.object.name,
            "groupBy": bool(plan.group_by),
            "idSelected": any(each.path == "Id" for each in plan.columns),
            "keyPrefix": plan.object.key_prefix,
        }
    )


def _columns(selected: Sequence[Selected], depth: int, *, is_group: bool = False) -> list[dict[str, Any]]:
    """A parent's fields are joined under its relationship, those of children under theirs."""
    found: dict[str, dict[str, Any]] = {}
    for each in selected:
        if isinstance(each, ChildSet):
            found[each.name] = _joined(each.name, _columns(each.plan.selected, 0), aggregate=True)
        elif isinstance(each, KindSet):
            columns = {column.path: column for _, branch in each.branches for column in branch}
            found[each.name] = _joined(each.name, _columns(list(columns.values()), 1), aggregate=False)
        elif len(each.hops) > depth and not is_group:
            name = each.hops[depth].relationship
            if name not in found:
                below = [one for one in selected if isinstance(one, Column) and _leads_to(one, depth, name)]
                found[name] = _joined(name, _columns(below, depth + 1), aggregate=False)
        else:
            found[each.path] = _column(each)
    return list(found.values())


def _leads_to(column: Column, depth: int, name: str) -> bool:
    return len(column.hops) > depth and column.hops[depth].relationship == name


def _joined(name: str, columns: list[dict[str, Any]], *, aggregate: bool) -> dict[str, Any]:
    return _document(name, None) | {"aggregate": aggregate, "joinColumns": columns}


def _column(column: Column) -> dict[str, Any]:
    operand = column.operand
    if not isinstance(operand, PlannedField):
        return _document(column.name, type_of(operand)) | {"aggregate": True}
    field = operand.field
    return _document(column.name, operand.type) | {
        "custom": field.is_custom,
        "insertable": field.createable,
        "updatable": field.updateable,
    }


def _document(name: str, field_type: FieldType | None) -> dict[str, Any]:
    apex_type = None if field_type is None else _APEX_TYPES.get(field_type, "String")
    return {
        "aggregate": False,
        "apexType": apex_type,
        "booleanType": field_type is FieldType.CHECKBOX,
        "columnName": name,
        "custom": False,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": field_type in NUMERIC_TYPES,
        "textType": apex_type in ("String", "Id"),
        "updatable": False,
    }
