"""Records that are on their way into storage as rows that formulas can be asked of: typed as their table is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TableValuedAlias

from chassis_metadata.snapshot import Object
from chassis_platform.plan.changes import Change
from chassis_platform.sql.rows import places_of, stored_row, unfolded
from chassis_tenants.storage import base_table

OLD_ROWS = "old_rows"
#: What stands for values of encrypted fields: formulas ask of them whether they are there, and whether they changed.
GIVEN, CHANGED = "given", "changed"


def candidate_columns(obj: Object, names: Iterable[str]) -> dict[str, sa.types.TypeEngine[Any]]:
    """The columns in which the values of these fields lie, and the id."""
    table = base_table(obj)
    columns = sorted({obj.fields[name].column or "custom" for name in names} | {"id"})
    return {column: table.c[column].type for column in columns}


def candidate_row(
    obj: Object, names: Iterable[str], record_id: str | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    """One record as such a row."""
    return {**stored_row(without_encrypted(obj, values), places_of(obj, names)), "id": record_id}


def without_encrypted(obj: Object, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, of encrypted fields only whether there is one."""
    encrypted = [name for name in values if name in obj.fields and obj.fields[name].encrypted]
    given = {name: GIVEN for name in encrypted if values[name] is not None}
    return {**values, **given} if given else values


def old_row(obj: Object, names: Iterable[str], change: Change) -> dict[str, Any]:
    """A record as it was; of encrypted fields, whether the change gives them another value."""
    names = tuple(names)
    row = stored_row(without_encrypted(obj, change.old or {}), places_of(obj, names))
    for name in names:
        field = obj.fields[name]
        if field.encrypted and change.differs(name):
            (row if field.column is not None else row["custom"])[field.column or name] = CHANGED
    return {**row, "id": change.id}


def old_rows(obj: Object, names: Iterable[str], *, name: str = "o") -> TableValuedAlias:
    """The records as they were, from the parameter `old_rows`."""
    return unfolded(candidate_columns(obj, names), parameter=OLD_ROWS, name=name)
