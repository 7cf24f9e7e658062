"""Alert rules: which entries of a journal count, how many of them in how long are too many, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.formula_of import as_formula
from chassis_metadata.snapshot import Snapshot

KIND = "alert_rule"
AUDITORS = (("permission_set", "Auditor"),)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert rule in force; formulas are texts over the entry. `notify` is pairs of a word and a name."""

    name: str
    label: str
    journal: str
    criteria: str = "TRUE"
    counts: str = "1"
    more_than: Decimal = Decimal(0)
    within_minutes: int = 60
    per: str = "UserId"
    severity: str = "Medium"
    notify: tuple[tuple[str, str], ...] = AUDITORS

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What auditors read."""
        return snapshot.text(language, f"alert_rules.{self.name}.label", self.label)


def alert_rules_of(snapshot: Snapshot) -> Mapping[str, AlertRule]:
    """The rules in force by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_alert_rule(each) for name, each in components.items()})


def read_alert_rule(component: LogicComponent) -> AlertRule:
    """A component, whose form was checked, as a rule."""
    body = component.body
    told = tuple(pair for each in body.get("notify", ()) for pair in each.items())
    return AlertRule(
        name=component.full_name,
        label=body["label"],
        journal=body["journal"],
        criteria=body.get("criteria", "TRUE"),
        counts=as_formula(body.get("counts", 1)),
        more_than=Decimal(str(body.get("more_than", 0))),
        within_minutes=body.get("within_minutes", 60),
        per=body.get("per", "UserId"),
        severity=body.get("severity", "Medium"),
        notify=told or AUDITORS,
    )
