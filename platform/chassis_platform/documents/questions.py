"""What expressions ask of the database: records by their keys, decision tables; all questions of a kind at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.automation.decision_tables import decide
from chassis_platform.records import read as reading
from chassis_tenants.database import Database

#: Several fields make a longer condition each.
_MOST_VALUES, _MOST_PAIRS = 200, 50
_LONGEST_VALUE = 255
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


@dataclass(frozen=True, slots=True)
class LookupKey:
    """Of the one record of `object_name` whose fields `by` have the `values`, the field `take`."""

    object_name: str
    by: tuple[str, ...]
    values: tuple[str, ...]
    take: str


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """What a decision table answers for its inputs."""

    table: str
    inputs: tuple[tuple[str, Any], ...]


Question = LookupKey | DecisionKey


async def answer_all(
    database: Database, context: Context, wanted: Collection[Question], door: str
) -> dict[Question, Any]:
    """The answer to each question: None where no record is found, or more than one, or no row of a table fits."""
    answers: dict[Question, Any] = dict.fromkeys(wanted)
    lookups = [each for each in wanted if isinstance(each, LookupKey)]
    asked = sorted((each for each in lookups if max(map(len, each.values)) <= _LONGEST_VALUE), key=_kind)
    for (object_name, by), keys in groupby(asked, key=_kind):
        for part in _parts(list(keys), _MOST_VALUES if len(by) == 1 else _MOST_PAIRS):
            rows = await _rows(database, context, (object_name, by), part, door)
            answers |= _answers(by, part, rows)
    decisions = [each for each in wanted if isinstance(each, DecisionKey)]
    return answers | (await _decided(database, context, decisions) if decisions else {})


def _parts(keys: Sequence[LookupKey], most: int) -> Iterator[Sequence[LookupKey]]:
    return (keys[start : start + most] for start in range(0, len(keys), most))


def _kind(key: LookupKey) -> tuple[str, tuple[str, ...]]:
    return key.object_name, key.by


async def _rows(
    database: Database,
    context: Context,
    kind: tuple[str, tuple[str, ...]],
    keys: Collection[LookupKey],
    door: str,
) -> list[dict[str, Any]]:
    object_name, by = kind
    columns = ", ".join(dict.fromkeys(["Id", *by, *sorted({key.take for key in keys})]))
    text = f"SELECT {columns} FROM {object_name} WHERE {_condition(by, keys)}"  # noqa: S608  SOQL of checked names
    try:
        answer = orjson.loads(await reading.query(database, context, text, door=door))
        rows: list[dict[str, Any]] = answer["records"]
        while not answer["done"]:
            locator = str(answer["nextRecordsUrl"]).rpartition("/")[2]
            answer = orjson.loads(await reading.query_more(database, context, locator, door=door))
            rows += answer["records"]
    except ChassisError as error:
        names = ", ".join(by)
        message = f"The mapping looks up {object_name} by {names}, which the user may not: {error.problems[0].message}"
        raise Invalid(Problem("", "lookup_refused", message)) from None
    return rows


def _condition(by: tuple[str, ...], keys: Iterable[LookupKey]) -> str:
    values = sorted({tuple(each.translate(_ESCAPES) for each in key.values) for key in keys})
    if len(by) == 1:
        listed = ", ".join(f"'{value}'" for (value,) in values)
        return f"{by[0]} IN ({listed})"
    pairs = (" AND ".join(f"{name} = '{each}'" for name, each in zip(by, value, strict=True)) for value in values)
    return " OR ".join(f"({pair})" for pair in pairs)


def _answers(
    by: tuple[str, ...], keys: Iterable[LookupKey], rows: Collection[Mapping[str, Any]]
) -> dict[Question, Any]:
    answers: dict[Question, Any] = {}
    by_values: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        by_values.setdefault(tuple(_folded(row.get(name)) for name in by), []).append(row)
    for key in keys:
        matching = by_values.get(tuple(map(_folded, key.values)), [])
        answers[key] = matching[0].get(key.take) if len(matching) == 1 else None
    return answers


def _folded(value: object) -> str:
    return str(value).strip().lower()


async def _decided(database: Database, context: Context, keys: Collection[DecisionKey]) -> dict[Question, Any]:
    answers: dict[Question, Any] = {}
    async with database.transaction(context.binding) as transaction:
        for table, of_table in groupby(sorted(keys, key=lambda each: each.table), key=lambda each: each.table):
            asked = list(of_table)
            found = await decide(transaction, context, table, [dict(each.inputs) for each in asked])
            answers |= dict(zip(asked, found, strict=True))
    return answers
