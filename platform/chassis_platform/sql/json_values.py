"""How values and records are written: what `row_to_json` and its kin make of them is the body of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.fields import ADDRESS_COMPONENTS, GEOLOCATION_COMPONENTS, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.read_plan import PlannedField
from chassis_platform.sql.sources import Sources
from chassis_tenants import storage

Json = ColumnElement[object]
#: PostgreSQL's functions take 100 arguments: 50 pairs, of which one place is kept free.
_MOST_PAIRS = 49
JSON = pg.JSON()


class Spelling(Enum):
    """How datetimes end: the REST API's way, or the web application's."""

    REST = 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"'
    UI = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'


def json_object(pairs: Sequence[tuple[str, Json]]) -> Json:
    """An object with these members in this order, however many."""
    if len(pairs) <= _MOST_PAIRS:
        arguments = [part for name, value in pairs for part in (_name(name), value)]
        return sa.func.json_build_object(*arguments, type_=JSON)
    members = sa.select(*(value.label(name) for name, value in pairs)).subquery("members")
    return sa.select(sa.func.row_to_json(members.table_valued(), type_=JSON)).scalar_subquery()


def _name(name: str) -> Json:
    return sa.literal_column("'" + name.replace("'", "''").replace("%", "%%") + "'", sa.Text())


def json_value(operand: PlannedField, sources: Sources, spelling: Spelling) -> Json:
    """The value of a field at the end of a path, as it is written."""
    if operand.is_type:
        return sources.type_of(operand.hops)
    if operand.field.is_compound:
        [(field, source)] = sources.each(operand)[:1]
        return _compound(field, sources, source, operand)
    return _spelled(operand.type, sources.value(operand), spelling)


def _spelled(field_type: FieldType, value: Json, spelling: Spelling) -> Json:
    match field_type:
        case FieldType.DATETIME:
            return sa.func.to_char(sa.func.timezone(_text("UTC"), value), _text(spelling.value))
        case FieldType.TIME:
            return sa.func.to_char(value, _text('HH24:MI:SS.MS"Z"'))
        case FieldType.MULTI_PICKLIST:
            return sa.func.nullif(sa.func.array_to_string(value, _text(";")), _text(""))
        case FieldType.CHECKBOX:
            return sa.func.coalesce(value, sa.false())
        case _:
            return value


def spelled(field_type: FieldType, value: Json, spelling: Spelling) -> Json:
    """A value that no path leads to (a group's), as it is written."""
    return _spelled(field_type, value, spelling)


def _text(text: str) -> Json:
    return sa.literal_column(f"'{text}'", sa.Text())


def _compound(field: Field, sources: Sources, source: FromClause, operand: PlannedField) -> Json:
    """An address or a place as an object of its components, null when all are."""
    obj = _object_of(operand, sources)
    values = [storage.value(obj.fields[name], source) for name in field.components]
    members = list(zip(_member_names(field), values, strict=True))
    return sa.case((sa.func.num_nonnulls(*values) > sa.literal_column("0"), json_object(members)))


def _object_of(operand: PlannedField, sources: Sources) -> Object:
    targets = operand.hops[-1].targets if operand.hops else (sources.obj,)
    return next(each for each in targets if each.name == operand.field.object_name)


def _member_names(field: Field) -> list[str]:
    if field.type is FieldType.GEOLOCATION:
        return [each.lower() for each in GEOLOCATION_COMPONENTS]
    return [name[:1].lower() + name[1:] for name, _ in ADDRESS_COMPONENTS]
