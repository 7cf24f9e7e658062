"""Acts for a person's sake are put down: asked for at a door, or by a save of the record that keeps the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.ids import new_id
from chassis_metadata.logic.data_subject import KIND, subject_map
from chassis_metadata.logic.person_request import ERASURE, PersonRequest, requests_of
from chassis_metadata.logic.record_formulas import record_formula
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import is_automation
from chassis_platform.automation.keeping import common
from chassis_platform.plan.changes import Change
from chassis_platform.records.after_save import Fired, handle
from chassis_platform.sql.record_values import values_of_records
from chassis_tenants.database import Transaction
from chassis_tenants.journal import SetupChange, enqueue, setup_entry
from chassis_tenants.statement import Statement

JOB = "privacy_act"
PREFIX = "0Pv"
MANAGE = "ManagePrivacy"
_SAID = {"export": "a person's data", "erasure": "the erasure of a person"}
_INSERT = Statement(
    "INSERT INTO chassis.privacy_act"
    " (tenant_id, id, kind, subjects, request_id, reason, language, requested_by, requested_at, decided_by, decided_at,"
    " status, result)"
    " VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(subjects)s::text[], %(request_id)s, %(reason)s, %(language)s,"
    " %(by)s, %(at)s, %(decided_by)s, %(decided_at)s, %(status)s, %(result)s::jsonb)"
)


@dataclass(frozen=True, slots=True)
class NewAct:
    """An act as it begins. Who agreed to it is named where somebody did already."""

    id: str
    kind: str
    status: str
    requested_by: str
    subjects: Sequence[str] = ()
    request_id: str | None = None
    reason: str | None = None
    language: str | None = None
    result: str | None = None
    decided_by: str | None = None


def put_down(tenant_id: int, act: NewAct) -> Statement:
    """The statement that keeps an act."""
    now = clock.now()
    return _INSERT.bind(
        tenant_id=tenant_id,
        id=act.id,
        kind=act.kind,
        subjects=list(act.subjects),
        request_id=act.request_id,
        reason=act.reason,
        language=act.language,
        by=act.requested_by,
        at=now,
        decided_by=act.decided_by,
        decided_at=now if act.decided_by else None,
        status=act.status,
        result=act.result,
    )


def asked_change(act: NewAct, told: Mapping[str, Any]) -> SetupChange:
    """What the setup trail says of an act that begins."""
    return SetupChange(f"asked_{act.kind}", "Privacy", act.id, f"Asked for {_SAID[act.kind]}", after=told)


def queued(tenant_id: int, act_id: str) -> Statement:
    """The statement that has the worker do an act."""
    return enqueue(tenant_id, JOB, {"act": act_id}, lock_key=JOB)


async def on_save(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Requests that were agreed to become acts; the statements of a batch go in one trip."""
    statements: list[Statement] = []
    for each in fired:
        request = requests_of(context.snapshot)[each.obj.name]
        wanted = {str(change.id): change for change in each.changes if _may(context, change)}
        if wanted:
            answers = await _answers(transaction, context, request, list(wanted))
            for record_id, (person, reason, asked_by) in answers.items():
                if _is_person(context, wanted[record_id], request, person):
                    act = _act(context, each.trigger.name, (record_id, person, reason, asked_by))
                    statements += _kept(context, act)
    if statements:
        await transaction.fetch_each(statements)


def _may(context: Context, change: Change) -> bool:
    """Approvals and flows start acts; a person does who may manage privacy."""
    if is_automation(context) or context.policy.may(MANAGE):
        return True
    message = f"This save would start an act on a person's data: that takes an approval, or the permission {MANAGE}."
    change.wrong("insufficient_access_or_readonly", message)
    return False


async def _answers(
    transaction: Transaction, context: Context, request: PersonRequest, ids: Sequence[str]
) -> dict[str, tuple[Any, ...]]:
    obj = context.snapshot.objects[request.object_name]
    formulas = {
        "person": record_formula(context.snapshot, obj, request.person, Kind.ID),
        "reason": record_formula(context.snapshot, obj, request.reason, Kind.TEXT),
        "asked_by": record_formula(context.snapshot, obj, request.asked_by, Kind.ID),
    }
    asked = values_of_records(context.snapshot, obj, formulas).bind(**common(context), ids=sorted(ids))
    return {record_id: tuple(values) for record_id, *values in await transaction.fetch(asked)}


def _is_person(context: Context, change: Change, request: PersonRequest, person: str | None) -> bool:
    roots = subject_map(context.snapshot).roots
    if person and person[:3] in {context.snapshot.objects[each].key_prefix for each in roots}:
        return True
    message = f"The request names no person. Name a record of: {', '.join(sorted(roots))}."
    change.wrong("invalid_cross_reference_key", message, request.person)
    return False


def _act(context: Context, kind: str, answer: tuple[str, str, str | None, str | None]) -> NewAct:
    """Whoever saves agrees to an erasure that somebody else asked for; an own request waits for another officer."""
    record_id, person, reason, asked_by = answer
    actor = context.principal.user_id
    asker = asked_by or actor
    is_agreed = kind == ERASURE and asker != actor
    return NewAct(
        id=new_id(PREFIX),
        kind=kind,
        status="queued" if is_agreed or kind != ERASURE else "waiting",
        requested_by=asker,
        subjects=[person],
        request_id=record_id,
        reason=reason,
        language=context.tenant.language,
        decided_by=actor if is_agreed else None,
    )


def _kept(context: Context, act: NewAct) -> Iterator[Statement]:
    tenant_id = context.tenant.id
    told = {"subjects": list(act.subjects), "reason": act.reason, "request": act.request_id, "by": act.requested_by}
    yield put_down(tenant_id, act)
    yield setup_entry(tenant_id, context.actor, asked_change(act, told))
    if act.status == "queued":
        yield queued(tenant_id, act.id)


handle(KIND, on_save)
