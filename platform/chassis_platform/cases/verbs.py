"""Verbs of a step that engines carry out: submit, approve, reject, recall, press a button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from chassis_metadata.errors import Problem
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.carry_out import carry_out
from chassis_platform.automation.approvals.requests import Decision, Recall, Request, Submission
from chassis_platform.automation.flows.buttons import press
from chassis_platform.automation.identity_checks.check import make_check, questions_of
from chassis_platform.automation.reveals.reveal import Wish, reveal
from chassis_platform.cases.stage import Stage

Body = Mapping[str, Any]
Verb = Callable[[Stage, Context, Body], Awaitable[list[Problem]]]


async def _carried_out(stage: Stage, context: Context, request: Request) -> list[Problem]:
    [outcome] = await carry_out(stage.theatre.database, context, [request])
    return list(outcome.problems)


async def _submit(stage: Stage, context: Context, body: Body) -> list[Problem]:
    approvers = [str(await stage.value(f"@{each}")) for each in body.get("approvers", ())]
    asked = Submission(
        stage.ids[body["record"]], body.get("process"), body.get("comment"), next_approvers=tuple(approvers)
    )
    return await _carried_out(stage, context, asked)


async def _approve(stage: Stage, context: Context, body: Body) -> list[Problem]:
    return await _decide(stage, context, body, approves=True)


async def _reject(stage: Stage, context: Context, body: Body) -> list[Problem]:
    return await _decide(stage, context, body, approves=False)


async def _decide(stage: Stage, context: Context, body: Body, *, approves: bool) -> list[Problem]:
    fields = await stage.value(dict(body.get("fields", {})))
    decision = Decision(stage.ids[body["record"]], approves, body.get("comment"), fields=fields)
    return await _carried_out(stage, context, decision)


async def _recall(stage: Stage, context: Context, body: Body) -> list[Problem]:
    return await _carried_out(stage, context, Recall(stage.ids[body["record"]], body.get("comment")))


async def _press(stage: Stage, context: Context, body: Body) -> list[Problem]:
    ids = [stage.ids[each] for each in body["records"]]
    await press(stage.theatre.database, context, body["flow"], ids, await stage.value(dict(body.get("variables", {}))))
    return []


async def _reveal(stage: Stage, context: Context, body: Body) -> list[Problem]:
    obj = context.snapshot.objects[stage.objects[body["record"]]]
    proof = stage.ids[body["verification"]] if "verification" in body else None
    wish = Wish(stage.ids[body["record"]], tuple(body["fields"]), str(body.get("reason", "")), proof)
    await reveal(stage.theatre.database, context, obj, wish)
    return []


async def _identify(stage: Stage, context: Context, body: Body) -> list[Problem]:
    """The answers to whatever is asked; a case names those to all questions that may come."""
    obj, database = context.snapshot.objects[stage.objects[body["record"]]], stage.theatre.database
    record_id, check = stage.ids[body["record"]], body["check"]
    asked = await questions_of(database, context, obj, record_id, check)
    answers = {each.name: str(body["answers"][each.name]) for each in asked.facts if each.name in body["answers"]}
    if (await make_check(database, context, obj, record_id, check, answers)).passed:
        return []
    return [Problem("", "identity_check_failed", "Not all answers were right.")]


VERBS: Mapping[str, Verb] = {
    "submit": _submit,
    "approve": _approve,
    "reject": _reject,
    "recall": _recall,
    "button": _press,
    "reveal": _reveal,
    "identify": _identify,
}
