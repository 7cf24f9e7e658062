"""Assignment, scores, segments, ledgers and decision tables, asked by people and other systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from psycopg import errors as pg_errors
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Conflict, Forbidden, Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.segment import KIND as SEGMENT
from chassis_metadata.logic.segment import segments_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.errors import problem_document
from chassis_platform.api.ui_objects import readable_record
from chassis_platform.automation.assignment.assign import Assignment, assign, rule_named
from chassis_platform.automation.decision_tables import decide
from chassis_platform.automation.flows.buttons import check_visible
from chassis_platform.automation.keeping import common
from chassis_platform.automation.ledgers.post import Posted, Posting, ledger_named, post
from chassis_platform.automation.record_ids import MOST_RECORDS, ids_of
from chassis_platform.automation.scoring.reasons import reasons_of
from chassis_platform.automation.scoring.score import model_named, score
from chassis_platform.automation.segments import members_by_segment, refresh, segment_named
from chassis_platform.records.trail import as_text
from chassis_platform.records.write import race_problem
from chassis_platform.sql.ledger_statement import account_balances, account_entries
from chassis_tenants.database import Transaction

LAST_ENTRIES = 100
_IN_THE_WAY = (pg_errors.UniqueViolation, pg_errors.DeadlockDetected, pg_errors.SerializationFailure)

Answer = TypeVar("Answer")


async def _within(context: Context, request: Request, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
    """Do it in a transaction; who was overtaken is told so."""
    try:
        async with server_of(request).database.transaction(context.binding) as transaction:
            return await work(transaction)
    except _IN_THE_WAY as error:
        raise Conflict(race_problem(error)) from error


def _demand_update(context: Context, obj: Object) -> None:
    if not context.policy.on(obj.name).update:
        raise Forbidden.of("insufficient_access", f"You may not change records of {obj.label}.")


async def assign_records(context: Context, request: Request) -> Response:
    """`POST /ui/assignment_rules/{name}/assign` `{"recordIds"}`."""
    rule = rule_named(context.snapshot, request.path_params["name"])
    obj = context.snapshot.objects[rule.object_name]
    _demand_update(context, obj)
    ids = ids_of(obj, (await json_object(request)).get("recordIds"))

    async def work(transaction: Transaction) -> list[Assignment]:
        await check_visible(transaction, context, obj, ids)
        return await assign(transaction, context, rule.name, ids)

    return json_response({"assignments": [_assignment(each) for each in await _within(context, request, work)]})


def _assignment(each: Assignment) -> dict[str, Any]:
    return {
        "id": each.record_id,
        "entry": each.entry,
        "chosen": each.chosen_id,
        "previous": each.previous_id,
        "score": each.score,
        "success": not each.problems,
        "errors": [problem_document(problem, code_key="statusCode") for problem in each.problems],
    }


async def score_records(context: Context, request: Request) -> Response:
    """`POST /ui/scoring_models/{name}/score` `{"recordIds"}`: what changed."""
    model = model_named(context.snapshot, request.path_params["name"])
    obj = context.snapshot.objects[model.object_name]
    _demand_update(context, obj)
    ids = ids_of(obj, (await json_object(request)).get("recordIds"))

    async def work(transaction: Transaction) -> list[dict[str, Any]]:
        await check_visible(transaction, context, obj, ids)
        scored = await score(transaction, context, model.name, ids)
        return [{"id": each.record_id, "score": float(each.score), "band": each.band} for each in scored]

    return json_response({"scores": await _within(context, request, work)})


async def record_scores(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/scores`: the last result of each model, with its reasons."""
    obj, record_id = readable_record(context, request.path_params["id"])
    language = request.query_params.get("language") or context.principal.language

    async def work(transaction: Transaction) -> list[dict[str, Any]]:
        await check_visible(transaction, context, obj, [record_id])
        return await reasons_of(transaction, context, obj.name, record_id, language)

    return json_response({"scores": await _within(context, request, work)})


async def list_segments(context: Context, request: Request) -> Response:
    """`GET /ui/segments`: those of objects that the user may read, with how many members each has."""
    _demand_members(context)
    mine = [each for each in segments_of(context.snapshot) if context.policy.on(each.object_name).read]
    language = request.query_params.get("language") or context.principal.language

    counts = await _within(context, request, lambda transaction: members_by_segment(transaction, context))
    labels = {each.name: context.snapshot.logic_of(SEGMENT)[each.name].body["label"] for each in mine}
    found = [
        {
            "name": each.name,
            "label": context.snapshot.text(language, f"segments.{each.name}.label", labels[each.name]),
            "object": each.object_name,
            "refresh": each.refresh,
            "members": counts.get(each.name, 0),
        }
        for each in mine
    ]
    return json_response({"segments": found})


def _demand_members(context: Context) -> None:
    if not context.policy.on("SegmentMember").read:
        raise Forbidden.of("insufficient_access", "You may not read segments.")


async def refresh_segment(context: Context, request: Request) -> Response:
    """`POST /ui/segments/{name}/refresh`."""
    _demand_members(context)
    segment = segment_named(context.snapshot, request.path_params["name"])
    if not context.policy.on(segment.object_name).read:
        raise Forbidden.of("insufficient_access", f"You may not read {segment.object_name}.")
    made = await _within(context, request, lambda transaction: refresh(transaction, context, segment.name))
    return json_response({"joined": made.joined, "left": made.left, "members": made.members})


async def account_statement(context: Context, request: Request) -> Response:
    """`GET /ui/ledgers/{name}/accounts/{id}`: balances and the last entries of an account that the user sees."""
    ledger = ledger_named(context.snapshot, request.path_params["name"])
    obj, record_id = readable_record(context, request.path_params["id"])
    if not (context.policy.on("LedgerBalance").read and context.policy.on("LedgerEntry").read):
        raise Forbidden.of("insufficient_access", "You may not read ledgers.")

    async def work(transaction: Transaction) -> list[list[tuple[Any, ...]]]:
        await check_visible(transaction, context, obj, [record_id])
        bound = common(context) | {"ledger": ledger.name, "account": record_id, "most": LAST_ENTRIES}
        statements = [account_balances(context.snapshot), account_entries(context.snapshot)]
        return await transaction.fetch_each([each.bind(**bound) for each in statements])

    balances, entries = await _within(context, request, work)
    names = ("id", "time", "type", "amount", "balance", "reason", "expires")
    return json_response(
        {
            "balances": [
                {"type": kind, "balance": float(amount), "nextExpiry": as_text(day), "expiring": _float(expiring)}
                for kind, amount, day, expiring in balances
            ],
            "entries": [dict(zip(names, map(_plain, row), strict=True)) for row in entries],
        }
    )


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else as_text(value)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


async def post_entries(context: Context, request: Request) -> Response:
    """`POST /ui/ledgers/{name}/postings` `{"postings": [{"account", "key", "amount", …}]}`: all of them or none."""
    ledger = ledger_named(context.snapshot, request.path_params["name"])
    if ledger.permission is None or ledger.permission not in context.policy.grants.custom:
        raise Forbidden.of("insufficient_access", f"You may not post to {ledger.name}.")
    obj = context.snapshot.objects[ledger.object_name]
    document = await json_object(request)
    sent = document.get("postings")
    if not isinstance(sent, list) or not 0 < len(sent) <= MOST_RECORDS:
        raise Invalid.of("invalid_field", f"postings is a list of 1 to {MOST_RECORDS}.", fields=["postings"])
    postings = [_posting(each) for each in sent]

    async def work(transaction: Transaction) -> list[Posted]:
        known = {normal_id(each.account_id) for each in postings if is_id(each.account_id)}
        await check_visible(transaction, context, obj, sorted(known))
        return await post(transaction, context, ledger.name, postings)

    posted = await _within(context, request, work)
    status = 400 if any(each.problem for each in posted) else 200
    return json_response({"postings": [_posted(each) for each in posted]}, status)


def _posting(sent: Any) -> Posting:
    if not isinstance(sent, dict):
        raise Invalid.of("invalid_field", "A posting is an object.", fields=["postings"])
    texts = {name: sent.get(name) for name in ("account", "key", "type", "reason", "source", "reverses")}
    wrong = [name for name, value in texts.items() if value is not None and not isinstance(value, str)]
    if wrong:
        raise Invalid.of("invalid_field", f"{wrong[0]} is a text.", fields=[wrong[0]])
    try:
        amount = Decimal(str(sent.get("amount", 0)))
        expires = date.fromisoformat(sent["expires"]) if sent.get("expires") else None
    except (InvalidOperation, ValueError, TypeError):
        raise Invalid.of("invalid_field", "amount is a number, expires a date.", fields=["amount", "expires"]) from None
    account, key = texts["account"] or "", texts["key"] or ""
    rest = texts["type"], texts["reason"], expires, texts["source"], texts["reverses"]
    return Posting(account, key, amount, *rest)


def _posted(each: Posted) -> dict[str, Any]:
    return {
        "key": each.key,
        "account": each.account_id,
        "balance": _float(each.balance),
        "success": each.problem is None,
        "new": each.is_new,
        "errors": [problem_document(each.problem, code_key="statusCode")] if each.problem else [],
    }


async def ask_table(context: Context, request: Request) -> Response:
    """`POST /setup/decision_tables/{name}/decide` `{"inputs": [{…}]}`: to try a table."""
    context.policy.demand("ViewSetup")
    name = request.path_params["name"]
    inputs = (await json_object(request)).get("inputs")
    if (
        not isinstance(inputs, list)
        or not 0 < len(inputs) <= MOST_RECORDS
        or not all(isinstance(x, dict) for x in inputs)
    ):
        raise Invalid.of("invalid_field", f"inputs is a list of 1 to {MOST_RECORDS} objects.", fields=["inputs"])
    outputs = await _within(context, request, lambda transaction: decide(transaction, context, name, inputs))
    return json_response({"outputs": [{key: _plain(value) for key, value in each.items()} for each in outputs]})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/assignment_rules/{name}/assign", ["POST"], assign_records),
        route("/ui/scoring_models/{name}/score", ["POST"], score_records),
        route("/ui/records/{id}/scores", ["GET"], record_scores),
        route("/ui/segments", ["GET"], list_segments),
        route("/ui/segments/{name}/refresh", ["POST"], refresh_segment),
        route("/ui/ledgers/{name}/accounts/{id}", ["GET"], account_statement),
        route("/ui/ledgers/{name}/postings", ["POST"], post_entries),
        route("/setup/decision_tables/{name}/decide", ["POST"], ask_table),
    ]
