"""Task plans: tasks made together for a record. What a component says, and which saves move a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.durations import Duration, read_duration
from chassis_metadata.logic.flow import formula_of
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Snapshot

KIND = "task_plan"
RUN_OBJECT = "TaskPlanRun"
START, CANCEL, MOVE, DONE, CLOSED, GONE = "start", "cancel", "move", "done", "closed", "gone"
#: After flows, assignment and milestones.
_ORDER = 2_100
_SAVES = frozenset({Event.CREATE, Event.UPDATE})
_NO_OLD_VALUES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who gets a task: `kind` is field, queue, role or username."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One task of a plan."""

    name: str
    place: int
    subject: str
    offset: Duration | None = None
    from_date: str | None = None
    from_previous: bool = False
    only_if: str | None = None
    owner: Owner | None = None
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A plan in force; formulas are texts over the record, but for those over the task."""

    name: str
    label: str
    object_name: str
    task_object: str
    run_field: str
    done_when: str
    tasks: tuple[PlannedTask, ...]
    subject_field: str = "Name"
    due_field: str | None = None
    record_field: str | None = None
    start: str | None = None
    cancel_when: str | None = None
    closed_when: str | None = None
    on_cancel: Mapping[str, str] = field(default_factory=dict, hash=False)
    hours: str | None = None
    hours_from: str | None = None

    def subject_in(self, snapshot: Snapshot, language: str, task: PlannedTask) -> str:
        """What a task is called."""
        return snapshot.text(language, f"task_plans.{self.name}.tasks.{task.place}.subject", task.subject)

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What users read."""
        return snapshot.text(language, f"task_plans.{self.name}.label", self.label)


def plans_of(snapshot: Snapshot) -> Mapping[str, TaskPlan]:
    """The plans in force by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_plan(each) for name, each in components.items()})


def read_plan(component: LogicComponent) -> TaskPlan:
    """A component, whose form was checked, as a plan."""
    body = component.body
    mapping = body["mapping"]
    return TaskPlan(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        task_object=body["task_object"],
        run_field=mapping["run"],
        done_when=body["done_when"],
        tasks=tuple(_task(body, place) for place in range(len(body["tasks"]))),
        subject_field=mapping.get("subject", "Name"),
        due_field=mapping.get("due"),
        record_field=mapping.get("record"),
        start=body.get("start"),
        cancel_when=body.get("cancel_when"),
        closed_when=body.get("closed_when"),
        on_cancel=_formulas(body.get("on_cancel", {})),
        hours=body.get("hours"),
        hours_from=body.get("hours_from"),
    )


def _task(plan: Mapping[str, Any], place: int) -> PlannedTask:
    body = plan["tasks"][place]
    since = body.get("from", {})
    return PlannedTask(
        name=body.get("name", str(place + 1)),
        place=place,
        subject=body["subject"],
        offset=read_duration(body["offset"]) if "offset" in body else None,
        from_date=since.get("date"),
        from_previous=since.get("previous", False),
        only_if=body.get("only_if"),
        owner=_owner(body.get("owner", plan.get("owner"))),
        fields={**_formulas(plan.get("fields", {})), **_formulas(body.get("fields", {}))},
    )


def _owner(body: Mapping[str, str] | None) -> Owner | None:
    return Owner(*next(iter(body.items()))) if body else None


def _formulas(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: formula_of(value) for name, value in body.items()}


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    plan = plans_of(snapshot)[component.full_name]
    mine = f"NOT(ISBLANK({plan.run_field}))"
    done, closed = (text and f"IF({mine}, ({text}), FALSE)" for text in (plan.done_when, plan.closed_when))
    update = frozenset({Event.UPDATE})
    for what, object_name, events, criteria, becomes in (
        (START, plan.object_name, _SAVES, plan.start, True),
        (CANCEL, plan.object_name, update, plan.cancel_when, True),
        (MOVE, plan.object_name, update, _moves(snapshot, plan), False),
        (DONE, plan.task_object, _SAVES, done, True),
        (CLOSED, plan.task_object, _SAVES, closed, True),
        (GONE, plan.task_object, frozenset({Event.DELETE}), mine, False),
    ):
        if criteria is not None:
            name = f"{plan.name}/{what}"
            yield Trigger(KIND, name, object_name, events, criteria, becomes, _ORDER, _NO_OLD_VALUES)


def what_of(trigger: Trigger) -> tuple[str, str]:
    """The plan's name, and which of its triggers it is."""
    name, _, what = trigger.name.rpartition("/")
    return name, what


def _moves(snapshot: Snapshot, plan: TaskPlan) -> str | None:
    """A formula that is true where a date of the record changed that tasks are counted from."""
    obj = snapshot.objects.get(plan.object_name)
    names: set[str] = set()
    for text in {each.from_date for each in plan.tasks if each.from_date and obj is not None}:
        try:
            names |= {name for name in record_formula(snapshot, obj, text).fields if name in obj.fields}  # type: ignore[arg-type,union-attr]
        except Invalid:
            continue  # the checks tell
    return " || ".join(f"ISCHANGED({name})" for name in sorted(names)) or None


SOURCES[KIND] = _triggers
