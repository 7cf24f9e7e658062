"""E-mails: kept as EmailMessage records in the transaction that wants them sent, and sent by a job."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr

import structlog

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.identity import context_of_job
from chassis_platform.automation.keeping import inserted, updated, with_ids
from chassis_platform.outbound import tls_context
from chassis_platform.settings import Settings
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import enqueue
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

log = structlog.get_logger()

OBJECT = "EmailMessage"
JOB = "send_mails"
QUEUED, SENT, FAILED = "Queued", "Sent", "Failed"
#: One connection to the mail server sends so many.
BATCH = 50
TIMEOUT_SECONDS = 30.0
#: What the mail server refuses for good begins with a 5.
_REFUSED_FOR_GOOD = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail to one address."""

    to: str
    subject: str
    text: str
    html: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    template: str | None = None
    user_id: str | None = None
    object_name: str | None = None
    record_id: str | None = None
    source: str | None = None  # flow.AssignLead


async def queue_mails(transaction: Transaction, context: Context, mails: Sequence[Mail]) -> list[str]:
    """Keep e-mails, to be sent when the caller's transaction is committed; answers their ids."""
    rows = [
        {
            "OwnerId": context.principal.user_id,
            "ToAddress": each.to,
            "Subject": each.subject,
            "TextBody": each.text,
            "HtmlBody": each.html,
            "FromName": each.sender or context.tenant.label,
            "ReplyTo": each.reply_to,
            "Status": QUEUED,
            "Template": each.template,
            "UserId": each.user_id,
            "ObjectName": each.object_name,
            "RecordId": each.record_id,
            "Source": each.source,
        }
        for each in mails
    ]
    kept = with_ids(context.snapshot.objects[OBJECT], rows)
    ids = [str(each["Id"]) for each in kept]
    jobs = [enqueue(context.tenant.id, JOB, {"ids": ids[start : start + BATCH]}) for start in range(0, len(ids), BATCH)]
    await transaction.fetch_each([*inserted(context, OBJECT, kept), *jobs])
    return ids


_TAKE = Statement(
    "SELECT id, to_address, subject, text_body, html_body, from_name, reply_to FROM data.email_message"
    " WHERE tenant_id = %(tenant_id)s AND id = ANY (%(ids)s) AND status = 'Queued' ORDER BY id FOR UPDATE SKIP LOCKED"
)


async def send_mails(
    database: Database, snapshots: SnapshotStore, settings: Settings, tenant_id: int, ids: Sequence[str]
) -> None:
    """Send what is still queued of these. Without a mail server they stay queued, to be seen in the list."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None or settings.smtp_host is None:
        return
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(_TAKE.bind(tenant_id=tenant_id, ids=list(ids)))
        if not rows:
            return
        messages = {str(row[0]): letter_of(settings, context, Letter(str(row[0]), *row[1:])) for row in rows}
        refused = await asyncio.to_thread(deliver, settings, messages)
        await _note(transaction, context, messages, refused)
    if any(not each.is_final for each in refused.values()):
        raise ConnectionError(next(each.reason for each in refused.values() if not each.is_final))


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed to the mail server."""

    id: str
    to: str
    subject: str | None
    text: str | None
    html: str | None = None
    sender: str | None = None
    reply_to: str | None = None


def letter_of(settings: Settings, context: Context, letter: Letter) -> EmailMessage:
    """The message as the wire has it."""
    message = EmailMessage()
    message["From"] = formataddr((_one_line(letter.sender), settings.smtp_from))
    message["To"] = _one_line(letter.to)
    message["Subject"] = _one_line(letter.subject)
    # The same message sent twice is one message to who sorts by this.
    message["Message-ID"] = f"<{letter.id}.{context.tenant.organization_id}@{settings.smtp_from.rpartition('@')[2]}>"
    message["Date"] = clock.now()
    if letter.reply_to:
        message["Reply-To"] = _one_line(letter.reply_to)
    message.set_content(letter.text or "")
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _one_line(text: str | None) -> str:
    """A header is one line: a break would begin another one."""
    return " ".join((text or "").split())


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a message was not sent, and whether that is the last word."""

    reason: str
    is_final: bool


def deliver(settings: Settings, messages: Mapping[str, EmailMessage]) -> dict[str, _Refusal]:
    """Send messages over one connection; answers those that were not taken."""
    refused: dict[str, _Refusal] = {}
    with _connected(settings) as server:
        for mail_id, message in messages.items():
            try:
                server.send_message(message)
            except smtplib.SMTPRecipientsRefused as error:
                code, reason = next(iter(error.recipients.values()))
                refused[mail_id] = _Refusal(f"{code} {reason.decode(errors='replace')}", code >= _REFUSED_FOR_GOOD)
            except smtplib.SMTPResponseException as error:
                refused[mail_id] = _Refusal(
                    f"{error.smtp_code} {error.smtp_error!r}", error.smtp_code >= _REFUSED_FOR_GOOD
                )
            except (ValueError, UnicodeError) as error:  # no address
                refused[mail_id] = _Refusal(str(error), is_final=True)
    return refused


def _connected(settings: Settings) -> smtplib.SMTP:
    host, port = str(settings.smtp_host), settings.smtp_port
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=tls_context())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        if settings.smtp_security == "starttls":
            server.starttls(context=tls_context())
    if settings.smtp_user and settings.smtp_password:
        server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    return server


async def _note(
    transaction: Transaction,
    context: Context,
    messages: Mapping[str, EmailMessage],
    refused: Mapping[str, _Refusal],
) -> None:
    now = clock.now()
    sent = [{"Id": each, "Status": SENT, "SentAt": now, "Error": None} for each in messages if each not in refused]
    lost = [
        {"Id": mail_id, "Status": FAILED if each.is_final else QUEUED, "Error": each.reason}
        for mail_id, each in refused.items()
    ]
    await transaction.fetch_each([*updated(context, OBJECT, sent), *updated(context, OBJECT, lost)])
