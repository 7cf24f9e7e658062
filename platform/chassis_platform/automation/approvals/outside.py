"""What approvals ask of other engines: start a flow, tell users what is asked of them and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import ChassisError, Problem
from chassis_metadata.logic.approval import KIND
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.approvals.people import delegates_of
from chassis_platform.automation.approvals.running import APPROVED, REJECTED, Running
from chassis_platform.automation.flows.runner import start
from chassis_platform.automation.notify import Notice, give_notice
from chassis_platform.automation.people import Naming, Person, people
from chassis_tenants.database import Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """A line for users and members of queues about a record; `status` is a word of the history, such as Reminded."""

    running: Running
    actor_ids: tuple[str, ...]
    title: str = ""
    text: str = ""
    step: str | None = None
    status: str | None = None


async def start_flow(
    transaction: Transaction, context: Context, name: str, record_ids: Sequence[str]
) -> Sequence[Problem]:
    """Start a flow for these records; answers what went wrong with it."""
    try:
        await start(transaction, as_automation(context), name, record_ids, trigger=KIND)
    except ChassisError as error:
        return error.problems
    return ()


async def send_messages(transaction: Transaction, context: Context, messages: Sequence[Message]) -> None:
    """Tell users, each in the own language; one who is meant twice by a message is told once."""
    namings = {Naming("id", actor) for each in messages for actor in each.actor_ids}
    if not namings:
        return
    found = await people(transaction, context, namings)
    notices = [notice for each in messages for notice in _notices(context, each, found)]
    if notices:
        await give_notice(transaction, context, notices)


def _notices(context: Context, message: Message, found: Mapping[Naming, tuple[Person, ...]]) -> Iterator[Notice]:
    told = {person.id: person for actor in message.actor_ids for person in found.get(Naming("id", actor), ())}
    for person in told.values():
        yield Notice(
            person.id,
            message.title or _title(context, message, person.language),
            message.text or None,
            message.running.process.object_name,
            message.running.record_id,
            f"{KIND}.{message.running.process.name}",
        )


def _title(context: Context, message: Message, language: str) -> str:
    process, snapshot = message.running.process, context.snapshot
    words = [process.label_in(snapshot, language)]
    if message.step is not None:
        words.append(process.step_label_in(snapshot, language, message.step))
    if message.status is not None:
        key = f"objects.ProcessInstanceStep.fields.StepStatus.values.{message.status}"
        words.append(snapshot.text(language, key, message.status))
    return " · ".join(words)


def _deputies(delegates: Sequence[tuple[str, str | None]], running: Running) -> Iterator[str]:
    for user_id, process in delegates:
        if process in (None, running.process.name) and user_id != running.submitter_id:
            yield user_id


async def tell(transaction: Transaction, context: Context, runnings: Iterable[Running]) -> None:
    """Tell who is asked now, and whoever decides for them meanwhile; and who submitted, how it ended."""
    runnings = list(runnings)
    asked = {each.actor_id for running in runnings for each in running.added.values()}
    away = await delegates_of(transaction, context, asked) if asked else {}
    messages: list[Message] = []
    for running in runnings:
        text = running.comments or ""
        for step in dict.fromkeys(each.step for each in running.added.values()):
            actors = [each.actor_id for each in running.added.values() if each.step == step]
            others = [one for actor in actors for one in _deputies(away.get(actor, ()), running)]
            messages.append(Message(running, (*actors, *others), text=text, step=step))
        if running.status in (APPROVED, REJECTED) and running.actor_id != running.submitter_id:
            messages.append(Message(running, (running.submitter_id,), text=text, status=running.status))
    await send_messages(transaction, context, messages)
