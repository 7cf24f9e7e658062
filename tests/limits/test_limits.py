"""A tenant's day, rate and line, at the doors of a running server."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from chassis_metadata.errors import LimitExceeded
from chassis_platform.access.compile import PolicyStore
from chassis_platform.limits.gate import Gate
from chassis_platform.limits.meters import Asker
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database, TenantClosedError
from chassis_tenants.provision import set_limits, suspend
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from limits.conftest import MakeSite
from serving import Site

USAGE = re.compile(r"^api-usage=(\d+)/(\d+)$")


def usage(answer: httpx.Response) -> tuple[int, int]:
    found = USAGE.match(answer.headers["sforce-limit-info"])
    assert found is not None
    return int(found[1]), int(found[2])


async def limit(urls: DatabaseUrls, site: Site, **changes: int | None) -> dict[str, int]:
    """The operator's act."""
    async with Database(urls.server, smallest=1, largest=1) as database:
        tenant = await tenant_by_id(database, site.tenant_id)
    assert tenant is not None
    return await asyncio.to_thread(set_limits, urls.owner, tenant, changes)


def as_admin(site: Site, path: str) -> Any:
    with httpx.Client(base_url=site.url, headers={"authorization": f"Bearer {site.token('admin')}"}) as admin:
        answer = admin.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_answer_of_the_partner_api_tells_the_days_usage(new_site: MakeSite) -> None:
    site = await new_site("counted")
    with site.partner("user") as user:
        paths = ("sobjects", "query?q=SELECT Id FROM Workshop", "query?q=nonsense", "sobjects/Nothing", "limits")
        told = [usage(user.get(path)) for path in paths]
        told_elsewhere = user.get(f"{site.url}/ui/bootstrap")

    assert told == [(number, 1_000_000) for number in range(1, 6)]
    assert "sforce-limit-info" not in told_elsewhere.headers


async def test_limits_tell_what_is_left(new_site: MakeSite) -> None:
    site = await new_site("left")
    with site.partner("user") as user:
        user.get("sobjects")
        told = user.get("limits").json()

    assert told["DailyApiRequests"] == {"Max": 1_000_000, "Remaining": 999_998}
    assert {"DailyBulkApiBatches", "DailyBulkV2QueryJobs", "DataStorageMB", "FileStorageMB"} <= set(told)
    assert all(0 <= each["Remaining"] <= each["Max"] for each in told.values())


async def test_a_day_that_is_used_up_is_told_and_the_web_application_goes_on(
    new_site: MakeSite, urls: DatabaseUrls
) -> None:
    site = await new_site("day")
    assert await limit(urls, site, api_daily_requests=3) == {"api_daily_requests": 3}
    with site.partner("user") as user:
        statuses = [user.get("sobjects").status_code for _ in range(4)]
        refused = user.get("sobjects")
        shown = user.get(f"{site.url}/ui/bootstrap").status_code
        await limit(urls, site, api_daily_requests=5)
        as_admin(site, "/setup/limits")
        again = [user.get("sobjects").status_code for _ in range(3)]

    assert (statuses, again, shown) == ([200, 200, 200, 403], [200, 200, 403], 200)
    assert refused.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert usage(refused) == (3, 3)


async def test_too_many_at_once_are_told_when_to_come_again_and_another_tenant_notices_nothing(
    new_site: MakeSite, urls: DatabaseUrls
) -> None:
    flood, quiet = await new_site("flood"), await new_site("quiet")
    await limit(urls, flood, user_requests_per_second=3)
    headers = {"authorization": f"Bearer {flood.token('user')}"}
    others = {"authorization": f"Bearer {quiet.token('user')}"}
    async with httpx.AsyncClient(base_url=f"{flood.url}/services/data/v66.0/", timeout=30) as client:
        asked = [client.get("sobjects", headers=headers) for _ in range(60)]
        asked += [client.get("sobjects", headers=others) for _ in range(10)]
        everything = await asyncio.gather(*asked)

    answers, quietly = everything[:60], everything[60:]
    statuses = Counter(each.status_code for each in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] < 30
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    [problem] = refused.json()
    assert (problem["errorCode"], problem["retryAfter"]) == ("TOO_MANY_REQUESTS", 1)
    assert [each.status_code for each in quietly] == [200] * 10


async def test_what_waits_is_bounded(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("waiting")
    await limit(urls, site, tenant_requests_at_once=1, tenant_requests_waiting=5)
    headers = {"authorization": f"Bearer {site.token('user')}"}
    query = {"q": "SELECT Id FROM Workshop"}
    async with httpx.AsyncClient(base_url=f"{site.url}/services/data/v66.0/", timeout=30) as client:
        answers = await asyncio.gather(*(client.get("query", params=query, headers=headers) for _ in range(60)))

    statuses = Counter(each.status_code for each in answers)
    assert set(statuses) <= {200, 429}
    assert statuses[200] >= 6


async def test_records_are_counted_by_night(new_site: MakeSite, urls: DatabaseUrls, tmp_path: Path) -> None:
    site = await new_site("stored")
    await limit(urls, site, data_storage_megabytes=1)
    async with Database(urls.server, smallest=1, largest=2) as database:
        worker = WorkerServer(database, SnapshotStore(database), PolicyStore(database), Settings(), tmp_path)
        await HANDLERS["count_records"](worker, site.tenant_id, {})
    with psycopg.connect(urls.owner) as connection:
        [[counted]] = connection.execute(
            "SELECT records FROM chassis.storage_use WHERE tenant_id = %s", [site.tenant_id]
        ).fetchall()
    with site.partner("user") as user:
        told = user.get("limits").json()["DataStorageMB"]

    assert counted > len(site.users)
    assert told == {"Max": 1, "Remaining": max(0, 1 - counted * 2 // 1024)}


async def test_bulk_jobs_of_a_day_are_limited(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("bulk")
    await limit(urls, site, daily_bulk_jobs=1)
    with site.partner("user") as user:
        jobs = [user.post("jobs/query", json={"operation": "query", "query": "SELECT Id FROM Workshop"}) for _ in "ab"]
        told = user.get("limits").json()

    assert [each.status_code for each in jobs] == [200, 403]
    assert jobs[1].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert (told["DailyBulkV2QueryJobs"]["Remaining"], told["DailyBulkApiBatches"]["Remaining"]) == (0, 1)


async def test_several_processes_add_up(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("several")
    with site.partner("user") as user:
        for _ in range(7):
            user.get("sobjects")
    as_admin(site, "/setup/limits")
    async with Database(urls.server, smallest=1, largest=1) as database:
        elsewhere = Gate(database, Settings())
        meter = await elsewhere.meter_of(site.tenant_id)
        for _ in range(5):
            meter.count(site.client_id)
        await elsewhere.flush()

    told = as_admin(site, "/setup/limits")

    assert meter.used == 12
    assert next(each["used"] for each in told["limits"] if each["name"] == "api_daily_requests") == 12
    assert [(each["label"], each["requests"]) for each in told["clients"]] == [("Test client", 12)]


async def test_setup_shows_what_the_operator_set_and_the_trail_says_so(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("shown")
    await limit(urls, site, daily_bulk_jobs=50, user_requests_per_second=20)
    await limit(urls, site, user_requests_per_second=None)

    told = {each["name"]: each for each in as_admin(site, "/setup/limits")["limits"]}
    with site.partner("user") as user:
        refused = user.get(f"{site.url}/setup/limits")

    assert (told["daily_bulk_jobs"]["value"], told["daily_bulk_jobs"]["is_set"]) == (50, True)
    assert (told["user_requests_per_second"]["value"], told["user_requests_per_second"]["is_set"]) == (2_000, False)
    assert refused.status_code == 403
    with psycopg.connect(urls.owner) as connection:
        entries = connection.execute(
            "SELECT old_value, new_value FROM data.setup_audit_trail WHERE tenant_id = %s AND action = 'setLimits'"
            " ORDER BY created_date, id",
            [site.tenant_id],
        ).fetchall()
    assert entries == [
        (None, "daily_bulk_jobs: 50, user_requests_per_second: 20"),
        ("daily_bulk_jobs: 50, user_requests_per_second: 20", "daily_bulk_jobs: 50"),
    ]


async def test_a_tenant_that_is_suspended_is_forgotten(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("closed")
    async with Database(urls.server, smallest=1, largest=1) as database:
        tenant = await tenant_by_id(database, site.tenant_id)
        assert tenant is not None
        gate = Gate(database, Settings())
        meter = await gate.meter_of(site.tenant_id)
        meter.count("app")
        await asyncio.to_thread(suspend, urls.owner, tenant)
        await gate.flush()
        with pytest.raises(TenantClosedError):
            await gate.meter_of(site.tenant_id)


async def test_what_was_counted_outlives_a_database_that_was_away(new_site: MakeSite, urls: DatabaseUrls) -> None:
    site = await new_site("away")
    async with Database(urls.server, smallest=1, largest=1) as database:
        gate = Gate(database, Settings())
        meter = await gate.meter_of(site.tenant_id)
        meter.count("app")
        with psycopg.connect(urls.owner) as connection:
            connection.execute("ALTER TABLE chassis.api_use RENAME TO api_use_away")
        await gate.flush()
        with psycopg.connect(urls.owner) as connection:
            connection.execute("ALTER TABLE chassis.api_use_away RENAME TO api_use")
        meter.count("app")
        await gate.flush()
        assert (meter.used, meter.pending, meter.is_stale) == (2, {}, False)

        other = Gate(database, Settings(tenant_requests_per_second=1))
        again = await other.meter_of(site.tenant_id)
        assert again.used == 2
        for _ in range(2):
            other.demand(again, Asker("user", "app", is_client=True), counts=True)
        with pytest.raises(LimitExceeded):
            other.demand(again, Asker("user", "app", is_client=True), counts=True)
        assert again.used == 4  # what was refused is not counted
