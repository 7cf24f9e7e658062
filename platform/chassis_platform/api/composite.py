"""Several requests in one: `composite`, whose later ones use what earlier ones answered, and `composite/batch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.composite_references import References
from chassis_platform.api.composite_subrequests import (
    Outcome,
    Subrequest,
    halted,
    read_reference_id,
    read_subrequest,
    reads_of,
    send,
)
from chassis_platform.api.deps import definitions_route, route
from chassis_platform.api.idempotency import KEY_HEADER, idempotent, is_keyed
from chassis_platform.api.one_transaction import UndoneError, in_one_transaction
from chassis_platform.api.versions import ROOT, demand_version
from chassis_tenants.database import Transaction

MOST_SUBREQUESTS = 25
MOST_READING_MANY = 5
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."
_LOCKED = b'"UNABLE_TO_LOCK_ROW"'
RESOURCES = ("batch", "graph", "sobjects", "tree")


async def list_resources(context: Context, request: Request) -> Response:
    """`GET /composite`."""
    del context
    root = f"/services/data/v{demand_version(request)}/composite"
    return json_response({name: f"{root}/{name}" for name in RESOURCES})


def read_subrequests(found: object, place: str, *, most: int) -> list[Subrequest]:
    """The subrequests under a name of the body, with their reference ids; raises all that is wrong with them."""
    problems: list[Problem] = []
    subrequests: list[Subrequest] = []
    known: set[str] = set()
    for number, document in enumerate(list_of_objects(found, place, most=most)):
        here = f"{place}[{number}]"
        try:
            reference_id = read_reference_id(document, here)
            if reference_id in known:
                raise Invalid.of("invalid_input", f"{here}.referenceId: {reference_id} is another one's already.")
            known.add(reference_id)
            subrequests.append(replace(read_subrequest(document, here), reference_id=reference_id))
        except Invalid as error:
            problems += error.problems
    if problems:
        raise Invalid(tuple(problems))
    return subrequests


def list_of_objects(found: object, place: str, *, most: int) -> list[dict[str, Any]]:
    """An array of objects from the body, which is not empty and not too long."""
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise Invalid.of("json_parser_error", f'The body must have "{place}": an array of objects.')
    if len(found) > most:
        raise Invalid.of("exceeded_max_size_request", f"{place}: at most {most} a call; {len(found)} came.")
    return found


def flag(document: Mapping[str, Any], name: str) -> bool:
    """A truth value of the body; false where it is not said, or null."""
    value = False if document.get(name) is None else document[name]
    if not isinstance(value, bool):
        raise Invalid.of("json_parser_error", f'"{name}" must be true or false.')
    return value


@dataclass(slots=True)
class _Answered:
    """What was answered so far, by reference id; a document is read when something refers to it."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def document(self, reference_id: str) -> Any:
        """What references look into. One that was refused has no values."""
        outcome = self.outcomes.get(reference_id)
        if outcome is None or outcome.is_failure or not outcome.body:
            return None
        if reference_id not in self.documents:
            self.documents[reference_id] = orjson.loads(outcome.body)
        return self.documents[reference_id]


async def send_each(request: Request, subrequests: Sequence[Subrequest]) -> list[Outcome]:
    """One after the other, each on its own; what refers to one that failed is halted."""
    answered = _Answered()
    for each in subrequests:
        answered.outcomes[each.reference_id] = await send(request, each, References(answered.document))
    return list(answered.outcomes.values())


async def send_together(context: Context, request: Request, subrequests: Sequence[Subrequest]) -> list[Outcome]:
    """In one transaction: after the first that fails nothing is left of any."""
    answered = _Answered()

    async def work(joined: Request, transaction: Transaction) -> None:
        del transaction
        answered.outcomes.clear()
        answered.documents.clear()
        for each in subrequests:
            outcome = await send(joined, _all_or_none(each), References(answered.document))
            answered.outcomes[each.reference_id] = outcome
            if _has_failed(each, outcome):
                raise UndoneError(is_locked=_LOCKED in outcome.body)

    try:
        await in_one_transaction(context, request, work)
    except UndoneError:
        failed = next(reversed(answered.outcomes))
        rest = halted(ROLLED_BACK)
        return [answered.outcomes[failed] if each.reference_id == failed else rest for each in subrequests]
    return list(answered.outcomes.values())


def _all_or_none(subrequest: Subrequest) -> Subrequest:
    """What holds for all subrequests holds for the records of each."""
    if not subrequest.is_collection:
        return subrequest
    if subrequest.method == "DELETE":
        pairs = [pair for pair in parse_qsl(subrequest.query, keep_blank_values=True) if pair[0] != "allOrNone"]
        return replace(subrequest, query=urlencode([*pairs, ("allOrNone", "true")]))
    body = subrequest.body
    return replace(subrequest, body={**body, "allOrNone": True}) if isinstance(body, dict) else subrequest


def _has_failed(subrequest: Subrequest, outcome: Outcome) -> bool:
    if outcome.is_failure or not subrequest.is_collection or b'"success":false' not in outcome.body:
        return outcome.is_failure
    results = orjson.loads(outcome.body)
    return isinstance(results, list) and any(
        isinstance(each, dict) and each.get("success") is False for each in results
    )


def result_document(subrequest: Subrequest, outcome: Outcome) -> dict[str, Any]:
    """One subrequest's outcome, as composites answer it."""
    return {
        "body": outcome.document,
        "httpHeaders": dict(outcome.headers),
        "httpStatusCode": outcome.status,
        "referenceId": subrequest.reference_id,
    }


def result_documents(subrequests: Sequence[Subrequest], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The outcomes of all, in their order."""
    return [result_document(each, outcome) for each, outcome in zip(subrequests, outcomes, strict=True)]


async def composite(context: Context, request: Request) -> Response:
    """`POST /composite`. Subrequests run in their order, also where `collateSubrequests` allows another one."""
    demand_version(request)
    document = await json_object(request)
    together = flag(document, "allOrNone")
    flag(document, "collateSubrequests")
    subrequests = read_subrequests(document.get("compositeRequest"), "compositeRequest", most=MOST_SUBREQUESTS)
    demand_only_writes(request, subrequests)
    if reads_of(subrequests) > MOST_READING_MANY:
        message = f"At most {MOST_READING_MANY} subrequests may be queries or collections."
        raise Invalid.of("exceeded_max_size_request", message)
    outcomes = await send_together(context, request, subrequests) if together else await send_each(request, subrequests)
    return json_response({"compositeResponse": result_documents(subrequests, outcomes)})


def demand_only_writes(request: Request, subrequests: Sequence[Subrequest]) -> None:
    """An answer that is kept for a repeated call must not hold what was read: who asks may see less by then."""
    if is_keyed(request) and any(each.is_read for each in subrequests):
        raise Invalid.of("invalid_input", f"{KEY_HEADER} goes with subrequests that write, not with ones that read.")


async def batch(context: Context, request: Request) -> Response:
    """`POST /composite/batch`: requests that have nothing to do with each other."""
    del context
    demand_version(request)
    document = await json_object(request)
    halts = flag(document, "haltOnBatchError")
    found = list_of_objects(document.get("batchRequests"), "batchRequests", most=MOST_SUBREQUESTS)
    subrequests = _batched(found)
    demand_only_writes(request, subrequests)
    outcomes: list[Outcome] = []
    for each in subrequests:
        if halts and any(one.is_failure for one in outcomes):
            outcomes.append(halted("Batch processing halted per request", code="batch_processing_halted", status=412))
        else:
            outcomes.append(await send(request, each))
    results = [{"statusCode": each.status, "result": each.document} for each in outcomes]
    return json_response({"hasErrors": any(each.is_failure for each in outcomes), "results": results})


def _batched(documents: Sequence[Mapping[str, Any]]) -> list[Subrequest]:
    problems: list[Problem] = []
    subrequests: list[Subrequest] = []
    for number, document in enumerate(documents):
        place = f"batchRequests[{number}]"
        try:
            if "binaryPartName" in document or "binaryPartNameAlias" in document:
                raise Invalid.of("invalid_input", f"{place}: binary parts are not taken; upload files on their own.")
            subrequests.append(read_subrequest(document, place, body_name="richInput"))
        except ChassisError as error:
            problems += error.problems
    if problems:
        raise Invalid(tuple(problems))
    return subrequests


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/composite"
    return [
        definitions_route(base, ["GET"], list_resources),
        route(base, ["POST"], idempotent(composite)),
        route(f"{base}/batch", ["POST"], idempotent(batch)),
    ]
