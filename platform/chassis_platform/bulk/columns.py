"""The header of an uploaded file to what a row of it says of a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.bulk.csv_rows import Cells, bad_file
from chassis_platform.plan.forms import form_for, refers_by

#: What stands for an empty value; an empty cell leaves the field alone.
NO_VALUE = "#N/A"
MOST_COLUMNS = 1_000
_LONGEST_NAME = 255
#: `Account.Number` or, where several objects may be referred to, `Lead:Who.Email`.
_RELATED = re.compile(r"(?:(?P<object>\w+):)?(?P<relationship>\w+)\.(?P<key>\w+)")

Payload = Mapping[str, Any]
#: What a row's cells say, as the write road takes it.
ReadRow = Callable[[Cells], Payload]


def check_header(header: Sequence[str]) -> None:
    """Refuse a header that can't be one, whatever the object."""
    if len(header) > MOST_COLUMNS:
        raise bad_file(f"The header has {len(header):,} columns; {MOST_COLUMNS:,} are the most")
    empty = [place for place, name in enumerate(header, 1) if not name.strip() or len(name) > _LONGEST_NAME]
    if empty:
        raise bad_file(f"Column {empty[0]} has no name, or one longer than {_LONGEST_NAME} characters")
    seen: set[str] = set()
    for name in header:
        if name.strip().lower() in seen:
            raise bad_file(f"Duplicate column in the header : {name.strip()}")
        seen.add(name.strip().lower())


def check_columns(context: Context, obj: Object, operation: str, header: Sequence[str]) -> None:
    """Refuse columns that mean nothing to this user, and a header that lacks what the operation needs."""
    names = {name.strip().lower() for name in header}
    if operation in ("update", "delete", "hardDelete") and "id" not in names:
        raise bad_file(f"The column Id is missing: {operation} finds the records by it")
    if operation in ("delete", "hardDelete"):
        others = sorted(names - {"id"})
        if others:
            raise bad_file(f"Only the column Id may be there for {operation}, not {others[0]}")
        return
    known = _known(context, obj, operation)
    for name in header:
        related = _RELATED.fullmatch(name.strip())
        if (related["relationship"] if related else name.strip()).lower() not in known:
            raise bad_file(f"Field name not found : {name.strip()}")
        if related and not refers_by(context, obj, related["relationship"], related["key"], related["object"]):
            raise bad_file(f"{name.strip()} : {related['key']} is no external ID or unique field to refer by")


def _known(context: Context, obj: Object, operation: str) -> Collection[str]:
    creating = {"insert": (True,), "update": (False,)}.get(operation, (True, False))
    return {name.lower() for each in creating for name in form_for(context, obj, creating=each).takes}


def reader_of(header: Sequence[str]) -> ReadRow:
    """The function that reads rows under this header."""
    names = [name.strip() for name in header]
    related = {name: _related(match) for name in names if (match := _RELATED.fullmatch(name)) is not None}

    def read(cells: Cells) -> Payload:
        payload: dict[str, Any] = {name: value for name, value in zip(names, cells, strict=True) if value}
        if NO_VALUE in cells:
            payload = {name: None if value == NO_VALUE else value for name, value in payload.items()}
        for name, (relationship, key, attributes) in related.items():
            if name in payload:
                value = payload.pop(name)
                payload[relationship] = None if value is None else {**attributes, key: value}
        return payload

    return read


def _related(match: re.Match[str]) -> tuple[str, str, dict[str, Any]]:
    attributes = {} if match["object"] is None else {"attributes": {"type": match["object"]}}
    return match["relationship"], match["key"], attributes
