"""Collections: up to 200 records of several objects in one call (2,000 when reading)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import visible_object
from chassis_platform.api.errors import problem_document, warnings_document
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.one_transaction import UndoneError, in_one_transaction
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.changes import ROLLED_BACK
from chassis_platform.plan.write import Operation
from chassis_platform.records.several import get_records
from chassis_platform.records.write import RecordResult, write_records
from chassis_tenants.database import Transaction

MOST_WRITTEN = 200
MOST_READ = 2000

Payload = Mapping[str, Any]
#: Neighbours of one object, and which it is.
Run = tuple[str, list[Payload]]


def result_document(result: RecordResult, *, with_created: bool = False) -> dict[str, Any]:
    """One record's outcome, as results of collections have it."""
    document: dict[str, Any] = {"success": result.success}
    if result.success:
        document = {"id": result.id} | document
    document["errors"] = [problem_document(each, code_key="statusCode") for each in result.problems]
    document |= warnings_document(result)
    return document | {"created": result.created} if (with_created or result.attached) and result.success else document


async def _records(request: Request) -> tuple[list[dict[str, Any]], bool]:
    document = await json_object(request)
    records = document.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise Invalid.of("json_parser_error", 'The body must have "records": an array of objects.')
    if len(records) > MOST_WRITTEN:
        raise Invalid.of("exceeded_max_size_request", f"At most {MOST_WRITTEN} records a call; {len(records)} came.")
    all_or_none = False if document.get("allOrNone") is None else document["allOrNone"]
    if not isinstance(all_or_none, bool):
        raise Invalid.of("json_parser_error", '"allOrNone" must be true or false.')
    return records, all_or_none


def _type_of(payload: Payload) -> str:
    attributes = payload.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise Invalid.of("invalid_field", 'Each record needs {"attributes": {"type": "<Object>"}}.')
    return name


async def _write(
    context: Context, request: Request, operation: Operation, records: Sequence[Payload], *, all_or_none: bool
) -> list[RecordResult]:
    """Runs of one object are written as one set each; all or none of several runs is one transaction."""
    runs = [(visible_object(context, name).name, list(run)) for name, run in groupby(records, key=_type_of)]
    if all_or_none and len(runs) > 1:
        return await _write_together(context, request, operation, runs)
    return await _write_runs(context, request, operation, runs, all_or_none=all_or_none)


async def _write_runs(
    context: Context, request: Request, operation: Operation, runs: Sequence[Run], *, all_or_none: bool
) -> list[RecordResult]:
    database = server_of(request).database
    results: list[RecordResult] = []
    for name, run in runs:
        results += await write_records(database, context, name, operation, run, all_or_none=all_or_none)
    return results


_ROLLED_BACK = RecordResult(None, success=False, problems=(ROLLED_BACK,))


async def _write_together(
    context: Context, request: Request, operation: Operation, runs: Sequence[Run]
) -> list[RecordResult]:
    results: list[RecordResult] = []

    async def work(joined: Request, transaction: Transaction) -> None:
        del transaction
        results[:] = await _write_runs(context, joined, operation, runs, all_or_none=True)
        codes = {problem.code for each in results for problem in each.problems}
        if codes:
            raise UndoneError(is_locked="unable_to_lock_row" in codes)

    try:
        await in_one_transaction(context, request, work)
    except UndoneError:
        return [each if each.problems else _ROLLED_BACK for each in results]
    return results


async def create(context: Context, request: Request) -> Response:
    """`POST /composite/sobjects`."""
    demand_version(request)
    records, all_or_none = await _records(request)
    results = await _write(context, request, "insert", records, all_or_none=all_or_none)
    return json_response([result_document(each) for each in results])


async def update(context: Context, request: Request) -> Response:
    """`PATCH /composite/sobjects`."""
    demand_version(request)
    records, all_or_none = await _records(request)
    results = await _write(context, request, "update", records, all_or_none=all_or_none)
    return json_response([result_document(each) for each in results])


async def upsert(context: Context, request: Request) -> Response:
    """`PATCH /composite/sobjects/{Object}/{field}`."""
    demand_version(request)
    records, all_or_none = await _records(request)
    obj = visible_object(context, request.path_params["object"])
    results = await write_records(
        server_of(request).database,
        context,
        obj.name,
        "upsert",
        records,
        all_or_none=all_or_none,
        external_id_field=request.path_params["field"],
    )
    return json_response([result_document(each, with_created=True) for each in results])


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /composite/sobjects?ids=&allOrNone=`: records of any objects; an id that is none is wrong alone."""
    demand_version(request)
    ids = [each.strip() for each in request.query_params.get("ids", "").split(",") if each.strip()]
    if not ids or len(ids) > MOST_WRITTEN:
        raise Invalid.of("exceeded_max_size_request", f"Name 1 to {MOST_WRITTEN} ids in the parameter ids.")
    all_or_none = request.query_params.get("allOrNone", "false").lower() == "true"
    objects = [_object_of(context, each) for each in ids]
    known = [
        {"attributes": {"type": obj.name}, "Id": each}
        for each, obj in zip(ids, objects, strict=True)
        if obj is not None
    ]
    if all_or_none and len(known) < len(ids):
        deleted = iter([_ROLLED_BACK] * len(known))
    else:
        deleted = iter(await _write(context, request, "delete", known, all_or_none=all_or_none))
    results = [_malformed(each) if obj is None else next(deleted) for each, obj in zip(ids, objects, strict=True)]
    return json_response([result_document(each) for each in results])


def _object_of(context: Context, record_id: str) -> Object | None:
    return context.snapshot.object_of_id(record_id)


def _malformed(record_id: str) -> RecordResult:
    problem = Problem("Id", "malformed_id", f"malformed id {record_id[:80]}", fields=("Id",))
    return RecordResult(None, success=False, problems=(problem,))


async def get(context: Context, request: Request) -> Response:
    """`GET` or `POST /composite/sobjects/{Object}`: records in the order of ids, null where none is seen."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    ids, fields = await _wanted(request)
    if len(ids) > MOST_READ:
        raise Invalid.of("exceeded_max_size_request", f"At most {MOST_READ} ids a call; {len(ids)} came.")
    body = await get_records(server_of(request).database, context, obj.name, ids, fields, version=version)
    return json_response(body)


async def _wanted(request: Request) -> tuple[list[str], list[str]]:
    if request.method == "GET":
        parameters: Mapping[str, Any] = {
            name: request.query_params.get(name, "").split(",") for name in ("ids", "fields")
        }
    else:
        parameters = await json_object(request)
    lists = [parameters.get("ids"), parameters.get("fields")]
    if not all(isinstance(each, list) and all(isinstance(one, str) for one in each) for each in lists):
        raise Invalid.of("json_parser_error", '"ids" and "fields" must be arrays of text.')
    ids, fields = ([one.strip() for one in each if one.strip()] for each in lists if each is not None)
    return ids, fields


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/composite/sobjects"
    return [
        route(base, ["POST"], idempotent(create)),
        route(base, ["PATCH"], update),
        route(base, ["DELETE"], delete),
        route(f"{base}/{{object}}", ["GET", "POST"], get),
        route(f"{base}/{{object}}/{{field}}", ["PATCH"], upsert),
    ]
