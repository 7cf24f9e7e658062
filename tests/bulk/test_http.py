"""Ingest jobs over HTTP, as clients make them."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from chassis_platform.access.compile import PolicyStore
from chassis_platform.bulk import uploads
from chassis_platform.bulk.imports import run_import
from chassis_platform.bulk.ingest import LANES
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Address, Person, Site, make_site

JOBS = "jobs/ingest"
CSV = {"content-type": "text/csv; charset=UTF-8"}
INSERT = {"object": "Workshop", "operation": "insert", "contentType": "CSV"}

Work = Callable[[str], Awaitable[None]]
Parts = dict[str, tuple[str | None, str | bytes, str]]


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    people = [Person("loader", ("GarageAdmin",)), Person("other", ("GarageUser",))]
    return await make_site(urls, address, "depot", people, packages=("garage",))


@pytest.fixture
def work(database: Database, site: Site) -> Work:
    """What a worker does with a job."""

    async def run(job_id: str) -> None:
        desk = Desk(database, SnapshotStore(database), PolicyStore(database))
        for lane in range(LANES):
            await run_ingest(desk, site.tenant_id, {"job": job_id, "lane": lane})

    return run


async def test_the_way_of_a_job(site: Site, work: Work) -> None:
    with site.partner("loader") as client:
        made = client.post(JOBS, json={**INSERT, "lineEnding": "LF", "columnDelimiter": "SEMICOLON"})
        job = made.json()
        assert made.status_code == 200
        assert {name: job[name] for name in ("state", "concurrencyMode", "apiVersion", "contentUrl")} == {
            "state": "Open",
            "concurrencyMode": "Parallel",
            "apiVersion": 66.0,
            "contentUrl": f"services/data/v66.0/jobs/ingest/{job['id']}/batches",
        }
        sent = client.put(
            f"{JOBS}/{job['id']}/batches", content=b"Name;Code;Region\nA;H1;North\nB;H2;Moon\n", headers=CSV
        )
        assert (sent.status_code, sent.content) == (201, b"")
        closed = client.patch(f"{JOBS}/{job['id']}", json={"state": "UploadComplete"}).json()
        assert closed["state"] == "UploadComplete"
        early = client.get(f"{JOBS}/{job['id']}/successfulResults")
        assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")

        await work(job["id"])

        done = client.get(f"{JOBS}/{job['id']}").json()
        assert {name: done[name] for name in _COUNTS} == _COUNTS
        written = client.get(f"{JOBS}/{job['id']}/successfulResults/")
        assert written.headers["content-type"] == "text/csv; charset=UTF-8"
        assert written.text.splitlines()[0] == '"sf__Id";"sf__Created";"Name";"Code";"Region"'
        assert '"true";"A";"H1";"North"' in written.text
        assert "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:" in client.get(f"{JOBS}/{job['id']}/failedResults").text
        assert client.get(f"{JOBS}/{job['id']}/unprocessedrecords").text == '"Name";"Code";"Region"\n'
        listed = client.get(f"{JOBS}?jobType=V2Ingest&isPkChunkingEnabled=false").json()
        assert (listed["done"], listed["nextRecordsUrl"], listed["records"][0]["id"]) == (True, None, job["id"])
        assert client.get(f"{JOBS}?jobType=Classic").json()["records"] == []
        assert client.delete(f"{JOBS}/{job['id']}").status_code == 204
        assert client.get(f"{JOBS}/{job['id']}").status_code == 404


_COUNTS: dict[str, Any] = {
    "state": "JobComplete",
    "jobType": "V2Ingest",
    "numberRecordsProcessed": 2,
    "numberRecordsFailed": 1,
    "retries": 0,
    "isPkChunkingSupported": False,
}


async def test_a_job_may_come_with_its_content(site: Site, work: Work) -> None:
    job = '{"object": "Workshop", "operation": "insert", "contentType": "CSV", "lineEnding": "CRLF"}'
    parts: Parts = {
        "job": (None, job, "application/json"),
        "content": ("content", b"Name,Code\r\nM,M1\r\n", "text/csv"),
    }
    wrong: list[Parts] = [
        {"job": (None, "{", "application/json"), "content": (None, "x", "text/csv")},
        {"job": (None, job, "application/json")},
    ]
    with site.partner("loader") as client:
        made = client.post(JOBS, files=parts).json()
        assert made["state"] == "UploadComplete"
        await work(made["id"])
        assert client.get(f"{JOBS}/{made['id']}").json()["numberRecordsProcessed"] == 1
        assert [client.post(JOBS, files=each).status_code for each in wrong] == [400, 400]


async def test_content_may_be_packed_and_is_limited(site: Site, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD", 2**20)
    with site.partner("loader") as client:
        job = client.post(JOBS, json=INSERT).json()
        packed = gzip.compress(b"Name,Code\n" + (b"n" * 1_000 + b",c\n") * 2_000)
        sent = client.put(f"{JOBS}/{job['id']}/batches", content=packed, headers={**CSV, "content-encoding": "gzip"})
        assert (sent.status_code, sent.json()[0]["errorCode"]) == (413, "REQUEST_TOO_LARGE")
        good = gzip.compress(b"Name,Code\nA,Z1\n")
        headers = {**CSV, "content-encoding": "gzip"}
        for content, records in ((good + gzip.compress(b"B,Z2\n"), 2), (good + b"more", 0), (good[:-4], 0)):
            packed_job = client.post(JOBS, json=INSERT).json()["id"]
            assert client.put(f"{JOBS}/{packed_job}/batches", content=content, headers=headers).status_code == 201
            closed = client.patch(f"{JOBS}/{packed_job}", json={"state": "UploadComplete"}).json()["state"]
            assert closed == ("UploadComplete" if records else "Failed")
            await work(packed_job)
            assert client.get(f"{JOBS}/{packed_job}").json()["numberRecordsProcessed"] == records
        assert client.put(f"{JOBS}/{job['id']}/batches", content=good, headers=headers).status_code == 201
        odd = client.put(f"{JOBS}/{job['id']}/batches", content=b"x", headers={**CSV, "content-encoding": "br"})
        assert odd.status_code == 415
        again = client.put(f"{JOBS}/{job['id']}/batches", content=good, headers=headers)
        assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
        assert client.patch(f"{JOBS}/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
        assert client.patch(f"{JOBS}/{job['id']}", json={"state": "Open"}).status_code == 400


async def test_an_import_from_file_to_undo(site: Site, database: Database) -> None:
    async def work_after(begun: httpx.Response) -> None:
        assert begun.status_code == 200, begun.text
        desk = Desk(database, SnapshotStore(database), PolicyStore(database))
        for lane in reversed(range(LANES)):
            await run_import(desk, site.tenant_id, {"job": begun.json()["id"], "lane": lane})

    with site.partner("loader") as client, site.partner("other") as other:
        made = client.post("chassis/imports", json={"object": "Workshop", "operation": "insert"})
        assert made.status_code == 201
        path = f"chassis/imports/{made.json()['id']}"
        seen = client.put(f"{path}/content", content=b"Werkstatt,Code,Region\nA,Y1,North\nB,Y2,Moon\n", headers=CSV)
        assert [each["suggestion"] for each in seen.json()["columns"]] == [None, "Code", "Region"]
        early = client.patch(path, json={"action": "start"})
        assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
        mapping = {"columns": {"Werkstatt": "Name", "Code": "Code", "Region": "Region"}}
        assert client.patch(path, json={"mapping": mapping}).json()["mapping"] == mapping
        await work_after(client.patch(path, json={"action": "check"}))
        assert client.get(path).json()["check"] == {"processed": 2, "failed": 1}
        [error] = client.get(f"{path}/errors?phase=check").json()["errors"]
        assert (error["line"], error["cells"]) == (3, ["B", "Y2", "Moon"])
        await work_after(client.patch(path, json={"action": "start"}))
        written = client.get(path).json()
        assert (written["state"], written["write"]) == ("JobComplete", {"processed": 2, "failed": 1})
        assert client.get(f"{path}/failedRows").text.splitlines()[1].endswith('"B","Y2","Moon"')
        await work_after(client.patch(path, json={"action": "undo"}))
        assert client.get(path).json()["undo"] == {"processed": 1, "failed": 0}
        assert client.get("query?q=SELECT+Id+FROM+Workshop+WHERE+Code='Y1'").json()["totalSize"] == 0
        assert [each["id"] for each in client.get("chassis/imports").json()["imports"]] == [path.rsplit("/", 1)[1]]
        assert other.post("chassis/imports", json={"object": "Workshop", "operation": "insert"}).status_code == 403
        assert {other.get(each).status_code for each in (path, f"{path}/errors", f"{path}/preview")} == {404}
        wrong = [{"action": "burn"}, {"mapping": 5}, {"action": "undo"}]
        assert {client.patch(path, json=each).status_code for each in wrong} == {400}
        assert client.get(f"{path}/errors?phase=x").status_code == 400
        assert client.delete(path).status_code == 204


async def test_nobody_else_comes_near_a_job(site: Site) -> None:
    with site.partner("loader") as client, site.partner("other") as other:
        job = client.post(JOBS, json=INSERT).json()
        path = f"{JOBS}/{job['id']}"
        refused = [
            other.get(path),
            other.put(f"{path}/batches", content=b"Name\nx\n", headers=CSV),
            other.patch(path, json={"state": "Aborted"}),
            other.get(f"{path}/failedResults"),
            other.delete(path),
            client.get(f"{JOBS}/750000000000000AAA"),
            client.get(f"{JOBS}/nonsense"),
        ]
        assert {each.status_code for each in refused} == {404}
        assert other.get(JOBS).json()["records"] == []
