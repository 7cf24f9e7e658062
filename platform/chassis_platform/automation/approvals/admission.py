"""Which process takes a record that is submitted: may the user, is it in approval already, do the criteria hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.ids import component_id, new_ids, normal_id
from chassis_metadata.logic.approval import ApprovalProcess, processes_of
from chassis_metadata.logic.approval_formulas import request_formula
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.batch import Batch
from chassis_platform.automation.approvals.definitions import what_is_broken
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer, Asked, answers, evaluation
from chassis_platform.automation.approvals.requests import Submission
from chassis_platform.automation.approvals.running import STARTED, Line, Running
from chassis_platform.automation.keeping import common
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.sql.check import FIRST_VALUE, ID, IS_DELETED, VISIBLE, WRITABLE, load_records
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.statement import Statement

PROCESS_PREFIX, INSTANCE_PREFIX = "04a", "04g"
_PENDING = Statement(
    "SELECT i.target_object_id, i.name FROM tenant.process_instance i WHERE i.tenant_id = %(tenant_id)s"
    " AND i.target_object_id = ANY (%(ids)s::text[]) AND i.status = 'Pending' AND NOT i.is_deleted"
)
_OWNERS = ("OwnerId", "CreatedById")


async def admit(transaction: Transaction, context: Context, submissions: Sequence[Submission]) -> Batch:
    """The submissions as approvals that stand before their first stage, or refused. Locks the records."""
    batch = Batch(len(submissions))
    for name, places in _by_object(context, submissions, batch).items():
        obj = context.snapshot.objects[name]
        known = await _look(transaction, context, obj, {place: submissions[place] for place in places}, lock=True)
        for place, instance_id in zip(places, new_ids(INSTANCE_PREFIX, len(places)), strict=True):
            _Admission(context, obj, known, batch, place, submissions[place]).decide(instance_id)
    return batch


async def processes_for(database: Database, context: Context, obj: Object, record_id: str) -> list[ApprovalProcess]:
    """The processes to which the user could submit the record now."""
    submissions = {0: Submission(record_id)}
    async with database.transaction(context.binding) as transaction:
        known = await _look(transaction, context, obj, submissions, lock=False)
    admission = _Admission(context, obj, known, Batch(1), 0, submissions[0])
    return admission.fitting()


def process_id(process: ApprovalProcess) -> str:
    """The id under which clients know a process."""
    return component_id(PROCESS_PREFIX, process.name)


def _by_object(context: Context, submissions: Sequence[Submission], batch: Batch) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    seen: set[str] = set()
    for place, each in enumerate(submissions):
        obj = context.snapshot.object_of_id(each.record_id)
        if obj is None:
            batch.refuse(place, "malformed_id", f"{each.record_id!r} is no id of a record.", field_name="contextId")
        elif not context.policy.on(obj.name).read:
            batch.refuse(place, "not_found", "The requested resource does not exist")
        elif normal_id(each.record_id) in seen:
            batch.refuse(place, "duplicate_value", f"duplicate id specified: {each.record_id}", field_name="contextId")
        else:
            seen.add(normal_id(each.record_id))
            found.setdefault(obj.name, []).append(place)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says of the records: as they are, those in approval already, the entry criteria."""

    stored: Mapping[str, Row]
    pending: Mapping[str, str]
    answers: Mapping[int, Answer]
    owners: tuple[str, ...]


async def _look(
    transaction: Transaction, context: Context, obj: Object, submissions: Mapping[int, Submission], *, lock: bool
) -> _Known:
    """Ask all about the records, locked if they are to be submitted, in one round trip."""
    owners = tuple(name for name in _OWNERS if name in obj.fields)
    ids = sorted(normal_id(each.record_id) for each in submissions.values())
    parameters = {**common(context), **asking(context), "ids": ids}
    asked = [
        Asked(place, normal_id(each.record_id), each.comments, context.principal.user_id, _submitter(context, each))
        for place, each in submissions.items()
    ]
    entries, expressions = evaluation(context, obj, _entries(context, obj), asked)
    locking = [LOCK_TIMEOUT, lock_records(obj)] if lock else []
    statements = [*locking, load_records(obj, owners, context), _PENDING]
    rows = await transaction.fetch_each([*(each.bind(**parameters) for each in statements), entries])
    stored, pending, entered = rows[-3:]
    return _Known({row[ID]: row for row in stored}, dict(pending), answers(entered, expressions), owners)


def _entries(context: Context, obj: Object) -> list[Expression]:
    processes = processes_of(context.snapshot, obj.name)
    return [_entry(context, obj, each) for each in processes if each.entry is not None]


def _entry(context: Context, obj: Object, process: ApprovalProcess) -> Expression:
    return request_formula(context.snapshot, obj, str(process.entry), Kind.BOOLEAN)


def _submitter(context: Context, submission: Submission) -> str:
    return submission.submitter_id or context.principal.user_id


@dataclass(frozen=True, slots=True)
class _Admission:
    """The judgement of one submission."""

    context: Context
    obj: Object
    known: _Known
    batch: Batch
    place: int
    submission: Submission

    def decide(self, instance_id: str) -> None:
        """Refuse it, or let it run."""
        refusal = self._refusal_of_record()
        process = None if refusal else self._process()
        if process is None:
            code, message = refusal or self._no_process()
        else:
            code, message = self._refusal_of_process(process) or ("", "")
        if code or process is None:
            record_id = self._record_id
            self.batch.refuse(self.place, code, message, record_id=record_id)
            return
        self.batch.running[self.place] = self._started(process, instance_id)

    def fitting(self) -> list[ApprovalProcess]:
        """The processes that would take it from this user."""
        if self._refusal_of_record() is not None:
            return []
        processes = processes_of(self.context.snapshot, self.obj.name)
        return [each for each in processes if self._may_enter(each) and self._may_submit(each)]

    @property
    def _record_id(self) -> str:
        return normal_id(self.submission.record_id)

    def _refusal_of_record(self) -> tuple[str, str] | None:
        row = self.known.stored.get(self._record_id)
        if row is None or not row[VISIBLE]:
            return "not_found", "The requested resource does not exist"
        if row[IS_DELETED]:
            return "entity_is_deleted", "entity is deleted"
        if self._record_id in self.known.pending:
            label = self.known.pending[self._record_id]
            return "already_in_process", f"The record is in approval already: {label}. Decide or recall that first."
        return None

    def _process(self) -> ApprovalProcess | None:
        """The one that was named, or the first whose entry criteria hold."""
        processes = processes_of(self.context.snapshot, self.obj.name)
        wanted = self.submission.process
        if wanted is None:
            return next((each for each in processes if self._may_enter(each)), None)
        named = (each for each in processes if wanted in (each.name, process_id(each), process_id(each)[:15]))
        return next((each for each in named if self.submission.skips_entry or self._may_enter(each)), None)

    def _may_enter(self, process: ApprovalProcess) -> bool:
        typed = None if process.entry is None else _entry(self.context, self.obj, process)
        return self.known.answers.get(self.place, NO_ANSWER).holds(typed, default=True)

    def _no_process(self) -> tuple[str, str]:
        processes = processes_of(self.context.snapshot, self.obj.name)
        labels = ", ".join(each.label for each in processes) or "there is none"
        name = self.submission.process
        if name is not None and any(name in (each.name, process_id(each)) for each in processes):
            return "no_applicable_process", f"The record does not meet the entry criteria of {name}."
        wanted = f"There is no approval process {name!r}" if name else "No approval process fits the record"
        return "no_applicable_process", f"{wanted}. Processes of {self.obj.label}: {labels}."

    def _refusal_of_process(self, process: ApprovalProcess) -> tuple[str, str] | None:
        if not self._may_submit(process):
            return "insufficient_access_or_readonly", f"You may not submit this record to {process.label}."
        if "submit" in process.comments_required and not (self.submission.comments or "").strip():
            return "required_field_missing", f"{process.label} needs a comment."
        broken = what_is_broken(self.context.snapshot, process)
        if broken is not None:
            return "process_broken", f"{process.label} can't run: {broken}"
        return None

    def _may_submit(self, process: ApprovalProcess) -> bool:
        access = self.context.policy.on(self.obj.name)
        if access.modify_all:
            return True
        is_own = _submitter(self.context, self.submission) == self.context.principal.user_id
        return is_own and any(self._is_one_of(each) for each in process.submitters)

    def _is_one_of(self, word: str) -> bool:
        policy, row = self.context.policy, self.known.stored[self._record_id]
        kind, _, name = word.partition(":")
        if kind == "readers":
            return True
        if kind == "editors":
            return bool(policy.on(self.obj.name).update and row[WRITABLE])
        if kind in ("owner", "creator"):
            return self._is_hers(row, "OwnerId" if kind == "owner" else "CreatedById")
        return self._holds(kind, name)

    def _is_hers(self, row: Row, field_name: str) -> bool:
        if field_name not in self.known.owners:
            return False
        holder: Any = row[FIRST_VALUE + self.known.owners.index(field_name)]
        return holder == self.context.principal.user_id or holder in self.context.policy.group_ids

    def _holds(self, kind: str, name: str) -> bool:
        policy = self.context.policy
        return name in (policy.grants.custom if kind == "permission" else policy.permission_sets)

    def _started(self, process: ApprovalProcess, instance_id: str) -> Running:
        asked = self.submission
        running = Running(
            process,
            self._record_id,
            instance_id,
            _submitter(self.context, asked),
            is_new=True,
            is_locking=process.locks,
            comments=asked.comments,
            actor_id=self.context.principal.user_id,
            next_approvers=asked.next_approvers,
        )
        who = {"actor_id": running.actor_id, "original_actor_id": running.submitter_id}
        running.lines.append(
            Line(STARTED, process.label, comments=asked.comments, attachments=asked.attachments, **who)
        )
        running.enter(0)
        return running
