"""Documents that flows asked for: made as the user who set the flow off, and posted as every other call is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_platform import clock
from chassis_platform.access.absent_user import Errand, context_of_absent_user
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.webhooks import make_call
from chassis_platform.documents.outbound import document_named, make_document
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore


async def send_document(
    database: Database,
    snapshots: SnapshotStore,
    policies: PolicyStore,
    settings: Settings,
    tenant_id: int,
    payload: Mapping[str, Any],
) -> None:
    """Make the document of a job and post it. Raises where it must be tried again; the delivery's id stays."""
    automation = await context_of_job(database, snapshots, tenant_id)
    if automation is None:
        return
    if payload["clear"]:
        async with database.transaction(automation.binding) as transaction:
            context: Context | None = await acting_as(transaction, automation, payload["user"])
    else:
        errand = Errand("worker")
        context = await context_of_absent_user(database, snapshots, policies, tenant_id, payload["user"], errand)
    if context is None:
        return  # whose rights were to hold has none any more
    document = document_named(context, payload["name"])
    made = await make_document(database, context, document, payload["record"], clock.now())
    said = {"document": made.content.decode(), "type": f"{made.content_type}; charset=utf-8"}
    await make_call(database, automation, settings, {**payload, **said})
