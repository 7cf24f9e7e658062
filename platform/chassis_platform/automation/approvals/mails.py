"""E-mails to approvers, each with the shown fields and a link of the own that decides without signing in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis_metadata.logic.approval import KIND
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.links import VALID_FOR, Link, make_link
from chassis_platform.automation.approvals.load import Loaded, load
from chassis_platform.automation.approvals.running import Running, Workitem
from chassis_platform.automation.approvals.shown import Showing, Shown, Subject, subject_of
from chassis_platform.automation.mail import Mail, queue_mails
from chassis_platform.automation.people import Naming, Person, people
from chassis_platform.automation.unattended import unattended
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

_SENT = Statement(
    "SELECT DISTINCT m.source FROM tenant.email_message m"
    " WHERE m.tenant_id = %(tenant_id)s AND m.record_id = ANY (%(ids)s::text[])"
    " AND m.source = ANY (%(sources)s::text[])"
)


async def mail_approvers(
    database: Database, snapshots: SnapshotStore, tenant_id: int, item_ids: Sequence[str], *, key: bytes, base_url: str
) -> int:
    """Queue an e-mail for everybody who is asked by these requests and was not written to; answers how many."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return 0
    async with database.transaction(context.binding) as transaction:
        loaded = await load(transaction, context, item_ids)
        sources = [_source(each) for each in item_ids]
        sent = await transaction.fetch(_SENT.bind(tenant_id=tenant_id, ids=list(loaded.by_record), sources=sources))
        done = {source for (source,) in sent}
        waiting = [each for each in item_ids if each in loaded.by_item and _source(each) not in done]
        mails = await _mails(transaction, context, loaded, waiting, lambda link: f"{base_url}{make_link(key, link)}")
        if mails:
            await queue_mails(transaction, context, mails)
        return len(mails)


def _source(item_id: str) -> str:
    return f"{KIND}.{item_id}"


async def _mails(
    transaction: Transaction, context: Context, loaded: Loaded, item_ids: Sequence[str], address: Any
) -> list[Mail]:
    asked = [(loaded.by_item[each], loaded.by_item[each].open[each]) for each in item_ids]
    readers = await people(transaction, context, {Naming("id", item.actor_id) for _, item in asked})
    by_language: dict[str, Mapping[Subject, Any]] = {}
    mails: list[Mail] = []
    for running, item in asked:
        for person in readers.get(Naming("id", item.actor_id), ()):
            if person.id == running.submitter_id or not person.email:
                continue
            if person.language not in by_language:
                by_language[person.language] = await _shown(transaction, context, asked, person.language)
            expires = clock.now() + VALID_FOR
            link = Link(context.tenant.organization_id, item.id, person.id, expires)
            shown = by_language[person.language].get(subject_of(running.process, running.record_id), (None, []))
            mails.append(_mail(context, (running, item, person), shown, address(link)))
    return mails


async def _shown(
    transaction: Transaction, context: Context, asked: Sequence[tuple[Running, Workitem]], language: str
) -> Mapping[Subject, Any]:
    """In a reader's language. Nothing that is classified goes out by mail, so nothing is logged as read."""
    reading = replace(context, principal=replace(context.principal, language=language))
    open_only = [subject_of(running.process, running.record_id) for running, _ in asked]
    showing = Showing(reading, open_only)
    return showing.take(await transaction.fetch_each(showing.questions()))


def _mail(
    context: Context, asked: tuple[Running, Workitem, Person], shown: tuple[str | None, Sequence[Shown]], address: str
) -> Mail:
    running, item, person = asked
    name, fields = shown
    process, snapshot = running.process, context.snapshot
    step = process.step_label_in(snapshot, person.language, item.step)
    subject = f"{process.label_in(snapshot, person.language)} · {step}: {name or running.record_id}"
    lines = [f"{each.label}: {each.value}" for each in fields if not each.is_classified and each.value is not None]
    text = "\n".join([subject, "", *lines, "", address, ""])
    return Mail(
        person.email,
        subject,
        text,
        user_id=person.id,
        object_name=process.object_name,
        record_id=running.record_id,
        source=_source(item.id),
    )
