"""Answering the look-ups of a mapping with what the sending user may see, one query for each object and field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import Any

import orjson

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.inbound.expressions import LookupKey
from chassis_platform.records import read as reading
from chassis_tenants.database import Database

_MOST_VALUES = 200
_LONGEST_VALUE = 255
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


async def find_all(database: Database, context: Context, wanted: Collection[LookupKey]) -> dict[LookupKey, Any]:
    """The value of each look-up: None where no record is found, or more than one."""
    found: dict[LookupKey, Any] = dict.fromkeys(wanted)
    asked = sorted((key for key in wanted if len(key.value) <= _LONGEST_VALUE), key=_question)
    for (object_name, by), keys in groupby(asked, key=_question):
        of_question = list(keys)
        for start in range(0, len(of_question), _MOST_VALUES):
            part = of_question[start : start + _MOST_VALUES]
            found |= _answers(part, await _rows(database, context, (object_name, by), part))
    return found


def _question(key: LookupKey) -> tuple[str, str]:
    return key.object_name, key.by


async def _rows(
    database: Database, context: Context, question: tuple[str, str], keys: Collection[LookupKey]
) -> list[dict[str, Any]]:
    object_name, by = question
    values = sorted({key.value.translate(_ESCAPES) for key in keys})
    columns = ", ".join(dict.fromkeys(["Id", by, *sorted({key.take for key in keys})]))
    listed = ", ".join(f"'{value}'" for value in values)
    text = f"SELECT {columns} FROM {object_name} WHERE {by} IN ({listed})"  # noqa: S608  SOQL of checked names
    try:
        body = await reading.query(database, context, text, door="inbound")
    except ChassisError as error:
        message = (
            f"The mapping looks up {object_name} by {by}, which the sender's user may not: {error.problems[0].message}"
        )
        raise Invalid(Problem("", "lookup_refused", message)) from None
    rows: list[dict[str, Any]] = orjson.loads(body)["records"]
    return rows


def _answers(keys: Iterable[LookupKey], rows: Collection[Mapping[str, Any]]) -> dict[LookupKey, Any]:
    found: dict[LookupKey, Any] = {}
    for key in keys:
        matching = [row for row in rows if _same(row.get(key.by), key.value)]
        found[key] = matching[0].get(key.take) if len(matching) == 1 else None
    return found


def _same(stored: object, wanted: str) -> bool:
    return str(stored).strip().lower() == wanted.strip().lower()
