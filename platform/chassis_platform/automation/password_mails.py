"""The mail to who has forgotten a password. Its link is made when it is sent, and kept nowhere in clear."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from chassis_platform.auth.credentials import find_user
from chassis_platform.auth.new_password import LINK_VALID_FOR, new_reset_token, void_reset_token
from chassis_platform.automation.account_holder import account_holder
from chassis_platform.automation.identity import context_of_job
from chassis_platform.automation.mail import Letter, deliver, letter_of
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, enqueue, setup_entry
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

log = structlog.get_logger()

JOB = "password_mail"
#: The page of the web application. What follows the # is sent to no server and stands in no log.
PAGE = "reset-password#"


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    text: str


_WORDS = {
    "en_US": _Words(
        "Set a new password",
        "Hello {name},\n\nsomebody, hopefully you, asked for a new password of {username}."
        "\nWithin {minutes} minutes this link lets you set one, once:\n\n{link}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n",
    ),
    "zh_CN": _Words(
        "设置新密码",
        "{name}，您好：\n\n有人（希望是您本人）为 {username} 申请了新密码。"
        "\n请在 {minutes} 分钟内通过以下链接设置，链接仅可使用一次：\n\n{link}\n\n"
        "如果不是您本人操作，无需处理：您的密码不会改变。\n",
    ),
}


def queue_reset_mail(tenant_id: int, user_id: str) -> Statement:
    """Queue the mail."""
    return enqueue(tenant_id, JOB, {"user_id": user_id})


async def send_reset_mail(
    database: Database, snapshots: SnapshotStore, settings: Settings, tenant_id: int, user_id: str
) -> None:
    """Make a link and send it. Run twice, two links are sent; setting a password ends both."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    if settings.smtp_host is None:
        log.warning("no mail server: a forgotten password was not answered", tenant=context.tenant.name)
        return
    person = await account_holder(database, tenant_id, user_id)
    known = await find_user(database, tenant_id, user_id)
    token = await new_reset_token(database, known) if person and known else None
    if person is None or known is None or token is None:
        return
    words = _WORDS.get(person.language or context.tenant.language, _WORDS["en_US"])
    base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    text = words.text.format(
        name=person.name,
        username=person.username,
        minutes=int(LINK_VALID_FOR.total_seconds() // 60),
        link=f"{base}/{PAGE}{token}",
    )
    letter = Letter(f"reset.{user_id}.{token[-12:]}", person.address, words.subject, text)
    try:
        refused = await asyncio.to_thread(deliver, settings, {user_id: letter_of(settings, context, letter)})
    except OSError:  # the mail server is not there: the job comes again, with a link of its own
        await void_reset_token(database, known, token)
        raise
    said = f"Sent a link to set a new password to {known.username}." if not refused else "The link could not be sent."
    change = SetupChange("sentPasswordLink", "Users", user_id, said)
    await database.read(Binding(tenant_id), setup_entry(tenant_id, Actor(None, "automation"), change))
