"""The statements of ledgers: balances that are made and locked, lots with something left, entries by posting."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object, unfolded
from chassis_platform.sql.write import ACTOR, IDS, STAMP, TENANT
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table, tenant_view

KEYS = sa.bindparam("keys", type_=pg.ARRAY(sa.Text()))
LEDGER = sa.bindparam("ledger", type_=sa.Text())
DAY = sa.bindparam("day", type_=sa.Date())
AFTER = sa.bindparam("after", type_=sa.Text())
MOST = sa.bindparam("most", type_=sa.Integer())
_AMOUNTS = ("balance", "credited", "debited", "expired")


def make_balances(snapshot: Snapshot, obj: Object) -> Statement:
    """Insert the balances (`rows`) that are not there yet and whose accounts are, in the order of their keys."""

    def make() -> Statement:
        table = base_table(balance)
        rows = unfolded(dict.fromkeys(("id", "balance_key", "ledger_name", "balance_type", "account_id"), sa.Text()))
        values: dict[str, ColumnElement[Any]] = {each.name: each for each in rows.c}
        values |= {"name": rows.c.id, "tenant_id": TENANT, "created_by_id": ACTOR, "last_modified_by_id": ACTOR}
        values |= dict.fromkeys(_AMOUNTS, sa.literal_column("0"))
        values |= dict.fromkeys(("created_date", "last_modified_date", "system_modstamp"), STAMP)
        account = tenant_view(obj).alias("account")
        there = sa.exists().where(*of_this_object(obj, account), account.c.id == rows.c.account_id)
        missing = sa.select(*values.values()).where(there).order_by(rows.c.balance_key)
        insert = pg.insert(table).from_select(list(values), missing)
        where = sa.not_(table.c.is_deleted)
        return compile_statement(
            insert.on_conflict_do_nothing(index_elements=["tenant_id", "balance_key"], index_where=where)
        )

    balance = snapshot.objects["LedgerBalance"]
    return kept(balance, ("make_balances", obj.name), make)


def lock_balances(snapshot: Snapshot) -> Statement:
    """(key, id, balance, credited, debited, expired) of the balances with these `keys`, locked in their order."""

    def make() -> Statement:
        table = base_table(balance)
        columns = [table.c.balance_key, table.c.id, *(table.c[each] for each in _AMOUNTS)]
        wanted = sa.select(*columns).where(*of_this_object(balance, table), table.c.balance_key == sa.any_(KEYS))
        return compile_statement(wanted.order_by(table.c.balance_key).with_for_update())

    balance = snapshot.objects["LedgerBalance"]
    return kept(balance, "lock_balances", make)


def lots_of_balances(snapshot: Snapshot) -> Statement:
    """(balance key, id, amount, remaining, expiry) of what is left, and of the lots that `postings` touched."""

    def make() -> Statement:
        lots, balances = tenant_view(lot).alias("lot"), tenant_view(balance).alias("balance")
        entries = tenant_view(entry).alias("entry")
        touched = sa.select(entries.c.lot_id).where(
            entries.c.tenant_id == TENANT_ID,
            entries.c.posting_key == sa.any_(sa.bindparam("postings", type_=pg.ARRAY(sa.Text()))),
        )
        return compile_statement(
            sa.select(balances.c.balance_key, lots.c.id, lots.c.amount, lots.c.remaining, lots.c.expiry_date)
            .join_from(
                balances, lots, sa.and_(lots.c.tenant_id == TENANT_ID, lots.c.ledger_balance_id == balances.c.id)
            )
            .where(balances.c.tenant_id == TENANT_ID, balances.c.balance_key == sa.any_(KEYS))
            .where(sa.or_(lots.c.remaining > 0, lots.c.id.in_(touched)))
        )

    lot, balance, entry = (snapshot.objects[name] for name in ("LedgerLot", "LedgerBalance", "LedgerEntry"))
    return kept(lot, "lots_of_balances", make)


def lines_of_postings(snapshot: Snapshot) -> Statement:
    """The lines of `postings`, and those that took one of them back, oldest first; columns as `Entered` names them."""

    def make() -> Statement:
        entries = tenant_view(entry).alias("entry")
        names = ("posting_key", "account_id", "balance_type", "amount", "lot_id", "balance_after", "lot_expiry_date")
        wanted = sa.bindparam("postings", type_=pg.ARRAY(sa.Text()))
        return compile_statement(
            sa.select(*(entries.c[each] for each in (*names, "reverses_key")))
            .where(entries.c.tenant_id == TENANT_ID)
            .where(sa.or_(entries.c.posting_key == sa.any_(wanted), entries.c.reverses_key == sa.any_(wanted)))
            .order_by(entries.c.id)
        )

    entry = snapshot.objects["LedgerEntry"]
    return kept(entry, "lines_of_postings", make)


def accounts_among(snapshot: Snapshot, obj: Object, criteria: Expression | None) -> Statement:
    """(id, whether it may be posted to) of the records (`ids`) that are there."""

    def make() -> Statement:
        account = tenant_view(obj).alias("account")
        fits: ColumnElement[bool] = sa.true()
        if criteria is not None:
            value = compile_expression(criteria, Rows(snapshot, obj, account)).value
            fits = sa.func.coalesce(value, sa.false(), type_=sa.Boolean())
        there = [*of_this_object(obj, account), sa.not_(account.c.is_deleted), account.c.id == sa.any_(IDS)]
        return compile_statement(sa.select(account.c.id, fits).where(*there))

    return kept(obj, ("ledger_accounts", criteria), make)


def expired_balances(snapshot: Snapshot) -> Statement:
    """(account, type) of up to `most` balances of a ledger with lots that counted until before `day`."""

    def make() -> Statement:
        lots, balances = tenant_view(lot).alias("lot"), tenant_view(balance).alias("balance")
        return compile_statement(
            sa.select(balances.c.account_id, balances.c.balance_type)
            .distinct()
            .join_from(
                lots, balances, sa.and_(balances.c.tenant_id == TENANT_ID, balances.c.id == lots.c.ledger_balance_id)
            )
            .where(lots.c.tenant_id == TENANT_ID, lots.c.ledger_name == LEDGER)
            .where(lots.c.remaining > 0, lots.c.expiry_date < DAY)
            .limit(MOST)
        )

    lot, balance = snapshot.objects["LedgerLot"], snapshot.objects["LedgerBalance"]
    return kept(lot, "expired_balances", make)


def lots_to_warn_of(snapshot: Snapshot) -> Statement:
    """(id, account) of up to `most` lots of a type that count no longer than until `day` and were not warned of yet."""

    def make() -> Statement:
        lots, balances = tenant_view(lot).alias("lot"), tenant_view(balance).alias("balance")
        of_type = balances.c.balance_type == sa.bindparam("balance_type", type_=sa.Text())
        return compile_statement(
            sa.select(lots.c.id, lots.c.account_id)
            .join_from(
                lots, balances, sa.and_(balances.c.tenant_id == TENANT_ID, balances.c.id == lots.c.ledger_balance_id)
            )
            .where(lots.c.tenant_id == TENANT_ID, lots.c.ledger_name == LEDGER, of_type)
            .where(lots.c.remaining > 0, lots.c.expiry_date <= DAY, lots.c.warned_on.is_(None))
            .limit(MOST)
        )

    lot, balance = snapshot.objects["LedgerLot"], snapshot.objects["LedgerBalance"]
    return kept(lot, "lots_to_warn_of", make)


def wrong_balances(snapshot: Snapshot) -> Statement:
    """(key, balance, sum of the entries, left in the lots) of the balances of a ledger that do not agree."""

    def make() -> Statement:
        balances, entries, lots = (tenant_view(each).alias(each.name) for each in (balance, entry, lot))
        summed = _sum_of(
            entries.c.amount,
            entries.c.tenant_id == TENANT_ID,
            entries.c.account_id == balances.c.account_id,
            entries.c.ledger_name == balances.c.ledger_name,
            entries.c.balance_type == balances.c.balance_type,
        )
        left = _sum_of(lots.c.remaining, lots.c.tenant_id == TENANT_ID, lots.c.ledger_balance_id == balances.c.id)
        found = (
            sa.select(balances.c.balance_key, balances.c.balance, summed.label("summed"), left.label("left"))
            .where(balances.c.tenant_id == TENANT_ID, balances.c.ledger_name == LEDGER)
            .subquery()
        )
        agree = sa.and_(found.c.balance == found.c.summed, sa.func.greatest(found.c.balance, 0) == found.c.left)
        return compile_statement(sa.select(*found.c).where(sa.not_(agree)))

    balance, entry, lot = (snapshot.objects[name] for name in ("LedgerBalance", "LedgerEntry", "LedgerLot"))
    return kept(balance, "wrong_balances", make)


def _sum_of(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    summed = sa.func.coalesce(sa.func.sum(column), sa.literal_column("0"))
    return sa.select(summed).where(*conditions).scalar_subquery()
