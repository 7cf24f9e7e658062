"""The books of one batch: balances locked and read with their lots, then written with what was posted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.ids import new_ids
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.ledger import KIND, Ledger
from chassis_platform import coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.keeping import common, inserted, today, updated, with_ids
from chassis_platform.automation.ledgers.account import Account, Lot
from chassis_platform.records.write import write_within
from chassis_platform.sql.ledger_rows import (
    accounts_among,
    lines_of_postings,
    lock_balances,
    lots_of_balances,
    make_balances,
)
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement


class Entered(NamedTuple):
    """A line that was posted, now or before."""

    posting: str
    account_id: str
    balance_type: str
    amount: Decimal
    lot: str | None
    balance: Decimal
    lot_expires: date | None
    reverses: str | None


@dataclass(slots=True)
class Books:
    """All that the postings of one batch look at, and what they write."""

    context: Context
    ledger: Ledger
    day: date
    accounts: dict[str, Account] = field(default_factory=dict)  # by balance key
    allowed: dict[str, bool] = field(default_factory=dict)
    known: dict[str, list[Entered]] = field(default_factory=dict)  # by posting key
    reversed: set[str] = field(default_factory=set)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def balance_key(self, account_id: str, balance_type: str) -> str:
        """A balance's name."""
        return f"{self.ledger.name}/{balance_type}/{account_id}"

    def posting_key(self, key: str) -> str:
        """A posting's name; keys are one ledger's."""
        return f"{self.ledger.name}/{key}"

    def new_lot(self) -> str:
        """The id of a lot to be."""
        return new_ids(self.context.snapshot.objects["LedgerLot"].key_prefix, 1)[0]

    def remember(self, line: Entered) -> None:
        """Note a line that is or will be there."""
        self.known.setdefault(line.posting, []).append(line)
        if line.reverses:
            self.reversed.add(line.reverses)


async def open_books(
    transaction: Transaction,
    context: Context,
    ledger: Ledger,
    wanted: Iterable[tuple[str, str]],
    keys: Iterable[str] = (),
) -> Books:
    """Lock the balances of (account, type) in the order of their keys, then read: what is read is what is in force."""
    books = Books(context, ledger, today(context))
    balances = {books.balance_key(*each): each for each in wanted}
    snapshot, obj = context.snapshot, context.snapshot.objects[ledger.object_name]
    postings = sorted(books.posting_key(key) for key in keys)
    ids = sorted({account_id for account_id, _ in balances.values()})
    bound = common(context) | {"keys": sorted(balances), "postings": postings, "ids": ids}
    statements = [
        make_balances(snapshot, obj).bind(rows=folded(_new_balances(books, balances))),
        lock_balances(snapshot),
        lots_of_balances(snapshot),
        lines_of_postings(snapshot),
        _accounts_statement(books),
    ]
    answers = await transaction.fetch_each([each.bind(**bound) for each in statements])
    _fill(books, *answers[1:])
    return books


def _fill(books: Books, balances: Any, lots: Any, lines: Any, accounts: Any) -> None:
    books.accounts = {key: Account(*rest) for key, *rest in balances}
    for key, *lot in lots:
        books.accounts[key].lots[lot[0]] = Lot(*lot)
    for line in lines:
        books.remember(Entered(*line))
    books.allowed = dict(accounts)


def _new_balances(books: Books, wanted: Mapping[str, tuple[str, str]]) -> Iterable[dict[str, Any]]:
    ids = new_ids(books.context.snapshot.objects["LedgerBalance"].key_prefix, len(wanted))
    for new_id, (key, (account_id, balance_type)) in zip(ids, wanted.items(), strict=True):
        names = {"ledger_name": books.ledger.name, "balance_type": balance_type, "account_id": account_id}
        yield {"id": new_id, "balance_key": key, **names}


def _accounts_statement(books: Books) -> Statement:
    snapshot, ledger = books.context.snapshot, books.ledger
    obj = snapshot.objects[ledger.object_name]
    text = ledger.account_criteria
    criteria = formula_of(snapshot, obj, text, Kind.BOOLEAN) if text else None
    return accounts_among(snapshot, obj, criteria)


async def close_books(transaction: Transaction, books: Books) -> None:
    """Write what the postings made: entries, lots, balances; then the balances that accounts show."""
    if not books.entries:
        return
    for each in _touched(books):
        coverage.note(KIND, books.ledger.name, each.split("/")[1])
    context, snapshot = books.context, books.context.snapshot
    await transaction.fetch_each(
        [
            *inserted(context, "LedgerEntry", with_ids(snapshot.objects["LedgerEntry"], books.entries)),
            *inserted(context, "LedgerLot", list(_new_lots(books))),
            *updated(context, "LedgerLot", list(_changed_lots(books))),
            *updated(context, "LedgerBalance", [_balance_row(each) for each in _touched(books).values()]),
        ]
    )
    await _show(transaction, books)


def _touched(books: Books) -> dict[str, Account]:
    keys = {books.balance_key(each["AccountId"], each["BalanceType"]) for each in books.entries}
    return {key: books.accounts[key] for key in sorted(keys)}


def _new_lots(books: Books) -> Iterable[dict[str, Any]]:
    for key, account in _touched(books).items():
        for lot in account.lots.values():
            if lot.is_new:
                yield {
                    "Id": lot.id,
                    "Name": lot.id,
                    "LedgerBalanceId": account.id,
                    "LedgerName": books.ledger.name,
                    "AccountId": key.rpartition("/")[2],
                    "ExpiryDate": lot.expires,
                    "Amount": lot.amount,
                    "Remaining": lot.remaining,
                }


def _changed_lots(books: Books) -> Iterable[dict[str, Any]]:
    for account in _touched(books).values():
        for lot in account.lots.values():
            if lot.is_changed and not lot.is_new:
                yield {"Id": lot.id, "Remaining": lot.remaining}


def _balance_row(account: Account) -> dict[str, Any]:
    expiry, amount = account.next_expiry()
    return {
        "Id": account.id,
        "Balance": account.balance,
        "Credited": account.credited,
        "Debited": account.debited,
        "Expired": account.expired,
        "NextExpiryDate": expiry,
        "NextExpiryAmount": amount,
    }


async def _show(transaction: Transaction, books: Books) -> None:
    """Write the balances into the fields of the accounts that show them, by the road of every write."""
    shown: dict[str, dict[str, Any]] = {}
    for key, account in _touched(books).items():
        _, type_name, account_id = key.split("/")
        name = books.ledger.types[type_name].balance_field
        if name and account_id in books.allowed:
            shown.setdefault(account_id, {"Id": account_id})[name] = account.balance
    if not shown:
        return
    names = {name for row in shown.values() for name in row}
    for group in _alike(shown.values(), names):
        results = await write_within(
            transaction, as_automation(books.context), books.ledger.object_name, "update", group
        )
        problems = [problem for each in results for problem in each.problems]
        if problems:
            raise Invalid(problems)


def _alike(rows: Iterable[dict[str, Any]], names: set[str]) -> list[list[dict[str, Any]]]:
    groups: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(frozenset(row) & names, []).append(row)
    return list(groups.values())
