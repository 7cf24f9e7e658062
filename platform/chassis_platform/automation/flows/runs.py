"""FlowRun records: what ran, over which records, what it did, why it failed; and the queue of what is to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from chassis_metadata.errors import Problem
from chassis_metadata.logic.flow import Flow
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.chain import Link, running_chain
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.run import Effect, Run
from chassis_platform.automation.keeping import common, inserted, updated, with_ids
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Transaction
from chassis_tenants.journal import enqueue
from chassis_tenants.statement import Statement

OBJECT = "FlowRun"
JOB = "run_flow"
BATCH = 200
QUEUED, RETRYING, SUCCEEDED, FAILED, REPLAYED = "Queued", "Retrying", "Succeeded", "Failed", "Replayed"
REFUSED = "Refused"  # ran with a save, and the save with it came to nothing
#: What is kept of what a run did, in characters.
_MOST_KEPT = 60_000
_CHAIN_LENGTH = 1_000
_ERROR_LENGTH = 4_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A FlowRun that is to run, as it was queued."""

    id: str
    flow: str
    trigger: str
    attempts: int
    user_id: str | None
    items: tuple[Item, ...]
    place: str | None = None  # the step after which a wait goes on
    version: str | None = None  # the digest of the flow that it waited in
    links: tuple[Link, ...] = ()
    input: Mapping[str, Any] = field(default_factory=dict)


def input_of(items: Sequence[Item], place: str | None, version: str | None, links: Sequence[Link]) -> str:
    """What a run begins with, as JSON."""
    document = {
        "items": [
            {"id": each.record_id, "new": each.is_new, "prior": each.prior, "variables": each.variables}
            for each in items
        ],
        "place": place,
        "version": version,
        "chain": [[each.flow, sorted(each.record_ids)] for each in links],
    }
    return folded([document])[1:-1]


def items_in(document: Mapping[str, Any]) -> tuple[Item, ...]:
    """The items of a run's input; variables stay as JSON holds them: only statements read them."""
    return tuple(
        Item(number, each["id"], variables=each["variables"], prior=each["prior"], is_new=each["new"])
        for number, each in enumerate(document["items"])
    )


def _row(flow: Flow, trigger: str, items: Sequence[Item], user_id: str | None) -> dict[str, Any]:
    ids = [each.record_id for each in items if each.record_id]
    return {
        "FlowName": flow.name,
        "Version": f"{flow.package} {flow.version}".strip() if flow.package else None,
        "Trigger": trigger,
        "ObjectName": flow.object_name,
        "RecordIds": ids or None,
        "RecordCount": len(ids),
        "Chain": running_chain().names[:_CHAIN_LENGTH] or None,
        "UserId": user_id,
        "OwnerId": user_id,
    }


async def queue_runs(  # noqa: PLR0913  what a run begins with
    transaction: Transaction,
    context: Context,
    flow: Flow,
    items: Sequence[Item],
    trigger: str,
    *,
    place: str | None = None,
    version: str | None = None,
    replay_of: str | None = None,
    run_at: datetime | None = None,
    attempts: int = 0,
    error: Mapping[str, Any] | None = None,
) -> list[str]:
    """Queue runs over the records, some hundred in each; they begin when the transaction is committed."""
    links = running_chain().links
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    rows = [
        {
            **_row(flow, trigger, each, context.principal.user_id),
            "Status": RETRYING if error else QUEUED,
            "Input": input_of(each, place, version, links),
            "Attempts": attempts,
            "ReplayOfId": replay_of,
            "NextAttemptAt": run_at,
            **(error or {}),
        }
        for each in batches
    ]
    found = with_ids(context.snapshot.objects[OBJECT], rows)
    jobs = [enqueue(context.tenant.id, JOB, {"run": each["Id"]}, run_at=run_at) for each in found]
    await transaction.fetch_each([*inserted(context, OBJECT, found), *jobs])
    return [each["Id"] for each in found]


def effects_text(effects: Sequence[Effect]) -> str | None:
    """What a run did, as JSON; the end of a very long list is left out."""
    if not effects:
        return None
    documents: list[dict[str, Any]] = []
    size = 0
    for each in effects:
        document = each.document()
        size += len(orjson.dumps(document))
        if size > _MOST_KEPT:
            documents.append({"more": len(effects) - len(documents)})
            break
        documents.append(document)
    return orjson.dumps(documents).decode()


def changed_count(effects: Sequence[Effect]) -> int:
    """How many records a run made, changed or deleted."""
    return len({each.record_id for each in effects if each.did in ("updated", "created", "deleted")})


def outcome(run: Run, started: datetime) -> dict[str, Any]:
    """What is noted of a run that came to its end."""
    ended = clock.now()
    return {
        "Status": SUCCEEDED,
        "StartedAt": started,
        "EndedAt": ended,
        "Milliseconds": int((ended - started).total_seconds() * 1000),
        "ChangedCount": changed_count(run.effects),
        "Changes": effects_text(run.effects),
    }


async def note_synchronous(run: Run, items: Sequence[Item], trigger: str, started: datetime) -> None:
    """One row for a batch that ran with a save: counts, or with `trace: all` everything."""
    flow = run.flow
    if flow.trace in ("none", "failures"):
        return
    row = {**_row(flow, trigger, items, run.context.principal.user_id), **outcome(run, started), "Attempts": 1}
    if flow.trace != "all":
        row["Changes"] = None
    found = with_ids(run.snapshot.objects[OBJECT], [row])
    await run.transaction.fetch_each(list(inserted(run.context, OBJECT, found)))


def error_text(items: Sequence[Item], problems: Mapping[int, Sequence[Problem]]) -> str:
    """What is wrong with which record; the same said of many is said once."""
    said: dict[str, list[str]] = {}
    for each in items:
        for problem in problems.get(each.root, ()):
            said.setdefault(f"{problem.code.upper()}: {problem.message}", []).append(each.record_id or "")
    lines = [f"{message} ({', '.join(ids[:5])}{' …' if len(ids) > 5 else ''})" for message, ids in said.items()]  # noqa: PLR2004  enough to find one
    return "\n".join(lines)[:_ERROR_LENGTH]


async def note_refused(transaction: Transaction, run: Run, items: Sequence[Item], started: datetime) -> None:
    """A run that refused the save that set it off, kept although the save was undone."""
    row = {
        **_row(run.flow, run.flow.start, items, run.context.principal.user_id),
        **outcome(run, started),
        "Status": REFUSED,
        "ChangedCount": 0,
        "Changes": None,
        "FailedStep": run.failed_step,
        "Error": error_text(items, run.problems),
        "Attempts": 1,
    }
    found = with_ids(run.snapshot.objects[OBJECT], [row])
    await transaction.fetch_each(list(inserted(run.context, OBJECT, found)))


async def note(transaction: Transaction, context: Context, run_id: str, **values: Any) -> None:
    """Change what is kept of a run."""
    await transaction.fetch_each(list(updated(context, OBJECT, [{"Id": run_id, **values}])))


_FORGET = Statement("DELETE FROM data.flow_run WHERE tenant_id = %(tenant_id)s AND id = %(id)s")


async def end(run: Run, run_id: str, attempts: int, started: datetime) -> None:
    """A queued run is done: with the work, in its transaction."""
    if run.flow.trace in ("none", "failures"):
        await run.transaction.fetch(_FORGET.bind(tenant_id=run.context.tenant.id, id=run_id))
        return
    values = {**outcome(run, started), "Attempts": attempts, "Error": None, "FailedStep": None, "NextAttemptAt": None}
    await note(run.transaction, run.context, run_id, **values)


_TAKE = Statement(
    "SELECT id, flow_name, trigger, coalesce(attempts, 0)::int, user_id, input FROM data.flow_run"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = ANY (%(statuses)s) FOR UPDATE"
)


async def take(transaction: Transaction, context: Context, run_id: str, *statuses: str) -> Kept | None:
    """A run in one of these states, locked; None where another was faster."""
    rows = await transaction.fetch(_TAKE.bind(**common(context), id=run_id, statuses=list(statuses)))
    if not rows:
        return None
    kept_id, flow, trigger, attempts, user_id, text = rows[0]
    document = orjson.loads(text)
    links = tuple(Link(name, frozenset(ids)) for name, ids in document["chain"])
    waited = (document["place"], document.get("version"))
    return Kept(kept_id, flow, trigger, attempts, user_id, items_in(document), *waited, links, document)
