"""The road of a write on a real database: what is kept, what is refused, what is left behind."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.plan.changes import Change, RecordResult
from chassis_platform.records.write import (
    Expectation,
    create_record,
    delete_record,
    undelete_record,
    update_record,
    upsert_record,
    write_records,
    write_within,
)
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant

Rows = Callable[..., Awaitable[list[Row]]]
Counted = Callable[[], AbstractContextManager[Any]]


def codes(results: list[RecordResult]) -> list[list[str]]:
    return [[problem.code for problem in result.problems] for result in results]


async def workshop(database: Database, context: Context, code: str, **values: Any) -> str:
    made = await create_record(database, context, "Workshop", {"Name": code, "Code": code, **values})
    assert made.id is not None
    return made.id


async def stored(rows: Rows, record_id: str, *columns: str) -> Row:
    [row] = await rows(f"SELECT {', '.join(columns)} FROM tenant.workshop WHERE id = %(id)s", id=record_id)  # noqa: S608
    return row


async def test_a_record_is_created_with_defaults_numbers_and_owner(
    database: Database, ann: Context, rows: Rows
) -> None:
    record_id = await workshop(database, ann, "create", region="north", Rating=4.256, Services="Paint;Repair")

    found = await stored(rows, record_id, "region", "rating", "services", "is_active", "owner_id", "created_by_id")
    assert found[0] == "North"
    assert str(found[1]) == "4.26"
    assert found[2:] == (["Repair", "Paint"], True, ann.principal.user_id, ann.principal.user_id)
    [(number,)] = await rows("SELECT workshop_number FROM tenant.workshop WHERE id = %(id)s", id=record_id)
    assert number.startswith("W-0")


async def test_a_batch_is_gone_from_memory_when_it_is_written(database: Database, ann: Context) -> None:
    gc.collect()
    gc.disable()
    try:
        await write_records(
            database, ann, "Workshop", "insert", [{"Name": "gone", "Code": f"gone{n}"} for n in range(3)]
        )
        left = [each for each in gc.get_objects() if type(each) is Change]
    finally:
        gc.enable()

    assert left == []


async def test_all_problems_of_all_records_are_told_at_once(database: Database, ann: Context) -> None:
    results = await write_records(
        database,
        ann,
        "Workshop",
        "insert",
        [
            {"Code": "x" * 21, "Rating": 1000, "Nonsense": 1, "TaxNumber": "7", "CreatedDate": "2020-01-01"},
            {"Name": "fine", "Code": "fine"},
            {"Name": "bad", "Code": "bad", "Email": "nobody", "ParentWorkshopId": "123", "Id": new_id("gW1")},
        ],
    )

    assert codes(results) == [
        [
            "string_too_long",
            "number_outside_valid_range",
            "invalid_field",
            "invalid_field",
            "invalid_field_for_insert_update",
            "required_field_missing",
        ],
        [],
        ["invalid_email_address", "malformed_id", "invalid_field_for_insert_update"],
    ]
    assert results[0].problems[3].message == "No such column 'TaxNumber' on sobject of type Workshop"
    assert results[1].success


async def test_all_or_none_keeps_nothing_when_one_is_wrong(database: Database, ann: Context, rows: Rows) -> None:
    batch = [{"Name": "a", "Code": "none-1"}, {"Name": "b"}]

    results = await write_records(database, ann, "Workshop", "insert", batch, all_or_none=True)

    assert codes(results) == [["all_or_none_operation_rolled_back"], ["required_field_missing"]]
    assert await rows("SELECT FROM tenant.workshop WHERE code = 'none-1'") == []


async def test_an_update_changes_what_is_sent_and_keeps_history(database: Database, ann: Context, rows: Rows) -> None:
    record_id = await workshop(database, ann, "update", Region="North", Budget=5, Notes="kept")

    updated = await update_record(
        database, ann, "Workshop", record_id, {"Region": "South", "Budget": 5.0, "Name": "new", "Rating": None}
    )

    assert updated.version == 2
    assert await stored(rows, record_id, "name", "region", "notes", "row_version") == ("new", "South", "kept", 2)
    history = await rows(
        "SELECT field_name, old_value, new_value, user_id FROM tenant.field_history"
        " WHERE record_id = %(id)s ORDER BY field_name",
        id=record_id,
    )
    me = ann.principal.user_id
    assert history == [("Name", "update", "new", me), ("Region", "North", "South", me), ("created", None, None, me)]


async def test_records_with_different_changes_are_updated_by_one_statement(
    database: Database, ann: Context, rows: Rows
) -> None:
    first = await workshop(database, ann, "mixed-1", Region="North", Budget=1)
    second = await workshop(database, ann, "mixed-2", Region="North", Budget=2)

    await write_records(
        database, ann, "Workshop", "update", [{"Id": second, "Budget": 20}, {"Id": first, "Region": None}]
    )

    assert await stored(rows, first, "region", "budget") == (None, 1)
    assert await stored(rows, second, "region", "budget") == ("North", 20)


async def test_who_may_not_see_a_record_can_not_tell_that_it_exists(
    database: Database, ann: Context, ben: Context
) -> None:
    record_id = await workshop(database, ann, "hidden")

    for unseen in (record_id, new_id("gW1")):
        with pytest.raises(NotFound) as refused:
            await update_record(database, ben, "Workshop", unseen, {"Name": "mine"})
        assert refused.value.problems[0].message == "The requested resource does not exist"
        with pytest.raises(Invalid) as refused_reference:
            await create_record(
                database, ben, "Workshop", {"Name": "b", "Code": new_id("gW1")[3:], "ParentWorkshopId": unseen}
            )
        assert refused_reference.value.problems[0].message == "invalid cross reference id: Parent workshop"


async def test_what_is_seen_but_not_shared_for_writing_stays(database: Database, ann: Context, ben: Context) -> None:
    made = await create_record(database, ann, "Customer", {"LastName": "张", "FirstName": "伟"})

    with pytest.raises(Forbidden) as refused:
        await update_record(database, ben, "Customer", str(made.id), {"FirstName": "强"})

    assert refused.value.problems[0].code == "insufficient_access_or_readonly"


async def test_a_permission_that_is_not_granted_is_refused(database: Database, ann: Context) -> None:
    with pytest.raises(Forbidden):
        await create_record(database, ann, "ServiceKind", {"Name": "x", "Code": "x"})
    with pytest.raises(NotFound):
        await create_record(database, ann, "AccessLog", {"Name": "x"})
    with pytest.raises(NotFound):
        await create_record(database, ann, "Nothing", {})


async def test_a_child_needs_a_parent_that_the_user_may_change(database: Database, ann: Context, ben: Context) -> None:
    record_id = await workshop(database, ann, "parent")
    with pytest.raises(Invalid):
        await create_record(database, ben, "Stay", {"WorkshopId": record_id})

    made = await create_record(database, ann, "Stay", {"Workshop": {"Code": "PARENT"}, "AboutId": record_id})

    assert made.success
    with pytest.raises(NotFound):
        await update_record(database, ben, "Stay", str(made.id), {"Status": "Done"})


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"Workshop": {"Code": "nowhere"}}, "invalid_field"),
        ({"Workshop": {"Name": "parent"}}, "invalid_field"),
        ({"Workshop": {"Code": "a", "Name": "b"}}, "invalid_field"),
        ({"Workshop": "parent"}, "json_parser_error"),
        ({"Workshop": {"Code": ["x"]}}, "json_parser_error"),
    ],
)
async def test_a_reference_by_key_must_lead_somewhere(
    database: Database, ann: Context, payload: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await create_record(database, ann, "Stay", payload)

    assert refused.value.problems[0].code == code


async def test_a_record_given_to_a_queue_can_not_be_taken_back(database: Database, ann: Context, rows: Rows) -> None:
    record_id = await workshop(database, ann, "given")

    await update_record(database, ann, "Workshop", record_id, {"Owner": {"DeveloperName": "GarageDesk"}})

    [(owner,)] = await rows("SELECT owner_id FROM tenant.workshop WHERE id = %(id)s", id=record_id)
    assert owner.startswith("00G")
    with pytest.raises(NotFound):
        await update_record(database, ann, "Workshop", record_id, {"OwnerId": ann.principal.user_id})


async def test_a_value_that_may_be_there_once_is_refused_twice(database: Database, ann: Context, ben: Context) -> None:
    record_id = await workshop(database, ann, "once")
    batch = [{"Name": "a", "Code": "ONCE"}, {"Name": "b", "Code": "twice"}, {"Name": "c", "Code": "Twice"}]

    mine = await write_records(database, ann, "Workshop", "insert", batch)
    foreign = await write_records(database, ben, "Workshop", "insert", batch[:1])

    assert codes(mine) == [["duplicate_value"], [], ["duplicate_value"]]
    assert record_id in mine[0].problems[0].message
    assert codes(foreign) == [["duplicate_value"]]
    assert record_id not in foreign[0].problems[0].message


async def test_an_upsert_finds_by_key_creates_and_refuses_repeated_keys(database: Database, ann: Context) -> None:
    record_id = await workshop(database, ann, "upsert")
    batch = [
        {"Code": "UPSERT", "Region": "West"},
        {"Code": "new", "Name": "n"},
        {"Code": "New", "Name": "m"},
        {"Name": "x"},
    ]

    results = await write_records(database, ann, "Workshop", "upsert", batch, external_id_field="Code")

    assert [(result.success, result.created) for result in results[:2]] == [(True, False), (True, True)]
    assert results[0].id == record_id
    assert codes(results)[2:] == [["duplicate_value"], ["required_field_missing"]]
    again = await upsert_record(database, ann, "Workshop", {"Code": "new", "Name": "again"}, key="Code")
    assert (again.created, again.id) == (False, results[1].id)


async def test_an_external_id_of_several_records_is_ambiguous(database: Database, ann: Context) -> None:
    for _ in range(2):
        await create_record(database, ann, "Customer", {"LastName": "Same", "Email": "same@mail.example"})

    with pytest.raises(Invalid) as refused:
        await upsert_record(database, ann, "Customer", {"Email": "SAME@mail.example"}, key="Email")

    assert refused.value.problems[0].code == "duplicate_external_id"


async def test_a_stale_version_is_a_conflict(database: Database, ann: Context) -> None:
    record_id = await workshop(database, ann, "stale")
    await update_record(database, ann, "Workshop", record_id, {"Notes": "1"}, expectation=Expectation(version=1))
    past = datetime.now(UTC) - timedelta(hours=1)

    with pytest.raises(Conflict) as stale:
        await update_record(database, ann, "Workshop", record_id, {"Notes": "2"}, expectation=Expectation(version=1))
    with pytest.raises(Conflict) as modified:
        await update_record(
            database, ann, "Workshop", record_id, {"Notes": "2"}, expectation=Expectation(unmodified_since=past)
        )

    assert stale.value.problems[0].code == "stale_version"
    assert modified.value.problems[0].code == "precondition_failed"


async def test_a_record_can_not_become_its_own_ancestor(database: Database, ann: Context) -> None:
    top = await workshop(database, ann, "top")
    middle = await workshop(database, ann, "middle", ParentWorkshopId=top)
    bottom = await workshop(database, ann, "bottom", ParentWorkshopId=middle)

    for parent in (top, bottom):
        with pytest.raises(Invalid) as refused:
            await update_record(database, ann, "Workshop", top, {"ParentWorkshopId": parent})
        assert refused.value.problems[0].code == "circular_dependency"
    await update_record(database, ann, "Workshop", bottom, {"ParentWorkshopId": top})


async def test_a_batch_costs_as_many_round_trips_as_one_record(
    database: Database, ann: Context, counted: Counted
) -> None:
    async def write(count: int, prefix: str) -> tuple[tuple[int, int], tuple[int, int]]:
        made = [
            {"Name": f"{prefix}{n}", "Code": f"{prefix}{n}", "OwnerId": ann.principal.user_id} for n in range(count)
        ]
        with counted() as creating:
            results = await write_records(database, ann, "Workshop", "insert", made)
        with counted() as updating:
            changes = [
                {"Id": result.id, "Region": "North", "Code": f"u{prefix}{n}"} for n, result in enumerate(results)
            ]
            updated = await write_records(database, ann, "Workshop", "update", changes)
        assert all(result.success for result in [*results, *updated])
        return (creating.trips, creating.statements), (updating.trips, updating.statements)

    one = await write(1, "one")
    many = await write(200, "many")

    assert one[1] == many[1] == (2, 7)  # ask (timeout, lock, load, unique); write (update, event, history), commit
    assert many[0] == (3, 5)  # number; ask (unique); write (insert, event, history), commit
    assert one[0][0] <= 3  # a number may be left from the last block


async def test_a_deleted_record_takes_its_details_along_and_brings_them_back(
    database: Database, admin: Context, rows: Rows
) -> None:
    record_id = await workshop(database, admin, "deleted")
    stays = await write_records(database, admin, "Stay", "insert", [{"WorkshopId": record_id}] * 3)
    await delete_record(database, admin, "Stay", str(stays[0].id))

    await delete_record(database, admin, "Workshop", record_id)

    alive = "SELECT id FROM tenant.stay WHERE workshop_id = %(id)s AND NOT is_deleted ORDER BY id"
    assert await rows(alive, id=record_id) == []
    with pytest.raises(NotFound) as gone:
        await update_record(database, admin, "Workshop", record_id, {"Name": "x"})
    assert gone.value.problems[0].code == "entity_is_deleted"
    with pytest.raises(Invalid) as orphan:
        await undelete_record(database, admin, "Stay", str(stays[1].id))
    assert orphan.value.problems[0].code == "undelete_failed"

    await undelete_record(database, admin, "Workshop", record_id)

    assert await rows(alive, id=record_id) == [(stays[1].id,), (stays[2].id,)]


async def test_a_record_that_others_hold_on_to_is_not_deleted(database: Database, admin: Context) -> None:
    top = await workshop(database, admin, "held")
    branch = await workshop(database, admin, "branch", ParentWorkshopId=top)

    results = await write_records(database, admin, "Workshop", "delete", [{"Id": top}])
    assert codes(results) == [["delete_failed"]]

    both = await write_records(database, admin, "Workshop", "delete", [{"Id": top}, {"Id": branch}])
    assert codes(both) == [[], []]


async def test_a_deleted_records_unique_value_is_free_and_may_be_lost(database: Database, admin: Context) -> None:
    record_id = await workshop(database, admin, "freed")
    await delete_record(database, admin, "Workshop", record_id)
    await workshop(database, admin, "freed")

    with pytest.raises(Invalid) as refused:
        await undelete_record(database, admin, "Workshop", record_id)

    assert refused.value.problems[0].code == "duplicate_value"


async def test_a_user_is_written_with_audit_login_name_and_new_access(
    database: Database, admin: Context, rows: Rows
) -> None:
    before = await rows("SELECT access_version FROM chassis.tenant WHERE id = %(id)s", id=admin.tenant.id)
    made = await create_record(
        database,
        admin,
        "User",
        {"Username": "Cleo@garage.example", "LastName": "Lee", "FirstName": "Cleo", "Email": "c@g.de"},
    )

    await update_record(database, admin, "User", str(made.id), {"IsActive": False, "Username": "cleo@new.example"})

    assert await rows("SELECT username FROM chassis.login_name WHERE user_id = %(id)s", id=made.id) == [
        ("cleo@new.example",)
    ]
    trail = await rows(
        "SELECT action, section, target_name, new_value, old_value FROM tenant.setup_audit_trail"
        " WHERE user_id = %(user)s AND target_name = 'Cleo Lee' ORDER BY id",
        user=admin.principal.user_id,
    )
    assert [entry[:3] for entry in trail] == [("created", "User", "Cleo Lee"), ("changed", "User", "Cleo Lee")]
    assert trail[1][3] == '{"IsActive":"false","Username":"cleo@new.example"}'
    assert trail[1][4] == '{"IsActive":"true","Username":"Cleo@garage.example"}'
    after = await rows("SELECT access_version FROM chassis.tenant WHERE id = %(id)s", id=admin.tenant.id)
    assert after[0][0] == before[0][0] + 2


async def test_a_username_of_another_tenant_is_taken(
    database: Database, admin: Context, make_tenant: Callable[..., Awaitable[Tenant]], snapshots: SnapshotStore
) -> None:
    taken = {"Username": "taken@garage.example", "LastName": "T", "Email": "t@g.de"}
    await create_record(database, admin, "User", taken)
    other = await make_tenant()
    snapshot = await snapshots.of(other.id, other.metadata_version)
    foreign = as_system(replace(admin, tenant=other, snapshot=snapshot, binding=Binding(other.id)), "User")

    with pytest.raises(Invalid) as refused:
        await create_record(database, foreign, "User", {**taken, "Username": "TAKEN@garage.example"})

    assert [problem.code for problem in refused.value.problems] == ["duplicate_username"]


async def test_writes_within_a_transaction_of_the_callers_go_together(
    database: Database, ann: Context, rows: Rows
) -> None:
    async def write_both_and_fail() -> None:
        async with database.transaction(ann.binding) as transaction:
            [made] = await write_within(transaction, ann, "Workshop", "insert", [{"Name": "w", "Code": "within"}])
            [stay] = await write_within(transaction, ann, "Stay", "insert", [{"WorkshopId": made.id}])
            assert stay.success
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_both_and_fail()

    assert await rows("SELECT FROM tenant.workshop WHERE code = 'within'") == []


async def test_nothing_but_a_chassis_error_comes_out_of_a_strange_id(database: Database, ann: Context) -> None:
    for strange in ("", "x", "gW1000000000000", 7, None, ["a"], {"b": 1}):
        with pytest.raises(ChassisError):
            await update_record(database, ann, "Workshop", strange, {})  # type: ignore[arg-type]
