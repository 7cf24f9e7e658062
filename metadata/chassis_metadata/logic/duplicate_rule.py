"""Duplicate rules: what happens when a record that is saved matches others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.flow import formula_of
from chassis_metadata.logic.flow_formulas import Standing
from chassis_metadata.logic.matching_rule import ORDER as KEYS_FIRST
from chassis_metadata.logic.matching_rule import MatchingRule, changes_of, matching_rules
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Snapshot

KIND = "duplicate_rule"
ORDER = KEYS_FIRST + 1
DEFAULT_MESSAGE = "You're creating a duplicate record. We recommend you use an existing record instead."


class Action(StrEnum):
    """What a match leads to."""

    BLOCK = "block"
    WARN = "warn"
    REPORT = "report"
    ATTACH = "attach"
    NOTHING = "nothing"


#: How a field's value is chosen in a merge: a word, or the values of which the first one met wins.
MergeChoice = str | tuple[str, ...]


#: The variable that tells formulas of `attach` by which key two records match.
MATCH_KEY = "MatchKey"


@dataclass(frozen=True, slots=True)
class Attaching:
    """What becomes of a record that is not created: which of its matches takes it, and the flow that runs there.

    Formulas are over the record that is there; `$This` is the new one.
    """

    flow: str
    criteria: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)

    def standing(self, object_name: str) -> Standing:
        """Where its formulas stand."""
        return Standing(object_name, object_name, ((MATCH_KEY, Kind.TEXT),))


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """A rule in force. It asks `matching_rules`, as far as they are active, in order."""

    name: str
    label: str
    object_name: str
    matching_rules: tuple[str, ...]
    on_create: Action = Action.WARN
    on_update: Action = Action.WARN
    criteria: str | None = None
    message: str = DEFAULT_MESSAGE
    bypass_permission: str | None = None
    order: int = 100
    merge: Mapping[str, MergeChoice] = field(default_factory=dict)
    attach: Attaching | None = None

    def action(self, event: Event) -> Action:
        """What a match leads to in a create or an update."""
        return self.on_create if event is Event.CREATE else self.on_update

    def message_in(self, snapshot: Snapshot, language: str) -> str:
        """What the user reads."""
        return snapshot.text(language, f"duplicate_rules.{self.name}.message", self.message)


def read_duplicate_rule(component: LogicComponent) -> DuplicateRule:
    """A component as a rule."""
    body = component.body
    merge = body.get("merge", {})
    return DuplicateRule(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        matching_rules=tuple(body["matching_rules"]),
        on_create=Action(body.get("on_create", Action.WARN)),
        on_update=Action(body.get("on_update", Action.WARN)),
        criteria=body.get("criteria"),
        message=body.get("message", DEFAULT_MESSAGE),
        bypass_permission=body.get("bypass_permission"),
        order=body.get("order", 100),
        merge={name: tuple(each) if isinstance(each, list) else each for name, each in merge.items()},
        attach=_attaching(body["attach"]) if "attach" in body else None,
    )


def _attaching(body: Mapping[str, Any]) -> Attaching:
    arguments = {name: formula_of(value) for name, value in body.get("with", {}).items()}
    return Attaching(body["flow"], body.get("criteria"), arguments)


def duplicate_rules(snapshot: Snapshot) -> Mapping[str, DuplicateRule]:
    """The active rules by name, in the order in which they run."""

    def make() -> dict[str, DuplicateRule]:
        rules = [read_duplicate_rule(each) for each in snapshot.logic_of(KIND).values()]
        return {each.name: each for each in sorted(rules, key=lambda one: (one.order, one.name))}

    return snapshot.keep(KIND, make)


def asked_by(rule: DuplicateRule, snapshot: Snapshot) -> list[MatchingRule]:
    """The matching rules that a duplicate rule asks."""
    known = matching_rules(snapshot)
    return [known[name] for name in rule.matching_rules if name in known]


def merge_choices(snapshot: Snapshot, object_name: str) -> Mapping[str, MergeChoice]:
    """How fields are chosen when records of an object are merged; of two rules the first says."""
    found: dict[str, MergeChoice] = {}
    for rule in duplicate_rules(snapshot).values():
        if rule.object_name == object_name:
            found = {**rule.merge, **found}
    return found


def triggers_of_rule(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    """A rule asks when a record is created, and when a field that is compared changes."""
    rule = read_duplicate_rule(component)
    if rule.object_name not in snapshot.objects:
        return
    if rule.on_create is not Action.NOTHING:
        events, diverts = frozenset({Event.CREATE}), rule.on_create is Action.ATTACH
        yield Trigger(KIND, rule.name, rule.object_name, events, rule.criteria, order=ORDER, diverts=diverts)
    if rule.on_update is not Action.NOTHING:
        events = frozenset({Event.UPDATE})
        yield Trigger(KIND, rule.name, rule.object_name, events, criteria=_on_change(rule, snapshot), order=ORDER)


def _on_change(rule: DuplicateRule, snapshot: Snapshot) -> str:
    keys = (key for asked in asked_by(rule, snapshot) for key in asked.keys)
    names = {
        name for key in keys for side in key.sides() if side.object_name == rule.object_name for name in side.fields
    }
    changed = changes_of(snapshot.objects[rule.object_name], names)
    return f"({rule.criteria}) && ({changed})" if rule.criteria else changed


SOURCES[KIND] = triggers_of_rule
