"""How often a person's identity was checked and failed: counted before anything else, by whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis_metadata.logic.identity_check import IdentityCheck
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

_READ = Statement(
    "SELECT tried, failed, last_at, paused_until FROM chassis.identity_attempt"
    " WHERE tenant_id = %(tenant_id)s AND check_name = %(check)s AND person_id = %(person_id)s"
)
#: Whoever answers for the same person waits here.
_BEGIN = Statement(
    "INSERT INTO chassis.identity_attempt (tenant_id, check_name, person_id, last_at)"
    " VALUES (%(tenant_id)s, %(check)s, %(person_id)s, %(now)s)"
    " ON CONFLICT (tenant_id, check_name, person_id) DO UPDATE SET check_name = excluded.check_name"
    " RETURNING tried, failed, last_at, paused_until"
)
_COUNT = Statement(
    "UPDATE chassis.identity_attempt SET tried = tried + 1, failed = %(failed)s, last_at = %(now)s,"
    " paused_until = %(paused_until)s"
    " WHERE tenant_id = %(tenant_id)s AND check_name = %(check)s AND person_id = %(person_id)s"
)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What was tried of a person: how often in all, how often in vain since, and until when nobody may."""

    tried: int = 0
    failed: int = 0
    paused_until: datetime | None = None

    def left(self, check: IdentityCheck) -> int:
        """How many tries are left before the pause."""
        return 0 if self.paused_until is not None else max(check.tries - self.failed, 0)


def _named(context: Context, check: IdentityCheck, person_id: str) -> dict[str, Any]:
    return {"tenant_id": context.tenant.id, "check": check.name, "person_id": person_id, "now": clock.now()}


async def read_attempts(transaction: Transaction, context: Context, check: IdentityCheck, person_id: str) -> Attempts:
    """What was tried so far."""
    rows = await transaction.fetch(_READ.bind(**_named(context, check, person_id)))
    return _attempts(check, rows[0]) if rows else Attempts()


async def begin_attempt(transaction: Transaction, context: Context, check: IdentityCheck, person_id: str) -> Attempts:
    """The same, and nobody else tries until the transaction has ended."""
    [row] = await transaction.fetch(_BEGIN.bind(**_named(context, check, person_id)))
    return _attempts(check, row)


def _attempts(check: IdentityCheck, row: Any) -> Attempts:
    tried, failed, last_at, paused_until = row
    now = clock.now()
    is_forgotten = last_at <= now - timedelta(minutes=check.pause_minutes)
    is_over = paused_until is None or paused_until <= now
    return Attempts(
        tried, 0 if is_over and (is_forgotten or paused_until) else failed, None if is_over else paused_until
    )


async def count_attempt(
    transaction: Transaction, context: Context, check: IdentityCheck, person_id: str, before: Attempts, *, passed: bool
) -> Attempts:
    """One more; with the last try allowed the pause begins."""
    failed = 0 if passed else before.failed + 1
    until = clock.now() + timedelta(minutes=check.pause_minutes) if failed >= check.tries else None
    named = _named(context, check, person_id)
    await transaction.fetch(_COUNT.bind(**named, failed=failed, paused_until=until))
    return Attempts(before.tried + 1, failed, until)
