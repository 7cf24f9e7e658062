"""The step that sends a document of the record to another system: made after the commit, of what is stored then."""

from __future__ import annotations

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.ids import new_id
from chassis_metadata.logic.flow import Step
from chassis_platform.automation.flows.frame import Frame
from chassis_platform.automation.flows.message_steps import CLEAR
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.steps import verb
from chassis_tenants.journal import JOB_PREFIX, enqueue

#: A job of the worker's; it holds no values, so nothing classified lies in the queue.
JOB = "send_document"


@verb("send_document")
async def send_document(run: Run, frame: Frame, step: Step) -> None:
    """Have the document made and sent once the transaction is committed."""
    addresses: list[str | None] = [None] * len(frame.items)
    if "address" in step.body:
        formula = run.formula(frame.standing, step.body["address"], Kind.TEXT)
        addresses = [each.values[0] for each in await run.ask(frame, step, [formula])]
    name, jobs = frame.obj.name if frame.obj else None, []
    for item, address in zip(frame.items, addresses, strict=True):
        if "address" in step.body and not address:
            continue
        payload = {
            "name": step.body["document"],
            "record": item.record_id,
            "url": step.body.get("url"),
            "address": address,
            "secret": step.body.get("secret"),
            "clear": CLEAR in step.body,
            "source": f"flow.{frame.flow.name}",
            "delivery": new_id(JOB_PREFIX),
            "user": run.context.principal.user_id,
        }
        jobs.append(enqueue(run.context.tenant.id, JOB, payload))
        run.did(frame, step, "sent", name, item.record_id, url=step.body.get("url") or address)
    if jobs:
        await run.transaction.fetch_each(jobs)
