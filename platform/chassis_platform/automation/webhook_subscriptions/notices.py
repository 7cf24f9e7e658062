"""Switching a webhook off that reaches nobody any more, and telling those who look after connections."""

from __future__ import annotations

from chassis_platform.access.context import Context
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.notify import Notice, give_notice
from chassis_platform.automation.people import Naming, people
from chassis_platform.automation.webhook_subscriptions.store import Webhook
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import OPERATOR, SetupChange, setup_entry
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

TOLD = "ManageConnections"
_STOP = Statement(
    "UPDATE chassis.webhook SET is_active = false, stopped_because = %(reason)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s AND is_active RETURNING label"
)
_TITLES = {
    "en_US": "The webhook {label} was switched off: {why}",
    "zh_CN": "Webhook“{label}”已停用：{why}",
}
_REASONS = {
    "en_US": {
        "failing": "for three days no call was taken.",
        "gone": "the other system answered that it is there no longer (410).",
        "run_as": "the user that it runs as is not active.",
        "secret": "its secret was destroyed with the tenant's keys; it needs a new one.",
    },
    "zh_CN": {
        "failing": "三天内没有任何调用被接受。",
        "gone": "对方系统答复该地址已不存在（410）。",
        "run_as": "其运行身份用户已不活动。",
        "secret": "其密钥已随租户的加密密钥一并销毁，需要更换密钥。",
    },
}


async def stop(database: Database, snapshots: SnapshotStore, tenant_id: int, webhook: Webhook, reason: str) -> None:
    """Switch it off, in the setup audit trail and with a notice; nothing where that was done already."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    async with database.transaction(context.binding) as transaction:
        stopped = _STOP.bind(tenant_id=tenant_id, webhook_id=webhook.id, reason=reason)
        if not await transaction.fetch(stopped):
            return
        display = _TITLES["en_US"].format(label=webhook.label, why=_REASONS["en_US"][reason])
        change = SetupChange("stoppedWebhook", "Webhooks", webhook.label, display, after=reason)
        await transaction.fetch(setup_entry(tenant_id, OPERATOR, change))
        await _tell(transaction, await acting_as(transaction, context, None), webhook, reason)


async def _tell(transaction: Transaction, context: Context, webhook: Webhook, reason: str) -> None:
    sets = [name for name, each in context.snapshot.permission_sets.items() if TOLD in each.system]
    found = await people(transaction, context, [Naming("permission_set", name) for name in sets])
    told = {each.id: each for group in found.values() for each in group}
    notices = []
    for person in told.values():
        language = person.language if person.language in _TITLES else "en_US"
        title = _TITLES[language].format(label=webhook.label, why=_REASONS[language][reason])
        notices.append(Notice(person.id, title, source="webhook"))
    if notices:
        await give_notice(transaction, context, notices)
