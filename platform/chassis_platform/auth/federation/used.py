"""What may come once only: assertions and signed requests, remembered until they would have run out."""

from __future__ import annotations

from datetime import datetime, timedelta

from chassis_platform import clock
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

_KEEP = Statement(
    "INSERT INTO chassis.used_token (tenant_id, issuer, token_id, expires_at)"
    " VALUES (%(tenant_id)s, %(issuer)s, %(token_id)s, %(expires_at)s) ON CONFLICT DO NOTHING RETURNING 1"
)
_DROP_OLD = Statement("DELETE FROM chassis.used_token WHERE tenant_id = %(tenant_id)s AND expires_at < %(before)s")
_SPARE = timedelta(minutes=10)


async def is_first_use(database: Database, tenant_id: int, issuer: str, token_id: str, expires_at: datetime) -> bool:
    """Whether an issuer's token has not come before; from now on it has."""
    old = _DROP_OLD.bind(tenant_id=tenant_id, before=clock.now() - _SPARE)
    kept = _KEEP.bind(tenant_id=tenant_id, issuer=issuer, token_id=token_id, expires_at=expires_at + _SPARE)
    _, rows = await database.read(Binding(tenant_id), old, kept)
    return bool(rows)
