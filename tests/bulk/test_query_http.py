"""Query jobs and exported files over HTTP, as clients have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import openpyxl
import pytest

from chassis_platform.access.compile import PolicyStore
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Address, Person, Site, make_site

JOBS = "jobs/query"
TEXT = "SELECT Code, Name, Phone FROM Workshop ORDER BY Code"
SHOPS = 30
EXPORTS = "chassis/exports"

Count = Callable[[str], Awaitable[None]]


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    people = [Person("admin", ("GarageAdmin", "SystemAdministrator")), Person("olga", ("GarageUser",))]
    made = await make_site(urls, address, "results", people, packages=("garage",))
    with made.partner("admin") as client:
        shops = [
            {"attributes": {"type": "Workshop"}, "Code": f"C{number:02}", "Name": f"Shop {number}", "Phone": "=1+1"}
            for number in range(SHOPS)
        ]
        answer = client.post("composite/sobjects", json={"records": shops, "allOrNone": True})
        assert answer.status_code == 200, answer.text
    return made


@pytest.fixture
def count(database: Database, site: Site) -> Count:
    """What a worker does with a job."""

    async def run(job_id: str) -> None:
        settings = Settings()
        server = WorkerServer(database, SnapshotStore(database), PolicyStore(database), settings, settings.home)
        await HANDLERS["bulk_query"](server, site.tenant_id, {"job": job_id})

    return run


def made(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post(JOBS, json={"operation": "query", "query": TEXT, **more})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def wrong(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


async def test_the_way_of_a_job(site: Site, count: Count) -> None:
    with site.partner("admin") as client:
        job = made(client)
        path = f"{JOBS}/{job['id']}"
        assert {name: job[name] for name in ("state", "operation", "object", "lineEnding", "columnDelimiter")} == {
            "state": "UploadComplete",
            "operation": "query",
            "object": "Workshop",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        assert wrong(client.get(f"{path}/results")) == (400, "INVALIDJOBSTATE")
        assert wrong(client.delete(path)) == (400, "INVALIDJOBSTATE")

        await count(job["id"])

        done = client.get(path).json()
        assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == ("JobComplete", "V2Query", SHOPS)
        first = client.get(f"{path}/results", params={"maxRecords": "20"})
        assert (first.headers["sforce-numberofrecords"], first.text.count("\n")) == ("20", 21)
        second = client.get(f"{path}/results", params={"locator": first.headers["sforce-locator"], "maxRecords": "20"})
        assert (second.headers["sforce-numberofrecords"], second.headers["sforce-locator"]) == ("10", "null")
        rows = [*csv.reader(io.StringIO(first.text)), *list(csv.reader(io.StringIO(second.text)))[1:]]
        assert [row[0] for row in rows] == ["Code", *(f"C{number:02}" for number in range(SHOPS))]
        assert rows[1][2] == "=1+1"  # for programs: what was stored
        listed = client.get(JOBS, params={"jobType": "V2Query", "isPkChunkingEnabled": "false"}).json()
        assert (listed["done"], job["id"] in {each["id"] for each in listed["records"]}) == (True, True)

        assert wrong(client.patch(path, json={"state": "Aborted"})) == (400, "INVALIDJOBSTATE")
        assert client.delete(path).status_code == 204
        assert wrong(client.get(path)) == (404, "NOT_FOUND")


async def test_results_come_compressed_to_who_likes_that(site: Site, count: Count) -> None:
    with site.partner("admin") as client:
        job = made(client, query="SELECT Id, Name, Code, Phone, OwnerId, CreatedById, CreatedDate FROM Workshop")
        await count(job["id"])
        plain, small = (
            client.get(f"{JOBS}/{job['id']}/results", headers={"accept-encoding": each})
            for each in ("identity", "gzip")
        )
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == plain.content


async def test_an_aborted_job_has_no_results_and_is_not_counted(site: Site, count: Count) -> None:
    with site.partner("admin") as client:
        job = made(client)
        answer = client.patch(f"{JOBS}/{job['id']}", json={"state": "Aborted"})
        await count(job["id"])
        assert answer.json()["state"] == client.get(f"{JOBS}/{job['id']}").json()["state"] == "Aborted"
        assert wrong(client.get(f"{JOBS}/{job['id']}/results")) == (400, "INVALIDJOBSTATE")


async def test_another_user_has_no_such_job(site: Site, count: Count) -> None:
    with site.partner("admin") as client, site.partner("olga") as other:
        job = made(client)
        await count(job["id"])
        path = f"{JOBS}/{job['id']}"
        for answer in (other.get(path), other.get(f"{path}/results"), other.delete(path)):
            assert wrong(answer) == (404, "NOT_FOUND")
        assert wrong(other.patch(path, json={"state": "Aborted"})) == (404, "NOT_FOUND")
        assert other.get(JOBS).json()["records"] == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"operation": "select", "query": TEXT}, "INVALIDJOB"),
        ({"operation": "query"}, "INVALIDJOB"),
        ({"operation": "query", "query": 5}, "INVALIDJOB"),
        ({"operation": "query", "query": TEXT, "columnDelimiter": ";"}, "INVALIDJOB"),
        ({"operation": "query", "query": TEXT, "lineEnding": ["LF"]}, "INVALIDJOB"),
        ({"operation": "query", "query": "SELECT"}, "MALFORMED_QUERY"),
        ({"operation": "query", "query": "SELECT COUNT() FROM Workshop"}, "MALFORMED_QUERY"),
        ({"operation": "query", "query": "SELECT Name\x00 FROM Workshop"}, "MALFORMED_QUERY"),
        ({"operation": "query", "query": "SELECT Nothing FROM Workshop"}, "INVALID_FIELD"),
    ],
)
def test_a_wrong_job_is_not_made(site: Site, document: dict[str, Any], code: str) -> None:
    with site.partner("admin") as client:
        assert wrong(client.post(JOBS, json=document)) == (400, code)


async def test_wrong_places_in_results_are_refused(site: Site, count: Count) -> None:
    with site.partner("admin") as client:
        job = made(client)
        await count(job["id"])
        for asked, code in (
            ({"locator": "MTAw"}, "INVALID_QUERY_LOCATOR"),
            ({"locator": "é" * 50}, "INVALID_QUERY_LOCATOR"),
            ({"maxRecords": "0"}, "NUMBER_OUTSIDE_VALID_RANGE"),
            ({"maxRecords": "-1"}, "NUMBER_OUTSIDE_VALID_RANGE"),
            ({"maxRecords": "many"}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ):
            assert wrong(client.get(f"{JOBS}/{job['id']}/results", params=asked)) == (400, code)
        assert wrong(client.get(JOBS, params={"queryLocator": "x"})) == (400, "INVALID_QUERY_LOCATOR")


def test_a_query_is_exported_in_every_format(site: Site) -> None:
    with site.partner("admin") as client:
        for file_format in ("csv", "xlsx", "parquet"):
            answer = client.post(EXPORTS, json={"query": TEXT, "format": file_format})
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-disposition"] == f'attachment; filename="export.{file_format}"'
        lines = client.post(EXPORTS, json={"query": TEXT}).text.splitlines()
    assert lines[0].lstrip("\ufeff") == "Code,Workshop name,Phone"
    assert lines[1] == "C00,Shop 0,'=1+1"


def test_a_list_is_exported_in_every_format(site: Site) -> None:
    with site.browser("admin") as client:
        book = client.post("/ui/objects/Workshop/export?format=xlsx", json={"columns": ["Code", "OwnerId"]})
        bad = client.post("/ui/objects/Workshop/export?format=pdf", json={"columns": ["Code"]})
    rows = list(openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0].iter_rows(values_only=True))
    assert (rows[0], len(rows)) == (("Code", "Owner"), SHOPS + 1)
    assert (wrong(bad), bad.json()[0]["message"]) == (
        (400, "INVALID_VALUE"),
        "format must be one of csv, xlsx, parquet.",
    )


def test_exports_need_the_permission_and_a_whole_request(site: Site) -> None:
    with site.partner("olga") as other, site.partner("admin") as client:
        assert other.post(EXPORTS, json={"query": TEXT}).status_code == 403
        answer = client.post(EXPORTS, json={"query": 5, "purpose": 1, "extra": 2, "includeDeleted": "no"})
        assert answer.status_code == 400
        assert len(answer.json()) == 4
        assert wrong(client.post(EXPORTS, json={"query": "SELECT Nothing FROM Workshop"})) == (400, "INVALID_FIELD")
