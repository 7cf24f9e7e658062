"""Milestones: what has to happen to a record in time, as a component says it, and which saves set its clock off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.durations import Duration, read_duration
from chassis_metadata.logic.flow import AFTER_SAVE, Flow, read_steps
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Snapshot

KIND = "milestone"
START, PAUSE, RESUME, STOP, CANCEL, RETARGET = "start", "pause", "resume", "stop", "cancel", "retarget"
#: After flows and assignment, which may still change what a clock asks for.
_ORDER = 2_000
_SAVES = frozenset({Event.CREATE, Event.UPDATE})
_BEFORE = " before"


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """A moment before the end: a share of the target, a time after the start, or one before the end."""

    name: str
    share: Decimal | None = None
    length: timedelta = timedelta(0)
    is_before_end: bool = False
    steps: Flow | None = None

    def consumed(self, target: timedelta) -> timedelta:
        """How much of the target is used up when it comes; never less than nothing."""
        if self.share is not None:
            return target * float(self.share)
        return max(timedelta(0), target - self.length) if self.is_before_end else self.length


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone in force; formulas are texts over the record."""

    name: str
    label: str
    object_name: str
    start: str
    stop: str
    pause: str | None = None
    resume: str | None = None
    cancel: str | None = None
    restart: bool = False
    target: Duration | None = None
    target_minutes: str | None = None
    until: str | None = None
    runs_day_and_night: bool = False
    around_the_clock: str | None = None
    hours: str | None = None
    hours_from: str | None = None
    warnings: tuple[EarlyWarning, ...] = ()
    on_violation: Flow | None = None
    on_met: Flow | None = None
    mirror: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def begins(self) -> str:
        """When the clock starts. Blank conditions are false, also under a NOT."""
        cancelled = f"IF(({self.cancel}), FALSE, TRUE)" if self.cancel else "TRUE"
        return f"IF(({self.start}), IF(({self.stop}), FALSE, {cancelled}), FALSE)"

    @property
    def goes_on(self) -> str | None:
        """When a clock that stands still goes on."""
        return self.resume or (f"IF(({self.pause}), FALSE, TRUE)" if self.pause else None)

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What users read."""
        return snapshot.text(language, f"milestones.{self.name}.label", self.label)


def milestones_of(snapshot: Snapshot) -> Mapping[str, Milestone]:
    """The milestones in force by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_milestone(each) for name, each in components.items()})


def read_milestone(component: LogicComponent) -> Milestone:
    """A component, whose form was checked, as a milestone."""
    body = component.body
    return Milestone(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        start=body["start"],
        stop=body["stop"],
        pause=body.get("pause"),
        resume=body.get("resume"),
        cancel=body.get("cancel"),
        restart=body.get("restart", False),
        target=read_duration(body["target"]) if "target" in body else None,
        target_minutes=body.get("target_minutes"),
        until=body.get("until"),
        runs_day_and_night=body.get("clock") == "calendar",
        around_the_clock=body.get("around_the_clock"),
        hours=body.get("hours"),
        hours_from=body.get("hours_from"),
        warnings=tuple(_warning(component, place) for place in range(len(body.get("warnings", ())))),
        on_violation=_steps(component, "on_violation"),
        on_met=_steps(component, "on_met"),
        mirror=body.get("mirror", {}),
    )


def _warning(component: LogicComponent, place: int) -> EarlyWarning:
    body = component.body["warnings"][place]
    at, steps = body["at"], _steps(component, "warnings", place, "steps")
    name = body.get("name", at)
    if at.endswith("%"):
        return EarlyWarning(name, share=Decimal(at[:-1]) / 100, steps=steps)
    length = read_duration(at.removesuffix(_BEFORE)).length
    return EarlyWarning(name, length=length, is_before_end=at.endswith(_BEFORE), steps=steps)


def _steps(component: LogicComponent, *where: str | int) -> Flow | None:
    """The steps that stand there, as a flow that is called with the records."""
    bodies: Any = component.body
    for part in where:
        bodies = bodies[part] if isinstance(part, int) else bodies.get(part, ())
    if not bodies:
        return None
    texts = ".".join(str(part) for part in ("milestones", component.full_name, *where))
    return Flow(
        name=f"{component.full_name}.{'.'.join(str(part) for part in where if part != 'steps')}",
        label=component.body["label"],
        object_name=component.body["object"],
        start="sub",
        when=AFTER_SAVE,
        steps=read_steps(bodies, where, texts),
        package=component.package,
    )


def flows_in(milestone: Milestone) -> Iterator[Flow]:
    """What it does: on warnings, when the time is over, when it is met."""
    wanted = (*(each.steps for each in milestone.warnings), milestone.on_violation, milestone.on_met)
    yield from (each for each in wanted if each is not None)


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    milestone = milestones_of(snapshot)[component.full_name]
    changed = changes_target(snapshot, milestone)
    for what, criteria, becomes in (
        (START, milestone.begins, True),
        (PAUSE, milestone.pause, True),
        (RESUME, milestone.goes_on, True),
        (STOP, milestone.stop, True),
        (CANCEL, milestone.cancel, True),
        (RETARGET, changed, False),
    ):
        if criteria is not None:
            events = _SAVES if what == START else frozenset({Event.UPDATE})
            yield Trigger(
                KIND,
                trigger_name(milestone, what),
                milestone.object_name,
                events,
                criteria,
                becomes,
                _ORDER,
                frozenset(),
            )


def trigger_name(milestone: Milestone, what: str) -> str:
    """The name of one of its triggers; `what_of` takes it apart."""
    return f"{milestone.name}/{what}"


def what_of(trigger: Trigger) -> tuple[str, str]:
    """The milestone's name, and which of its triggers it is."""
    name, _, what = trigger.name.rpartition("/")
    return name, what


def changes_target(snapshot: Snapshot, milestone: Milestone) -> str | None:
    """A formula that is true of an update which moves the end: a field of the record that `until` reads changed."""
    obj = snapshot.objects.get(milestone.object_name)
    if milestone.until is None or obj is None:
        return None
    try:
        read = record_formula(snapshot, obj, milestone.until).fields
    except Invalid:
        return None  # the checks tell
    names = sorted(name for name in read if name in obj.fields)
    return " || ".join(f"ISCHANGED({name})" for name in names) or None


SOURCES[KIND] = _triggers
