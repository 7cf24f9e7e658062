"""A transaction in the place of the database: what joins it is committed with it, and fails alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.write import write_records
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.joined import JoinedDatabase
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from made_by_tenants import with_components

Rows = Callable[..., Awaitable[list[Row]]]

COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("object", "Slip__c"): {
        "label": "Slip",
        "plural_label": "Slips",
        "key_prefix": "a0s",
        "name": {"type": "auto_number", "label": "Number", "format": "S-{0000}"},
        "sharing": "public_read_write",
    },
    ("field", "Slip__c.Amount__c"): {"type": "currency", "label": "Amount"},
    ("validation_rule", "Slip__c.Positive__c"): {"formula": "Amount__c <= 0", "message": "Nothing to pay."},
}


@pytest.fixture(scope="module")
async def teller(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    return as_system(await with_components(database, snapshots, admin, COMPONENTS), "Slip__c")


async def write(database: Database, teller: Context, *amounts: int) -> list[bool]:
    results = await write_records(database, teller, "Slip__c", "insert", [{"Amount__c": each} for each in amounts])
    return [each.success for each in results]


async def numbers(rows: Rows) -> list[str]:
    found = await rows("SELECT name FROM tenant.custom_record WHERE object_name = 'Slip__c' ORDER BY name")
    return [name for (name,) in found]


async def test_no_number_is_given_twice_when_a_part_is_undone(database: Database, teller: Context, rows: Rows) -> None:
    async with database.transaction(teller.binding) as transaction:
        joined = JoinedDatabase(database, transaction)
        assert await write(joined, teller, -1) == [False]
        assert await write(joined, teller, 1) == [True]
        assert await write(joined, teller, 2, -1, 3) == [True, False, True]
    assert await write(database, teller, 4, 5) == [True, True]
    found = await numbers(rows)
    assert len(found) == len(set(found)) == 5


async def test_nothing_is_left_when_the_whole_is_undone(database: Database, teller: Context, rows: Rows) -> None:
    before = await numbers(rows)
    with suppress(LookupError):
        async with database.transaction(teller.binding) as transaction:
            joined = JoinedDatabase(database, transaction)
            assert await write(joined, teller, 1) == [True]
            async with joined.transaction(teller.binding) as part:
                assert await write(JoinedDatabase(database, part), teller, 2) == [True]
            raise LookupError
    assert await numbers(rows) == before


async def test_what_fails_leaves_the_transaction_in_use(database: Database, teller: Context, rows: Rows) -> None:
    before = await numbers(rows)
    async with database.transaction(teller.binding) as transaction:
        joined = JoinedDatabase(database, transaction)
        with pytest.raises(psycopg.DataError):
            await joined.read(teller.binding, Statement("SELECT 1 / 0"))
        with pytest.raises(psycopg.DataError):
            await _fail_after_writing(joined, teller)
        assert await write(joined, teller, 1) == [True]
    assert len(await numbers(rows)) == len(before) + 1


async def _fail_after_writing(database: Database, teller: Context) -> None:
    async with database.transaction(teller.binding) as part:
        await write(JoinedDatabase(database, part), teller, 1)
        await part.fetch(Statement("SELECT 1 / 0"))


async def test_another_tenant_can_not_join(database: Database, teller: Context) -> None:
    async with database.transaction(teller.binding) as transaction:
        with pytest.raises(RuntimeError, match="one tenant's"):
            await JoinedDatabase(database, transaction).read(Binding(teller.tenant.id + 1), Statement("SELECT 1"))
