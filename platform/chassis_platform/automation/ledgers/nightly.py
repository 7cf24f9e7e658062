"""What ledgers do at night: take away what expired, warn of what will, look whether balances agree with entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from chassis_metadata.logic.ledger import BalanceType, Ledger, ledgers_of
from chassis_platform.access.context import Context
from chassis_platform.automation.following import follow
from chassis_platform.automation.keeping import common, today, updated
from chassis_platform.automation.ledgers.post import expire_accounts
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.ledger_rows import expired_balances, lots_to_warn_of, wrong_balances
from chassis_tenants.database import Database, Row
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

log = structlog.get_logger()

BATCH = 500


@dataclass(frozen=True, slots=True)
class Night:
    """What was done: lines of expiry, accounts to be warned, balances that did not agree."""

    expired: int = 0
    warned: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


async def run_nightly(database: Database, snapshots: SnapshotStore, tenant_id: int) -> None:
    """All ledgers of a tenant. Whatever is done twice changes nothing the second time."""
    context = await unattended(database, snapshots, tenant_id)
    for ledger in ledgers_of(context.snapshot) if context is not None else ():
        assert context is not None  # noqa: S101  by the line above
        night = await close_day(database, context, ledger)
        for key in night.wrong:
            log.error("ledger_balance_wrong", tenant_id=tenant_id, balance=key)


async def close_day(database: Database, context: Context, ledger: Ledger) -> Night:
    """Expire, warn, verify one ledger."""
    expired = await _expire(database, context, ledger)
    warned: list[str] = []
    for kind in ledger.types.values():
        if kind.warn_days is not None:
            warned += await _warn(database, context, ledger, kind)
    wrong = await verify(database, context, ledger)
    return Night(expired, tuple(dict.fromkeys(warned)), tuple(row[0] for row in wrong))


async def verify(database: Database, context: Context, ledger: Ledger) -> list[Row]:
    """(key, balance, sum of entries, left in lots) of balances that don't agree with their entries: never any."""
    statement = wrong_balances(context.snapshot).bind(**common(context), ledger=ledger.name)
    [rows] = await database.read(context.binding, statement)
    return rows


async def _expire(database: Database, context: Context, ledger: Ledger) -> int:
    asked = expired_balances(context.snapshot).bind(
        **common(context), ledger=ledger.name, day=today(context), most=BATCH
    )
    count = 0
    while True:
        async with database.transaction(context.binding) as transaction:
            accounts = await transaction.fetch(asked)
            if not accounts:
                return count
            count += await expire_accounts(transaction, context, ledger, [(each[0], each[1]) for each in accounts])


async def _warn(database: Database, context: Context, ledger: Ledger, kind: BalanceType) -> list[str]:
    """Mark the lots that are about to expire, and tell whose they are; each lot once."""
    last = today(context) + timedelta(days=kind.warn_days or 0)
    asked = lots_to_warn_of(context.snapshot).bind(
        **common(context), ledger=ledger.name, balance_type=kind.name, day=last, most=BATCH
    )
    found: list[str] = []
    while True:
        async with database.transaction(context.binding) as transaction:
            lots = await transaction.fetch(asked)
            if not lots:
                return found
            await transaction.fetch_each(_marks(context, lots))
            await follow(transaction, context, ledger.on_expiring, [account_id for _, account_id in lots])
            found += [account_id for _, account_id in lots]


def _marks(context: Context, lots: Sequence[Row]) -> list[Statement]:
    rows = [{"Id": lot_id, "WarnedOn": today(context)} for lot_id, _ in lots]
    return list(updated(context, "LedgerLot", rows))
