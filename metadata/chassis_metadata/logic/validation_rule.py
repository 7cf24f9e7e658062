"""Validation rules: a formula that is true of a record which must not be saved, and what is told then."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.triggers import Event
from chassis_metadata.snapshot import Snapshot

KIND = "validation_rule"
_SAVES = (Event.CREATE, Event.UPDATE)


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """A rule in force. It fires where `formula` is true; `field` None shows the message with the whole record.

    `unless_valid`: a checksum that the field's value must not fit either.
    """

    name: str
    object_name: str
    formula: str
    message: str
    field: str | None = None
    unless_valid: str | None = None
    record_types: tuple[str, ...] = ()  # empty: all
    events: frozenset[Event] = frozenset(_SAVES)
    bypass_permission: str | None = None  # who holds it is exempt

    @property
    def full_name(self) -> str:
        """`Lead.Needs_Phone`."""
        return f"{self.object_name}.{self.name}"

    def message_in(self, snapshot: Snapshot, language: str) -> str:
        """What the user is told."""
        return snapshot.text(language, f"validation_rules.{self.full_name}.message", self.message)


def read_rule(component: LogicComponent) -> ValidationRule:
    """A component as a rule."""
    body = component.body
    return ValidationRule(
        name=component.name,
        object_name=component.object_name,
        formula=body["formula"],
        message=body["message"],
        field=body.get("field"),
        unless_valid=body.get("unless_valid"),
        record_types=tuple(body.get("record_types", ())),
        events=frozenset(Event(each) for each in body.get("events", _SAVES)),
        bypass_permission=body.get("bypass_permission"),
    )


def rules_of(snapshot: Snapshot, object_name: str) -> tuple[ValidationRule, ...]:
    """The active rules of an object, by name."""
    return snapshot.keep(KIND, lambda: _by_object(snapshot)).get(object_name, ())


def _by_object(snapshot: Snapshot) -> dict[str, tuple[ValidationRule, ...]]:
    found: dict[str, list[ValidationRule]] = {}
    for _, component in sorted(snapshot.logic_of(KIND).items()):
        found.setdefault(component.object_name, []).append(read_rule(component))
    return {name: tuple(rules) for name, rules in found.items()}
