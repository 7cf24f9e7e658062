"""Definitions that something under way began with: kept by their digest, whatever kind of logic they are of.

The table is named after approvals, which were the first to keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from chassis_metadata.logic.frozen import digest_of
from chassis_tenants.statement import Statement

_KEEP = """
INSERT INTO chassis.approval_definition (tenant_id, digest, body)
SELECT %(tenant_id)s, r.digest, r.body FROM json_to_recordset(%(rows)s::json) AS r (digest text, body jsonb)
ON CONFLICT (tenant_id, digest) DO NOTHING
"""
_LOAD = "SELECT d.digest, d.body FROM chassis.approval_definition d WHERE d.tenant_id = %(tenant_id)s"


def keep(tenant_id: int, documents: Iterable[Mapping[str, Any]]) -> Statement:
    """The statement that keeps definitions; one that is kept already is left alone."""
    rows = [{"digest": digest_of(each), "body": each} for each in documents]
    return Statement(_KEEP, {"tenant_id": tenant_id, "rows": orjson.dumps(rows).decode()})


def ask_for(tenant_id: int, condition: str, **parameters: object) -> Statement:
    """Digests and definitions; `condition` over the row `d` is an engine's own text."""
    return Statement(f"{_LOAD} AND {condition}", {"tenant_id": tenant_id, **parameters})
