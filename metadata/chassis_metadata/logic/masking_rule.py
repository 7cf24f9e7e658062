"""Masking rules: which fields are shown masked, to whom they are clear, and who may have them revealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.audience import Audience, read_audience
from chassis_metadata.logic.record_condition import RecordCondition, read_condition
from chassis_metadata.masks import ALL, Mask, mask_named, read_mask
from chassis_metadata.snapshot import Field, Snapshot

KIND = "masking_rule"
DEFAULT_MINUTES = 15
EVERY_RECORD = RecordCondition()


class Requirement(StrEnum):
    """What must have happened before a value is revealed."""

    REASON = "reason"
    VERIFICATION = "verification"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class ClearTo:
    """These users see the values of records that meet the condition; `objects`: only of these, where any is named."""

    audience: Audience
    when: RecordCondition = EVERY_RECORD
    objects: frozenset[str] = frozenset()

    def concerns(self, object_name: str) -> bool:
        """Whether it says anything about the object's records."""
        return not self.objects or object_name in self.objects


@dataclass(frozen=True, slots=True)
class Reveal:
    """These users may have a value shown for some minutes, giving a reason and what `requires` asks besides."""

    audience: Audience
    when: RecordCondition = EVERY_RECORD
    objects: frozenset[str] = frozenset()
    minutes: int = DEFAULT_MINUTES
    requires: Requirement = Requirement.REASON
    approvers: Audience | None = None

    def concerns(self, object_name: str) -> bool:
        """Whether it says anything about the object's records."""
        return not self.objects or object_name in self.objects


@dataclass(frozen=True, slots=True)
class Verification:
    """A record that proves that somebody was identified.

    `subject` is the field of `object_name` that names whom; `subjects` the field of each masked object that has the
    same value, its Id where none is named. `criteria`: a formula over the verification.
    """

    object_name: str
    subject: str
    subjects: Mapping[str, str] = field(default_factory=dict)
    criteria: str | None = None


@dataclass(frozen=True, slots=True)
class MaskingRule:
    """A rule in force. `fields` are pairs of object and field; `masks` say of a field what differs from `mask`."""

    name: str
    label: str
    fields: tuple[tuple[str, str], ...]
    classification: str | None = None
    mask: Mask | None = None
    masks: Mapping[tuple[str, str], Mask] = field(default_factory=dict)
    clear: tuple[ClearTo, ...] = ()
    reveal: tuple[Reveal, ...] = ()
    never: tuple[Audience, ...] = ()
    lookup: bool = False
    verification: Verification | None = None

    def mask_of(self, of: Field) -> Mask:
        """How the rule masks a field: as it says, else as the field says, else wholly."""
        own = self.masks.get((of.object_name, of.name), self.mask)
        return own or mask_named(of.mask or "") or ALL

    def covers(self, snapshot: Snapshot) -> Iterable[Field]:
        """The fields that the rule is about, as far as they are there."""
        for object_name, name in self.fields:
            obj = snapshot.objects.get(object_name)
            if obj is not None and name in obj.fields:
                yield obj.fields[name]
        if self.classification is not None:
            for obj in snapshot.objects.values():
                yield from (each for each in obj.fields.values() if self._is_of_class(each))

    def _is_of_class(self, each: Field) -> bool:
        return each.classification == self.classification and each.compound is None


def read_masking_rule(component: LogicComponent) -> MaskingRule:
    """A component as a rule."""
    body = component.body
    return MaskingRule(
        name=component.full_name,
        label=body["label"],
        fields=tuple(_pair(each) for each in body.get("fields", ())),
        classification=body.get("classification"),
        mask=read_mask(body["mask"]) if "mask" in body else None,
        masks={_pair(path): mask for path, each in body.get("masks", {}).items() if (mask := read_mask(each))},
        clear=tuple(_clear_to(each) for each in body.get("clear", ())),
        reveal=tuple(_reveal(each) for each in body.get("reveal", ())),
        never=tuple(read_audience(each) for each in body.get("never", ())),
        lookup=body.get("lookup", False),
        verification=_verification(body["verification"]) if "verification" in body else None,
    )


def _pair(path: str) -> tuple[str, str]:
    object_name, _, name = path.partition(".")
    return object_name, name


def _clear_to(body: Mapping[str, Any]) -> ClearTo:
    return ClearTo(read_audience(body), read_condition(body.get("when", {})), frozenset(body.get("objects", ())))


def _reveal(body: Mapping[str, Any]) -> Reveal:
    approvers = body.get("approvers")
    return Reveal(
        audience=read_audience(body),
        when=read_condition(body.get("when", {})),
        objects=frozenset(body.get("objects", ())),
        minutes=body.get("minutes", DEFAULT_MINUTES),
        requires=Requirement(body.get("requires", Requirement.REASON)),
        approvers=None if approvers is None else read_audience(approvers),
    )


def _verification(body: Mapping[str, Any]) -> Verification:
    return Verification(body["object"], body["subject"], body.get("subjects", {}), body.get("criteria"))


def masking_rules(snapshot: Snapshot) -> Mapping[str, MaskingRule]:
    """The active rules by name."""
    return snapshot.keep(KIND, lambda: {name: read_masking_rule(each) for name, each in _components(snapshot)})


def _components(snapshot: Snapshot) -> list[tuple[str, LogicComponent]]:
    return sorted(snapshot.logic_of(KIND).items())


def declared_masks(snapshot: Snapshot) -> Mapping[tuple[str, str], Mask]:
    """For each field that a rule is about, how it looks to those to whom nothing is clear: what leaves the system."""

    def make() -> dict[tuple[str, str], Mask]:
        found: dict[tuple[str, str], Mask] = {}
        for rule in masking_rules(snapshot).values():
            for each in rule.covers(snapshot):
                found.setdefault((each.object_name, each.name), rule.mask_of(each))
        return found

    return snapshot.keep(("declared_masks",), make)
