"""Rules that read what the records themselves move in a parent: they are asked when the parent's summaries are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis_metadata.expressions.typed import FieldValue, walk
from chassis_metadata.logic.validation_rule import ValidationRule
from chassis_platform.plan.changes import Change
from chassis_platform.plan.object_logic import ObjectLogic
from chassis_platform.plan.summaries import relations_over
from chassis_platform.plan.write import WritePlan


@dataclass(frozen=True, slots=True)
class _Parts:
    """The logic of an object in two parts, and the references to the parents that the late rules read."""

    early: ObjectLogic
    late: ObjectLogic
    references: frozenset[str]


def in_two_parts(plan: WritePlan, changes: Sequence[Change]) -> tuple[WritePlan, WritePlan | None]:
    """What is asked of the records when they are written, and, if anything, when their parents' summaries are made."""
    logic = plan.logic
    parts = logic.snapshot.keep(("late_rules", *logic.key), lambda: _parts(logic))
    relations = relations_over(logic.snapshot, logic.obj)
    moved = {each.reference.name for each in relations if any(map(each.is_touched, changes))}
    if parts.references.isdisjoint(moved):
        return plan, None
    return replace(plan, only=parts.early), replace(plan, only=parts.late)


def _parts(logic: ObjectLogic) -> _Parts:
    summed = {each.reference.name for each in relations_over(logic.snapshot, logic.obj)}
    read = {each.name: _references_read(logic, each) & summed for each in logic.rules}
    late = tuple(each for each in logic.rules if read[each.name])
    early = tuple(each for each in logic.rules if not read[each.name])
    alone = replace(logic, defaults=(), updates=(), computed=(), required=(), read_only=(), triggers=())
    return _Parts(
        replace(logic, rules=early, part="early"),
        replace(alone, rules=late, part="late"),
        frozenset(name for each in late for name in read[each.name]),
    )


def _references_read(logic: ObjectLogic, rule: ValidationRule) -> set[str]:
    """The references over which the rule reads what is worked out of a parent: a summary, or what may rest on one."""
    found = set()
    for node in walk(logic.criterion(rule.formula).root):
        if isinstance(node, FieldValue) and node.steps:
            field = logic.snapshot.objects[node.obj].fields.get(node.field)
            if field is not None and field.is_calculated:
                found.add(node.steps[0].field)
    return found
