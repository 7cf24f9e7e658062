"""What saving records of an object sets in motion: defaults, before-save updates, rules, conditions, triggers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.assignment import KIND as ASSIGNMENT
from chassis_metadata.logic.assignment import ORDER
from chassis_metadata.logic.record_formulas import criterion, fields_read, value_for
from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event, Trigger, before_save_updates_of, triggers_of
from chassis_metadata.logic.validation_rule import ValidationRule, rules_of
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import AS_DECLARED, AssignmentChoice

SAVES = frozenset({Event.CREATE, Event.UPDATE})


@dataclass(frozen=True, slots=True)
class ObjectLogic:
    """The logic of one object that concerns certain events. Each in the order in which it runs."""

    snapshot: Snapshot
    obj: Object
    events: frozenset[Event]
    defaults: tuple[Field, ...]
    updates: tuple[BeforeSaveUpdate, ...]
    rules: tuple[ValidationRule, ...]
    required: tuple[Field, ...]
    read_only: tuple[Field, ...]
    triggers: tuple[Trigger, ...]
    computed: tuple[str, ...]  # fields that defaults and updates may set
    read_before: frozenset[str]  # stored fields that defaults and updates read or set
    old_needed: frozenset[str]  # stored fields whose old values are asked for
    only: frozenset[str] | None = None  # where it is but the part that reads these fields
    part: str = ""  # where it is another part: which
    assignment: AssignmentChoice = AS_DECLARED

    @property
    def key(self) -> tuple[object, ...]:
        """What statements made of it are kept under, with the snapshot."""
        return self.obj.name, self.events, self.only, self.part, self.assignment

    @property
    def computes(self) -> bool:
        """Whether values are worked out before the records are written."""
        return bool(self.computed)

    @property
    def is_judged(self) -> bool:
        """Whether something is asked of the records when they are written, or acts on them."""
        return bool(self.rules or self.required or self.read_only or self.triggers)

    def criterion(self, text: str) -> Expression:
        """A condition over the object's records."""
        return criterion(self.snapshot, self.obj, text)

    def value_for(self, name: str, text: str) -> Expression:
        """A formula for a value of one of its fields."""
        return value_for(self.snapshot, self.obj.fields[name], text)


def logic_of(
    snapshot: Snapshot, obj: Object, events: Iterable[Event], assignment: AssignmentChoice = AS_DECLARED
) -> ObjectLogic:
    """The logic of an object for these events, put together once a snapshot."""
    wanted = frozenset(events)
    if assignment == AS_DECLARED:
        return snapshot.keep(("object_logic", obj.name, wanted), lambda: _gather(snapshot, obj, wanted))

    def assigned() -> ObjectLogic:
        logic = logic_of(snapshot, obj, wanted)
        chosen = replace(logic, triggers=tuple(_chosen(logic, assignment)), assignment=assignment)
        return replace(chosen, old_needed=_old_needed(chosen))

    return snapshot.keep(("object_logic", obj.name, wanted, assignment), assigned)


def _chosen(logic: ObjectLogic, assignment: AssignmentChoice) -> Iterable[Trigger]:
    """The triggers without the assignment rules that give way; what is wanted instead takes every new record."""
    left = [each for each in logic.triggers if not (each.kind == ASSIGNMENT and each.name in assignment.without)]
    object_name, rule = assignment.instead or ("", "")
    if object_name == logic.obj.name and Event.CREATE in logic.events:
        created = frozenset({Event.CREATE})
        left.append(Trigger(ASSIGNMENT, rule, object_name, created, order=ORDER, old_fields=frozenset()))
    return sorted(left, key=lambda each: (each.order, each.name))


def _gather(snapshot: Snapshot, obj: Object, events: frozenset[Event]) -> ObjectLogic:
    fields = tuple(obj.fields.values())
    defaults = tuple(each for each in fields if each.default_formula) if Event.CREATE in events else ()
    updates = tuple(each for each in before_save_updates_of(snapshot, obj.name) if each.events & events)
    computed = {each.name: None for each in defaults}
    computed |= {name: None for each in updates for name in each.assignments if name in obj.fields}
    logic = ObjectLogic(
        snapshot,
        obj,
        events,
        defaults,
        updates,
        rules=tuple(each for each in rules_of(snapshot, obj.name) if each.events & events),
        required=tuple(each for each in fields if each.required_when) if events & SAVES else (),
        read_only=tuple(each for each in fields if each.read_only_when) if Event.UPDATE in events else (),
        triggers=tuple(each for each in triggers_of(snapshot, obj.name) if each.events & events),
        computed=tuple(computed),
        read_before=frozenset(),
        old_needed=frozenset(),
    )
    before = fields_read(snapshot, obj, _before(logic)) | computed.keys()
    return replace(logic, read_before=before, old_needed=_old_needed(logic))


def reading(logic: ObjectLogic, names: frozenset[str]) -> ObjectLogic:
    """The part that asks about one of these fields: what a change of them alone sets in motion."""

    def reads(text: str | None) -> bool:
        found = fields_read(logic.snapshot, logic.obj, [logic.criterion(text)]) if text is not None else frozenset()
        return not names.isdisjoint(found)

    part = replace(
        logic,
        defaults=(),
        updates=(),
        computed=(),
        read_before=frozenset(),
        rules=tuple(each for each in logic.rules if reads(each.formula)),
        required=tuple(each for each in logic.required if reads(each.required_when)),
        read_only=(),
        triggers=tuple(each for each in logic.triggers if reads(each.criteria)),
        only=names,
    )
    return replace(part, old_needed=_old_needed(part))


def _old_needed(logic: ObjectLogic) -> frozenset[str]:
    """What formulas about the time before the change read."""
    asked = [*(each.formula for each in logic.rules), *(str(each.required_when) for each in logic.required)]
    asked += [each.criteria for each in logic.triggers if each.criteria is not None]
    old = [each for each in (*_before(logic), *map(logic.criterion, asked)) if each.uses_prior]
    old += [logic.criterion(str(each.read_only_when)) for each in logic.read_only]
    reacting: tuple[BeforeSaveUpdate | Trigger, ...] = (*logic.updates, *logic.triggers)
    old += [logic.criterion(each.criteria) for each in reacting if each.becomes and each.criteria]
    checked = {each.field for each in logic.rules if each.unless_valid is not None and each.field is not None}
    return fields_read(logic.snapshot, logic.obj, old) | {each.name for each in logic.read_only} | checked


def _before(logic: ObjectLogic) -> Iterable[Expression]:
    """The formulas that are worked out before the records are written."""
    for field in logic.defaults:
        yield logic.value_for(field.name, str(field.default_formula))
    for each in logic.updates:
        if each.criteria is not None:
            yield logic.criterion(each.criteria)
        for name, text in each.assignments.items():
            if name in logic.obj.fields:
                yield logic.value_for(name, text)


def loaded_for_triggers(logic: ObjectLogic) -> frozenset[str]:
    """The stored fields whose old values the engines behind the triggers want to know: all, unless they say which."""
    if not logic.triggers:
        return frozenset()
    stored = frozenset(each.name for each in logic.obj.fields.values() if not (each.is_compound or each.is_computed))
    named = [each.old_fields for each in logic.triggers]
    if any(each is None for each in named):
        return stored
    return stored & frozenset(name for each in named if each is not None for name in each)
