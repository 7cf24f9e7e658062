"""What would happen: the same answers as a save, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event
from chassis_platform.access.context import Context
from chassis_platform.records.preview import preview
from chassis_platform.records.write import create_record
from chassis_tenants.database import Database, Row
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import reacting, told, with_components

Rows = Callable[..., Awaitable[list[Row]]]


@pytest.fixture(scope="module")
async def ruled(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    rule = {"formula": "Budget < 0", "message": "A budget is not negative.", "field": "Budget"}
    return await with_components(database, snapshots, admin, {("validation_rule", "Workshop.Positive__c"): rule})


async def test_a_preview_tells_what_a_save_would_and_leaves_nothing(
    database: Database, ruled: Context, rows: Rows
) -> None:
    records: list[dict[str, Any]] = [{"Name": "w", "Code": f"pv-{n}", "Budget": n} for n in (-1, 1)]

    seen = await preview(database, ruled, "Workshop", "insert", records)

    assert told(list(seen.results)) == [["A budget is not negative."], []]
    assert seen.values[0] is None
    assert seen.values[1] is not None
    assert (seen.values[1]["Code"], seen.values[1]["Budget"]) == ("pv-1", 1)
    assert await rows("SELECT FROM tenant.workshop WHERE code LIKE 'pv-%%'") == []


async def test_a_preview_shows_what_formulas_would_set(database: Database, ruled: Context, rows: Rows) -> None:
    update = BeforeSaveUpdate("test", "Double", "Workshop", frozenset({Event.UPDATE}), {"Budget": "Budget * 2"})
    made = await create_record(database, ruled, "Workshop", {"Name": "w", "Code": "shown", "Budget": 5})

    seen = await preview(database, reacting(ruled, update), "Workshop", "update", [{"Id": made.id, "Budget": 7}])

    assert seen.values[0] is not None
    assert seen.values[0]["Budget"] == 14
    assert await rows("SELECT budget, row_version FROM tenant.workshop WHERE code = 'shown'") == [(5, 1)]
