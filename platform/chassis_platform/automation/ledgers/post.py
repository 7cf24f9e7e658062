"""Posting to a ledger: balances are locked, lines worked out one after the other, all of them written together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from chassis_metadata.errors import Invalid, NotFound, Problem
from chassis_metadata.forms import near
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.ledger import KIND, BalanceType, Ledger, ledger_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.ledgers.account import ZERO, Account, Line, ShortError
from chassis_platform.automation.ledgers.books import Books, Entered, close_books, open_books
from chassis_tenants.database import Transaction

LARGEST = Decimal(10) ** 11
LONGEST_KEY = 150
_EXPIRY, _REVERSAL = "Expiry", "Reversal"


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be posted to an account: a credit above zero, a debit below, or a posting taken back by its key.

    `key` names it for good: what was posted under a key is not posted again.
    """

    account_id: str
    key: str
    amount: Decimal = ZERO
    balance_type: str | None = None  # None: the ledger's only one
    reason: str | None = None
    expires: date | None = None  # None: by the ledger's rule
    source_id: str | None = None
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a posting. `is_new` is false where its key had been posted before."""

    key: str
    account_id: str
    balance: Decimal | None = None
    is_new: bool = False
    problem: Problem | None = None


def ledger_named(snapshot: Snapshot, name: str) -> Ledger:
    """The active ledger of that name; NotFound without one."""
    found = ledger_of(snapshot, name)
    if found is None:
        raise NotFound.of("not_found", f"There is no ledger {name!r}.{near(name, snapshot.logic_of(KIND))}")
    return found


async def post(
    transaction: Transaction,
    context: Context,
    ledger_name: str,
    postings: Sequence[Posting],
    *,
    all_or_none: bool = True,
) -> list[Posted]:
    """Post to a ledger, in order, inside the caller's transaction; answers what became of each.

    With `all_or_none`, nothing is written where anything is wrong. A key that was posted before answers the balance
    then and changes nothing.
    """
    ledger = ledger_named(context.snapshot, ledger_name)
    wrong = [next(_form_problems(ledger, each), None) for each in postings]
    fine = [each for each, problem in zip(postings, wrong, strict=True) if problem is None]
    keys = {key for each in fine for key in (each.key, each.reverses) if key}
    books = await open_books(transaction, context, ledger, _balances_of(ledger, fine), keys)
    sweep(books)
    results = [
        _post_one(books, each) if problem is None else Posted(each.key, each.account_id, problem=problem)
        for each, problem in zip(postings, wrong, strict=True)
    ]
    if not (all_or_none and any(each.problem for each in results)):
        await close_books(transaction, books)
    return results


async def expire_accounts(
    transaction: Transaction, context: Context, ledger: Ledger, accounts: Iterable[tuple[str, str]]
) -> int:
    """Take away what has expired of these (account, type); answers how many lines that made."""
    books = await open_books(transaction, context, ledger, accounts)
    sweep(books)
    await close_books(transaction, books)
    return len(books.entries)


def _balances_of(ledger: Ledger, postings: Iterable[Posting]) -> Iterable[tuple[str, str]]:
    for each in postings:
        # Of what type a posting was that is taken back shows only when it is read.
        for name in ledger.types if each.reverses else [_type_of(ledger, each).name]:
            yield normal_id(each.account_id), name


def _form_problems(ledger: Ledger, each: Posting) -> Iterator[Problem]:
    """What is wrong with a posting without a look at the account."""
    if not is_id(each.account_id):
        yield _problem("malformed_id", f"{each.account_id!r} is no id of an account.")
    if not each.key or len(each.key) > LONGEST_KEY:
        yield _problem("missing_argument", f"A posting needs a key of at most {LONGEST_KEY} characters.")
    if not each.reverses:
        yield from _content_problems(ledger, each)


def _content_problems(ledger: Ledger, each: Posting) -> Iterator[Problem]:
    if each.balance_type is None and len(ledger.types) > 1:
        yield _problem("missing_argument", f"Which type? {ledger.name} has {', '.join(ledger.types)}.")
    if each.balance_type is not None and each.balance_type not in ledger.types:
        hint = near(each.balance_type, ledger.types)
        yield _problem("unknown_value", f"{ledger.name} has no type {each.balance_type!r}.{hint}")
    if ledger.reasons and each.reason not in ledger.reasons:
        known = ", ".join(sorted(ledger.reasons))
        yield _problem("unknown_value", f"{each.reason!r} is no reason. Use one of: {known}.")
    if not each.amount.is_finite() or abs(each.amount) >= LARGEST or not _rounded(ledger, each.amount):
        yield _problem("number_outside_valid_range", f"An amount is a number other than 0, below {LARGEST:,}.")


def _rounded(ledger: Ledger, amount: Decimal) -> Decimal:
    return amount.quantize(ledger.unit, ROUND_HALF_UP)


def _problem(code: str, message: str) -> Problem:
    return Problem("", code, message)


def _type_of(ledger: Ledger, each: Posting) -> BalanceType:
    return ledger.types[each.balance_type or next(iter(ledger.types))]


def sweep(books: Books) -> None:
    """What expired since the last look is no longer there for anybody."""
    for key, account in books.accounts.items():
        lines = account.expire(books.day)
        for line in lines:
            posting = Posting(key.rpartition("/")[2], f"expiry:{line.lot}", reason=_EXPIRY)
            enter_lines(books, posting, key.split("/")[1], [line])


def _post_one(books: Books, each: Posting) -> Posted:
    known = books.known.get(books.posting_key(each.key))
    account_id = normal_id(each.account_id)
    if known and known[-1].account_id != account_id:
        problem = _problem("duplicate_value", f"The key {each.key!r} was used for another account.")
        return Posted(each.key, account_id, problem=problem)
    if known:
        return Posted(each.key, account_id, balance=known[-1].balance)
    try:
        balance = _reverse(books, each, account_id) if each.reverses else _enter(books, each, account_id)
    except Invalid as invalid:
        return Posted(each.key, account_id, problem=invalid.problems[0])
    return Posted(each.key, account_id, balance=balance, is_new=True)


def _enter(books: Books, each: Posting, account_id: str) -> Decimal:
    ledger, kind = books.ledger, _type_of(books.ledger, each)
    account = _account(books, account_id, kind.name)
    amount = _rounded(ledger, each.amount)
    if amount < 0:
        return _taken(books, each, kind.name, _debit(account, -amount, may_overdraw=kind.allows_negative))
    expires = each.expires or (kind.expires.after(books.day) if kind.expires else None)
    if expires is not None and expires < books.day:
        raise Invalid.of("number_outside_valid_range", f"A credit that expired on {expires} is none.")
    return _taken(books, each, kind.name, account.credit(amount, books.new_lot(), expires))


def _reverse(books: Books, each: Posting, account_id: str) -> Decimal:
    original = books.posting_key(str(each.reverses))
    lines = [line for line in books.known.get(original, ()) if line.account_id == account_id]
    if not lines:
        raise Invalid.of("unknown_value", f"Nothing was posted to {account_id} under the key {each.reverses!r}.")
    if original in books.reversed:
        raise Invalid.of("duplicate_value", f"{each.reverses!r} was taken back already.")
    first = lines[0]
    kind, account = books.ledger.types[first.balance_type], _account(books, account_id, first.balance_type)
    if first.amount > 0:
        total = sum((line.amount for line in lines), ZERO)
        own = [line.lot for line in lines if line.lot]
        return _taken(books, each, kind.name, _debit(account, total, may_overdraw=kind.reversals_overdraw, first=own))
    taken = [(line.lot, -line.amount) for line in lines]
    return _taken(books, each, kind.name, account.restore(taken, books.new_lot(), first.lot_expires))


def _account(books: Books, account_id: str, type_name: str) -> Account:
    allowed = books.allowed.get(account_id)
    if allowed is None:
        raise Invalid.of("invalid_cross_reference_key", f"There is no {books.ledger.object_name} {account_id}.")
    if not allowed:
        raise Invalid.of("account_closed", f"{account_id} does not meet the ledger's criteria: nothing can be posted.")
    return books.accounts[books.balance_key(account_id, type_name)]


def _debit(account: Account, amount: Decimal, *, may_overdraw: bool, first: Sequence[str] = ()) -> list[Line]:
    try:
        return account.debit(amount, may_overdraw=may_overdraw, first=first)
    except ShortError as short:
        message = f"Insufficient balance: {_plain(amount)} wanted, {_plain(short.available)} available."
        raise Invalid.of("insufficient_balance", message) from None


def _plain(amount: Decimal) -> str:
    """Without zeros at the end."""
    return f"{amount.normalize():f}"


def _taken(books: Books, each: Posting, type_name: str, lines: Sequence[Line]) -> Decimal:
    enter_lines(books, each, type_name, lines)
    return lines[-1].balance


def enter_lines(books: Books, each: Posting, type_name: str, lines: Sequence[Line]) -> None:
    """Note the lines that a posting made."""
    key = books.posting_key(each.key)
    reverses = books.posting_key(each.reverses) if each.reverses else None
    for place, line in enumerate(lines):
        entry: dict[str, Any] = {
            "LedgerName": books.ledger.name,
            "BalanceType": type_name,
            "AccountId": normal_id(each.account_id),
            "EntryType": "Credit" if line.amount > 0 else "Debit",
            "Amount": line.amount,
            "BalanceAfter": line.balance,
            "Reason": each.reason or (_REVERSAL if each.reverses else None),
            "IdempotencyKey": key if place == 0 and each.reason != _EXPIRY else None,
            "PostingKey": key,
            "LotId": line.lot,
            "LotExpiryDate": line.lot_expires,
            "SourceId": each.source_id,
            "ReversesKey": reverses,
            "EntryTime": clock.now(),
            "UserId": books.context.principal.user_id,
        }
        books.entries.append(entry)
        books.remember(
            Entered(key, entry["AccountId"], type_name, line.amount, line.lot, line.balance, line.lot_expires, reverses)
        )
