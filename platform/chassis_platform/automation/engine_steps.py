"""The flow steps of this floor's engines: assign, score, post, refresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.automation.assignment.assign import assign, problems_of, rule_named
from chassis_platform.automation.flows.steps import EngineStep, register_engine
from chassis_platform.automation.ledgers.post import Posting, ledger_named, post
from chassis_platform.automation.scoring.score import model_named, score
from chassis_platform.automation.segments import refresh

_POSTING = ("account", "amount", "key", "type", "reason", "expires", "source", "reverses")


async def assign_step(step: EngineStep) -> Mapping[str, Any]:
    """Who was chosen, by record."""
    _demand_object(step, rule_named(step.context.snapshot, step.use).object_name)
    made = await assign(step.transaction, step.context, step.use, step.record_ids)
    problems = problems_of(made)
    if problems:
        raise Invalid(problems)
    return {each.record_id: each.chosen_id for each in made}


async def score_step(step: EngineStep) -> Mapping[str, Any]:
    """The new score of the records whose score changed."""
    _demand_object(step, model_named(step.context.snapshot, step.use).object_name)
    scored = await score(step.transaction, step.context, step.use, step.record_ids)
    return {each.record_id: each.score for each in scored}


def _demand_object(step: EngineStep, name: str) -> None:
    if step.obj.name != name:
        raise Invalid.of("wrong_type", f"{step.use} is about {name}; the step has records of {step.obj.name}.")


async def post_step(step: EngineStep) -> Mapping[str, Any]:
    """The balance after each posting. A record of the ledger's object is its own account unless another is named."""
    own = ledger_named(step.context.snapshot, step.use).object_name == step.obj.name
    pairs = zip(step.record_ids, step.arguments, strict=True)
    postings = [_posting(record_id, arguments, own=own) for record_id, arguments in pairs]
    posted = await post(step.transaction, step.context, step.use, postings)
    results = zip(step.record_ids, posted, strict=True)
    problems = [replace(each.problem, path=record_id) for record_id, each in results if each.problem is not None]
    if problems:
        raise Invalid(problems)
    return {record_id: each.balance for record_id, each in zip(step.record_ids, posted, strict=True)}


def _posting(record_id: str, arguments: Mapping[str, Any], *, own: bool) -> Posting:
    unknown = [name for name in arguments if name not in _POSTING]
    if unknown:
        raise Invalid.of("unknown_key", f"post has no argument {unknown[0]!r}. It has: {', '.join(_POSTING)}.")
    if not arguments.get("key"):
        raise Invalid.of("missing_argument", "post needs a `key`: a text that names the posting for good.")
    expires = arguments.get("expires")
    return Posting(
        str(arguments.get("account") or (record_id if own else "")),
        str(arguments["key"]),
        _amount(arguments.get("amount")),
        arguments.get("type"),
        arguments.get("reason"),
        date.fromisoformat(str(expires)[:10]) if expires else None,
        arguments.get("source") or record_id,
        arguments.get("reverses"),
    )


def _amount(value: Any) -> Decimal:
    try:
        return Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation:
        raise Invalid.of("wrong_type", f"The amount {value!r} is no number.") from None


async def refresh_step(step: EngineStep) -> Mapping[str, Any]:
    """How many members the segment has by now, for every record."""
    refreshed = await refresh(step.transaction, step.context, step.use)
    return dict.fromkeys(step.record_ids, refreshed.members)


for name, engine in {"assign": assign_step, "score": score_step, "post": post_step, "refresh": refresh_step}.items():
    register_engine(name, engine)
