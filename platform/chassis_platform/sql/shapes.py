"""The shapes of an answered record: nested as the REST API has it, flat as the web application wants it, or cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.snapshot import Object
from chassis_platform.plan.cells import CellKind, cell_kind
from chassis_platform.plan.functions import FORM
from chassis_platform.plan.read_plan import (
    Aggregate,
    ChildSet,
    Column,
    Hop,
    KindSet,
    PlannedField,
    PlannedOperand,
    Selected,
)
from chassis_platform.sql.calls import clear_of, worked_out
from chassis_platform.sql.json_values import (
    JSON,
    Json,
    Spelling,
    as_text,
    is_masked,
    json_object,
    json_value,
    spelled,
    text_value,
)
from chassis_platform.sql.sharing import writable
from chassis_platform.sql.sources import Sources

#: `/services/data/v66.0/sobjects/`: bound when the statement runs, for the version is the caller's.
URL_PREFIX = sa.bindparam("url_prefix", type_=sa.Text())
ChildJson = Callable[[ChildSet], Json]


def rest_record(selected: Sequence[Selected], sources: Sources, child_json: ChildJson) -> Json:
    """A record with its attributes, parents as objects and child sets as results of their own."""
    return json_object(_rest_members(selected, sources, 0, child_json))


def _rest_members(
    selected: Sequence[Selected], sources: Sources, depth: int, child_json: ChildJson
) -> list[tuple[str, Json]]:
    hops = _hops_of(selected, depth)
    members = [("attributes", _attributes(sources, hops))]
    parents: set[str] = set()
    for each in selected:
        if isinstance(each, ChildSet):
            members.append((each.name, child_json(each)))
        elif isinstance(each, KindSet):
            members.append((each.name, _kinds(each, sources, child_json)))
        elif len(each.hops) == depth:
            members.append((each.name, _answered(each.operand, sources)))
        elif (name := _hop_name(each, depth)) not in parents:
            parents.add(name)
            below = [one for one in selected if isinstance(one, Column) and _hop_name(one, depth) == name]
            members.append((name, _parent(below, sources, depth + 1, child_json)))
    return members


def _hops_of(selected: Sequence[Selected], depth: int) -> tuple[Hop, ...]:
    if depth == 0:
        return ()
    return next(each for each in selected if isinstance(each, Column)).hops[:depth]


def _hop_name(column: Column, depth: int) -> str:
    return column.hops[depth].relationship if len(column.hops) > depth else ""


def _answered(operand: PlannedOperand, sources: Sources) -> Json:
    """A field's value; what is worked out of masked values is null where these are not clear."""
    if isinstance(operand, PlannedField):
        return json_value(operand, sources, Spelling.REST)
    if isinstance(operand, Aggregate):
        raise TypeError("a record has no aggregates")
    field = operand.operands[0]
    if operand.function == FORM and isinstance(field, PlannedField):
        return json_value(field, sources, Spelling.REST)
    value = spelled(operand.type, worked_out(operand, sources), Spelling.REST)
    clear = clear_of(operand, sources)
    return value if clear is None else sa.case((clear, value))


def _kinds(kinds: KindSet, sources: Sources, child_json: ChildJson) -> Json:
    """The parent as its own kind of record is shown; null where there is none, or none that the user may see."""
    found: list[tuple[ColumnElement[bool], Json]] = []
    for hop, columns in kinds.branches:
        present = sources.id_of((hop,)).is_not(None)
        members = _rest_members(columns, sources, 1, child_json) if columns else []
        found.append((present, json_object(members or [("attributes", _attributes(sources, (hop,)))])))
    return sa.case(*found)


def _parent(selected: Sequence[Column], sources: Sources, depth: int, child_json: ChildJson) -> Json:
    """The parent as an object; null where there is none, or none that the user may see."""
    members = _rest_members(selected, sources, depth, child_json)
    hops = _hops_of(selected, depth)
    return sa.case((sources.id_of(hops).is_not(None), json_object(members)))


def _attributes(sources: Sources, hops: tuple[Hop, ...]) -> Json:
    found = list(sources.at(hops).items())
    kinds = [_kind(name, source.c.id) for name, source in found]
    if len(kinds) == 1:
        return kinds[0]
    present = [(source.c.id.is_not(None), kind) for (_, source), kind in zip(found, kinds, strict=True)]
    return sa.case(*present)


def _kind(name: str, record_id: ColumnElement[Any]) -> Json:
    url = URL_PREFIX + _text(f"{name}/") + record_id
    return json_object([("type", _text(name)), ("url", url)])


def ui_row(columns: Iterable[Column], labels: Iterable[Column], sources: Sources) -> Json:
    """A row of a list: values by path, and the names of the records referred to."""
    listed = tuple(columns)
    return json_object([*_ui_head(sources), *_ui_values(listed, labels, sources), *_ui_masked(listed, sources)])


def ui_record(columns: Iterable[Column], labels: Iterable[Column], sources: Sources, obj: Object) -> Json:
    """A record page's record: a row, and whether the user may change or delete it."""
    policy, snapshot = sources.reach.policy, sources.reach.snapshot
    within = writable(obj, sources.root, policy, snapshot)
    access = policy.on(obj.name)
    alive = sa.not_(sources.root.c.is_deleted)
    permissions = [
        ("update", sa.and_(within, alive) if access.update else sa.false()),
        ("delete", sa.and_(within, alive) if access.delete else sa.false()),
    ]
    listed = tuple(columns)
    members = [
        ("object", _text(obj.name)),
        *_ui_head(sources),
        ("record_type", _record_type(obj, sources)),
        *_ui_values(listed, labels, sources),
        *_ui_masked(listed, sources),
        ("permissions", json_object(permissions)),
        ("is_deleted", sources.root.c.is_deleted),
    ]
    return json_object(members)


def _ui_head(sources: Sources) -> list[tuple[str, Json]]:
    root = sources.root.c
    return [("id", root.id), ("version", root.row_version), ("record_type_id", root.record_type_id)]


def _record_type(obj: Object, sources: Sources) -> Json:
    """The record type's name, by its id: both are known beforehand."""
    if not obj.record_type_ids:
        return sa.null()
    known = [
        (sources.root.c.record_type_id == sa.literal(record_type_id, sa.Text()), sa.literal(name, sa.Text()))
        for name, record_type_id in obj.record_type_ids.items()
    ]
    return sa.case(*known)


def _ui_values(columns: Iterable[Column], labels: Iterable[Column], sources: Sources) -> list[tuple[str, Json]]:
    named = [(each.path, _ui_value(each, sources)) for each in labels]
    return [
        ("values", json_object([(each.path, _ui_value(each, sources)) for each in columns])),
        ("labels", _present(json_object(named)) if named else _constant("{}")),
    ]


def _ui_masked(columns: Sequence[Column], sources: Sources) -> list[tuple[str, Json]]:
    """The columns whose values this record shows masked; nothing where no record does."""
    found = [(each.path, each.operand) for each in columns if isinstance(each.operand, PlannedField)]
    hidden = [(path, _is_hidden(operand, sources)) for path, operand in found if is_masked(operand, sources)]
    return [("masked", _names_of_those(hidden))] if hidden else []


def _is_hidden(operand: PlannedField, sources: Sources) -> ColumnElement[bool]:
    clear, is_there = sources.clear(operand), sources.value(operand).is_not(None)
    return is_there if clear is None else sa.and_(is_there, sa.not_(clear))


def _names_of_those(named: Sequence[tuple[str, ColumnElement[bool]]]) -> Json:
    """The names whose condition holds, as an array: a text is put together, for a list of texts would take longer."""
    if len(named) == 1:
        [(name, holds)] = named
        return sa.case((holds, _constant(orjson.dumps([name]).decode())), else_=_constant("[]"))
    names = [sa.case((holds, _text(orjson.dumps(name).decode()))) for name, holds in named]
    return sa.cast(_text("[") + sa.func.concat_ws(_text(","), *names) + _text("]"), JSON)


def _text(text: str) -> ColumnElement[str]:
    """Paths and their like, which have no apostrophes."""
    return sa.literal_column(f"'{text}'", sa.Text())


def _constant(text: str) -> Json:
    return sa.literal_column(f"'{text}'::json", JSON)


def row_cells(columns: Sequence[Column], labels: Iterable[Column], sources: Sources, *, typed: bool) -> list[Json]:
    """A cell for each column: a text, or where `typed` the value itself; of a reference that has a label, the label."""
    names = {each.path: _text_cell(each.operand, sources) for each in labels}
    return [_cell(each, names.get(each.path), sources, typed=typed) for each in columns]


def _cell(column: Column, label: Json | None, sources: Sources, *, typed: bool) -> Json:
    operand = column.operand
    if label is not None:
        return sa.func.coalesce(label, _text_cell(operand, sources), type_=sa.Text())
    if not typed or not isinstance(operand, PlannedField):
        return _text_cell(operand, sources)
    kind = cell_kind(operand, is_masked=is_masked(operand, sources))
    if kind is CellKind.TEXT:
        return text_value(operand, sources)
    value = sources.value(operand)
    return sa.func.coalesce(value, sa.false()) if kind is CellKind.CHECKBOX else value


def _text_cell(operand: PlannedOperand, sources: Sources) -> ColumnElement[str]:
    if isinstance(operand, PlannedField):
        return text_value(operand, sources)
    if isinstance(operand, Aggregate):
        raise TypeError("a record has no aggregates")
    field = operand.operands[0]
    if operand.function == FORM and isinstance(field, PlannedField):
        return text_value(field, sources)
    value = as_text(operand.type, worked_out(operand, sources))
    clear = clear_of(operand, sources)
    return value if clear is None else sa.case((clear, value))


def _present(members: Json) -> Json:
    return sa.func.json_strip_nulls(members, type_=JSON)


def _ui_value(column: Column, sources: Sources) -> Json:
    if not isinstance(column.operand, PlannedField):
        raise TypeError("a list has no aggregates")
    return json_value(column.operand, sources, Spelling.UI)
