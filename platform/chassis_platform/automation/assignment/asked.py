"""What a request says of assignment rules: `Sforce-Auto-Assign`, and the `assignmentRuleId` of a bulk job."""

from __future__ import annotations

from dataclasses import replace

from chassis_metadata.errors import Forbidden, Invalid
from chassis_metadata.forms import near
from chassis_metadata.ids import component_id, is_id, normal_id
from chassis_metadata.logic.assignment import KIND, AssignmentRule, rule_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import AS_DECLARED, AssignmentChoice, Context

_PREFIX = "01Q"
_NO, _YES = "FALSE", "TRUE"


def with_assignment(context: Context, asked: str | None) -> Context:
    """The Context whose saves assign as a request says: `TRUE` or nothing as declared, `FALSE`, or a rule's id or name.

    A rule gives way only for who may write its targets without it: for others, `FALSE` changes nothing, and a rule that
    is named is refused.
    """
    wanted = (asked or "").strip()
    choice = AS_DECLARED if wanted.upper() in ("", _YES) else _choice(context, wanted)
    return context if choice == context.assignment else replace(context, assignment=choice)


def rules_seen(context: Context) -> list[AssignmentRule]:
    """The rules in force for objects that the user sees, by name."""
    return [each for each in _rules(context.snapshot) if context.policy.on(each.object_name).read]


def id_of(rule: AssignmentRule) -> str:
    """What clients call the rule."""
    return component_id(_PREFIX, rule.name)


def may_choose(context: Context, rule: AssignmentRule) -> bool:
    """Whether the user may name the rule: who may write all that it, and what gives way to it, would assign."""
    same = (each for each in _rules(context.snapshot) if each.object_name == rule.object_name)
    return all(_may_do_without(context, each) for each in (rule, *(each for each in same if each.trigger is not None)))


def _choice(context: Context, wanted: str) -> AssignmentChoice:
    rules = _rules(context.snapshot)
    if wanted.upper() == _NO:
        names = (each.name for each in rules if each.trigger is not None and _may_do_without(context, each))
        return AssignmentChoice(without=frozenset(names))
    rule = _named(context, wanted)
    if not may_choose(context, rule):
        message = f"Choosing a rule needs the right to write all that assignment rules of {rule.object_name} assign."
        raise Forbidden.of("insufficient_access", message)
    same = frozenset(each.name for each in rules if each.object_name == rule.object_name)
    return AssignmentChoice(same, (rule.object_name, rule.name))


def _named(context: Context, wanted: str) -> AssignmentRule:
    """The rule of that id or name, of an object that the user sees."""
    seen = rules_seen(context)
    wanted_id = normal_id(wanted) if is_id(wanted) else None
    for each in seen:
        if each.name == wanted or id_of(each) == wanted_id:
            return each
    hint = near(wanted[:80], [each.name for each in seen])
    message = f"There is no assignment rule {wanted[:80]!r}.{hint} Say TRUE, FALSE, or a rule's id or name."
    raise Invalid.of("invalid_cross_reference_key", message)


def _may_do_without(context: Context, rule: AssignmentRule) -> bool:
    return _targets(rule) <= context.policy.on(rule.object_name).editable


def _targets(rule: AssignmentRule) -> frozenset[str]:
    """The fields that its answers are written to."""
    return frozenset(each.target for each in rule.entries)


def _rules(snapshot: Snapshot) -> list[AssignmentRule]:
    found = (rule_of(snapshot, name) for name in sorted(snapshot.logic_of(KIND)))
    return [each for each in found if each is not None]
