"""How long each journal is kept, what must not go at all, and the removal of what is over its time.

The database's function `chassis.prune_journal` removes, and only what rule, floor and holds allow; here a statement is
signed beforehand that says which entries may be gone, so that verification can tell removal in time from tampering.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform.audit.entries import SOURCES
from chassis_platform.audit.keys import Signer
from chassis_platform.audit.pruned import Pruned
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

#: Kept at least, where the operator set no floor.
LEAST_MONTHS = 6
MOST_MONTHS = 1_200
HOLD_PREFIX = "0Lh"
SCOPES = ("all", "user", "record")
#: Entries that one statement removes.
_BATCH = 50_000

_POLICY = (
    "SELECT s.source, r.months, coalesce(f.months, %(least)s) FROM unnest(%(sources)s::text[]) AS s (source)"
    " LEFT JOIN chassis.audit_retention r ON r.tenant_id = %(tenant_id)s AND r.source = s.source"
    " LEFT JOIN chassis.audit_floor f ON f.source = s.source ORDER BY s.source"
)
_HOLDS = (
    "SELECT id, scope, subject, reason, placed_by, placed_at, released_by, released_at FROM chassis.audit_hold"
    " WHERE tenant_id = %(tenant_id)s ORDER BY released_at IS NOT NULL, placed_at DESC"
)
#: The last seal whose entries are all from before a month that lies so many months back.
_THROUGH = (
    "SELECT s.sequence, s.covered_until FROM chassis.audit_seal s WHERE s.tenant_id = %(tenant_id)s"
    " AND s.covered_until < date_trunc('month', now()) - make_interval(months => %(months)s)"
    " AND s.sequence > coalesce((SELECT max(p.through_sequence) FROM chassis.audit_pruned p"
    " WHERE p.tenant_id = %(tenant_id)s AND p.source = %(source)s), 0)"
    " ORDER BY s.sequence DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Period:
    """How long a journal is kept: `months`, None for ever; never below `floor`."""

    source: str
    months: int | None
    floor: int


async def read_policy(database: Database, tenant_id: int) -> list[Period]:
    """The period of each journal."""
    parameters = {"tenant_id": tenant_id, "sources": list(SOURCES), "least": LEAST_MONTHS}
    [rows] = await database.read(Binding(tenant_id), Statement(_POLICY, parameters))
    return [Period(*row) for row in rows]


def set_floor(owner_dsn: str, source: str, months: int) -> None:
    """The operator's word: every tenant keeps this journal at least so long."""
    if source not in SOURCES:
        raise NotFound.of("unknown_journal", f"{source!r} is no journal. Use one of: {', '.join(SOURCES)}.")
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(
            "INSERT INTO chassis.audit_floor (source, months) VALUES (%s, %s)"
            " ON CONFLICT (source) DO UPDATE SET months = excluded.months",
            [source, months],
        )


async def set_period(database: Database, tenant_id: int, actor: Actor, source: str, months: int | None) -> None:
    """Keep a journal for so many months; None: for ever. Refused below the operator's floor."""
    periods = {each.source: each for each in await read_policy(database, tenant_id)}
    if source not in periods:
        raise NotFound.of("unknown_journal", f"{source!r} is no journal. Use one of: {', '.join(SOURCES)}.")
    before = periods[source]
    if months is not None and not before.floor <= months <= MOST_MONTHS:
        message = f"Keep it for {before.floor} to {MOST_MONTHS} months, or for ever (null): the operator's floor."
        raise Invalid.of("below_floor", message, path="months")
    change = SetupChange(
        "changedRetention", "Audit", source, f"Kept for {_said(months)}", _said(before.months), _said(months)
    )
    removed = "DELETE FROM chassis.audit_retention WHERE tenant_id = %(tenant_id)s AND source = %(source)s"
    written = (
        "INSERT INTO chassis.audit_retention (tenant_id, source, months) VALUES (%(tenant_id)s, %(source)s, %(months)s)"
        " ON CONFLICT (tenant_id, source) DO UPDATE SET months = excluded.months"
    )
    parameters = {"tenant_id": tenant_id, "source": source, "months": months}
    statement = Statement(removed if months is None else written, parameters)
    await database.read(Binding(tenant_id), statement, setup_entry(tenant_id, actor, change))


def _said(months: int | None) -> str:
    return "for ever" if months is None else f"{months} months"


async def read_holds(database: Database, tenant_id: int) -> list[dict[str, Any]]:
    """All holds, those in force first."""
    [rows] = await database.read(Binding(tenant_id), Statement(_HOLDS, {"tenant_id": tenant_id}))
    names = ("id", "scope", "subject", "reason", "placed_by", "placed_at", "released_by", "released_at")
    return [dict(zip(names, row, strict=True)) for row in rows]


async def place_hold(
    database: Database, tenant_id: int, actor: Actor, *, scope: str, subject: str | None, reason: str
) -> str:
    """Let nothing of all, of a user or of a record go until it is released; answers the hold's id."""
    if scope not in SCOPES or (scope == "all") != (subject is None) or not reason.strip():
        raise Invalid.of(
            "invalid_hold", "A hold is of `all`, or of a `user` or a `record` by id as `subject`; it has a `reason`."
        )
    hold_id = new_id(HOLD_PREFIX)
    values = {"scope": scope, "subject": subject, "reason": reason}
    statement = Statement(
        "INSERT INTO chassis.audit_hold (tenant_id, id, scope, subject, reason, placed_by)"
        " VALUES (%(tenant_id)s, %(id)s, %(scope)s, %(subject)s, %(reason)s, %(by)s)",
        {"tenant_id": tenant_id, "id": hold_id, "by": actor.user_id or actor.username, **values},
    )
    change = SetupChange("placedHold", "Audit", subject or "all", f"Legal hold: {reason}", after=values)
    await database.read(Binding(tenant_id), statement, setup_entry(tenant_id, actor, change))
    return hold_id


async def release_hold(database: Database, tenant_id: int, actor: Actor, hold_id: str) -> None:
    """End a hold; it stays to be seen."""
    released = Statement(
        "UPDATE chassis.audit_hold SET released_by = %(by)s, released_at = now()"
        " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND released_at IS NULL RETURNING scope, subject, reason",
        {"tenant_id": tenant_id, "id": hold_id, "by": actor.user_id or actor.username},
    )
    async with database.transaction(Binding(tenant_id)) as transaction:
        rows = await transaction.fetch(released)
        if not rows:
            raise NotFound.of("not_found", "There is no such hold in force.")
        scope, subject, reason = rows[0]
        before = {"scope": scope, "subject": subject, "reason": reason}
        change = SetupChange("releasedHold", "Audit", subject or "all", f"Released the hold: {reason}", before=before)
        await transaction.fetch(setup_entry(tenant_id, actor, change))


async def prune(database: Database, tenant: Tenant, signer: Signer) -> dict[str, int]:
    """Remove what is over its time, source by source; answers how many entries went. May be repeated."""
    removed: dict[str, int] = {}
    for period in await read_policy(database, tenant.id):
        if period.months is None:
            continue
        async with database.transaction(Binding(tenant.id)) as transaction:
            await _state(transaction, tenant, signer, period)
        removed[period.source] = await _remove(database, tenant.id, period.source)
    return removed


async def _state(transaction: Transaction, tenant: Tenant, signer: Signer, period: Period) -> None:
    """Sign that entries up to a seal may be gone; nothing where no further seal is old enough."""
    months = max(period.months or 0, period.floor)
    parameters = {"tenant_id": tenant.id, "source": period.source, "months": months}
    rows = await transaction.fetch(Statement(_THROUGH, parameters))
    if not rows:
        return
    through, until = rows[0]
    said = Pruned(
        organization_id=tenant.organization_id,
        source=period.source,
        through_sequence=through,
        until=until.astimezone(UTC).isoformat(timespec="microseconds"),
        months=months,
        pruned_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        key_id=signer.key_id,
    )
    await transaction.fetch(
        Statement(
            "INSERT INTO chassis.audit_pruned (tenant_id, source, through_sequence, statement, signature, key_id)"
            " VALUES (%(tenant_id)s, %(source)s, %(through)s, %(statement)s, %(signature)s, %(key_id)s)",
            {
                "tenant_id": tenant.id,
                "source": period.source,
                "through": through,
                "statement": said.message().decode(),
                "signature": signer.sign(said.message()),
                "key_id": signer.key_id,
            },
        )
    )


async def _remove(database: Database, tenant_id: int, source: str) -> int:
    removed = 0
    call = Statement("SELECT chassis.prune_journal(%(source)s::text, %(most)s)", {"source": source, "most": _BATCH})
    while True:
        [[(count,)]] = await database.read(Binding(tenant_id), call)
        removed += int(count)
        if count < _BATCH:
            return removed
