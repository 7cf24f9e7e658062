"""What approvers see of a record beside the request: its name and the fields that the process shows.

They are read as the system reads them, and masked as rules mask them for who looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import ApprovalProcess
from chassis_metadata.logic.approval_formulas import request_formula
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.masking import masks_kept
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer, Asked, answers, evaluation
from chassis_platform.records.lists import field_label
from chassis_platform.sql.shown_expressions import is_shown_masked
from chassis_tenants.journal import Access, access_entry
from chassis_tenants.statement import Statement

DOOR = "approval"
NAME = "Name"


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of a record, with its label."""

    path: str
    label: str
    value: Any
    is_classified: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that somebody has to decide about, under the version of the process that it keeps."""

    digest: str
    record_id: str
    process: ApprovalProcess = field(compare=False)


def subject_of(process: ApprovalProcess, record_id: str) -> Subject:
    """A record under a version of a process."""
    return Subject(process.digest, record_id, process)


class Showing:
    """Questions for the records of requests: one statement a version, and entries of the access log where needed."""

    def __init__(self, context: Context, subjects: Iterable[Subject]) -> None:
        self._context = context
        self._groups: dict[str, list[Subject]] = {}
        for each in dict.fromkeys(subjects):
            if each.process.object_name in context.snapshot.objects:
                self._groups.setdefault(each.process.digest, []).append(each)
        self._asked = [self._evaluation(group) for group in self._groups.values()]

    def questions(self) -> list[Statement]:
        """What to ask; `take` has the answers."""
        return [statement for statement, _ in self._asked]

    def statements(self) -> list[Statement]:
        """The same, and what the access log keeps of it."""
        return [*self.questions(), *self._log()]

    def take(self, rows: Sequence[Sequence[Any]]) -> dict[Subject, tuple[str | None, list[Shown]]]:
        """The name and the shown fields of each record."""
        found: dict[Subject, tuple[str | None, list[Shown]]] = {}
        for group, (_, expressions), own in zip(self._groups.values(), self._asked, rows, strict=False):
            by_place = answers(own, expressions)
            for place, subject in enumerate(group):
                found[subject] = self._shown(subject, by_place.get(place, NO_ANSWER))
        return found

    def _evaluation(self, group: Sequence[Subject]) -> tuple[Statement, tuple[Expression, ...]]:
        obj = self._context.snapshot.objects[group[0].process.object_name]
        typed = [one for _, one in _typed(self._context.snapshot, obj, group[0].process)]
        asked = [Asked(place, each.record_id) for place, each in enumerate(group)]
        return evaluation(self._context, obj, typed, asked, held=self._context.policy.grants.held)

    def _shown(self, subject: Subject, answer: Answer) -> tuple[str | None, list[Shown]]:
        snapshot = self._context.snapshot
        obj = snapshot.objects[subject.process.object_name]
        by_path = dict(_typed(snapshot, obj, subject.process))
        paths = [path for path in subject.process.show_fields if path in by_path]
        fields = [self._field(obj, path, answer.value(by_path[path])) for path in paths]
        return answer.value(by_path[NAME]), fields

    def _field(self, obj: Object, path: str, value: Any) -> Shown:
        found = end_of(self._context.snapshot, obj, path)
        label = field_label(found, self._context) if found is not None else path
        return Shown(path, label, plain(value), _is_logged(found))

    def _log(self) -> Iterator[Statement]:
        """Who is shown personal data reads it, whichever way."""
        context, principal = self._context, self._context.principal
        for group in self._groups.values():
            process = group[0].process
            obj = context.snapshot.objects[process.object_name]
            classified = [path for path in process.show_fields if _is_logged(end_of(context.snapshot, obj, path))]
            typed = dict(_typed(context.snapshot, obj, process))
            masks = masks_kept(context.snapshot, context.policy.grants.held)
            fields = [each for each in classified if each in typed and not is_shown_masked(typed[each], masks)]
            if fields:
                ids = [each.record_id for each in group]
                read = Access(obj.name, ids, fields, DOOR, principal.session_id, principal.client_name)
                yield access_entry(context.tenant.id, context.actor, read)


def _is_logged(found: Field | None) -> bool:
    return found is not None and found.classification.is_logged


def _typed(snapshot: Snapshot, obj: Object, process: ApprovalProcess) -> Iterator[tuple[str, Expression]]:
    """A field that an upgrade took is not shown any more."""
    for path in dict.fromkeys((NAME, *process.show_fields)):
        try:
            yield path, request_formula(snapshot, obj, path)
        except Invalid:
            continue


def end_of(snapshot: Snapshot, obj: Object, path: str) -> Field | None:
    """The field at the end of a path."""
    *steps, last = path.split(".")
    standing: Sequence[Object] = [obj]
    for step in steps:
        found = [each.fields_by_relationship.get(step.lower()) for each in standing]
        standing = [snapshot.objects[name] for each in found if each for name in each.references]
    fields = (each.fields_by_lower_name.get(last.lower()) for each in standing)
    return next((each for each in fields if each is not None), None)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def document_of(shown: Sequence[Shown]) -> list[Mapping[str, Any]]:
    """The shown fields as the web application reads them."""
    return [{"path": each.path, "label": each.label, "value": each.value} for each in shown]
