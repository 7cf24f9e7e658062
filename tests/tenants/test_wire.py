"""Statements of one trip: their rows, their errors, and what stays prepared on the connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import AsyncConnection

from chassis_tenants import wire as wires
from chassis_tenants.adapting import adapt
from chassis_tenants.database import Binding, Database, StaleBindingError
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from chassis_tenants.wire import Row, Wire


@pytest.fixture
async def connection(server_dsn: str) -> AsyncIterator[AsyncConnection[Row]]:
    async with await AsyncConnection[Row].connect(server_dsn, autocommit=True) as opened:
        yield opened


def _echo(value: object) -> Statement:
    return Statement("SELECT %(value)s::text, '100%%'", {"value": value})


async def _prepared(connection: AsyncConnection[Row]) -> int:
    cursor = await connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'chassis%%'", {})
    [(count,)] = await cursor.fetchall()
    return int(count)


async def test_each_statement_of_a_trip_has_its_own_rows(connection: AsyncConnection[Row]) -> None:
    wire = Wire(connection)

    answers = await wire.send([_echo("a"), Statement("SELECT WHERE false"), _echo("b")])

    assert answers == [[("a", "100%")], [], [("b", "100%")]]


async def test_a_place_that_is_named_twice_is_one_value(connection: AsyncConnection[Row]) -> None:
    twice = Statement("SELECT %(n)s::int + %(n)s::int * %(m)s::int", {"m": 10, "n": 2})

    assert await Wire(connection).send([twice]) == [[(22,)]]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["a"],
        ["", "null", "NULL", "{}", "a,b", " padded ", "{a,b}", "[1]"],
        ['"', "\\", 'say "hi"', "C:\\new", "one\ntwo", "\ttab", "\x7f", "\x01"],
        ["张伟", "\u3000", "🚗", "\u2028", "é"],
        ["a", None, "b"],
        [None],
    ],
)
async def test_lists_of_texts_arrive_as_they_were_sent(connection: AsyncConnection[Row], texts: list[str]) -> None:
    adapt(connection)
    listed = Statement("SELECT %(texts)s::text[]", {"texts": texts})

    assert await Wire(connection).send([listed]) == [[(texts,)]]


async def test_a_text_that_is_none_is_refused_within_a_list(connection: AsyncConnection[Row]) -> None:
    adapt(connection)

    with pytest.raises(UnicodeEncodeError):
        await Wire(connection).send([Statement("SELECT %(texts)s::text[]", {"texts": ["a", "\ud800"]})])


async def test_a_lone_percent_sign_is_refused(connection: AsyncConnection[Row]) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="neither"):
        await Wire(connection).send([Statement("SELECT 5 % 2", {})])

    assert await Wire(connection).send([_echo("still of use")]) == [[("still of use", "100%")]]


async def test_the_first_error_ends_the_trip_and_the_connection_goes_on(connection: AsyncConnection[Row]) -> None:
    wire = Wire(connection)

    with pytest.raises(psycopg.errors.DivisionByZero):
        await wire.send([_echo("a"), Statement("SELECT 1 / %(zero)s::int", {"zero": 0}), _echo("b")])

    assert await wire.send([_echo("c")]) == [[("c", "100%")]]


async def test_a_statement_is_prepared_when_it_comes_for_the_third_time(connection: AsyncConnection[Row]) -> None:
    wire = Wire(connection)

    counts = []
    for number in range(4):
        assert await wire.send([_echo(str(number))]) == [[(str(number), "100%")]]
        counts.append(await _prepared(connection))

    assert counts == [0, 0, 1, 1]


async def test_nothing_is_prepared_behind_a_pooler(connection: AsyncConnection[Row]) -> None:
    wire = Wire(connection, prepared=False)

    for _ in range(4):
        await wire.send([_echo("a")])

    assert await _prepared(connection) == 0


async def test_a_statement_that_failed_while_it_was_prepared_is_prepared_again(
    connection: AsyncConnection[Row],
) -> None:
    wire = Wire(connection)
    divide = Statement("SELECT 6 / %(by)s::int")
    for _ in range(2):
        await wire.send([divide.bind(by=2)])

    with pytest.raises(psycopg.errors.DivisionByZero):
        await wire.send([divide.bind(by=0)])

    assert [await wire.send([divide.bind(by=3)]) for _ in range(3)] == [[[(2,)]]] * 3


async def test_statements_unused_for_longest_are_forgotten(
    connection: AsyncConnection[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wires, "_MOST_PREPARED", 2)
    wire = Wire(connection)

    for number in range(5):
        for _ in range(3):
            await wire.send([Statement(f"SELECT {number} + %(n)s::int", {"n": 1})])
    await wire.send([_echo("a")])

    assert await _prepared(connection) == 2


async def test_nothing_of_a_transaction_is_kept_when_what_was_cached_is_stale(
    database: Database, tenant: Tenant
) -> None:
    stale = Binding(tenant.id, metadata_version=tenant.metadata_version + 1)
    take = Statement(
        "INSERT INTO chassis.counter (tenant_id, name, value) VALUES (%(tenant_id)s, 'wire', 1)",
        {"tenant_id": tenant.id},
    )

    for way in ("fetch_each", "commit_with"):
        with pytest.raises(StaleBindingError):
            async with database.transaction(stale) as transaction:
                await getattr(transaction, way)([take])

    count = Statement(
        "SELECT count(*) FROM chassis.counter WHERE tenant_id = %(id)s AND name = 'wire'", {"id": tenant.id}
    )
    assert await database.read(Binding(tenant.id), count) == [[(0,)]]


async def test_a_transaction_without_statements_checks_too(database: Database, tenant: Tenant) -> None:
    with pytest.raises(StaleBindingError):
        async with database.transaction(Binding(tenant.id, metadata_version=tenant.metadata_version + 1)):
            pass
