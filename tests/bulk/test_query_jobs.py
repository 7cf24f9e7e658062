"""Bulk query jobs: what is refused, how results are written and cut, and whose rights hold when."""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path

import pytest

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform.access.compile import PolicyStore
from chassis_platform.bulk import query_result_pages, query_results
from chassis_platform.bulk.jobs import BulkJob, JobType, State, find_job
from chassis_platform.bulk.query import NewQuery, count_query, make_query_job
from chassis_platform.bulk.query_result_pages import result_pages
from chassis_platform.bulk.query_results import Place, Results, read_locator, read_results, write_locator
from chassis_tenants.database import Database
from chassis_tenants.journal import digest_of
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from world import World, counting, make_world

PARENT = "gW1000000000001CAA"
SHOPS = 25


@pytest.fixture(scope="module")
async def garage(owner_dsn: str, database: Database, snapshots: SnapshotStore, tenant: Tenant) -> World:
    world = await make_world(owner_dsn, database, snapshots, tenant)
    world.user("admin", "GarageAdmin")
    owner = world.user("olga", "GarageUser")
    world.user("stranger", "GarageUser")
    world.record(
        "Workshop", Id=PARENT, Name='Big, "A"\nand more', Code="P", OwnerId=owner, Phone="=1+1", Budget=1234.5,
        IsActive=True, Services=["Paint", "Tyres"], OpenedOn="1999-12-31", LastAudit="2026-01-02 03:04:05.678+00",
    )  # fmt: skip
    for number in range(SHOPS):
        world.record(
            "Workshop", Name=f"Branch {number:02}", Code=f"B{number:02}", OwnerId=owner, ParentWorkshopId=PARENT,
            Region="North" if number % 3 else None,
        )  # fmt: skip
    world.record("Workshop", Name="Gone", Code="Z", OwnerId=owner, deleted=True)
    return world


async def job_of(
    garage: World, text: str, user: str = "olga", operation: str = "query", *, counted: bool = True, **settings: str
) -> BulkJob:
    context = await garage.as_user(user)
    job = await make_query_job(garage.database, context, NewQuery(text, operation, settings))
    if counted:
        await count(garage, job)
    return await find_job(garage.database, context, job.id, JobType.QUERY)


async def count(garage: World, job: BulkJob) -> None:
    snapshots = SnapshotStore(garage.database)
    await count_query(garage.database, snapshots, PolicyStore(garage.database), garage.tenant.id, job.id)


def rows_of(results: Results) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(results.parts).decode(), newline="")))


async def results_of(garage: World, text: str, user: str = "olga", operation: str = "query") -> list[list[str]]:
    job = await job_of(garage, text, user, operation)
    return rows_of(await read_results(garage.database, await garage.as_user(user), job, Place()))


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("SELECT COUNT() FROM Workshop", "malformed_query", "aggregates"),
        ("SELECT Region, COUNT(Id) FROM Workshop GROUP BY Region", "malformed_query", "GROUP BY"),
        ("SELECT Id FROM Workshop LIMIT 5 OFFSET 5", "malformed_query", "OFFSET"),
        ("SELECT Id, (SELECT Id FROM Stays) FROM Workshop", "malformed_query", "Stays"),
        ("SELECT TYPEOF Owner WHEN User THEN Name END FROM Workshop", "malformed_query", "Owner"),
        ("SELECT Address FROM Workshop", "functionality_not_enabled", "compound data not supported in Bulk Query"),
        ("SELECT Nothing FROM Workshop", "invalid_field", "No such column"),
        ("SELECT TaxNumber FROM Workshop", "invalid_field", "No such column"),
        ("SELECT Id FROM Nothing", "invalid_type", "not supported"),
    ],
)
async def test_what_is_no_table_or_not_for_the_user_is_refused_at_once(
    garage: World, text: str, code: str, told: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await job_of(garage, text)
    assert refused.value.problems[0].code == code
    assert told in refused.value.problems[0].message


async def test_values_are_written_as_the_field_s_tools_read_them(garage: World) -> None:
    fields = "Id, Name, Phone, Budget, IsActive, Services, OpenedOn, LastAudit, Region, ParentWorkshop.Code, Owner.Type"
    job = await job_of(garage, f"SELECT {fields} FROM Workshop WHERE Code IN ('P', 'B00') ORDER BY Code DESC")  # noqa: S608

    found = await read_results(garage.database, await garage.as_user("olga"), job, Place())

    text = b"".join(found.parts).decode()
    lines = text.split("\n")
    assert lines[0] == ",".join(f'"{each}"' for each in fields.split(", "))
    rows = rows_of(found)
    assert rows[1] == [
        PARENT, 'Big, "A"\nand more', "=1+1", "1234.50", "true", "Paint;Tyres", "1999-12-31",
        "2026-01-02T03:04:05.678Z", "", "", "User",
    ]  # fmt: skip
    assert rows[2][1:] == ["Branch 00", "", "", "false", "", "", "", "", "P", "User"]
    assert (found.count, found.next_place, job.processed) == (2, None, 2)


async def test_delimiters_and_line_endings_are_the_job_s(garage: World) -> None:
    text = "SELECT Code, Region FROM Workshop WHERE Code = 'B01'"
    job = await job_of(garage, text, columnDelimiter="PIPE", lineEnding="CRLF")
    found = await read_results(garage.database, await garage.as_user("olga"), job, Place())
    assert b"".join(found.parts) == b'"Code"|"Region"\r\n"B01"|"North"\r\n'


@pytest.mark.parametrize(
    "order", ["", " ORDER BY Region", " ORDER BY Region DESC NULLS LAST, Code", " ORDER BY Id DESC"]
)
async def test_sets_of_results_hold_every_record_once(garage: World, order: str, tmp_path: Path) -> None:
    whole = await results_of(garage, f"SELECT Code FROM Workshop{order}")  # noqa: S608
    job = await job_of(garage, f"SELECT Code FROM Workshop{order}")  # noqa: S608
    context = await garage.as_user("olga")
    place: Place | None = Place()
    codes, sets = [], 0
    while place is not None:
        found = await read_results(garage.database, context, job, place, most=7)
        rows = rows_of(found)
        assert rows[0] == ["Code"]
        assert len(rows) - 1 == found.count <= 7
        codes += rows[1:]
        sets += 1
        place = found.next_place and read_locator(
            tmp_path, context, job, write_locator(tmp_path, context, job, found.next_place)
        )

    assert codes == whole[1:]
    assert (len(codes), sets, job.processed) == (SHOPS + 1, 4, SHOPS + 1)


@pytest.mark.parametrize(("more", "count"), [("", SHOPS + 1), (" LIMIT 13", 13), (" WHERE Code = 'nothing'", 0)])
async def test_parts_side_by_side_hold_every_record_once(
    garage: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str, count: int
) -> None:
    monkeypatch.setattr(query_results, "_PAGE", 4)
    monkeypatch.setattr(query_result_pages, "MOST_PAGES", 3)
    job = await job_of(garage, f"SELECT Code FROM Workshop{more}")  # noqa: S608
    context = await garage.as_user("olga")
    following: Place | None = Place()
    pages: list[Place] = []
    while following is not None:
        some, following = await result_pages(garage.database, context, job, following)
        assert len(some) <= 3
        pages += some
    sent = [read_locator(tmp_path, context, job, write_locator(tmp_path, context, job, each)) for each in pages]
    found = [await read_results(garage.database, context, job, each) for each in reversed(sent)]
    codes = [row[0] for each in reversed(found) for row in rows_of(each)[1:]]

    assert [each.next_place for each in found] == [None] * len(pages)
    assert len(pages) == max(1, -(-count // 4))
    assert len(set(codes)) == len(codes) == count
    assert not more or count or codes == []


async def test_a_record_that_comes_is_in_the_part_that_it_belongs_to(
    garage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_results, "_PAGE", 4)
    job = await job_of(garage, "SELECT Code FROM Workshop")
    context = await garage.as_user("olga")
    pages, _ = await result_pages(garage.database, context, job, Place())
    earlier = garage.record("Workshop", Id=f"gW1{'0' * 15}", Name="Early", Code="A", OwnerId=garage.users["olga"])
    try:
        codes = [
            row[0] for each in pages for row in rows_of(await read_results(garage.database, context, job, each))[1:]
        ]
    finally:
        garage.sql("DELETE FROM data.workshop WHERE id = %s", earlier)
    assert len(pages) == query_result_pages.MOST_PAGES
    assert (codes[0], len(codes), len(set(codes))) == ("A", 21, 21)


async def test_sorted_results_have_no_parts(garage: World) -> None:
    job = await job_of(garage, "SELECT Code FROM Workshop ORDER BY Code")
    with pytest.raises(Invalid, match="Sforce-Locator"):
        await result_pages(garage.database, await garage.as_user("olga"), job, Place())


async def test_a_limit_holds_over_all_sets_and_statements(garage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_results, "_PAGE", 4)
    job = await job_of(garage, "SELECT Code FROM Workshop ORDER BY Code LIMIT 13")
    context = await garage.as_user("olga")
    first = await read_results(garage.database, context, job, Place(), most=10)
    assert first.next_place is not None
    second = await read_results(garage.database, context, job, first.next_place, most=10)
    assert (first.count, second.count, second.next_place, job.processed) == (10, 3, None, 13)
    codes = [row[0] for row in rows_of(first)[1:] + rows_of(second)[1:]]
    assert codes == [f"B{number:02}" for number in range(13)]


async def test_a_set_ends_behind_so_many_bytes(garage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_results, "_PAGE", 4)
    monkeypatch.setattr(query_results, "MOST_BYTES", 10)
    job = await job_of(garage, "SELECT Name FROM Workshop")
    found = await read_results(garage.database, await garage.as_user("olga"), job, Place())
    assert found.count == 8
    assert found.next_place is not None


async def test_records_that_come_and_go_are_neither_twice_nor_missed(garage: World) -> None:
    job = await job_of(garage, "SELECT Code FROM Workshop ORDER BY Code")
    context = await garage.as_user("olga")
    first = await read_results(garage.database, context, job, Place(), most=10)
    earlier = garage.record("Workshop", Name="Early", Code="A", OwnerId=garage.users["olga"])
    try:
        assert first.next_place is not None
        second = await read_results(garage.database, context, job, first.next_place)
    finally:
        garage.sql("DELETE FROM data.workshop WHERE id = %s", earlier)
    codes = [row[0] for row in rows_of(first)[1:] + rows_of(second)[1:]]
    assert codes == [*(f"B{number:02}" for number in range(SHOPS)), "P"]


async def test_deleted_records_come_with_query_all_alone(garage: World) -> None:
    text = "SELECT Code, IsDeleted FROM Workshop WHERE Name = 'Gone'"
    assert await results_of(garage, text) == [["Code", "IsDeleted"]]
    assert await results_of(garage, text, operation="queryAll") == [["Code", "IsDeleted"], ["Z", "true"]]


async def test_a_locator_tells_nothing_and_is_of_one_job(garage: World, tmp_path: Path) -> None:
    job = await job_of(garage, "SELECT Name FROM Workshop ORDER BY Name")
    other = await job_of(garage, "SELECT Name FROM Workshop ORDER BY Name")
    context = await garage.as_user("olga")
    found = await read_results(garage.database, context, job, Place(), most=2)
    assert found.next_place is not None
    locator = write_locator(tmp_path, context, job, found.next_place)

    assert locator.replace("-", "").replace("_", "").isalnum()
    assert b"Branch" not in base64.urlsafe_b64decode(locator + "==")
    for wrong_job, wrong in ((other, locator), (job, locator[:-2]), (job, "MTAw"), (job, "ü")):
        with pytest.raises(Invalid, match="locator"):
            read_locator(tmp_path, context, wrong_job, wrong)


async def test_results_are_what_the_user_may_see_when_they_are_fetched(garage: World) -> None:
    job = await job_of(garage, "SELECT Code, Phone FROM Workshop WHERE Code = 'P'")
    before = await garage.as_user("olga")
    garage.sql("UPDATE data.workshop SET owner_id = %s WHERE code = 'P'", garage.users["stranger"])
    try:
        assert rows_of(await read_results(garage.database, before, job, Place()))[1:] == []
    finally:
        garage.sql("UPDATE data.workshop SET owner_id = %s WHERE code = 'P'", garage.users["olga"])
    held = garage.sql(
        "DELETE FROM data.permission_set_assignment WHERE assignee_id = %s RETURNING id, permission_set_id",
        garage.users["olga"],
    )
    garage.sql("UPDATE chassis.tenant SET access_version = access_version + 1")
    try:
        with pytest.raises(ChassisError, match="not supported"):
            await read_results(garage.database, await garage.as_user("olga"), job, Place())
    finally:
        for each, permission_set in held:
            garage.record(
                "PermissionSetAssignment", Id=each, AssigneeId=garage.users["olga"], PermissionSetId=permission_set
            )
        garage.sql("UPDATE chassis.tenant SET access_version = access_version + 1")


async def test_a_set_of_results_is_one_entry_with_all_its_records(garage: World) -> None:
    job = await job_of(garage, "SELECT Id, Phone FROM Workshop")
    context = await garage.as_user("olga")
    garage.forget_log()
    found = await read_results(garage.database, context, job, Place())

    [entry] = garage.access_log()
    ids = [row[0] for row in rows_of(found)[1:]]
    assert (entry["door"], entry["fields"], entry["count"]) == ("bulk_query", ["Phone"], len(ids))
    assert digest_of(entry["ids"]) == digest_of(ids)


async def test_a_fetch_costs_a_statement_however_many_records_it_has(garage: World) -> None:
    job = await job_of(garage, "SELECT Code, ParentWorkshop.Name, Owner.Name FROM Workshop")
    context = await garage.as_user("olga")
    async with counting(garage) as counted:
        await read_results(garage.database, context, job, Place(), most=2)
        few = len(counted.statements)
        await read_results(garage.database, context, job, Place())
    assert (few, len(counted.statements)) == (2, 3)  # who asks first is counted what they see besides


async def test_a_job_is_its_maker_s(garage: World) -> None:
    job = await job_of(garage, "SELECT Id FROM Workshop")
    for other in ("admin", "stranger"):
        with pytest.raises(NotFound):
            await find_job(garage.database, await garage.as_user(other), job.id, JobType.QUERY)
    for wrong in (new_id("750"), "x", PARENT):
        with pytest.raises(NotFound):
            await find_job(garage.database, await garage.as_user("olga"), wrong, JobType.QUERY)


async def test_counting_goes_by_the_maker_s_rights_of_then(garage: World) -> None:
    job = await job_of(garage, "SELECT Id FROM Workshop", "stranger", counted=False)
    waiting = await find_job(garage.database, await garage.as_user("stranger"), job.id, JobType.QUERY)
    with pytest.raises(Invalid, match="UploadComplete"):
        await read_results(garage.database, await garage.as_user("stranger"), waiting, Place())
    await count(garage, job)
    await count(garage, job)  # a worker that died runs it again
    done = await find_job(garage.database, await garage.as_user("stranger"), job.id, JobType.QUERY)
    assert (waiting.state, done.state, done.processed) == (State.UPLOAD_COMPLETE, State.JOB_COMPLETE, 0)


async def test_a_job_fails_where_its_maker_may_no_longer_ask(garage: World) -> None:
    job = await job_of(garage, "SELECT Id FROM Workshop", "stranger", counted=False)
    context = await garage.as_user("stranger")
    garage.sql('UPDATE data."user" SET is_active = false WHERE id = %s', garage.users["stranger"])
    try:
        await count(garage, job)
    finally:
        garage.sql('UPDATE data."user" SET is_active = true WHERE id = %s', garage.users["stranger"])
    failed = await find_job(garage.database, context, job.id, JobType.QUERY)
    assert (failed.state, failed.error_message) == (
        State.FAILED,
        "INACTIVE_USER : The user who made the job is active no more.",
    )
