"""Requests that wait for a user: the own ones, those of the user's queues, those of who is away; with what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.logic.approval import ApprovalProcess
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.definitions import processes_in
from chassis_platform.automation.approvals.people import Hat, ask_for_delegators, hat_of
from chassis_platform.automation.approvals.shown import Showing, Subject, document_of, subject_of
from chassis_platform.automation.frozen import ask_for
from chassis_tenants.database import Database, Row
from chassis_tenants.statement import Statement

SCOPES = ("all", "mine", "queues", "delegated")
MOST = 200
_ITEMS = """
SELECT w.id, w.step_name, w.actor_id, coalesce(u.name, g.name), w.due_date, w.created_date, w.editable_fields,
       i.id, i.target_object_id, i.process_definition_name, i.definition_digest, i.submitted_by_id, s.name,
       i.created_date, (
           SELECT h.comments FROM tenant.process_instance_step h
           WHERE h.tenant_id = %(tenant_id)s AND h.process_instance_id = i.id AND h.step_status = 'Started'
           ORDER BY h.id LIMIT 1)
FROM tenant.process_instance_workitem w
JOIN tenant.process_instance i ON i.tenant_id = %(tenant_id)s AND i.id = w.process_instance_id
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = w.actor_id
LEFT JOIN tenant."group" g ON g.tenant_id = %(tenant_id)s AND g.id = w.actor_id
LEFT JOIN tenant."user" s ON s.tenant_id = %(tenant_id)s AND s.id = i.submitted_by_id
WHERE w.tenant_id = %(tenant_id)s AND {condition} AND NOT i.is_deleted AND NOT w.is_deleted
ORDER BY w.created_date, w.id LIMIT %(most)s
"""
_WAITING = Statement("""
SELECT w.actor_id, i.process_definition_name
FROM tenant.process_instance_workitem w
JOIN tenant.process_instance i ON i.tenant_id = %(tenant_id)s AND i.id = w.process_instance_id
WHERE w.tenant_id = %(tenant_id)s AND w.actor_id = ANY (%(actors)s::text[]) AND NOT i.is_deleted AND NOT w.is_deleted
  AND i.submitted_by_id IS DISTINCT FROM %(user_id)s LIMIT 1000
""")
_FOR_ACTORS = Statement(_ITEMS.format(condition="w.actor_id = ANY (%(actors)s::text[])"))
_BY_ID = Statement(_ITEMS.format(condition="w.id = ANY (%(actors)s::text[])"))


async def pending_requests(
    database: Database, context: Context, *, scope: str = "all", most: int = MOST
) -> list[Mapping[str, Any]]:
    """What waits for the user, the oldest first. Three round trips, however many there are."""
    [delegators] = await database.read(context.binding, ask_for_delegators(context))
    hat = hat_of(context, delegators)
    actors = sorted(_actors(hat, scope))
    return await _documents(database, context, hat, _FOR_ACTORS.bind(actors=actors, most=most))


async def pending_count(database: Database, context: Context) -> int:
    """How many requests the user could decide now; no record is looked at, so nobody has seen one."""
    [delegators] = await database.read(context.binding, ask_for_delegators(context))
    hat = hat_of(context, delegators)
    parameters = {"tenant_id": context.tenant.id, "user_id": hat.user_id, "actors": sorted(_actors(hat, "all"))}
    [rows] = await database.read(context.binding, _WAITING.bind(**parameters))
    return sum(hat.may_decide(actor_id, process) for actor_id, process in rows)


async def request_by_id(database: Database, context: Context, workitem_id: str) -> Mapping[str, Any] | None:
    """One request, if it is the user's to decide."""
    [delegators] = await database.read(context.binding, ask_for_delegators(context))
    found = await _documents(database, context, hat_of(context, delegators), _BY_ID.bind(actors=[workitem_id], most=1))
    return found[0] if found else None


def _actors(hat: Hat, scope: str) -> Iterable[str]:
    own = {"mine": {hat.user_id}, "queues": set(hat.queues), "delegated": set(hat.delegators)}
    return own.get(scope, {hat.user_id, *hat.queues, *hat.delegators})


async def _documents(database: Database, context: Context, hat: Hat, items: Statement) -> list[Mapping[str, Any]]:
    [rows] = await database.read(context.binding, items.bind(tenant_id=context.tenant.id))
    mine = [row for row in rows if hat.may_decide(row[2], row[9])]
    processes = await _processes(database, context, mine)
    mine = [row for row in mine if row[10] in processes]
    showing = Showing(context, [subject_of(processes[row[10]], row[8]) for row in mine])
    statements = showing.statements()
    shown = showing.take(await database.read(context.binding, *statements) if statements else [])
    return [_document(context, row, processes[row[10]], shown) for row in mine]


async def _processes(database: Database, context: Context, rows: Sequence[Row]) -> dict[str, ApprovalProcess]:
    digests = sorted({row[10] for row in rows})
    if not digests:
        return {}
    asked = ask_for(context.tenant.id, "d.digest = ANY (%(digests)s::text[])", digests=digests)
    [found] = await database.read(context.binding, asked)
    return processes_in(found)


def _document(context: Context, row: Row, process: ApprovalProcess, shown: Mapping[Subject, Any]) -> Mapping[str, Any]:
    language = context.principal.language
    name, fields = shown.get(subject_of(process, row[8]), (None, []))
    return {
        "id": row[0],
        "process": process.name,
        "process_label": process.label_in(context.snapshot, language),
        "step": row[1],
        "step_label": process.step_label_in(context.snapshot, language, row[1]),
        "object": process.object_name,
        "record": {"id": row[8], "name": name, "fields": document_of(fields)},
        "asked": {"id": row[2], "name": row[3]},
        "submitted_by": {"id": row[11], "name": row[12]},
        "submitted": row[13],
        "comments": row[14],
        "since": row[5],
        "due": row[4],
        "editable_fields": row[6].split(";") if row[6] else [],
        "comments_required": sorted(process.comments_required & {"approve", "reject"}),
        "may_decide": row[11] != context.principal.user_id,
        "chooses_approver": process.chooses_approver(process.stage_of(row[1]) + 1),
        "instance_id": row[7],
    }
