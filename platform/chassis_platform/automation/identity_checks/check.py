"""Making a check: who may, which questions, whether the answers are right; the record and the journal's entry of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis_metadata.errors import Forbidden, Invalid, NotFound, Problem
from chassis_metadata.formula_sources import fields_read
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.identity_check import Fact, IdentityCheck, encrypted_path, identity_checks
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.identity_checks.attempts import Attempts, begin_attempt, count_attempt, read_attempts
from chassis_platform.automation.identity_checks.questions import are_right, demand_answers, offered
from chassis_platform.automation.keeping import common
from chassis_platform.records.trail import as_text
from chassis_platform.records.write import write_within
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.identity_rows import fact_values, person_behind
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import Access, access_entry
from chassis_tenants.statement import Statement

DOOR = "identity_check"
PASSED, FAILED = "Passed", "Failed"


@dataclass(frozen=True, slots=True)
class Questions:
    """What may be asked now, in the reader's language, and how many answers are needed."""

    check: IdentityCheck
    facts: Sequence[Fact]
    attempts: Attempts


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended; never which of the answers were wrong."""

    passed: bool
    record_id: str | None
    expires: datetime | None
    tries_left: int
    paused_until: datetime | None


def checks_of(context: Context, obj: Object) -> list[IdentityCheck]:
    """The checks that the user may make on the object's records."""
    held = context.policy.grants.held
    found = identity_checks(context.snapshot).values()
    return [each for each in found if each.key in held and each.subject_of(obj.name) is not None]


async def questions_of(database: Database, context: Context, obj: Object, record_id: str, name: str) -> Questions:
    """What to ask the person whom a record is about."""
    check = _check_named(context, obj, name)
    async with database.transaction(context.binding) as transaction:
        person_id = await _person(transaction, context, obj, record_id, check)
        attempts = await read_attempts(transaction, context, check, person_id)
        if attempts.paused_until is not None:
            return Questions(check, (), attempts)
        known = await _known(transaction, context, check, person_id)
        return Questions(check, offered(check, known, person_id, attempts.tried), attempts)


async def make_check(
    database: Database, context: Context, obj: Object, record_id: str, name: str, answers: Mapping[str, str]
) -> Outcome:
    """Compare what was heard with what is known. The try is counted, and stays counted, before its record is made."""
    check = _check_named(context, obj, name)
    async with database.transaction(context.binding) as transaction:
        person_id = await _person(transaction, context, obj, record_id, check)
        before = await begin_attempt(transaction, context, check, person_id)
        if before.paused_until is not None:
            raise paused(before.paused_until)
        known = await _known(transaction, context, check, person_id)
        asked = offered(check, known, person_id, before.tried)
        demand_answers(check, asked, answers)
        passed = are_right(asked, known, answers)
        after = await count_attempt(transaction, context, check, person_id, before, passed=passed)
        await transaction.fetch(_entry(context, check, person_id, asked, passed=passed))
    expires = clock.now() + timedelta(minutes=check.valid_minutes) if passed else None
    async with database.transaction(context.unversioned.binding) as transaction:
        made = await _record(transaction, context, check, person_id, after, expires)
    return Outcome(passed, made, expires, after.left(check), after.paused_until)


def paused(until: datetime) -> Forbidden:
    """Too many checks of this person failed."""
    message = "Too many checks of this person failed. Nobody may try again for a while."
    return Forbidden(Problem("", "identity_check_paused", message, details={"until": as_text(until)}))


def _check_named(context: Context, obj: Object, name: str) -> IdentityCheck:
    for each in checks_of(context, obj):
        if each.name == name:
            return each
    raise NotFound.of("not_found", f"There is no identity check {name[:80]!r} that you may make here.")


async def _person(transaction: Transaction, context: Context, obj: Object, record_id: str, check: IdentityCheck) -> str:
    statement = person_behind(obj, check.subject_of(obj.name) or "Id", context)
    bound = statement.bind(
        tenant_id=context.tenant.id, tenant=context.tenant.id, **asking(context), record_id=record_id
    )
    rows = await transaction.fetch(bound)
    if not rows:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    if rows[0][0] is None:
        raise Invalid.of("identity_check_impossible", "The record names no person whom you could identify.")
    return str(rows[0][0])


async def _known(
    transaction: Transaction, context: Context, check: IdentityCheck, person_id: str
) -> dict[str, list[str]]:
    """What is known in answer to each question, in one round trip."""
    obj, shared = context.snapshot.objects[check.object_name], common(context)
    statements = [fact_values(context.snapshot, obj, each).bind(**shared, person_id=person_id) for each in check.facts]
    answers = await transaction.fetch_each(statements)
    return {
        fact.name: [known for (known,) in rows if known is not None]  # the key of an encrypted one may be destroyed
        for fact, rows in zip(check.facts, answers, strict=True)
    }


def _entry(context: Context, check: IdentityCheck, person_id: str, asked: Sequence[Fact], *, passed: bool) -> Statement:
    principal = context.principal
    read = Access(
        object_name=check.object_name,
        record_ids=[person_id],
        fields=_fields(context, check, asked),
        door=DOOR,
        session_id=principal.session_id,
        client_name=principal.client_name,
        reason=PASSED if passed else FAILED,
        purpose=check.name,
    )
    return access_entry(context.tenant.id, context.actor, read)


def _fields(context: Context, check: IdentityCheck, asked: Sequence[Fact]) -> list[str]:
    """The fields that the questions are about, as the journal names them; those of related records by their object."""
    obj = context.snapshot.objects[check.object_name]
    children = {each.name: each.child for each in obj.children}
    found: dict[str, None] = {}
    for fact in asked:
        of = context.snapshot.objects[children[fact.related]] if fact.related else obj
        for object_name, name in _read_for(context.snapshot, of, fact):
            found[name if object_name == obj.name else f"{object_name}.{name}"] = None
    return sorted(found)


def _read_for(snapshot: Snapshot, obj: Object, fact: Fact) -> Iterable[tuple[str, str]]:
    encrypted = encrypted_path(snapshot, obj, fact.value)
    if encrypted is not None:
        return [(encrypted.field.object_name, encrypted.field.name)]
    return fields_read(formula_of(snapshot, obj, fact.value))


async def _record(
    transaction: Transaction,
    context: Context,
    check: IdentityCheck,
    person_id: str,
    after: Attempts,
    expires: datetime | None,
) -> str | None:
    record = check.record
    values: dict[str | None, Any] = {
        record.subject: person_id,
        record.result: record.failed if expires is None else record.passed,
        record.failures: after.failed,
        record.at: None if expires is None else as_text(clock.now()),
        record.expires: as_text(expires),
    }
    named = {**record.values, **{name: value for name, value in values.items() if name is not None}}
    acting = as_automation(context)
    [result] = await write_within(transaction, acting, record.object_name, "insert", [named], all_or_none=True)
    if not result.success:
        raise Invalid(tuple(result.problems))
    return result.id
