"""What a save sets off: which triggers fire for which records, in which order, and what becomes of what they refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from chassis_metadata.logic.triggers import Event, Trigger
from chassis_platform.access.context import Context
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.records.write import (
    Expectation,
    create_record,
    delete_record,
    undelete_record,
    update_record,
    write_records,
)
from chassis_platform.records.write import write_within as write_inside
from chassis_tenants.database import Database, Row, Transaction
from made_by_tenants import codes, reacting, told

Rows = Callable[..., Awaitable[list[Row]]]
Counted = Callable[[], AbstractContextManager[Any]]
Act = Callable[[Transaction, Context, Fired], Awaitable[None]]

KIND = "test"


class Engine:
    """Notes what fired, and does what a test says."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, list[str]]] = []
        self.acts: dict[str, Act] = {}

    async def __call__(self, transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
        for each in fired:
            names = [change.now("Code") for change in each.changes]
            self.seen.append((each.trigger.name, each.event.value, names))
            act = self.acts.get(each.trigger.name)
            if act is not None:
                await act(transaction, context, each)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setitem(after_save._handlers, KIND, made)  # noqa: SLF001  an engine for the time of a test
    return made


def trigger(name: str, criteria: str | None = None, *events: Event, **more: Any) -> Trigger:
    return Trigger(KIND, name, "Workshop", frozenset(events or (Event.CREATE, Event.UPDATE)), criteria, **more)


async def insert(database: Database, context: Context, *records: dict[str, Any], **how: Any) -> list[Any]:
    payloads = [{"Name": record["Code"], **record} for record in records]
    return await write_records(database, context, "Workshop", "insert", payloads, **how)


async def test_a_trigger_fires_for_the_records_that_meet_its_criteria(
    database: Database, admin: Context, engine: Engine
) -> None:
    context = reacting(admin, trigger("Rich", "Budget > 10"), trigger("Always"), trigger("None", "Budget > 1000"))

    await insert(database, context, {"Code": "t-1", "Budget": 5}, {"Code": "t-2", "Budget": 50})

    assert engine.seen == [("Rich", "create", ["t-2"]), ("Always", "create", ["t-1", "t-2"])]


async def test_triggers_run_by_order_then_by_name_as_they_were_given(
    database: Database, admin: Context, engine: Engine
) -> None:
    context = reacting(admin, trigger("B", order=1), trigger("A", order=2))

    await insert(database, context, {"Code": "o-1"})

    assert [name for name, _, _ in engine.seen] == ["B", "A"]


async def test_criteria_know_old_values_and_events(database: Database, admin: Context, engine: Engine) -> None:
    context = reacting(
        admin,
        trigger("Moved", "ISCHANGED(Region)", Event.UPDATE),
        trigger("New", "ISNEW()"),
        trigger("Becomes", "Budget > 10", becomes=True),
        trigger("Old", "$Old.Budget = 5"),
    )
    [made] = await insert(database, context, {"Code": "e-1", "Budget": 5, "Region": "North"})
    await update_record(database, context, "Workshop", made.id, {"Budget": 20})
    await update_record(database, context, "Workshop", made.id, {"Budget": 30, "Region": "South"})

    fired = [(name, event) for name, event, _ in engine.seen]
    assert fired[0] == ("New", "create")
    assert fired[-3:] == [("Becomes", "update"), ("Old", "update"), ("Moved", "update")]


async def test_an_upsert_tells_created_and_changed_records_apart(
    database: Database, admin: Context, engine: Engine
) -> None:
    await insert(database, admin, {"Code": "up-1"})
    context = reacting(admin, trigger("Any"), trigger("Changed", None, Event.UPDATE))

    records: list[dict[str, Any]] = [{"Code": "up-1", "Budget": 1}, {"Code": "up-2", "Name": "up-2"}]
    await write_records(database, context, "Workshop", "upsert", records, external_id_field="Code")

    assert engine.seen == [
        ("Any", "create", ["up-2"]),
        ("Any", "update", ["up-1"]),
        ("Changed", "update", ["up-1"]),
    ]


async def test_old_values_are_those_before_the_write(database: Database, admin: Context, engine: Engine) -> None:
    seen: list[Any] = []

    async def look(transaction: Transaction, context: Context, fired: Fired) -> None:
        del transaction, context
        seen.extend((change.old["Budget"], change.old["Website"]) for change in fired.changes if change.old)

    engine.acts["Look"] = look
    [made] = await insert(database, admin, {"Code": "before", "Budget": 5, "Website": "a.example"})
    await update_record(database, reacting(admin, trigger("Look")), "Workshop", made.id, {"Budget": 6})

    assert seen == [(5, "a.example")]


async def test_what_an_engine_refuses_is_undone_and_the_rest_is_written_again(
    database: Database, admin: Context, engine: Engine, rows: Rows
) -> None:
    async def refuse(transaction: Transaction, context: Context, fired: Fired) -> None:
        for change in fired.changes:
            await write_inside(transaction, context, "Customer", "insert", [{"LastName": f"of {change.now('Code')}"}])
            if change.now("Budget") == 13:
                change.wrong("my_code", "Not this one.", "Budget")

    engine.acts["Refuse"] = refuse
    context = reacting(admin, trigger("Refuse"))

    results = await insert(database, context, *({"Code": f"n-{n}", "Budget": n} for n in (12, 13, 14)))

    assert [codes(each.problems) for each in results] == [[], ["my_code"], []]
    assert await rows("SELECT code FROM tenant.workshop WHERE code LIKE 'n-%%' ORDER BY 1") == [("n-12",), ("n-14",)]
    assert await rows("SELECT name FROM tenant.customer WHERE name LIKE 'of n-%%' ORDER BY 1") == [
        ("of n-12",),
        ("of n-14",),
    ]


async def test_one_record_that_an_engine_refuses_leaves_nothing(
    database: Database, admin: Context, engine: Engine, rows: Rows
) -> None:
    async def refuse(transaction: Transaction, context: Context, fired: Fired) -> None:
        await write_inside(transaction, context, "Customer", "insert", [{"LastName": "of nobody"}])
        fired.changes[0].wrong("my_code", "No.")

    engine.acts["Refuse"] = refuse
    [result] = await insert(database, reacting(admin, trigger("Refuse")), {"Code": "alone"})

    assert codes(result.problems) == ["my_code"]
    assert await rows("SELECT FROM tenant.customer WHERE name = 'of nobody'") == []


async def test_what_an_engine_raises_is_wrong_with_its_records(
    database: Database, admin: Context, engine: Engine, rows: Rows
) -> None:
    async def get_lost(transaction: Transaction, context: Context, fired: Fired) -> None:
        del fired
        await write_inside(transaction, context, "Nothing", "insert", [{}])

    engine.acts["Lost"] = get_lost
    context = reacting(admin, trigger("Lost", "Budget = 13"))

    results = await insert(database, context, *({"Code": f"raise-{n}", "Budget": n} for n in (12, 13)))

    assert [codes(each.problems) for each in results] == [[], ["not_found"]]
    assert await rows("SELECT code FROM tenant.workshop WHERE code LIKE 'raise-%%'") == [("raise-12",)]


async def test_criteria_that_fail_refuse_the_record(database: Database, admin: Context, engine: Engine) -> None:
    lenient = trigger("Lenient", "2 / Budget > 3", is_lenient=True)
    context = reacting(admin, trigger("Divide", "1 / Budget > 2", Event.CREATE), lenient)

    results = await insert(database, context, {"Code": "cf-1", "Budget": 0}, {"Code": "cf-2", "Budget": 1})

    assert [codes(each.problems) for each in results] == [["cannot_execute_flow_trigger"], []]
    assert "Divide" in told(results)[0][0]
    await update_record(database, context, "Workshop", results[1].id, {"Budget": 0})
    assert engine.seen == []


async def test_writes_that_set_each_other_off_without_end_are_stopped(
    database: Database, admin: Context, engine: Engine, rows: Rows
) -> None:
    async def again(transaction: Transaction, context: Context, fired: Fired) -> None:
        for change in fired.changes:
            payload = {"Id": change.id, "Budget": (change.now("Budget") or 0) + 1}
            [result] = await write_inside(transaction, context, "Workshop", "update", [payload])
            change.problems.extend(result.problems)

    engine.acts["Again"] = again
    [result] = await insert(database, reacting(admin, trigger("Again")), {"Code": "endless"})

    assert "cannot_execute_flow_trigger" in codes(result.problems)
    assert await rows("SELECT FROM tenant.workshop WHERE code = 'endless'") == []


async def test_the_version_told_is_the_one_that_engines_left(
    database: Database, admin: Context, engine: Engine
) -> None:
    async def touch(transaction: Transaction, context: Context, fired: Fired) -> None:
        for change in fired.changes if fired.event is Event.CREATE else ():
            await write_inside(transaction, context, "Workshop", "update", [{"Id": change.id, "Budget": 1}])

    engine.acts["Touch"] = touch
    [made] = await insert(database, reacting(admin, trigger("Touch")), {"Code": "version"})

    assert made.version == 2
    await update_record(
        database, admin, "Workshop", made.id, {"Budget": 2}, expectation=Expectation(version=made.version)
    )


async def test_deleting_and_restoring_set_off_their_triggers(
    database: Database, admin: Context, engine: Engine, rows: Rows
) -> None:
    seen: list[Any] = []

    async def look(transaction: Transaction, context: Context, fired: Fired) -> None:
        seen.extend((change.old or {}).get("Budget") for change in fired.changes)
        ids = [change.id for change in fired.changes]
        await write_inside(transaction, context, "Customer", "insert", [{"LastName": f"{fired.event}"} for _ in ids])

    engine.acts["Gone"] = engine.acts["Back"] = look
    context = reacting(admin, trigger("Gone", "Budget > 1", Event.DELETE), trigger("Back", None, Event.UNDELETE))
    results = await insert(database, context, {"Code": "del-1", "Budget": 1}, {"Code": "del-2", "Budget": 2})
    ids = [{"Id": each.id} for each in results]

    await write_records(database, context, "Workshop", "delete", ids)
    await undelete_record(database, context, "Workshop", str(results[0].id))

    assert engine.seen == [("Gone", "delete", ["del-2"]), ("Back", "undelete", ["del-1"])]
    assert seen == [2, 1]
    assert await rows("SELECT name FROM tenant.customer WHERE name LIKE '%%delete' ORDER BY 1") == [
        ("delete",),
        ("undelete",),
    ]


async def test_an_engine_may_refuse_a_delete(database: Database, admin: Context, engine: Engine, rows: Rows) -> None:
    async def refuse(transaction: Transaction, context: Context, fired: Fired) -> None:
        del transaction, context
        for change in fired.changes:
            if change.now("Code") == "keep":
                change.wrong("delete_failed", "It stays.")

    engine.acts["Refuse"] = refuse
    context = reacting(admin, trigger("Refuse", None, Event.DELETE))
    results = await insert(database, context, {"Code": "keep"}, {"Code": "leave"})

    deleted = await write_records(database, context, "Workshop", "delete", [{"Id": each.id} for each in results])

    assert [each.success for each in deleted] == [False, True]
    alive = await rows("SELECT code FROM tenant.workshop WHERE code IN ('keep', 'leave') AND NOT is_deleted")
    assert alive == [("keep",)]


async def test_an_object_without_logic_is_deleted_as_cheaply_as_ever(
    database: Database, admin: Context, counted: Counted
) -> None:
    made = await create_record(database, admin, "Customer", {"LastName": "cheap"})

    with counted() as traffic:
        await delete_record(database, admin, "Customer", str(made.id))

    assert traffic.trips <= 4


async def test_a_batch_with_triggers_costs_as_many_statements_as_one_record(
    database: Database, admin: Context, engine: Engine, counted: Counted
) -> None:
    context = reacting(admin, trigger("Rich", "Budget > 10"), trigger("Moved", "ISCHANGED(Budget)"))

    async def write(count: int, prefix: str) -> tuple[int, int]:
        made = [{"Code": f"{prefix}-{n}", "OwnerId": admin.principal.user_id, "Budget": 1} for n in range(count)]
        results = await insert(database, context, *made, all_or_none=True)
        with counted() as updating:
            changes = [{"Id": result.id, "Budget": 20} for result in results]
            await write_records(database, context, "Workshop", "update", changes, all_or_none=True)
        return updating.trips, updating.statements

    assert (
        await write(1, "x") == await write(200, "y") == (4, 8)
    )  # ask; write, event, history, question; versions; commit
    assert [len(names) for _, _, names in engine.seen] == [1, 1, 200, 200]
