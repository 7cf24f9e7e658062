"""The worker looks after requests that wait too long: reminds whoever is asked and the manager, then asks higher up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis_metadata.ids import new_ids
from chassis_metadata.logic.approval import Approver, Step
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.approvers import Ask, expressions_of, find_approvers
from chassis_platform.automation.approvals.ask import ask_all
from chassis_platform.automation.approvals.deadlines import due_times, hours_formula
from chassis_platform.automation.approvals.definitions import what_is_broken
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer
from chassis_platform.automation.approvals.load import load
from chassis_platform.automation.approvals.outside import Message, send_messages, tell
from chassis_platform.automation.approvals.people import People, find_people
from chassis_platform.automation.approvals.running import ESCALATED, REMINDED, Line, Running, Workitem
from chassis_platform.automation.approvals.stages import WORKITEM_PREFIX
from chassis_platform.automation.approvals.store import WORKITEM, store
from chassis_platform.automation.keeping import updated
from chassis_platform.automation.unattended import unattended, until_none_is_left
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

#: Requests of one transaction.
BATCH = 200
_DUE = (
    "SELECT w.id FROM tenant.process_instance_workitem w"
    " WHERE w.tenant_id = %(tenant_id)s AND w.next_check_date <= %(now)s AND NOT w.is_deleted"
    " ORDER BY w.next_check_date, w.id LIMIT %(most)s"
)


@dataclass(frozen=True, slots=True)
class _Late:
    """A request whose time has come."""

    running: Running
    item: Workitem
    step: Step


async def check_deadlines(database: Database, snapshots: SnapshotStore, tenant_id: int) -> int:
    """Remind and escalate what is due in a tenant; answers how many requests. Safe to run twice."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return 0
    now = clock.now()
    return await until_none_is_left(lambda: _check_batch(database, context, now))


async def _check_batch(database: Database, context: Context, now: datetime) -> int:
    due = Statement(_DUE, {"tenant_id": context.tenant.id, "now": now, "most": BATCH})
    [rows] = await database.read(context.binding, due)
    ids = [item_id for (item_id,) in rows]
    if not ids:
        return 0
    async with database.transaction(context.binding) as transaction:
        loaded = await load(transaction, context, ids)
        late = [each for item_id in ids for each in _taken(loaded.by_item.get(item_id), item_id, now)]
        await _leave_alone(transaction, context, set(ids) - {each.item.id for each in late})
        people = await find_people(transaction, context, {each.item.actor_id for each in late})
        higher = [each for each in late if each.item.escalate is not None and each.item.escalate <= now]
        await _remind(transaction, context, [each for each in late if each.item.due == each.item.next_check], people)
        await _escalate(transaction, context, higher, people)
        runnings = list(dict.fromkeys(each.running for each in late))
        await store(transaction, context, runnings)
        await tell(transaction, context, runnings)
        return len(ids)


async def _leave_alone(transaction: Transaction, context: Context, ids: Iterable[str]) -> None:
    """Requests that nothing can be done about (their approval is broken off) are not looked at again."""
    rows = [{"Id": each, "NextCheckDate": None} for each in sorted(ids)]
    await transaction.fetch_each(list(updated(context, WORKITEM, rows)))


def _taken(running: Running | None, item_id: str, now: datetime) -> Sequence[_Late]:
    """The request, unless somebody else saw to it meanwhile; what is done next is noted at once."""
    item = running.open.get(item_id) if running is not None else None
    if running is None or item is None or item.next_check is None or item.next_check > now:
        return ()
    step = running.process.step(item.step)
    next_check = item.escalate if item.escalate is not None and item.escalate > now else None
    running.moved[item_id] = replace(item, next_check=next_check)
    running.comments = None
    return (_Late(running, item, step),) if step is not None else ()


async def _remind(transaction: Transaction, context: Context, late: Sequence[_Late], people: People) -> None:
    """Whoever is asked, and the manager."""
    messages: list[Message] = []
    for each in late:
        item = each.item
        each.running.lines.append(Line(REMINDED, each.step.label, item.step, original_actor_id=item.actor_id))
        managers = {people.managers.get(user) for user in people.users_of(item.actor_id)}
        told = (item.actor_id, *sorted(manager for manager in managers if manager is not None))
        messages.append(Message(each.running, told, step=item.step, status=REMINDED))
    await send_messages(transaction, context, messages)


async def _escalate(transaction: Transaction, context: Context, late: Sequence[_Late], people: People) -> None:
    """Whom the process names, else the manager of whoever is asked, is asked instead."""
    working = [each for each in late if what_is_broken(context.snapshot, each.running.process) is None]
    if not working:
        return
    asks = await _asks(transaction, context, working)
    now = clock.now()
    found = [ask.found or _manager(people, each) for each, ask in zip(working, asks, strict=True)]
    ids = iter(new_ids(WORKITEM_PREFIX, max(sum(map(len, found)), 1)))
    for each, ask, actors in zip(working, asks, found, strict=True):
        running, item = each.running, each.item
        others = [actor for actor in actors if actor != item.actor_id]
        running.lines.append(Line(ESCALATED, each.step.label, item.step, original_actor_id=item.actor_id))
        if not others:
            continue
        due, escalate = due_times(context, running.process, each.step.deadline, ask.answer, now)
        running.moved.pop(item.id, None)
        running.drop([item.id])
        for actor in others:
            fresh = replace(item, id=next(ids), actor_id=actor, due=due, escalate=escalate, next_check=due or escalate)
            running.add(fresh)


async def _asks(transaction: Transaction, context: Context, late: Sequence[_Late]) -> list[Ask]:
    groups: dict[tuple[str, str], list[_Late]] = {}
    for each in late:
        groups.setdefault((each.running.process.digest, each.step.name), []).append(each)
    wanted = []
    for group in groups.values():
        process = group[0].running.process
        obj = context.snapshot.objects[process.object_name]
        hours = hours_formula(context, process)
        expressions = list(expressions_of(context.snapshot, obj, group[0].step.deadline.escalate_to))
        wanted.append(([each.running for each in group], expressions + ([hours] if hours is not None else [])))
    answers = await ask_all(transaction, context, wanted)
    asks = [_ask(context, each, each.step.deadline.escalate_to, answers.get(each.running, NO_ANSWER)) for each in late]
    await find_approvers(transaction, context, asks)
    return asks


def _ask(context: Context, each: _Late, approvers: Sequence[Approver], answer: Answer) -> Ask:
    obj = context.snapshot.objects[each.running.process.object_name]
    return Ask(each.running, obj, approvers, answer)


def _manager(people: People, each: _Late) -> tuple[str, ...]:
    manager = people.managers.get(each.item.actor_id)
    higher = people.free_from(manager, each.running.submitter_id) if manager is not None else None
    return (higher,) if higher is not None else ()
