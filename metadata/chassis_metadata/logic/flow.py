"""Flows: a trigger and nested steps. What a component's body says, as values; what the write road must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.durations import Duration, read_duration
from chassis_metadata.logic.triggers import Event
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Snapshot

KIND = "flow"
BEFORE_SAVE, AFTER_SAVE, AFTER_COMMIT = "before_save", "after_save", "after_commit"
#: Verbs whose body names a component of another engine, and that component's kind.
ENGINE_VERBS: Mapping[str, str] = {
    "assign": "assignment_rule",
    "submit": "approval",
    "score": "scoring_model",
    "plan": "task_plan",
    "post": "ledger",
    "milestone": "milestone",
    "refresh": "segment",
    "match": "matching_rule",
}
#: Those of them that act on no record.
RECORDLESS_VERBS = frozenset({"refresh"})
#: The verbs that this engine knows itself, in the schema's order.
OWN_VERBS = (
    *("update", "update_records", "create", "delete", "queue", "notify", "email", "webhook", "send_document"),
    *("call", "decision", "for_each", "wait", "publish", "set", "stop", "error"),
)
_NOT_VERBS = frozenset({"name", "if"})


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps under a condition; None: whatever no branch before took."""

    condition: str | None
    steps: tuple[Step, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `where` is its place in the body; the branches are those of a decision, or a loop's one."""

    where: Where
    verb: str
    body: Any = field(hash=False)
    condition: str | None = None
    name: str | None = None
    branches: tuple[Branch, ...] = ()
    texts: str = ""  # what the keys of its translations begin with

    @property
    def place(self) -> str:
        """What runs and waits call the step: its name, or where it stands."""
        return self.name or ".".join(str(part) for part in self.where)


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that steps set and formulas read."""

    name: str
    kind: Kind
    value: str | None = None  # the formula it begins with
    is_input: bool = False
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Relative:
    """A time before or after a date of the record."""

    field: str
    offset: Duration
    at: str | None = None  # None: midnight of a date, the same time of day of a moment
    business_hours: str | None = None
    max_late: Duration | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow in force. `start` is its trigger's word, `when` how it stands to the transaction that sets it off."""

    name: str
    label: str
    object_name: str | None
    start: str  # record | schedule | relative | inbound | button | sub | event
    steps: tuple[Step, ...]
    when: str = AFTER_COMMIT
    events: frozenset[Event] = frozenset()
    criteria: str | None = None
    becomes: bool = False
    order: int = 1_000
    trace: str | None = None
    variables: tuple[Variable, ...] = ()
    trigger: Mapping[str, Any] = field(default_factory=dict, hash=False)
    relative: Relative | None = None
    package: str | None = None
    version: str = ""
    frozen: str = ""  # the digest that it is kept by, where it is an older version that something waits in

    @property
    def is_synchronous(self) -> bool:
        """Whether it runs in the transaction of what sets it off."""
        return self.when != AFTER_COMMIT

    @property
    def knows_prior(self) -> bool:
        """Whether its formulas may ask what was before the change."""
        return self.start == "record"

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of its variables."""
        return {each.name: each.kind for each in self.variables}

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What users read."""
        return snapshot.text(language, f"flows.{self.name}.label", self.label)

    def inputs_in(self, snapshot: Snapshot, language: str) -> list[dict[str, str | None]]:
        """The variables that whoever starts it may give, as forms ask for them."""
        start = f"flows.{self.name}.variables"
        return [
            {
                "name": each.name,
                "type": each.kind.value,
                "label": snapshot.text(language, f"{start}.{each.name}.label", each.label or "") or None,
            }
            for each in self.variables
            if each.is_input
        ]


def flows(snapshot: Snapshot) -> Mapping[str, Flow]:
    """The active flows by name."""

    def make() -> dict[str, Flow]:
        return {
            name: read_flow(each, snapshot.packages.get(each.package or "", ""))
            for name, each in snapshot.logic_of(KIND).items()
        }

    return snapshot.keep(KIND, make)


def flows_started_by(snapshot: Snapshot, start: str) -> tuple[Flow, ...]:
    """The active flows with this trigger, in running order."""

    def make() -> tuple[Flow, ...]:
        chosen = [each for each in flows(snapshot).values() if each.start == start]
        return tuple(sorted(chosen, key=lambda each: (each.order, each.name)))

    return snapshot.keep((KIND, start), make)


def read_flow(component: LogicComponent, version: str = "") -> Flow:
    """A component, whose form was checked, as a flow."""
    body = component.body
    [(start, trigger)] = body["trigger"].items()
    return Flow(
        name=component.full_name,
        label=body["label"],
        object_name=body.get("object"),
        start=start,
        steps=read_steps(body["steps"], ("steps",), f"flows.{component.full_name}.steps"),
        when=_when(start, trigger),
        events=_events(start, trigger),
        criteria=trigger.get("criteria"),
        becomes=trigger.get("becomes", False),
        order=body.get("order", 1_000),
        trace=body.get("trace"),
        variables=tuple(_variable(name, each) for name, each in body.get("variables", {}).items()),
        trigger=trigger,
        relative=_relative(trigger) if start == "relative" else None,
        package=component.package,
        version=version,
    )


def _when(start: str, trigger: Mapping[str, Any]) -> str:
    if start in ("record", "inbound", "event"):
        return str(trigger.get("when", AFTER_SAVE))
    return AFTER_SAVE if start in ("button", "sub") else AFTER_COMMIT


def _events(start: str, trigger: Mapping[str, Any]) -> frozenset[Event]:
    if start != "record":
        return frozenset()
    return frozenset(Event(each) for each in trigger.get("events", (Event.CREATE, Event.UPDATE)))


def _variable(name: str, body: Mapping[str, Any]) -> Variable:
    value = formula_of(body["value"]) if "value" in body else None
    return Variable(name, Kind(body["type"]), value, body.get("input", False), body.get("label"))


def _relative(trigger: Mapping[str, Any]) -> Relative:
    late = trigger.get("max_late")
    return Relative(
        field=trigger["field"],
        offset=read_duration(trigger["offset"]),
        at=trigger.get("at"),
        business_hours=trigger.get("business_hours"),
        max_late=read_duration(late) if late else None,
    )


def verbs_of(body: Mapping[str, Any]) -> list[str]:
    """The verbs of a step's body; there ought to be one."""
    return [key for key in body if key not in _NOT_VERBS]


def read_steps(bodies: Sequence[Mapping[str, Any]], where: Where, texts: str) -> tuple[Step, ...]:
    """A list of steps; translations call a step by its name, or by its number from 0."""
    return tuple(
        _step(each, (*where, index), f"{texts}.{each.get('name', index)}") for index, each in enumerate(bodies)
    )


def _step(body: Mapping[str, Any], where: Where, texts: str) -> Step:
    verb = next(iter(verbs_of(body)), "stop")
    inner = body.get(verb, True)
    branches = tuple(_branches(verb, inner, (*where, verb), f"{texts}.{verb}"))
    return Step(where, verb, inner, body.get("if"), body.get("name"), branches, f"{texts}.{verb}")


def _branches(verb: str, body: Any, where: Where, texts: str) -> Iterator[Branch]:
    if verb == "for_each":
        yield Branch(None, read_steps(body["steps"], (*where, "steps"), f"{texts}.steps"))
    for index, each in enumerate(body if verb == "decision" else ()):
        key = "else" if "else" in each else "steps"
        inner = f"{texts}.{each.get('name', index)}.{key}"
        steps = read_steps(each.get(key, ()), (*where, index, key), inner)
        yield Branch(None if key == "else" else each.get("when"), steps, each.get("name"))


def formula_of(value: str | float | bool | None) -> str:  # noqa: FBT001  a value as YAML has it
    """A formula as written, or of a plain value that stands for itself."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    return value if isinstance(value, str) else format(Decimal(str(value)), "f")


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps and those within them."""
    for each in steps:
        yield each
        for branch in each.branches:
            yield from all_steps(branch.steps)


def rest_after(steps: Sequence[Step], place: str) -> tuple[Step, ...] | None:
    """What is left to be done after the step at `place`: the rest of its list, then of those around it. None: gone."""
    for index, each in enumerate(steps):
        rest = tuple(steps[index + 1 :])
        if each.place == place:
            return rest
        for branch in each.branches:
            inner = rest_after(branch.steps, place)
            if inner is not None:
                return (*inner, *rest)
    return None
