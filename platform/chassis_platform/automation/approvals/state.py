"""A record's approvals: what runs, what happened, what the user could do now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import NotFound
from chassis_metadata.logic.approval import NEVER, ApprovalProcess
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.admission import processes_for
from chassis_platform.automation.approvals.definitions import processes_in
from chassis_platform.automation.approvals.people import ask_for_delegators, hat_of
from chassis_platform.automation.approvals.running import PENDING
from chassis_platform.automation.frozen import ask_for
from chassis_platform.automation.keeping import common
from chassis_platform.sql.check import VISIBLE, load_records
from chassis_platform.sql.formula_context import asking
from chassis_tenants.database import Database, Row
from chassis_tenants.statement import Statement

_INSTANCES = Statement("""
SELECT i.id, i.name, i.process_definition_name, i.definition_digest, i.status, i.current_step, i.created_date,
       i.completed_date, i.submitted_by_id, u.name, i.is_locking
FROM tenant.process_instance i
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = i.submitted_by_id
WHERE i.tenant_id = %(tenant_id)s AND i.target_object_id = %(record_id)s AND NOT i.is_deleted
ORDER BY i.id DESC LIMIT 100
""")
_LINES = Statement("""
SELECT h.process_instance_id, h.step_status, h.step_name, h.name, h.actor_id, u.name, h.original_actor_id,
       coalesce(o.name, g.name), h.comments, h.attachments, h.created_date, h.channel
FROM tenant.process_instance_step h
JOIN tenant.process_instance i ON i.tenant_id = %(tenant_id)s AND i.id = h.process_instance_id
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = h.actor_id
LEFT JOIN tenant."user" o ON o.tenant_id = %(tenant_id)s AND o.id = h.original_actor_id
LEFT JOIN tenant."group" g ON g.tenant_id = %(tenant_id)s AND g.id = h.original_actor_id
WHERE h.tenant_id = %(tenant_id)s AND i.target_object_id = %(record_id)s AND NOT i.is_deleted ORDER BY h.id
""")
_ITEMS = Statement("""
SELECT w.id, w.process_instance_id, w.step_name, w.actor_id, coalesce(u.name, g.name), w.due_date, w.editable_fields,
       w.created_date
FROM tenant.process_instance_workitem w
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = w.actor_id
LEFT JOIN tenant."group" g ON g.tenant_id = %(tenant_id)s AND g.id = w.actor_id
WHERE w.tenant_id = %(tenant_id)s AND w.target_object_id = %(record_id)s AND NOT w.is_deleted ORDER BY w.id
""")
_DEFINITIONS = """
d.digest IN (SELECT i.definition_digest FROM tenant.process_instance i
             WHERE i.tenant_id = %(tenant_id)s AND i.target_object_id = %(record_id)s)
"""


async def approvals_of(database: Database, context: Context, obj: Object, record_id: str) -> Mapping[str, Any]:
    """The approvals of a record that the user may see, the newest first; NotFound for another."""
    parameters = {**common(context), **asking(context), "record_id": record_id, "ids": [record_id]}
    asked = [load_records(obj, (), context), _INSTANCES, _LINES, _ITEMS]
    definitions = ask_for(context.tenant.id, _DEFINITIONS, record_id=record_id)
    statements = [*(each.bind(**parameters) for each in asked), definitions, ask_for_delegators(context)]
    rows = await database.read(context.binding, *statements)
    if not rows[0] or not rows[0][0][VISIBLE]:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    view = _View(context, rows)
    approvals = [view.instance(row) for row in rows[1]]
    is_locked = any(row[10] for row in rows[1])
    waits = any(each["status"] == PENDING for each in approvals)
    fitting = [] if waits else await processes_for(database, context, obj, record_id)
    return {
        "approvals": approvals,
        "is_locked": is_locked,
        "may_change": not is_locked or context.policy.on(obj.name).modify_all,
        "processes": [
            {
                "name": each.name,
                "label": each.label_in(context.snapshot, context.principal.language),
                "comments_required": "submit" in each.comments_required,
                "chooses_approver": each.chooses_approver(0),
            }
            for each in fitting
        ],
    }


class _View:
    """Rows as documents in the user's language."""

    def __init__(self, context: Context, rows: Sequence[Sequence[Row]]) -> None:
        self._context = context
        self._lines, self._items = rows[2], rows[3]
        self._processes = processes_in(rows[4])
        self._hat = hat_of(context, rows[5])

    def instance(self, row: Row) -> Mapping[str, Any]:
        user_id, language = self._context.principal.user_id, self._context.principal.language
        process = self._processes.get(row[3])
        label = process.label_in(self._context.snapshot, language) if process is not None else row[1]
        recallable = process is not None and row[8] == user_id and process.recall_until != NEVER
        return {
            "id": row[0],
            "process": row[2],
            "label": label,
            "status": row[4],
            "submitted": row[6],
            "completed": row[7],
            "submitted_by": {"id": row[8], "name": row[9]},
            "may_recall": row[4] == PENDING and (recallable or self._is_administrator(process)),
            "comments_required": sorted(process.comments_required) if process is not None else [],
            "requests": [self._request(each, row) for each in self._items if each[1] == row[0]],
            "history": [self._line(each, row) for each in self._lines if each[0] == row[0]],
        }

    def _is_administrator(self, process: ApprovalProcess | None) -> bool:
        return process is not None and self._context.policy.on(process.object_name).modify_all

    def _request(self, item: Row, instance: Row) -> Mapping[str, Any]:
        is_own = instance[8] == self._context.principal.user_id
        process = self._processes.get(instance[3])
        is_asked = self._hat.may_decide(item[3], instance[2])
        return {
            "id": item[0],
            "step": item[2],
            "label": self._step_label(instance[3], item[2]),
            "asked": {"id": item[3], "name": item[4]},
            "since": item[7],
            "due": item[5],
            "editable_fields": item[6].split(";") if item[6] else [],
            "may_decide": not is_own and is_asked,
            "may_reassign": is_asked or self._is_administrator(process),
            "chooses_approver": process is not None and process.chooses_approver(process.stage_of(item[2]) + 1),
        }

    def _line(self, line: Row, instance: Row) -> Mapping[str, Any]:
        return {
            "status": line[1],
            "label": self._step_label(instance[3], line[2]) if line[2] else line[3],
            "by": {"id": line[4], "name": line[5]} if line[4] else None,
            "asked": {"id": line[6], "name": line[7]} if line[6] else None,
            "comments": line[8],
            "attachments": line[9].split("\n") if line[9] else [],
            "date": line[10],
            "channel": line[11],
        }

    def _step_label(self, digest: str, name: str) -> str:
        process = self._processes.get(digest)
        language = self._context.principal.language
        return process.step_label_in(self._context.snapshot, language, name) if process is not None else name
