"""Collections: up to 200 records of several objects in one call (2,000 when reading)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.errors import problem_document, warnings_document
from chassis_platform.api.sobjects import visible_object
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.changes import ROLLED_BACK
from chassis_platform.plan.write import Operation
from chassis_platform.records.several import get_records
from chassis_platform.records.write import RecordResult, write_records, write_within
from chassis_tenants.database import Database

MOST_WRITTEN = 200
MOST_READ = 2000

Payload = Mapping[str, Any]


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
    return records, bool(document.get("allOrNone", False))


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
    database = server_of(request).database
    if all_or_none and len(runs) > 1:
        return await _write_together(database, context, operation, runs)
    results: list[RecordResult] = []
    for name, run in runs:
        results += await write_records(database, context, name, operation, run, all_or_none=all_or_none)
    return results


_ROLLED_BACK = RecordResult(None, success=False, problems=(ROLLED_BACK,))


class _UndoneError(Exception):
    """Something in the transaction was wrong: leave it without a commit."""


def _undo_if_wrong(results: Sequence[RecordResult]) -> None:
    if any(each.problems for each in results):
        raise _UndoneError


async def _write_together(
    database: Database, context: Context, operation: Operation, runs: Sequence[tuple[str, list[Payload]]]
) -> list[RecordResult]:
    results: list[RecordResult] = []
    try:
        async with database.transaction(context.binding) as transaction:
            for name, run in runs:
                results += await write_within(transaction, context, name, operation, run, all_or_none=True)
            _undo_if_wrong(results)
    except _UndoneError:
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
    """`DELETE /composite/sobjects?ids=&allOrNone=`."""
    demand_version(request)
    ids = [each.strip() for each in request.query_params.get("ids", "").split(",") if each.strip()]
    if not ids or len(ids) > MOST_WRITTEN:
        raise Invalid.of("exceeded_max_size_request", f"Name 1 to {MOST_WRITTEN} ids in the parameter ids.")
    all_or_none = request.query_params.get("allOrNone", "false").lower() == "true"
    records = [{"attributes": {"type": _object_of(context, each)}, "Id": each} for each in ids]
    results = await _write(context, request, "delete", records, all_or_none=all_or_none)
    return json_response([result_document(each) for each in results])


def _object_of(context: Context, record_id: str) -> str:
    obj = context.snapshot.objects_by_prefix.get(record_id[:3]) if is_id(record_id) else None
    if obj is None:
        raise Invalid.of("malformed_id", f"Malformed ID {record_id}", fields=["Id"])
    return obj.name


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
        route(base, ["POST"], create),
        route(base, ["PATCH"], update),
        route(base, ["DELETE"], delete),
        route(f"{base}/{{object}}", ["GET", "POST"], get),
        route(f"{base}/{{object}}/{{field}}", ["PATCH"], upsert),
    ]
