"""What a merged account had goes over to the one that stays, by postings of its own: the journal only grows."""

from __future__ import annotations

from chassis_metadata.logic.ledger import ledger_of
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.automation.ledgers.account import ZERO, Line
from chassis_platform.automation.ledgers.books import Books, close_books, open_books
from chassis_platform.automation.ledgers.post import Posting, enter_lines, sweep
from chassis_platform.automation.merging.children import Family
from chassis_platform.automation.merging.followers import register_follower
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

REASON = "Merge"
_LEFT = Statement(
    "SELECT ledger_name, account_id, balance_type FROM tenant.ledger_balance WHERE tenant_id = %(tenant_id)s"
    " AND account_id = ANY (%(ids)s::text[]) AND balance <> 0 AND NOT is_deleted ORDER BY balance_key"
)


async def transfer(transaction: Transaction, context: Context, family: Family) -> None:
    """Take what is left of the losers' balances, and give it to the survivor with the days on which it expires."""
    rows = await transaction.fetch(_LEFT.bind(**common(context), ids=list(family.loser_ids)))
    for name in sorted({row[0] for row in rows}):
        ledger = ledger_of(context.snapshot, name)
        if ledger is None:
            continue
        left = [(account, kind) for of, account, kind in rows if of == name]
        wanted = {*left, *((family.master_id, kind) for _, kind in left)}
        books = await open_books(transaction, context, ledger, sorted(wanted))
        sweep(books)
        for loser, kind in left:
            _transfer(books, kind, loser, family.master_id)
        await close_books(transaction, books)


def _transfer(books: Books, kind: str, loser: str, survivor: str) -> None:
    giving, taking = (books.accounts[books.balance_key(each, kind)] for each in (loser, survivor))
    if giving.balance > 0:
        lots = [(each.remaining, each.expires) for each in giving.open_lots()]
        given = [line for size, expires in lots for line in taking.credit(size, books.new_lot(), expires)]
        gone = giving.debit(giving.balance)
    elif giving.balance < 0:
        missing = -giving.balance
        given = taking.debit(missing, may_overdraw=True)
        gone = giving.credit(missing, books.new_lot())
    else:
        return
    _enter(books, kind, loser, survivor, gone)
    _enter(books, kind, survivor, loser, given)


def _enter(books: Books, kind: str, account_id: str, other: str, lines: list[Line]) -> None:
    amount = sum((each.amount for each in lines), ZERO)
    key = f"merge:{account_id}:{other}:{books.new_lot()}"  # a record that was restored may be merged again
    enter_lines(books, Posting(account_id, key, amount, kind, reason=REASON, source_id=other), kind, lines)


register_follower(transfer)
