"""Limits and what of them is used: for clients of the partner API, and for Setup."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import LimitExceeded
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import visible_objects
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.limits.kinds import LIMIT_KINDS, default_limits
from chassis_platform.records.counts import count_of_each
from chassis_tenants.database import Row
from chassis_tenants.quotas import bulk_jobs_of_a_day, overrides_of, requests_by_client, storage_in_use

#: What a record counts for, whatever is in it: clients know this measure.
RECORD_KILOBYTES = 2
_MEGABYTE = 1024 * 1024


async def limits(context: Context, request: Request) -> Response:
    """`GET /limits`: what there is, and what is left."""
    demand_version(request)
    server, tenant_id = server_of(request), context.tenant.id
    meter = await server.gate.meter_of(tenant_id)
    asked = (bulk_jobs_of_a_day(tenant_id, clock.now()), storage_in_use(tenant_id))
    jobs, [[records, _, file_bytes]] = await server.database.read(context.binding, *asked)
    made: dict[str, int] = dict(jobs)
    most = meter.limits
    used = {
        "DailyApiRequests": (most.api_daily_requests, meter.used),
        "DailyBulkApiBatches": (most.daily_bulk_jobs, made.get("V2Ingest", 0)),
        "DailyBulkV2QueryJobs": (most.daily_bulk_jobs, made.get("V2Query", 0)),
        "DataStorageMB": (most.data_storage_megabytes, _megabytes_of(records)),
        "FileStorageMB": (most.file_storage_megabytes, file_bytes // _MEGABYTE),
    }
    return json_response({name: {"Max": top, "Remaining": max(0, top - taken)} for name, (top, taken) in used.items()})


async def record_counts(context: Context, request: Request) -> Response:
    """`GET /limits/recordCount?sObjects=Lead,Account`: what the user may read of each; of all objects by default."""
    demand_version(request)
    seen = visible_objects(context)
    if "sObjects" in request.query_params:
        wanted = {each.strip().lower() for each in request.query_params["sObjects"].split(",")}
        seen = [each for each in seen if each.name.lower() in wanted]
    counts = await count_of_each(server_of(request).database, context, seen)
    told = [
        {"count": each.count, "name": each.object_name} | ({"isLowerBound": True} if each.is_bounded else {})
        for each in counts
    ]
    return json_response({"sObjects": told})


def _megabytes_of(records: int | None) -> int:
    return (records or 0) * RECORD_KILOBYTES // 1024


async def demand_bulk_job(context: Context, request: Request, job_type: str) -> None:
    """Raise LimitExceeded where the tenant has made as many bulk jobs of the type as it may in 24 hours."""
    server, tenant_id = server_of(request), context.tenant.id
    most = (await server.gate.meter_of(tenant_id)).limits.daily_bulk_jobs
    [jobs] = await server.database.read(context.binding, bulk_jobs_of_a_day(tenant_id, clock.now()))
    made: dict[str, int] = dict(jobs)
    if made.get(job_type, 0) >= most:
        raise LimitExceeded.of("request_limit_exceeded", f"At most {most:,} bulk jobs of a type in 24 hours.")


async def limits_and_use(context: Context, request: Request) -> Response:
    """`GET /setup/limits`: each limit in force, whether the operator set it, and the use of a day."""
    context.policy.demand("ViewSetup")
    server, tenant_id = server_of(request), context.tenant.id
    meter = await server.gate.meter_of(tenant_id)
    await server.gate.refresh(meter)
    clients, overrides, jobs, [storage] = await server.database.read(
        context.binding,
        requests_by_client(tenant_id, clock.now()),
        overrides_of(tenant_id),
        bulk_jobs_of_a_day(tenant_id, clock.now()),
        storage_in_use(tenant_id),
    )
    in_force, defaults = asdict(meter.limits), asdict(default_limits(server.settings))
    set_by_operator = {name for name, _ in overrides}
    used = {
        "api_daily_requests": meter.used,
        "daily_bulk_jobs": max((count for _, count in jobs), default=0),
        **_stored(storage),
    }
    told = [
        {
            "name": each.name,
            "label": each.description,
            "value": in_force[each.name],
            "default": defaults[each.name],
            "is_set": each.name in set_by_operator,
            "used": used.get(each.name),
        }
        for each in LIMIT_KINDS
    ]
    by_client = [{"client": name, "label": label, "requests": requests} for name, label, requests in clients]
    return json_response({"limits": told, "clients": by_client, "records_counted_at": _moment(storage[1])})


def _stored(storage: Row) -> dict[str, int]:
    records, _, file_bytes = storage
    return {"data_storage_megabytes": _megabytes_of(records), "file_storage_megabytes": file_bytes // _MEGABYTE}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/limits", ["GET"], limits),
        route(f"{ROOT}/limits/recordCount", ["GET"], record_counts),
        route("/setup/limits", ["GET"], limits_and_use),
    ]
