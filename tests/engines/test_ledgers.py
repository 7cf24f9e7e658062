"""Ledgers on a real database: balances, lots, expiry, reversal, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis_metadata.logic.ledger import Expiry, ledger_of
from chassis_platform.automation.ledgers.account import Account, Line, ShortError
from chassis_platform.automation.ledgers.nightly import Night, close_day, run_nightly
from chassis_platform.automation.ledgers.post import Posted, Posting, post
from engines.conftest import Bureau


async def posted(bureau: Bureau, *postings: Posting, ledger: str = "Points", **options: Any) -> list[Posted]:
    async with bureau.acting() as (transaction, context):
        return await post(transaction, context, ledger, postings, **options)


def credit(account: str, amount: int, key: str, **more: Any) -> Posting:
    return Posting(account, key, Decimal(amount), more.pop("type", "Gift"), **more)


async def balance(bureau: Bureau, account: str, kind: str = "Gift") -> Decimal | None:
    rows = await bureau.column(
        "SELECT balance FROM tenant.ledger_balance WHERE account_id = %(id)s AND balance_type = %(kind)s",
        id=account,
        kind=kind,
    )
    return rows[0] if rows else None


async def test_a_credit_and_a_debit_leave_entries_and_a_balance(bureau: Bureau) -> None:
    client = await bureau.make("Client")

    results = await posted(bureau, credit(client, 100, "a"), credit(client, -30, "b"))

    assert [each.balance for each in results] == [100, 70]
    assert await balance(bureau, client) == 70
    entries = await bureau.sql(
        "SELECT entry_type, amount, balance_after, posting_key FROM tenant.ledger_entry ORDER BY id"
    )
    assert entries == [("Credit", 100, 100, "Points/a"), ("Debit", -30, 70, "Points/b")]


async def lots(bureau: Bureau, account: str) -> list[tuple[Any, ...]]:
    return await bureau.sql(
        "SELECT expiry_date, remaining FROM tenant.ledger_lot WHERE account_id = %(id)s ORDER BY id", id=account
    )


async def night(bureau: Bureau, ledger: str = "Points") -> Night:
    context = await bureau.context()
    found = ledger_of(context.snapshot, ledger)
    assert found is not None
    async with bureau.acting():
        return await close_day(bureau.database, context, found)


def codes(results: Sequence[Posted]) -> list[str | None]:
    return [each.problem.code if each.problem else None for each in results]


async def test_a_key_is_posted_once(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    first = await posted(bureau, credit(client, 100, "a"))
    again = await posted(bureau, credit(client, 100, "a"), credit(client, 1, "b"), credit(client, 1, "b"))

    assert [each.is_new for each in [*first, *again]] == [True, False, True, False]
    assert await balance(bureau, client) == 101


async def test_debits_take_what_expires_first(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    never, late, soon = None, date(2026, 12, 31), date(2026, 6, 30)
    await posted(
        bureau, *(credit(client, 10, str(day), expires=day) for day in (never, late, soon)), credit(client, -15, "out")
    )

    assert await lots(bureau, client) == [(never, 10), (late, 5), (soon, 0)]
    [(day, amount)] = await bureau.sql("SELECT next_expiry_date, next_expiry_amount FROM tenant.ledger_balance")
    assert (day, amount) == (late, 5)
    lines = await bureau.sql(
        "SELECT amount, lot_expiry_date, idempotency_key FROM tenant.ledger_entry"
        " WHERE posting_key = 'Points/out' ORDER BY id"
    )
    assert lines == [(-10, soon, "Points/out"), (-5, late, None)]


async def test_a_debit_that_is_short_is_refused_and_nothing_is_written(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    results = await posted(bureau, credit(client, 10, "a"), credit(client, -11, "b"))

    assert codes(results) == [None, "insufficient_balance"]
    assert results[1].problem is not None
    assert results[1].problem.message == "Insufficient balance: 11 wanted, 10 available."
    assert await bureau.sql("SELECT 1 FROM tenant.ledger_entry") == []


async def test_without_all_or_none_the_rest_is_posted(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    wrong = [credit(client, -11, "b"), credit("nobody", 1, "c"), credit(client, 5, "d", type="Nothing")]

    results = await posted(bureau, credit(client, 10, "a"), *wrong, all_or_none=False)

    assert codes(results) == [None, "insufficient_balance", "malformed_id", "unknown_value"]
    assert await balance(bureau, client) == 10


async def test_a_type_may_go_below_zero_where_it_is_allowed(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    results = await posted(bureau, credit(client, -30, "a", type="Credit"), credit(client, 50, "b", type="Credit"))

    assert [each.balance for each in results] == [-30, 20]
    assert await lots(bureau, client) == [(None, 20)]


async def test_credits_expire_at_the_end_of_the_month_after_two_years(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 100, "a", type="Points"), credit(client, -40, "b", type="Points"))
    assert await lots(bureau, client) == [(date(2028, 3, 31), 60)]

    bureau.at("2028-03-31 23:30")
    assert (await night(bureau)).expired == 0
    bureau.at("2028-04-01 00:30")
    assert await night(bureau) == Night(expired=1)
    assert (await night(bureau)).expired == 0

    assert await balance(bureau, client, "Points") == 0
    [entry] = await bureau.sql("SELECT amount, reason FROM tenant.ledger_entry ORDER BY id DESC LIMIT 1")
    assert entry == (-60, "Expiry")
    assert await bureau.column("SELECT point_balance FROM tenant.client") == [0]


async def test_what_expired_can_not_be_spent_before_the_night_comes(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 100, "a", expires=date(2026, 3, 10)))

    bureau.at("2026-03-11 08:00")
    results = await posted(bureau, credit(client, -1, "b"))

    assert codes(results) == ["insufficient_balance"]


async def test_taking_back_a_debit_gives_to_the_lots_it_took_from(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    soon = date(2026, 6, 30)
    await posted(bureau, credit(client, 10, "a", expires=soon), credit(client, 10, "b"), credit(client, -15, "c"))

    results = await posted(bureau, Posting(client, "d", reverses="c"))

    assert results[0].balance == 20
    assert await lots(bureau, client) == [(soon, 10), (None, 10)]
    again = await posted(bureau, Posting(client, "e", reverses="c"))
    assert codes(again) == ["duplicate_value"]
    unknown = await posted(bureau, Posting(client, "f", reverses="zzz"))
    assert codes(unknown) == ["unknown_value"]


async def test_taking_back_a_credit_that_was_spent_leaves_a_gap_that_credits_fill(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 100, "sale"), credit(client, -80, "gift"))

    returned = await posted(bureau, Posting(client, "return", reverses="sale"))
    blocked = await posted(bureau, credit(client, -1, "more"))
    filled = await posted(bureau, credit(client, 90, "next"))

    assert [returned[0].balance, filled[0].balance] == [-80, 10]
    assert codes(blocked) == ["insufficient_balance"]
    assert (await lots(bureau, client))[-1] == (None, 10)
    strict = await posted(
        bureau,
        credit(client, 5, "s", type="Strict"),
        credit(client, -5, "t", type="Strict"),
        Posting(client, "u", reverses="s"),
    )
    assert codes(strict) == [None, None, "insufficient_balance"]


async def test_an_account_that_is_closed_gets_nothing(bureau: Bureau) -> None:
    client = await bureau.make("Client", Status="Frozen")

    assert codes(await posted(bureau, credit(client, 10, "a"))) == ["account_closed"]
    assert await balance(bureau, client) == 0


async def test_amounts_are_rounded_and_reasons_are_the_declared_ones(bureau: Bureau) -> None:
    branch = await bureau.make("Branch")
    grant = Posting(branch, "a", Decimal("10.005"), reason="Grant")
    wrong = Posting(branch, "b", Decimal(1), reason="Fun")

    results = await posted(bureau, grant, wrong, ledger="Budget", all_or_none=False)

    assert results[0].balance == Decimal("10.01")
    assert results[1].problem is not None
    assert results[1].problem.message == "'Fun' is no reason. Use one of: Grant, Spend."


async def test_many_debits_at_once_never_take_more_than_there_is(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 10, "a"), credit(client, 10, "b", expires=date(2026, 4, 1)))

    results = await asyncio.gather(*(posted(bureau, credit(client, -3, f"out{each}")) for each in range(10)))

    assert sum(each[0].is_new for each in results) == 6
    assert await balance(bureau, client) == 2
    assert (await night(bureau)).wrong == ()


async def test_the_same_posting_from_many_sides_counts_once(bureau: Bureau) -> None:
    client = await bureau.make("Client")

    results = await asyncio.gather(*(posted(bureau, credit(client, 7, "same")) for _ in range(8)))

    assert sum(each[0].is_new for each in results) == 1
    assert await balance(bureau, client) == 7


async def test_a_batch_costs_as_many_statements_as_one_posting(bureau: Bureau, counted: Any) -> None:
    clients = await bureau.write("Client", "insert", *({"Name": str(each)} for each in range(101)))

    with counted() as one:
        await posted(bureau, credit(clients[0], 5, "one"))
    with counted() as many:
        await posted(bureau, *(credit(each, 5, each) for each in clients[1:]))

    assert many.statements == one.statements


async def test_entries_can_not_be_changed_by_the_server_itself(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 5, "a"))

    for text in ("UPDATE data.ledger_entry SET amount = 500", "DELETE FROM data.ledger_entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await bureau.sql(text)


async def test_the_night_finds_a_balance_that_does_not_agree(bureau: Bureau) -> None:
    client = await bureau.make("Client")
    await posted(bureau, credit(client, 5, "a"))
    await bureau.sql("UPDATE data.ledger_balance SET balance = 6")

    assert (await night(bureau)).wrong == (f"Points/Gift/{client}",)
    await run_nightly(bureau.database, bureau.snapshots, bureau.tenant.id)


def test_expiry_counts_calendar_months() -> None:
    assert Expiry(months=1).after(date(2026, 1, 31)) == date(2026, 2, 28)
    assert Expiry(months=24, end_of="month").after(date(2026, 2, 3)) == date(2028, 2, 29)
    assert Expiry(days=30).after(date(2026, 1, 1)) == date(2026, 1, 31)
    assert Expiry(end_of="year").after(date(2026, 1, 1)) == date(2026, 12, 31)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.integers(1, 20), st.one_of(st.none(), st.integers(1, 12))),
        st.tuples(st.just("debit"), st.integers(1, 25), st.booleans()),
        st.tuples(st.just("expire"), st.integers(1, 12), st.none()),
        st.tuples(st.just("undo"), st.integers(0, 5), st.none()),
    ),
    max_size=25,
)


@given(ACTS)
def test_balances_agree_with_their_lots_whatever_happens(acts: list[tuple[str, int, Any]]) -> None:
    account, total = Account("a"), Decimal(0)
    debits: list[list[tuple[str | None, Decimal]]] = []
    for number, (act, amount, more) in enumerate(acts):
        lines: list[Line] = []
        if act == "credit":
            lines = account.credit(Decimal(amount), f"lot{number:03}", more and date(2026, more, 1))
        elif act == "debit":
            if more or amount <= account.balance:
                lines = account.debit(Decimal(amount), may_overdraw=bool(more))
                debits.append([(line.lot, -line.amount) for line in lines])
            else:
                with pytest.raises(ShortError):
                    account.debit(Decimal(amount))
        elif act == "expire":
            lines = account.expire(date(2026, amount, 1))
        elif amount < len(debits):
            lines = account.restore(debits.pop(amount), f"lot{number:03}", None)
        total += sum((line.amount for line in lines), Decimal(0))

        assert account.balance == total == account.credited - account.debited - account.expired
        assert sum(each.remaining for each in account.lots.values()) == max(account.balance, 0)
        assert all(0 <= each.remaining <= each.amount for each in account.lots.values())
        assert not lines or lines[-1].balance == account.balance


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), max_size=8), st.integers(1, 60))
def test_debits_take_by_expiry_as_a_slow_ledger_of_single_units_does(
    credits_: list[tuple[int, int]], wanted: int
) -> None:
    account = Account("a")
    units: list[tuple[int, int]] = []
    for number, (amount, month) in enumerate(credits_):
        account.credit(Decimal(amount), f"lot{number:03}", date(2026, month, 1))
        units += [(month, number)] * amount
    if wanted > len(units):
        with pytest.raises(ShortError):
            account.debit(Decimal(wanted))
        return

    account.debit(Decimal(wanted))

    left = sorted(units)[wanted:]
    expected = {f"lot{number:03}": sum(1 for _, each in left if each == number) for number in range(len(credits_))}
    assert {lot: each.remaining for lot, each in account.lots.items()} == expected
