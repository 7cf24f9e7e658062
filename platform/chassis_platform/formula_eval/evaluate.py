"""`chassis formula eval`: formulas with given values, computed by the compiler and PostgreSQL as everywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_platform.clock import now
from chassis_platform.formula_eval.values import FieldType, Unreadable, field_type, read_value
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.pieces import Value, number, sql_type
from chassis_platform.sql.formulas.rows import Rows, formula_parameters
from chassis_tenants.statement import Statement, compile_statement

BATCH = 200
DECIMALS = 32  # as Salesforce keeps
FAILED = "The formula fails for these values."

Connection = psycopg.Connection[Any]
Types = tuple[tuple[str, FieldType], ...]
Formulas = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A formula's statement; its columns are the value as text and whether it failed."""

    statement: Statement
    kind: Kind
    names: Mapping[str, str]  # field to parameter


@dataclass(frozen=True, slots=True)
class Task:
    """A line that can be computed."""

    prepared: Prepared
    values: Mapping[str, str | None]


def evaluate_lines(connection: Connection, lines: Iterable[str]) -> Iterator[str]:
    """One JSON text for each line that is not blank, in order. The connection commits by itself and sees no tenant."""
    waiting = (line for line in lines if line.strip())
    while batch := list(islice(waiting, BATCH)):
        yield from _answers(connection, [_task(line) for line in batch])


def answers_to(connection: Connection, formula: str | None, path: Path | None) -> Iterator[str]:
    """The answer to one formula, or to each line of a file; `-` is the standard input."""
    if formula is not None:
        yield from evaluate_lines(connection, [json.dumps({"formula": formula})])
    if path is not None and str(path) == "-":
        yield from evaluate_lines(connection, sys.stdin)
    elif path is not None:
        with path.open(encoding="utf-8") as lines:
            yield from evaluate_lines(connection, lines)


def _task(line: str) -> Task | str:
    """The line read and compiled, or what is wrong with it."""
    try:
        document = json.loads(line, parse_float=Decimal)
        if not isinstance(document, dict) or not isinstance(document.get("formula"), str):
            return _error('Each line is an object with a "formula".')
        values: dict[str, Any] = {}
        types, formulas = _fields(document.get("fields") or {}, values)
        blanks_as = "blank" if str(document.get("blanks_as", "zero")).lower() in {"blank", "blanks", "null"} else "zero"
        zone = str(document.get("time_zone") or "UTC")
        prepared = prepare(document["formula"], types, formulas, blanks_as)
        given = {prepared.names[name]: read_value(kind, values.get(name)) for name, kind in types}
        return Task(prepared, {**given, "formula_zone": zone})
    except Invalid as invalid:
        return _error("; ".join(each.message for each in invalid.problems))
    except (ValueError, Unreadable, RecursionError) as fault:
        return _error(str(fault))


def _fields(fields: Mapping[str, Any], values: dict[str, Any]) -> tuple[Types, Formulas]:
    """The types of plain fields and the texts of formula fields, those inside formula fields first."""
    types: dict[str, FieldType] = {}
    formulas: dict[str, str] = {}
    for name, given in fields.items():
        about: Mapping[str, Any] = given if isinstance(given, Mapping) else {"type": "text", "value": given}
        if about.get("formula") is None:
            types[name] = field_type(str(about.get("type", "text")))
            values[name] = about.get("value")
            continue
        inner_types, inner_formulas = _fields(about.get("fields") or {}, values)
        types |= dict(inner_types)
        formulas |= dict(inner_formulas)
        formulas[name] = str(about["formula"])
    return tuple(types.items()), tuple(formulas.items())


@lru_cache(maxsize=2_000)
def prepare(formula: str, types: Types, formulas: Formulas, blanks_as: str) -> Prepared:
    """Check and compile a formula; lines with the same formula and types share the statement."""
    kinds = {name: each.kind for name, each in types}
    inner: dict[str, Expression] = {}
    waiting = dict(formulas)
    for name, text in formulas:
        inner[name] = _inner(name, text, waiting, kinds, inner, blanks_as)
    expression = type_expression(formula, Scope(variables=kinds, formulas=inner), blanks_as=blanks_as)
    names = {name: f"field_{index}" for index, (name, _) in enumerate(types)}
    variables = {name: _bound(names[name], each) for name, each in types}
    compiled = compile_expression(expression, Rows(None, None, None, variables=variables))
    failed = sa.false() if compiled.failed is None else compiled.failed
    query = sa.select(_written(expression.kind, compiled.value).label("value"), failed.label("failed"))
    return Prepared(compile_statement(query), expression.kind, names)


def _inner(
    name: str,
    text: str,
    waiting: Mapping[str, str],
    kinds: Mapping[str, Kind],
    known: Mapping[str, Expression],
    blanks_as: str,
) -> Expression:
    """A formula field's own formula. Those it uses come first, whatever their order in the line."""
    usable = dict(known)
    for other, other_text in waiting.items():
        if other != name and other not in usable and other.lower() in text.lower():
            rest = {each: words for each, words in waiting.items() if each != name}
            usable[other] = _inner(other, other_text, rest, kinds, known, blanks_as)
    return type_expression(text, Scope(variables=kinds, formulas=usable), blanks_as=blanks_as)


def _bound(parameter: str, of: FieldType) -> Value:
    value = sa.cast(sa.bindparam(parameter, type_=sa.Text()), sql_type(of.kind))
    return value * number("0.01") if of.is_percent else value


def _written(kind: Kind, value: Value) -> Value:
    """The value as the text that stands in the answer."""
    match kind:
        case Kind.NUMBER:
            rounded = sa.func.round(sa.cast(value, sa.Numeric()), DECIMALS, type_=sa.Numeric())
            return sa.cast(sa.func.trim_scale(rounded), sa.Text())
        case Kind.DATE:
            return sa.func.to_char(value, "YYYY-MM-DD", type_=sa.Text())
        case Kind.DATETIME:
            return sa.func.to_char(sa.func.timezone("UTC", value), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"', type_=sa.Text())
        case Kind.TIME:
            return sa.func.to_char(value, "HH24:MI:SS.MS", type_=sa.Text())
        case _:
            return sa.cast(value, sa.Text())


# Running


def _answers(connection: Connection, tasks: list[Task | str]) -> list[str]:
    ready = [each for each in tasks if isinstance(each, Task)]
    try:
        rows = iter(_together(connection, ready))
    except psycopg.Error:
        rows = iter([_alone(connection, each) for each in ready])
    return [each if isinstance(each, str) else next(rows) for each in tasks]


def _parameters(task: Task) -> dict[str, Any]:
    common = formula_parameters(now(), "UTC", None, ())
    return {**task.prepared.statement.parameters, **common, **task.values}


def _text_of(task: Task) -> bytes:
    return task.prepared.statement.text.encode()


def _together(connection: Connection, tasks: list[Task]) -> list[str]:
    with connection.pipeline():
        cursors = [connection.execute(_text_of(task), _parameters(task)) for task in tasks]
    return [_answer(task, cursor.fetchone()) for task, cursor in zip(tasks, cursors, strict=True)]


def _alone(connection: Connection, task: Task) -> str:
    try:
        return _answer(task, connection.execute(_text_of(task), _parameters(task)).fetchone())
    except psycopg.Error as error:
        return _error(str(error).partition("\n")[0])


def _answer(task: Task, row: tuple[str | None, bool] | None) -> str:
    value, failed = cast("tuple[str | None, bool]", row)
    if failed:
        return _error(FAILED)
    plain = task.prepared.kind in {Kind.NUMBER, Kind.BOOLEAN} and value is not None
    return f'{{"value": {value if plain else json.dumps(value, ensure_ascii=False)}}}'


def _error(message: str) -> str:
    return json.dumps({"error": message}, ensure_ascii=False)
