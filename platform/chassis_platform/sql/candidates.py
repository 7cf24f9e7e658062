"""Records that are on their way into storage as rows that formulas can be asked of: typed as their table is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TableValuedAlias

from chassis_metadata.snapshot import Object
from chassis_platform.sql.rows import places_of, stored_row, unfolded
from chassis_tenants.storage import base_table

OLD_ROWS = "old_rows"


def candidate_columns(obj: Object, names: Iterable[str]) -> dict[str, sa.types.TypeEngine[Any]]:
    """The columns in which the values of these fields lie, and the id."""
    table = base_table(obj)
    columns = sorted({obj.fields[name].column or "custom" for name in names} | {"id"})
    return {column: table.c[column].type for column in columns}


def candidate_row(
    obj: Object, names: Iterable[str], record_id: str | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    """One record as such a row."""
    return {**stored_row(values, places_of(obj, names)), "id": record_id}


def old_rows(obj: Object, names: Iterable[str], *, name: str = "o") -> TableValuedAlias:
    """The records as they were, from the parameter `old_rows`."""
    return unfolded(candidate_columns(obj, names), parameter=OLD_ROWS, name=name)
