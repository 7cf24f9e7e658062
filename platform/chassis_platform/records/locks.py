"""Records in approval are locked: who is asked may change the fields of the step, administrators and automation all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from chassis_metadata.logic.approval import objects_in_approval
from chassis_platform.plan.changes import Change
from chassis_platform.plan.write import WritePlan
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement

_LOCKS = Statement("""
SELECT i.target_object_id, i.name, array_agg(w.editable_fields) FILTER (WHERE w.editable_fields IS NOT NULL AND (
    w.actor_id = %(user_id)s OR w.actor_id = ANY (%(group_ids)s::text[])
    OR EXISTS (SELECT FROM tenant.delegated_approver d
               WHERE d.tenant_id = %(tenant_id)s AND d.user_id = w.actor_id AND d.delegate_id = %(user_id)s
                 AND d.is_active AND NOT d.is_deleted AND d.start_date <= %(today)s AND d.end_date >= %(today)s
                 AND (d.process_name IS NULL OR d.process_name = i.process_definition_name))))
FROM tenant.process_instance i
LEFT JOIN tenant.process_instance_workitem w ON w.tenant_id = %(tenant_id)s AND w.process_instance_id = i.id
WHERE i.tenant_id = %(tenant_id)s AND i.target_object_id = ANY (%(ids)s::text[]) AND i.is_locking AND NOT i.is_deleted
GROUP BY i.target_object_id, i.name
""")


@dataclass(frozen=True, slots=True)
class Lock:
    """Why a record is locked, and what the user may change all the same."""

    label: str
    editable: frozenset[str]


def ask_for_locks(plan: WritePlan, ids: Sequence[str]) -> Statement | None:
    """The statement that asks which of these records are locked; None where no lock could hold the user back."""
    context = plan.context
    can_be_locked = plan.obj.name in objects_in_approval(context.snapshot) and plan.operation != "undelete"
    if not can_be_locked or context.policy.on(plan.obj.name).modify_all:
        return None
    today = plan.now.astimezone(ZoneInfo(context.tenant.time_zone)).date()
    return _LOCKS.bind(ids=list(ids), today=today)


def locks_in(rows: Iterable[Row]) -> dict[str, Lock]:
    """The answer, by record."""
    return {record_id: Lock(label, _fields(editable)) for record_id, label, editable in rows}


def _fields(editable: Sequence[str] | None) -> frozenset[str]:
    return frozenset(name for each in editable or () for name in each.split(";"))


def refuse_locked(plan: WritePlan, change: Change, locks: Mapping[str, Lock]) -> None:
    """Note that a record is locked, where the change goes beyond what the user may do with it meanwhile."""
    lock = locks.get(str(change.id))
    if lock is None:
        return
    touched = {name for name in change.values if change.differs(name)}
    touched |= {each.field.name for each in change.keyed}
    others = sorted(touched - lock.editable)
    if not others and plan.operation != "delete":
        return
    hint = f" Approvers may change: {', '.join(sorted(lock.editable))}." if lock.editable else ""
    message = f"The record is locked while it is in approval ({lock.label}).{hint}"
    change.wrong("entity_is_locked", message, *(others if lock.editable else ()))
