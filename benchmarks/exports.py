"""How fast records leave: the results of a bulk query job over HTTP, and files written in each format."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import replace

from benchmarks import servers
from benchmarks.copies import have_opportunities
from benchmarks.environment import API, Environment
from benchmarks.tenants import Single
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.bulk.jobs import BulkJob, JobType, find_job
from chassis_platform.bulk.query import QUERY, NewQuery, count_query, make_query_job
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.operator import operator_context
from chassis_platform.records.export import export_query
from chassis_platform.records.export_files import FileFormat
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

AIM = 50_000
_FIELDS = "Id, Name, StageName, Amount, CloseDate, Probability, CreatedDate, LastModifiedDate, AccountId, OwnerId"
_PLAIN = f"SELECT {_FIELDS} FROM Opportunity"
_PARENTS = f"SELECT {_FIELDS}, Account.City, Owner.Title FROM Opportunity"
_LOGGED = f"SELECT {_FIELDS}, Account.Name, Account.Phone FROM Opportunity"


def export_rates(environment: Environment, *, records: int) -> list[Single]:
    """Records a second that a partner downloads, and that are written into files."""
    have_opportunities(environment, records)
    asked = (("10 fields", _PLAIN), ("two parents besides", _PARENTS), ("two parents, logged", _LOGGED))
    found = []
    for title, text in asked:
        job = asyncio.run(_counted_job(environment, text))
        with servers.chassis(environment.home) as server:
            _download(server.port, environment, job)  # the first one compiles
            rate = _download(server.port, environment, job)
        note = f"{job.processed:,} records as CSV over HTTP, one client; aim {AIM:,} or better"
        found.append(Single("exports", f"bulk query, {title}", rate, "records/s", note=note))
    for each in FileFormat:
        rate = asyncio.run(_file_rate(environment, each))
        found.append(Single("exports", f"export of a list as {each.upper()}", rate, "records/s", note="in one process"))
    return found


async def _manager(environment: Environment, database: Database) -> Context:
    """The manager, who sees half of all."""
    snapshots = SnapshotStore(database)
    tenant = await tenant_by_id(database, environment.tenant.id)
    if tenant is None:
        raise RuntimeError("the tenant is gone")
    context = await operator_context(database, tenant, environment.people.manager, snapshots=snapshots)
    policies = PolicyStore(database)
    policy = await policies.of(tenant, environment.people.manager, context.snapshot, tenant.access_version)
    principal = replace(context.principal, user_id=environment.people.manager)
    return replace(context, principal=principal, policy=policy)


async def _counted_job(environment: Environment, text: str) -> BulkJob:
    home = environment.home
    keys = wrapper_of(Settings(home=home), home)  # a query's text is kept sealed
    async with Database(environment.installed.urls.server, largest=4, wrapper=keys) as database:
        context = await _manager(environment, database)
        job = await make_query_job(database, context, NewQuery(text, QUERY, {}))
        snapshots, policies = SnapshotStore(database), PolicyStore(database)
        await count_query(database, snapshots, policies, environment.tenant.id, job.id)
        return await find_job(database, context, job.id, JobType.QUERY)


def _download(port: int, environment: Environment, job: BulkJob) -> float:
    address = f"http://127.0.0.1:{port}{API}/jobs/query/{job.id}/results"
    headers = {"Authorization": f"Bearer {environment.people.manager_token}"}
    locator, records = "", 0
    started = time.perf_counter()
    while locator != "null":
        place = f"?locator={locator}" if locator else ""
        request = urllib.request.Request(address + place, headers=headers)  # noqa: S310  our own server
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            while answer.read(2**20):
                pass
            locator = answer.headers["Sforce-Locator"]
            records += int(answer.headers["Sforce-NumberOfRecords"])
    return records / (time.perf_counter() - started)


async def _file_rate(environment: Environment, file_format: FileFormat) -> float:
    async with Database(environment.installed.urls.server, largest=4) as database:
        context = await _manager(environment, database)
        await _length(export_query(database, context, f"{_PLAIN} LIMIT 10", file_format))
        started = time.perf_counter()
        await _length(export_query(database, context, f"{_PLAIN} LIMIT 50000", file_format))
        return 50_000 / (time.perf_counter() - started)


async def _length(chunks: AsyncIterator[bytes]) -> int:
    return sum([len(each) async for each in chunks])
