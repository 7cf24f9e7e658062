"""Approvals that run, by the ids that clients name them by: locked, with who is asked and the version they keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.approval import ApprovalProcess
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.definitions import processes_in
from chassis_platform.automation.approvals.people import Hat, ask_for_delegators, hat_of
from chassis_platform.automation.approvals.running import Running, Workitem
from chassis_platform.automation.frozen import ask_for
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

_NAMED = """
SELECT w.process_instance_id FROM data.process_instance_workitem w
WHERE w.tenant_id = %(tenant_id)s AND w.id = ANY (%(ids)s::text[])
UNION
SELECT i.id FROM data.process_instance i
WHERE i.tenant_id = %(tenant_id)s AND i.status = 'Pending' AND NOT i.is_deleted
  AND (i.id = ANY (%(ids)s::text[]) OR i.target_object_id = ANY (%(ids)s::text[]))
"""
#: In the order of their ids: two batches with the same approvals wait for each other and don't deadlock.
_LOCK = f"""
SELECT i.id FROM data.process_instance i
WHERE i.tenant_id = %(tenant_id)s AND i.id = ANY (ARRAY({_NAMED})) ORDER BY i.id FOR NO KEY UPDATE
"""  # noqa: S608  this file's own text
_INSTANCES = f"""
SELECT i.id, i.target_object_id, i.definition_digest, i.current_stage, i.submitted_by_id, i.is_locking, i.status,
       i.last_actor_id
FROM tenant.process_instance i
WHERE i.tenant_id = %(tenant_id)s AND i.id = ANY (ARRAY({_NAMED})) AND i.status = 'Pending'
"""  # noqa: S608  this file's own text
_ITEMS = f"""
SELECT w.id, w.process_instance_id, w.step_name, w.actor_id, w.original_actor_id, w.due_date, w.escalate_date,
       w.next_check_date, w.editable_fields
FROM tenant.process_instance_workitem w
WHERE w.tenant_id = %(tenant_id)s AND w.process_instance_id = ANY (ARRAY({_NAMED})) ORDER BY w.id
"""  # noqa: S608  this file's own text
_DEFINITIONS = f"""
d.digest IN (SELECT i.definition_digest FROM tenant.process_instance i
             WHERE i.tenant_id = %(tenant_id)s AND i.id = ANY (ARRAY({_NAMED})))
"""  # noqa: S608  this file's own text


@dataclass(frozen=True, slots=True)
class Loaded:
    """Approvals by the ids that name them, and under which names the user may decide."""

    hat: Hat
    by_instance: Mapping[str, Running] = field(default_factory=dict)
    by_item: Mapping[str, Running] = field(default_factory=dict)
    by_record: Mapping[str, Running] = field(default_factory=dict)

    def find(self, any_id: str) -> Running | None:
        """The approval that a request's, an approval's or a record's id names."""
        if not is_id(any_id):
            return None
        full = normal_id(any_id)
        return self.by_item.get(full) or self.by_instance.get(full) or self.by_record.get(full)


async def load(transaction: Transaction, context: Context, ids: Iterable[str]) -> Loaded:
    """Lock the approvals and load all that is known of them, in one round trip."""
    wanted = sorted({normal_id(each) for each in ids if is_id(each)})
    parameters = {"tenant_id": context.tenant.id, "ids": wanted}
    rows = await transaction.fetch_each(
        [
            LOCK_TIMEOUT,
            Statement(_LOCK, parameters),
            Statement(_INSTANCES, parameters),
            Statement(_ITEMS, parameters),
            ask_for(context.tenant.id, _DEFINITIONS, ids=wanted),
            ask_for_delegators(context),
        ]
    )
    runnings = _runnings(rows[2], processes_in(rows[4]))
    by_item = _items(runnings, rows[3])
    by_record = {each.record_id: each for each in runnings.values()}
    return Loaded(hat_of(context, rows[5]), runnings, by_item, by_record)


def _runnings(rows: Sequence[Row], processes: Mapping[str, ApprovalProcess]) -> dict[str, Running]:
    found: dict[str, Running] = {}
    for instance_id, record_id, digest, stage, submitter_id, is_locking, status, last_actor_id in rows:
        if digest in processes and record_id is not None:
            found[instance_id] = Running(
                processes[digest],
                record_id,
                instance_id,
                submitter_id,
                stage=int(stage or 0),
                status=status,
                is_locking=bool(is_locking),
                actor_id=last_actor_id,
            )
    return found


def _items(runnings: Mapping[str, Running], rows: Sequence[Row]) -> dict[str, Running]:
    by_item: dict[str, Running] = {}
    for item_id, instance_id, step, actor_id, original_id, due, escalate, next_check, fields in rows:
        running = runnings.get(instance_id)
        if running is not None:
            names = tuple(fields.split(";")) if fields else ()
            item = Workitem(item_id, step, actor_id, original_id or actor_id, due, escalate, next_check, names)
            running.open[item_id] = item
            by_item[item_id] = running
    return by_item
