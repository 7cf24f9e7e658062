"""What is found of records that were just written: broken rules, missing values, triggers that fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chassis_metadata.functions import checksum_problem
from chassis_metadata.logic.candidate_keys import candidate_keys
from chassis_metadata.logic.triggers import Event
from chassis_metadata.logic.validation_rule import KIND as RULE
from chassis_metadata.logic.validation_rule import ValidationRule
from chassis_metadata.snapshot import Field
from chassis_platform.access.context import Context
from chassis_platform.access.system import is_automation
from chassis_platform.coverage import note
from chassis_platform.plan.changes import Change
from chassis_platform.plan.object_logic import ObjectLogic
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.after_save import Fired
from chassis_platform.records.compute import folded_old
from chassis_platform.records.inquiry import LOCK_TIMEOUT, everywhere
from chassis_platform.sql.candidate_locks import lock_candidates
from chassis_platform.sql.candidates import OLD_ROWS
from chassis_platform.sql.judge import NOTHING, Question, compile_question
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement

#: The field's word for "a validation rule says no".
BROKEN = "field_custom_validation_exception"


def question(plan: WritePlan, changes: Sequence[Change]) -> list[Statement]:
    """The statement that asks everything of these records, the last of these, or none if nothing is to be asked."""
    logic = plan.logic
    asked = _compiled(logic) if logic.is_judged and changes else NOTHING
    if not asked.marks:
        return []
    parameters = {
        **everywhere(plan),
        "ids": [change.id for change in changes],
        "created_ids": [change.id for change in changes if change.creating],
        OLD_ROWS: folded_old(plan.obj, logic, changes),
    }
    return [each.bind(**parameters) for each in (*_locks(logic), asked.statement)]


def _locks(logic: ObjectLogic) -> tuple[Statement, ...]:
    """What keeps others from writing meanwhile what a rule looks for and does not find."""

    def make() -> tuple[Statement, ...]:
        keys = candidate_keys(logic.criterion(rule.formula) for rule in logic.rules)
        known = [each for each in keys if all(mine in logic.obj.fields for _, mine in each.pairs)]
        return (LOCK_TIMEOUT, lock_candidates(logic.obj, known)) if known else ()

    return logic.snapshot.keep(("candidate_locks", *logic.key), make)


def _compiled(logic: ObjectLogic) -> Question:
    return logic.snapshot.keep(("question", *logic.key), lambda: compile_question(logic))


@dataclass(slots=True)
class _Findings:
    """The places of what was found of one record, by kind of finding."""

    change: Change
    places: dict[str, list[int]] = field(default_factory=dict)

    def of(self, finding: str) -> list[int]:
        return self.places.get(finding, [])


def hear(plan: WritePlan, changes: Sequence[Change], rows: Iterable[Row]) -> list[Fired]:
    """Note what is wrong with the records; answer what fired for those with which nothing is."""
    logic = plan.logic
    marks = _compiled(logic).marks if logic.is_judged else ()
    findings = {str(change.id): _Findings(change) for change in changes}
    for record_id, numbers in rows:
        found = findings[record_id]
        for mark in map(marks.__getitem__, numbers):
            found.places.setdefault(mark.finding, []).append(mark.place)
    for found in findings.values():
        if found.places:
            _complain(plan.context, logic, found)
    return list(_fired(logic, list(findings.values())))


def _complain(context: Context, logic: ObjectLogic, found: _Findings) -> None:
    change = found.change
    for place in found.of("broken"):
        rule = logic.rules[place]
        if _fits(logic, rule, change):
            continue
        note(RULE, rule.full_name, "fires")
        fields = (rule.field,) if rule.field else ()
        change.wrong(BROKEN, rule.message_in(context.snapshot, context.principal.language), *fields)
    for place in found.of("failed"):
        rule = logic.rules[place]
        message = f"{rule.full_name}: the formula can't be worked out for this record."
        change.wrong(BROKEN, message, *filter(None, [rule.field]))
    _complain_of_fields(context, logic, found)
    for place in found.of("stuck"):
        trigger = logic.triggers[place]
        message = f"{trigger.name}: the criteria can't be worked out for this record, so it was not saved."
        change.wrong("cannot_execute_flow_trigger", message)


def _fits(logic: ObjectLogic, rule: ValidationRule, change: Change) -> bool:
    """Whether the value is right by the rule's checksum: asked here, because SQL does not see what is encrypted."""
    definition = logic.snapshot.functions.get(rule.unless_valid) if rule.unless_valid is not None else None
    value = change.now(rule.field) if definition is not None and rule.field is not None else None
    return definition is not None and value is not None and checksum_problem(definition, str(value)) is None


def _complain_of_fields(context: Context, logic: ObjectLogic, found: _Findings) -> None:
    change = found.change
    missing = [logic.required[place].name for place in found.of("missing")]
    if missing:
        change.wrong("required_field_missing", f"Required fields are missing: [{', '.join(missing)}]", *missing)
    locked = [logic.read_only[place] for place in found.of("locked")]
    for each in locked if not is_automation(context) else ():
        if each.name in change.sent and each.name not in change.computed and change.differs(each.name):
            change.wrong("invalid_field_for_insert_update", f"{_label(context, each)} can't be changed now.", each.name)


def _label(context: Context, each: Field) -> str:
    key = f"objects.{each.object_name}.fields.{each.name}.label"
    return context.snapshot.text(context.principal.language, key, each.label)


def _fired(logic: ObjectLogic, findings: Sequence[_Findings]) -> Iterable[Fired]:
    fine = [each for each in findings if not each.change.problems]
    for place, trigger in enumerate(logic.triggers):
        meant = [each for each in fine if trigger.criteria is None or place in each.of("fired")]
        for event in sorted(trigger.events & logic.events):
            changes = tuple(each.change for each in meant if _event_of(logic, each.change) is event)
            if changes:
                yield Fired(trigger, event, logic.obj, changes)


def _event_of(logic: ObjectLogic, change: Change) -> Event:
    if len(logic.events) == 1:
        return next(iter(logic.events))
    return Event.CREATE if change.creating else Event.UPDATE
