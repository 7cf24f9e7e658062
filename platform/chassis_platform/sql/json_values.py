"""How values and records are written: what `row_to_json` and its kin make of them is the body of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.fields import ADDRESS_COMPONENTS, GEOLOCATION_COMPONENTS, NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.read_plan import PlannedField
from chassis_platform.sql.masks import masked
from chassis_platform.sql.sources import Sources
from chassis_tenants import storage

Json = ColumnElement[Any]
#: PostgreSQL's functions take 100 arguments: 50 pairs.
_MOST_PAIRS = 50
#: PostgreSQL cuts longer names off.
_LONGEST_NAME = 63
JSON = pg.JSON()


class Spelling(Enum):
    """How datetimes end: the REST API's way, or the web application's."""

    REST = 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"'
    UI = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'


class row_json(FunctionElement[Any]):  # noqa: N801  named as SQL's functions are
    """An object made by `row_to_json`: shorter and a third faster than `json_build_object`, of any size.

    What stands in it must not be an aggregate over nothing (`count(*)`), which would count its own single row.
    """

    name = "row_json"
    inherit_cache = False

    def __init__(self, pairs: Sequence[tuple[str, Json]]) -> None:
        self.type = JSON
        self.names = [name for name, _ in pairs]
        super().__init__(*(value for _, value in pairs))


@compiles(row_json)
def _compile_row_json(element: row_json, compiler: SQLCompiler, **options: Any) -> str:
    quote = compiler.preparer.quote_identifier
    values = [compiler.process(each, **options) for each in element.clauses]
    members = ", ".join(f"{value} AS {quote(name)}" for name, value in zip(element.names, values, strict=True))
    return f"(SELECT row_to_json(r) FROM (SELECT {members}) AS r)"  # noqa: S608  made of compiled clauses


def json_object(pairs: Sequence[tuple[str, Json]]) -> Json:
    """An object with these members in this order."""
    if all(len(name.encode()) <= _LONGEST_NAME for name, _ in pairs):
        return row_json(pairs)
    parts = [built_object(pairs[start : start + _MOST_PAIRS]) for start in range(0, len(pairs), _MOST_PAIRS)]
    if len(parts) == 1:
        return parts[0]
    merged: list[Json] = [sa.cast(each, pg.JSONB()) for each in parts]
    return sa.cast(reduce(lambda left, right: left.op("||")(right), merged), JSON)


def built_object(pairs: Sequence[tuple[str, Json]]) -> Json:
    """A small object whose members may be aggregates."""
    arguments = [part for name, value in pairs for part in (_name(name), value)]
    return sa.func.json_build_object(*arguments, type_=JSON)


def _name(name: str) -> Json:
    return sa.literal_column("'" + name.replace("'", "''") + "'", sa.Text())


def json_value(operand: PlannedField, sources: Sources, spelling: Spelling) -> Json:
    """The value of a field at the end of a path, as it is written."""
    if operand.is_type:
        return sources.type_of(operand.hops)
    if operand.field.is_compound:
        [(field, source)] = sources.each(operand)[:1]
        return _compound(field, sources, source, operand)
    if not is_masked(operand, sources):
        return _spelled(operand.type, sources.value(operand), spelling)
    shown = [_shown(field, source, sources, spelling) for field, source in sources.each(operand)]
    return shown[0] if len(shown) == 1 else sa.func.coalesce(*shown)


def text_value(operand: PlannedField, sources: Sources) -> ColumnElement[str]:
    """The same value as a text of its own, as a cell of a file has it."""
    if operand.is_type:
        return sources.type_of(operand.hops)
    if not is_masked(operand, sources):
        return as_text(operand.type, sources.value(operand))
    shown = [_shown(field, source, sources, Spelling.UI, is_text=True) for field, source in sources.each(operand)]
    return shown[0] if len(shown) == 1 else sa.func.coalesce(*shown, type_=sa.Text())


def as_text(field_type: FieldType, value: Json) -> ColumnElement[str]:
    """A value as a text."""
    return sa.cast(_spelled(field_type, value, Spelling.UI), sa.Text())


def is_masked(operand: PlannedField, sources: Sources) -> bool:
    """Whether there may be records that don't show the user the value."""
    return not operand.is_type and any(sources.reach.mask_of(each) is not None for each in operand.fields)


def _shown(field: Field, source: FromClause, sources: Sources, spelling: Spelling, *, is_text: bool = False) -> Json:
    """The one place where a value becomes its mask, unless the row shows it to the user; `is_text`: always a text."""
    value = sources.value_in(field, source)
    mask, clear = sources.reach.mask_of(field), sources.clear_of(field, source)
    in_clear = as_text(field.type, value) if is_text else _spelled(field.type, value, spelling)
    if mask is None or clear is None:
        return in_clear
    hidden = masked(field, mask.mask, value)
    if hidden is None:
        return sa.case((clear, in_clear))
    if field.type in NUMERIC_TYPES and not is_text:
        return sa.case((clear, sa.func.to_json(in_clear, type_=JSON)), else_=sa.func.to_json(hidden, type_=JSON))
    return sa.case((clear, sa.cast(in_clear, sa.Text())), else_=hidden)


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
    shown = [_shown(obj.fields[name], source, sources, Spelling.REST) for name in field.components]
    members = list(zip(_member_names(field), shown, strict=True))
    return sa.case((sa.func.num_nonnulls(*values) > sa.literal_column("0"), json_object(members)))


def _object_of(operand: PlannedField, sources: Sources) -> Object:
    targets = operand.hops[-1].targets if operand.hops else (sources.obj,)
    return next(each for each in targets if each.name == operand.field.object_name)


def _member_names(field: Field) -> list[str]:
    if field.type is FieldType.GEOLOCATION:
        return [each.lower() for each in GEOLOCATION_COMPONENTS]
    return [name[:1].lower() + name[1:] for name, _ in ADDRESS_COMPONENTS]
