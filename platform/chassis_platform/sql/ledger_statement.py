"""What an account's owner sees of a ledger: balances, what is left in lots, the last entries."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.ledger_rows import LEDGER, MOST
from chassis_platform.sql.rows import kept
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

ACCOUNT = sa.bindparam("account", type_=sa.Text())


def account_balances(snapshot: Snapshot) -> Statement:
    """(type, balance, next expiry, expiring then) of the account."""

    def make() -> Statement:
        found = tenant_view(balance).alias("balance")
        columns = [found.c[each] for each in ("balance_type", "balance", "next_expiry_date", "next_expiry_amount")]
        mine = [found.c.tenant_id == TENANT_ID, found.c.account_id == ACCOUNT, found.c.ledger_name == LEDGER]
        return compile_statement(sa.select(*columns).where(*mine).order_by(found.c.balance_type))

    balance = snapshot.objects["LedgerBalance"]
    return kept(balance, "account_balances", make)


def account_entries(snapshot: Snapshot) -> Statement:
    """(id, time, type, amount, balance after, reason, expiry) of the last `most` lines of the account, newest first."""

    def make() -> Statement:
        found = tenant_view(entry).alias("entry")
        names = ("id", "entry_time", "balance_type", "amount", "balance_after", "reason", "lot_expiry_date")
        mine = [found.c.tenant_id == TENANT_ID, found.c.account_id == ACCOUNT, found.c.ledger_name == LEDGER]
        listed = sa.select(*(found.c[each] for each in names)).where(*mine)
        return compile_statement(listed.order_by(found.c.id.desc()).limit(MOST))

    entry = snapshot.objects["LedgerEntry"]
    return kept(entry, "account_entries", make)
