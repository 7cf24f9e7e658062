"""Acts for a person's sake are put down: asked for at a door, or by a save of the record that keeps the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

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
from chassis_tenants.journal import SetupChange, enqueue_each, setup_entries
from chassis_tenants.statement import Statement

JOB = "privacy_act"
PREFIX = "0Pv"
MANAGE = "ManagePrivacy"
_SAID = {"export": "a person's data", "erasure": "the erasure of a person"}
QUEUED = "queued"
_INSERT = Statement(
    "INSERT INTO chassis.privacy_act"
    " (tenant_id, id, kind, subjects, request_id, reason, language, requested_by, requested_at, decided_by, decided_at,"
    " status, result)"
    " SELECT %(tenant_id)s, id, kind, subjects, request_id, reason, language, requested_by, %(at)s, decided_by,"
    " CASE WHEN decided_by IS NOT NULL THEN %(at)s::timestamptz END, status, result"
    " FROM jsonb_to_recordset(%(acts)s::jsonb) AS act (id text, kind text, subjects text[], request_id text,"
    " reason text, language text, requested_by text, decided_by text, status text, result jsonb)"
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
    result: Mapping[str, Any] | None = None
    decided_by: str | None = None


def put_down(tenant_id: int, acts: Sequence[NewAct]) -> Statement:
    """The statement that keeps acts."""
    return _INSERT.bind(tenant_id=tenant_id, acts=orjson.dumps(acts).decode(), at=clock.now())


def asked_change(act: NewAct, told: Mapping[str, Any]) -> SetupChange:
    """What the setup trail says of an act that begins."""
    return SetupChange(f"asked_{act.kind}", "Privacy", act.id, f"Asked for {_SAID[act.kind]}", after=told)


def queued(tenant_id: int, act_ids: Sequence[str]) -> Statement:
    """The statement that has the worker do acts, one after the other."""
    return enqueue_each(tenant_id, JOB, [{"act": each} for each in act_ids], lock_key=JOB)


async def on_save(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Requests that were agreed to become acts: three statements, however many there are."""
    acts: list[NewAct] = []
    for each in fired:
        request = requests_of(context.snapshot)[each.obj.name]
        wanted = {str(change.id): change for change in each.changes if _may(context, change)}
        if wanted:
            answers = await _answers(transaction, context, request, list(wanted))
            for record_id, (person, reason, asked_by) in answers.items():
                if _is_person(context, wanted[record_id], request, person):
                    acts.append(_act(context, each.trigger.name, (record_id, person, reason, asked_by)))
    if acts:
        await transaction.fetch_each([*_kept(context, acts)])


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
        status=QUEUED if is_agreed or kind != ERASURE else "waiting",
        requested_by=asker,
        subjects=[person],
        request_id=record_id,
        reason=reason,
        language=context.tenant.language,
        decided_by=actor if is_agreed else None,
    )


def _kept(context: Context, acts: Sequence[NewAct]) -> Iterator[Statement]:
    tenant_id = context.tenant.id
    yield put_down(tenant_id, acts)
    yield setup_entries(tenant_id, context.actor, [asked_change(each, _told(each)) for each in acts])
    to_do = [each.id for each in acts if each.status == QUEUED]
    if to_do:
        yield queued(tenant_id, to_do)


def _told(act: NewAct) -> dict[str, Any]:
    return {"subjects": list(act.subjects), "reason": act.reason, "request": act.request_id, "by": act.requested_by}


handle(KIND, on_save)
