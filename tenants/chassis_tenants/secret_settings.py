"""Settings of the type secret: a tenant's value lies sealed in its component, and leaves the table for a call alone."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from chassis_tenants.database import Transaction
from chassis_tenants.seal_marks import opening_of, to_seal
from chassis_tenants.sealing import VERSION_PART
from chassis_tenants.statement import Statement

_PLACE = "setting_value.Value"
#: A component's body as everything but a call and a rotation reads it.
SEEN_BODY = "CASE WHEN kind = 'setting_value' AND body ? 'sealed' THEN jsonb_build_object('is_set', true) ELSE body END"
_STORED = "c.body ->> 'sealed'"
_OPENED = f"'{opening_of(_PLACE)}' || c.name || '||' || ({_STORED}) || ';'"
_OF_TENANT = "FROM chassis.component c WHERE c.tenant_id = %(tenant_id)s AND c.kind = 'setting_value'"
_READ = Statement(
    f"SELECT CASE WHEN c.body ? 'sealed' THEN {_OPENED} ELSE c.body ->> 'value' END {_OF_TENANT} AND c.name = %(name)s",
    sealed=True,
)
_OLDER = Statement(
    f"SELECT c.name, c.body, {_OPENED} {_OF_TENANT}"
    f" AND c.body ? 'sealed' AND split_part({_STORED}, '.', {VERSION_PART})::int < %(number)s ORDER BY c.name",
    sealed=True,
)
_IN_CLEAR = Statement(
    f"SELECT c.name, c.body, c.body ->> 'value' {_OF_TENANT}"
    " AND c.name = ANY (%(names)s) AND c.body ->> 'value' <> '' ORDER BY c.name"
)
_REPLACE = Statement(
    "UPDATE chassis.component SET body = %(becomes)s::jsonb WHERE tenant_id = %(tenant_id)s"
    " AND kind = 'setting_value' AND name = %(name)s AND body = %(was)s::jsonb RETURNING name",
    sealed=True,
)


def secret_body(name: str, value: str | None) -> dict[str, Any]:
    """The body that is stored for a secret: its statement has to be `sealed`. None: it has no value."""
    return {"value": None} if value is None else {"sealed": to_seal(_PLACE, name, value, None)}


def read_secret(tenant_id: int, name: str) -> Statement:
    """The secret in clear, for a call; null where its key was destroyed. No row: it was never set."""
    return _READ.bind(tenant_id=tenant_id, name=name)


async def seal_clear_secrets(tx: Transaction, names: Collection[str]) -> int:
    """Seal what lies in clear, because these settings became secrets after it was given; answers how many did."""
    if not names:
        return 0
    return await _seal(tx, await tx.fetch(_IN_CLEAR.bind(tenant_id=tx.tenant_id, names=list(names))))


async def seal_secrets_anew(tx: Transaction, number: int) -> int:
    """Seal what an older data key sealed; answers how many. One whose key was destroyed stays."""
    return await _seal(tx, await tx.fetch(_OLDER.bind(tenant_id=tx.tenant_id, number=number)))


async def _seal(tx: Transaction, found: list[Any]) -> int:
    """One that somebody changed meanwhile is left alone."""
    replaced = [
        _REPLACE.bind(
            tenant_id=tx.tenant_id, name=name, was=json.dumps(stored), becomes=json.dumps(secret_body(name, clear))
        )
        for name, stored, clear in found
        if clear is not None
    ]
    return sum(map(len, await tx.fetch_each(replaced))) if replaced else 0
