"""Rows that the platform itself writes into packaged tables: many in one statement, found again by their id."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chassis_tenants.statement import Statement
from chassis_tenants.tables import quoted


def upsert_rows(
    tenant_id: int,
    table: str,
    types: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    *,
    user_id: str | None,
    updated: Collection[str],
) -> Statement:
    """Insert `rows` (with an `id` each) into a table of schema `data`.

    Of a row whose id is there, the `updated` columns are set, if one of them differs; with none to update, it stays.
    `types` names every column of the rows with its SQL type: PostgreSQL casts the JSON values itself.
    """
    names = [quoted(name) for name in types]
    typed = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
    text = (
        f"INSERT INTO data.{quoted(table)} AS t (tenant_id, created_by_id, last_modified_by_id, {', '.join(names)})"  # noqa: S608  quoted
        f" SELECT %(tenant_id)s, %(user_id)s, %(user_id)s, {', '.join('r.' + name for name in names)}"
        f" FROM jsonb_to_recordset(%(rows)s::jsonb) AS r ({typed})"
        f" ON CONFLICT (tenant_id, id) {_on_conflict(updated)}"
    )
    return Statement(text, {"tenant_id": tenant_id, "user_id": user_id, "rows": json.dumps(list(rows))})


def _on_conflict(updated: Collection[str]) -> str:
    if not updated:
        return "DO NOTHING"
    names = [quoted(name) for name in sorted(updated)]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in names)
    different = " OR ".join(f"t.{name} IS DISTINCT FROM excluded.{name}" for name in names)
    return (
        f"DO UPDATE SET {assignments}, last_modified_by_id = excluded.last_modified_by_id, last_modified_date = now(),"
        f" system_modstamp = now(), row_version = t.row_version + 1 WHERE {different}"
    )
