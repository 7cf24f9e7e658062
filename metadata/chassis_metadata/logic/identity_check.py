"""Identity checks: what a person is asked to show who they are, how it is compared, and the record that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.audience import Audience, read_audience
from chassis_metadata.logic.matching_rule import DEFAULT_STEPS, Comparison
from chassis_metadata.snapshot import Field, Object, Snapshot

KIND = "identity_check"
DATE = "date"
DEFAULT_TRIES, DEFAULT_PAUSE, DEFAULT_VALIDITY = 3, 30, 30


@dataclass(frozen=True, slots=True)
class Fact:
    """A question and the value that answers it: a formula over the person's record, or over records related to it.

    `form` says what is left of both texts before they are compared; `is_date` that both are read as dates.
    """

    name: str
    question: str
    value: str
    form: Comparison
    is_date: bool = False

    @property
    def related(self) -> str | None:
        """The child relationship whose records are meant; one of them has to agree."""
        return self.form.related


@dataclass(frozen=True, slots=True)
class EncryptedPath:
    """An encrypted field, and the references that lead to its record: a value that no formula sees."""

    references: tuple[Field, ...]
    field: Field


def encrypted_path(snapshot: Snapshot, obj: Object, text: str) -> EncryptedPath | None:
    """The encrypted field that a fact's value is, such as `Account.IdNumber`; None: it is a formula."""
    *steps, name = (part.strip().lower() for part in text.split("."))
    references: list[Field] = []
    for step in steps:
        reference = obj.fields_by_relationship.get(step)
        if reference is None or len(reference.references) != 1 or reference.references[0] not in snapshot.objects:
            return None
        references.append(reference)
        obj = snapshot.objects[reference.references[0]]
    field = obj.fields_by_lower_name.get(name)
    return EncryptedPath(tuple(references), field) if field is not None and field.encrypted else None


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """The record that says how a check ended: which of its fields hold what. `values` are written as they are."""

    object_name: str
    subject: str
    result: str
    passed: str
    failed: str
    failures: str | None = None
    at: str | None = None
    expires: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """A check in force. `subjects`: of other objects, the field that names the person that their records are about."""

    name: str
    label: str
    object_name: str
    audience: Audience
    facts: tuple[Fact, ...]
    required: int
    offered: int
    record: ProofRecord
    subjects: Mapping[str, str] = field(default_factory=dict)
    tries: int = DEFAULT_TRIES
    pause_minutes: int = DEFAULT_PAUSE
    valid_minutes: int = DEFAULT_VALIDITY

    @property
    def key(self) -> str:
        """What its audience is called among all audiences."""
        return f"{KIND}.{self.name}"

    def subject_of(self, object_name: str) -> str | None:
        """The field by which a record of the object names the person; None where it is not asked from there."""
        return "Id" if object_name == self.object_name else self.subjects.get(object_name)


def identity_checks(snapshot: Snapshot) -> Mapping[str, IdentityCheck]:
    """The checks in force by name."""

    def make() -> Mapping[str, IdentityCheck]:
        return {name: read_identity_check(each) for name, each in sorted(snapshot.logic_of(KIND).items())}

    return snapshot.keep(KIND, make)


def read_identity_check(component: LogicComponent) -> IdentityCheck:
    """A component as a check."""
    body = component.body
    required = body.get("required", 2)
    return IdentityCheck(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        audience=read_audience(body["asked_by"]),
        facts=tuple(_fact(each) for each in body["facts"]),
        required=required,
        offered=body.get("offered", required),
        record=_record(body["record"]),
        subjects=body.get("subjects", {}),
        tries=body.get("tries", DEFAULT_TRIES),
        pause_minutes=body.get("pause_minutes", DEFAULT_PAUSE),
        valid_minutes=body.get("valid_minutes", DEFAULT_VALIDITY),
    )


def _fact(body: Mapping[str, Any]) -> Fact:
    steps = tuple(body.get("normalise", DEFAULT_STEPS))
    form = Comparison(
        field=body["name"],
        against=body["name"],
        steps=steps,
        country_code=body.get("country_code"),
        last=body.get("last"),
        related=body.get("related"),
        criteria=body.get("criteria"),
    )
    return Fact(body["name"], body["question"], body["value"], form, DATE in steps)


def _record(body: Mapping[str, Any]) -> ProofRecord:
    return ProofRecord(
        object_name=body["object"],
        subject=body["subject"],
        result=body["result"],
        passed=body["passed"],
        failed=body["failed"],
        failures=body.get("failures"),
        at=body.get("at"),
        expires=body.get("expires"),
        values=body.get("values", {}),
    )
