"""Mails that tell users what has changed of their way in, in their language."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from chassis_platform.auth.notices import Noticed
from chassis_platform.automation.account_holder import account_holder
from chassis_platform.automation.identity import context_of_job
from chassis_platform.automation.mail import Letter, deliver, letter_of
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

log = structlog.get_logger()

_SUBJECTS = {"en_US": "Your sign-in has changed", "zh_CN": "您的登录方式已变更"}
_TEXTS = {
    "en_US": "Hello {name},\n\n{what}\n\nAccount: {username}\n\n"
    "If it was not you, tell your administrator at once: all your sessions can be ended.\n",
    "zh_CN": "{name}，您好：\n\n{what}\n\n账号：{username}\n\n如非您本人操作，请立即联系管理员，可终止您的所有会话。\n",
}
_WHAT: Mapping[str, Mapping[Noticed, str]] = {
    "en_US": {
        Noticed.PASSWORD: "Your password was changed.",
        Noticed.FACTOR_ADDED: "A second factor or passkey was added.",
        Noticed.FACTOR_REMOVED: "A second factor or passkey was removed.",
        Noticed.FACTORS_RESET: "An administrator removed all your second factors and passkeys.",
        Noticed.RECOVERY_CODES: "New recovery codes were made; those before are void.",
    },
    "zh_CN": {
        Noticed.PASSWORD: "您的密码已修改。",
        Noticed.FACTOR_ADDED: "已添加一个第二验证方式或通行密钥。",
        Noticed.FACTOR_REMOVED: "已移除一个第二验证方式或通行密钥。",
        Noticed.FACTORS_RESET: "管理员已移除您的所有第二验证方式和通行密钥。",
        Noticed.RECOVERY_CODES: "已生成新的恢复码，原恢复码失效。",
    },
}


async def send_account_notice(
    database: Database, snapshots: SnapshotStore, settings: Settings, tenant_id: int, user_id: str, what: Noticed
) -> None:
    """Tell the user. Run twice, the user is told twice."""
    context = await context_of_job(database, snapshots, tenant_id)
    person = await account_holder(database, tenant_id, user_id)
    if context is None or person is None:
        return
    if settings.smtp_host is None:
        log.info("no mail server: a user was not told of a change", tenant=context.tenant.name)
        return
    language = person.language or context.tenant.language
    language = language if language in _TEXTS else "en_US"
    text = _TEXTS[language].format(name=person.name, username=person.username, what=_WHAT[language][what])
    letter = Letter(f"notice.{user_id}.{what}", person.address, _SUBJECTS[language], text)
    await asyncio.to_thread(deliver, settings, {user_id: letter_of(settings, context, letter)})
