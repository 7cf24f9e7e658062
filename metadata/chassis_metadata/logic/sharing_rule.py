"""Sharing rules, which let more people see or change records, and restriction rules, which only narrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chassis_metadata.components import LogicComponent, OrgWideDefault
from chassis_metadata.logic.audience import Audience, read_audience
from chassis_metadata.logic.record_condition import RecordCondition, read_condition
from chassis_metadata.snapshot import Object, Snapshot

SHARING, RESTRICTION, DEFAULT = "sharing_rule", "restriction_rule", "org_wide_default"


@dataclass(frozen=True, slots=True)
class SharingRule:
    """Records that meet `records` are shared with the audience, and with those above it in the role hierarchy.

    Unless it `passes_on`, whom only this rule lets in is no reader to what depends on who reads the record.
    """

    name: str
    object_name: str
    audience: Audience
    records: RecordCondition
    may_edit: bool = False
    passes_on: bool = True

    @property
    def key(self) -> str:
        """What the rule is called among all audiences."""
        return f"{SHARING}.{self.object_name}.{self.name}"


@dataclass(frozen=True, slots=True)
class RestrictionRule:
    """The audience meets no other records of the object than these, whatever else grants them."""

    name: str
    object_name: str
    audience: Audience
    records: RecordCondition

    @property
    def key(self) -> str:
        """What the rule is called among all audiences."""
        return f"{RESTRICTION}.{self.object_name}.{self.name}"


Rule = TypeVar("Rule", SharingRule, RestrictionRule)


def read_sharing_rule(component: LogicComponent) -> SharingRule:
    """A component as a sharing rule."""
    body = component.body
    return SharingRule(
        name=component.name,
        object_name=component.object_name,
        audience=read_audience(body["share_with"]),
        records=read_condition(body["records"]),
        may_edit=body.get("access", "read") == "edit",
        passes_on=body.get("passes_on", True),
    )


def read_restriction_rule(component: LogicComponent) -> RestrictionRule:
    """A component as a restriction rule."""
    body = component.body
    audience, records = read_audience(body["applies_to"]), read_condition(body["records"])
    return RestrictionRule(component.name, component.object_name, audience, records)


def sharing_rules_of(snapshot: Snapshot, object_name: str) -> tuple[SharingRule, ...]:
    """The active sharing rules of an object, by name."""
    return _rules(snapshot, SHARING, read_sharing_rule).get(object_name, ())


def restriction_rules_of(snapshot: Snapshot, object_name: str) -> tuple[RestrictionRule, ...]:
    """The active restriction rules of an object, by name."""
    return _rules(snapshot, RESTRICTION, read_restriction_rule).get(object_name, ())


def _rules(snapshot: Snapshot, kind: str, read: Callable[[LogicComponent], Rule]) -> Mapping[str, tuple[Rule, ...]]:
    def make() -> Mapping[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {}
        for _, component in sorted(snapshot.logic_of(kind).items()):
            found.setdefault(component.object_name, []).append(read(component))
        return {name: tuple(rules) for name, rules in found.items()}

    return snapshot.keep(kind, make)


def default_access(snapshot: Snapshot, obj: Object, *, is_external: bool) -> OrgWideDefault:
    """What everybody may see of an object: the tenant's word, else the object's. Partners never see more by it."""
    word = snapshot.logic_of(DEFAULT).get(obj.name)
    body: Mapping[str, str] = word.body if word is not None else {}
    internal = OrgWideDefault(body.get("internal", obj.sharing))
    if not is_external:
        return internal
    external = OrgWideDefault(body.get("external", obj.external_sharing or internal))
    return min(external, internal, key=_WIDTH.__getitem__)


_WIDTH = {
    OrgWideDefault.PRIVATE: 0,
    OrgWideDefault.CONTROLLED_BY_PARENT: 1,
    OrgWideDefault.PUBLIC_READ: 2,
    OrgWideDefault.PUBLIC_READ_WRITE: 3,
}
