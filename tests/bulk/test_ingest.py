from __future__ import annotations

import gzip
from typing import Any

import pytest

from bulk.desk import Bulk, Query, pieces
from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.bulk.csv_rows import DELIMITERS
from chassis_platform.bulk.ingest import abort_job, close_job, read_ingest
from chassis_platform.bulk.jobs import EXPIRED, State, delete_job, make_job
from chassis_platform.bulk.uploads import take_upload
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement


async def test_rows_are_written_and_each_result_stands_beside_its_row(bulk: Bulk, ann: Context) -> None:
    content = "Name,Code,Region\nNorth,R1,North\nNowhere,R2,Mars\nSouth,R3,South\n"

    job = await bulk.run(ann, "Workshop", "insert", content)

    assert (job.state, job.processed, job.failed, job.records) == (State.JOB_COMPLETE, 3, 1, 3)
    written = await bulk.written(ann, job)
    assert [(each["Name"], each["sf__Created"], each["sf__Id"][:3]) for each in written] == [
        ("North", "true", "gW1"),
        ("South", "true", "gW1"),
    ]
    [refused] = await bulk.refused(ann, job)
    assert refused["sf__Error"] == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Region: bad value for restricted picklist field: Mars:Region --"
    )
    assert (refused["sf__Id"], refused["Code"]) == ("", "R2")
    assert await bulk.untouched(ann, job) == []


async def test_an_upsert_creates_and_changes_by_external_id(bulk: Bulk, ann: Context, rows: Query) -> None:
    await bulk.run(ann, "Workshop", "insert", "Name,Code,Rating,OpenedOn\nOld,U1,3,2020-01-01\n")

    job = await bulk.run(
        ann, "Workshop", "upsert", "Code,Name,Rating,OpenedOn\nU1,,4.5,#N/A\nU2,New,,\n", externalIdFieldName="Code"
    )

    assert [each["sf__Created"] for each in await bulk.written(ann, job)] == ["false", "true"]
    found = await rows("SELECT name, rating, opened_on FROM data.workshop WHERE code IN ('U1', 'U2') ORDER BY code")
    assert [(name, None if rating is None else float(rating), opened) for name, rating, opened in found] == [
        ("Old", 4.5, None),  # an empty cell leaves a field alone; #N/A empties it
        ("New", None, None),
    ]


async def test_updates_deletes_and_hard_deletes_find_records_by_id(
    bulk: Bulk, admin: Context, ann: Context, rows: Query
) -> None:
    made = await bulk.run(admin, "Workshop", "insert", "Name,Code\nA,D1\nB,D2\nC,D3\n")
    a, b, c = [each["sf__Id"] for each in await bulk.written(admin, made)]

    updated = await bulk.run(admin, "Workshop", "update", f"Id,Name\n{a},Changed\n{new_id('gW1')},Nobody\n")
    deleted = await bulk.run(admin, "Workshop", "delete", f"Id\n{b}\n")
    erased = await bulk.run(admin, "Workshop", "hardDelete", f"Id\n{c}\n{c}\n")
    with pytest.raises(Forbidden, match="BulkApiHardDelete"):
        await bulk.upload(ann, "Workshop", "hardDelete", f"Id\n{a}\n")

    assert [each["sf__Error"] for each in await bulk.refused(admin, updated)] == [
        "NOT_FOUND:The requested resource does not exist: --"
    ]
    assert (deleted.processed, deleted.failed) == (1, 0)
    assert (erased.processed, erased.failed) == (2, 1)
    found = await rows("SELECT name, is_deleted FROM data.workshop WHERE code LIKE 'D_' ORDER BY code")
    assert found == [("Changed", False), ("B", True)]


async def test_relationships_are_named_by_external_ids_of_one_object_or_of_several(
    bulk: Bulk, ann: Context, rows: Query
) -> None:
    await bulk.run(ann, "Workshop", "insert", "Name,Code\nMaster,M1\n")
    await bulk.run(ann, "Customer", "insert", "LastName,Email\nLi,li@example.com\n")

    job = await bulk.run(
        ann,
        "Stay",
        "insert",
        "Workshop.Code,Customer.Email,Customer:About.Email,Amount\n"
        "M1,li@example.com,li@example.com,5\nM1,#N/A,,6\nM9,,,7\n",
    )

    assert [each["Amount"] for each in await bulk.written(ann, job)] == ["5", "6"]
    [refused] = await bulk.refused(ann, job)
    assert refused["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: M9 not found for field Code")
    found = await rows("SELECT about_id IS NOT NULL, customer_id IS NOT NULL FROM data.stay ORDER BY amount")
    assert found == [(True, True), (False, False)]


@pytest.mark.parametrize("delimiter", DELIMITERS)
async def test_every_delimiter_with_quotes_line_breaks_and_a_byte_order_mark(
    bulk: Bulk, ann: Context, delimiter: str
) -> None:
    sign, ending = DELIMITERS[delimiter], "CRLF" if delimiter == "PIPE" else "LF"
    header, end = sign.join(["Code", "Name", "Notes"]), "\r\n" if ending == "CRLF" else "\n"
    note = f'two "words"{sign} and\n a second line'
    content = f'\ufeff{header}{end}"X{delimiter}"{sign}" 名称 "{sign}"{note.replace(chr(34), chr(34) * 2)}"{end}{end}'

    job = await bulk.run(ann, "Workshop", "insert", content, piece=7, columnDelimiter=delimiter, lineEnding=ending)

    text = await bulk.file(ann, job, "successfulResults")
    first, rest = text.split(end, 1)
    assert first == sign.join(f'"{each}"' for each in ("sf__Id", "sf__Created", "Code", "Name", "Notes"))
    assert rest.endswith(f'{sign}"X{delimiter}"{sign}" 名称 "{sign}"{note.replace(chr(34), chr(34) * 2)}"{end}')


BROKEN = [
    (b"", "The file is empty"),
    (b"\xff\xfeCode", "The file is not UTF-8"),
    (b"Code,Name\nA,B,C\n", "Line 2 has 3 cells; the header has 2 columns"),
    (b'Code,Name\nA,"B\n', "can't be read: unexpected end of data"),
    (b'Code,Name\nA,"B" \n', "Line 2 can't be read"),
    (b"Code,Name\n" + b"A" * 10_500_000, "more than 10,000,000 characters"),
    (b"Code,Name\nA," + b"B" * 140_000 + b"\n", "field larger than field limit"),
    (b"Code,code\nA,B\n", "Duplicate column in the header : code"),
    (b"Code,\nA,B\n", "Column 2 has no name"),
    (b"Code,Nonsense\nA,B\n", "Field name not found : Nonsense"),
    (b"Code,TaxNumber\nA,B\n", "Field name not found : TaxNumber"),  # there, but not for her
    (b"Code,Nobody.Code\nA,B\n", "Field name not found : Nobody.Code"),
    (b"Code,Owner.password_hash\nA,B\n", "Owner.password_hash : password_hash is no external ID or unique field"),
    (b"Code,ParentWorkshop.TaxNumber\nA,B\n", "ParentWorkshop.TaxNumber : TaxNumber is no external ID"),
    (b"Code,Stay:ParentWorkshop.Code\nA,B\n", "Stay:ParentWorkshop.Code : Code is no external ID"),
    (b"Code,Name') FROM data.user; --\nA,B\n", "Field name not found : Name') FROM data.user; --"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN, ids=[message for _, message in BROKEN])
async def test_a_broken_file_fails_the_job_and_writes_nothing(
    bulk: Bulk, ann: Context, rows: Query, content: bytes, message: str
) -> None:
    [before] = await rows("SELECT count(*) FROM data.workshop")

    job = await bulk.run(ann, "Workshop", "insert", content)

    assert job.state is State.FAILED
    assert job.error_message is not None
    assert job.error_message.startswith("InvalidBatch : ")
    assert message in job.error_message
    assert await rows("SELECT count(*) FROM data.workshop") == [before]


async def test_a_header_alone_is_a_job_of_no_records(bulk: Bulk, ann: Context) -> None:
    job = await bulk.run(ann, "Workshop", "insert", "Name,Code")

    assert (job.state, job.processed) == (State.JOB_COMPLETE, 0)
    assert await bulk.file(ann, job, "failedResults") == '"sf__Id","sf__Error","Name","Code"\n'


REFUSED: list[dict[str, Any]] = [
    {"object": "Nowhere"},
    {"operation": "merge"},
    {"operation": "upsert"},
    {"operation": "upsert", "externalIdFieldName": "Notes"},
    {"columnDelimiter": "COLON"},
    {"lineEnding": "CR"},
    {"contentType": "XML"},
    {"object": None},
]


@pytest.mark.parametrize("wrong", REFUSED)
async def test_what_is_wrong_with_a_job_is_told_when_it_is_made(ann: Context, wrong: dict[str, Any]) -> None:
    with pytest.raises((Invalid, NotFound)):
        read_ingest(ann, {"object": "Workshop", "operation": "insert", **wrong}, version="66.0")


async def test_content_comes_once_and_jobs_go_their_way(bulk: Bulk, ann: Context) -> None:
    job = await bulk.upload(ann, "Workshop", "insert", "Name,Code\nA,S1\n")
    with pytest.raises(Invalid, match="only do 'PUT' once"):
        await take_upload(bulk.database, ann, job, pieces(b"Name,Code\nA,S2\n", 100))
    with pytest.raises(Invalid, match="abort it"):
        await delete_job(bulk.database, ann, job)

    await abort_job(bulk.database, ann, job)
    aborted = await bulk.work(ann, job)

    assert (aborted.state, aborted.processed) == (State.ABORTED, 0)
    assert [each["Code"] for each in await bulk.untouched(ann, job)] == ["S1"]
    with pytest.raises(Invalid, match="Closing already Aborted Job not allowed"):
        await close_job(bulk.database, ann, aborted)
    with pytest.raises(Invalid, match="Aborting already Aborted Job not allowed"):
        await abort_job(bulk.database, ann, aborted)
    await delete_job(bulk.database, ann, aborted)
    with pytest.raises(NotFound):
        await bulk.again(ann, job)


async def test_a_job_is_closed_when_it_has_content_and_that_may_come_packed(bulk: Bulk, ann: Context) -> None:
    asked = read_ingest(ann, {"object": "Workshop", "operation": "insert"}, version="66.0")
    job = await make_job(bulk.database, ann, asked)
    with pytest.raises(Invalid, match="no content"):
        await close_job(bulk.database, ann, job)

    packed = gzip.compress(b"Name,Code\n" + b"".join(b"P%d,P%d\n" % (each, each) for each in range(2_500)))
    await take_upload(bulk.database, ann, job, pieces(packed, 1_000), compressed=True)
    await close_job(bulk.database, ann, await bulk.again(ann, job))
    done = await bulk.work(ann, job)

    assert (done.chunks, done.processed, done.failed) == (3, 2_500, 0)


async def test_a_packed_upload_that_is_cut_off_or_no_gzip_fails(bulk: Bulk, ann: Context) -> None:
    for content in (gzip.compress(b"Name,Code\nA,B\n")[:-9], b"Name,Code\nA,B\n"):
        job = await make_job(
            bulk.database, ann, read_ingest(ann, {"object": "Workshop", "operation": "insert"}, version="66.0")
        )
        await take_upload(bulk.database, ann, job, pieces(content, 5), compressed=True)
        await close_job(bulk.database, ann, await bulk.again(ann, job))
        assert (await bulk.again(ann, job)).state is State.FAILED


async def test_nobody_else_finds_a_job(bulk: Bulk, ann: Context, admin: Context) -> None:
    job = await bulk.upload(ann, "Workshop", "insert", "Name,Code\nA,N1\n")

    with pytest.raises(NotFound):
        await bulk.again(admin, job)


async def test_a_job_goes_a_week_after_its_last_change(bulk: Bulk, ann: Context, rows: Query) -> None:
    old = await bulk.run(ann, "Workshop", "insert", "Name,Code\nA,E1\n")
    young = await bulk.run(ann, "Workshop", "insert", "Name,Code\nB,E2\n")
    await rows("UPDATE chassis.bulk_job SET changed_at = now() - interval '8 days' WHERE id = %(job)s", job=old.id)

    await bulk.database.read(
        Binding(ann.tenant.id), *(Statement(each, {"tenant_id": ann.tenant.id}) for each in EXPIRED)
    )

    left = (
        "SELECT (SELECT count(*) FROM chassis.bulk_job WHERE id = %(job)s), (SELECT count(*) FROM chassis.bulk_chunk"
        " WHERE job_id = %(job)s), (SELECT count(*) FROM chassis.bulk_outcome WHERE job_id = %(job)s)"
    )
    assert await rows(left, job=old.id) == [(0, 0, 0)]
    assert await rows(left, job=young.id) == [(1, 1, 1)]


async def test_nothing_of_an_upload_lies_in_clear(bulk: Bulk, ann: Context, rows: Query) -> None:
    secret = "Do not read this in the database"
    job = await bulk.run(ann, "Workshop", "insert", f"Name,Code,Region\n{secret},C1,{secret}\n")

    found = await rows(
        "SELECT content FROM chassis.bulk_chunk WHERE job_id = %(job)s"
        " UNION ALL SELECT content FROM chassis.bulk_outcome WHERE job_id = %(job)s",
        job=job.id,
    )
    assert len(found) == 2
    assert all(bytes(content).startswith(b"\x00chassis sealed") for (content,) in found)
    assert secret in (await bulk.refused(ann, job))[0]["sf__Error"]
