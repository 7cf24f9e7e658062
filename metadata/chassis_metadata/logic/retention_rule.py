"""Retention rules: which records have been kept long enough, and what becomes of them then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.data_subject import Erasure, Treatment
from chassis_metadata.snapshot import Snapshot

KIND = "retention_rule"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Records that meet the criteria and whose `age_field` lies more than so many months back."""

    name: str
    label: str
    object_name: str
    age_field: str
    months: int
    action: Erasure
    criteria: str | None = None
    fields: Mapping[str, Treatment] | None = None
    dry_run: bool = False


def retention_rules(snapshot: Snapshot) -> Mapping[str, RetentionRule]:
    """The rules in force by name."""

    def make() -> Mapping[str, RetentionRule]:
        return {name: read_retention_rule(each) for name, each in sorted(snapshot.logic_of(KIND).items())}

    return snapshot.keep(KIND, make)


def read_retention_rule(component: LogicComponent) -> RetentionRule:
    """A component as a rule."""
    body = component.body
    fields = body.get("fields")
    return RetentionRule(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        age_field=body["age_field"],
        months=body["months"],
        action=Erasure(body["action"]),
        criteria=body.get("criteria"),
        fields=None if fields is None else {name: Treatment(how) for name, how in fields.items()},
        dry_run=body.get("dry_run", False),
    )
