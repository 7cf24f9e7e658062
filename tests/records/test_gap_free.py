"""Automatic numbers without gaps: what is refused gives its number back, and writers wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.write import write_records, write_within
from chassis_tenants.database import Database, Row
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import with_components

Rows = Callable[..., Awaitable[list[Row]]]

COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("object", "Bill__c"): {
        "label": "Bill",
        "plural_label": "Bills",
        "key_prefix": "a07",
        "name": {"type": "auto_number", "label": "Number", "format": "B-{0000}", "gap_free": True},
        "sharing": "public_read_write",
    },
    ("field", "Bill__c.Amount__c"): {"type": "currency", "label": "Amount", "required": True},
    ("field", "Bill__c.Page__c"): {
        "type": "auto_number",
        "label": "Page",
        "format": "P{0}",
        "gap_free": True,
    },
    ("validation_rule", "Bill__c.Positive__c"): {"formula": "Amount__c <= 0", "message": "Nothing to pay."},
}


@pytest.fixture(scope="module")
async def teller(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    return as_system(await with_components(database, snapshots, admin, COMPONENTS), "Bill__c")


@pytest.fixture
async def numbers(rows: Rows) -> Callable[[], Awaitable[list[str]]]:
    async def ask() -> list[str]:
        found = await rows("SELECT name FROM tenant.custom_record WHERE object_name = 'Bill__c' ORDER BY name")
        return [name for (name,) in found]

    return ask


async def test_numbers_follow_each_other_whatever_is_refused(
    database: Database, teller: Context, numbers: Callable[[], Awaitable[list[str]]], rows: Rows
) -> None:
    amounts: list[Any] = [1, -1, 2, None, 3]

    results = await write_records(database, teller, "Bill__c", "insert", [{"Amount__c": amount} for amount in amounts])
    await write_records(database, teller, "Bill__c", "insert", [{"Amount__c": 1}, {"Amount__c": -1}], all_or_none=True)
    async with database.transaction(teller.binding) as transaction:
        await write_within(transaction, teller, "Bill__c", "insert", [{"Amount__c": -1}])
        await write_within(transaction, teller, "Bill__c", "insert", [{"Amount__c": 9}])
    await write_records(database, teller, "Bill__c", "insert", [{"Amount__c": 4}])

    assert [each.success for each in results] == [True, False, True, False, True]
    assert await numbers() == ["B-0001", "B-0002", "B-0003", "B-0004", "B-0005"]
    pages = await rows("SELECT custom ->> 'Page__c' FROM tenant.custom_record WHERE object_name = 'Bill__c' ORDER BY 1")
    assert pages == [("P1",), ("P2",), ("P3",), ("P4",), ("P5",)]


async def test_writers_at_the_same_time_leave_no_gap(
    database: Database, teller: Context, numbers: Callable[[], Awaitable[list[str]]]
) -> None:
    before = len(await numbers())
    batches = [[{"Amount__c": amount} for amount in (1, -1, 2)] for _ in range(8)]

    await asyncio.gather(*(write_records(database, teller, "Bill__c", "insert", batch) for batch in batches))

    assert await numbers() == [f"B-{number:04}" for number in range(1, before + 16 + 1)]
