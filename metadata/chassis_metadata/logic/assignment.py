"""Assignment rules: who may be chosen, and the entries that choose, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.formula_of import all_of, as_formula, formula_of, optional_formula
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Field, Object, Snapshot

KIND = "assignment_rule"
OWNER = "OwnerId"
#: Among the triggers of a save, where it says nothing else.
ORDER = 500


class Strategy(StrEnum):
    """How an entry finds its answer. The first three name it, the others choose among candidates."""

    QUEUE = "queue"
    USER = "user"
    VALUE = "value"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    NEAREST = "nearest"
    SCORE = "score"
    FIRST = "first"


NAMED = frozenset({Strategy.QUEUE, Strategy.USER, Strategy.VALUE})


@dataclass(frozen=True, slots=True)
class Load:
    """What a candidate holds already: records whose `field` names its answer."""

    object_name: str
    field: str
    criteria: str | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Those who may be chosen. `criteria`, `values` and `capacity` look at the candidate alone."""

    name: str
    object_name: str
    criteria: str | None
    values: Mapping[str, str]
    match: str | None
    exclude: str | None
    answer: str
    capacity: str | None
    load: Load | None


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a score: a formula, or what is kept up to date while a batch is assigned."""

    weight: float
    value: str | None
    of: str | None = None
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to decide. `argument` is the queue, user or formula of a strategy that names its answer."""

    name: str
    strategy: Strategy
    target: str
    criteria: str | None = None
    argument: str | None = None
    among: str | None = None
    when: str | None = None
    tiers: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    within: float | None = None
    ignores_capacity: bool = False
    stops: bool = False
    sets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """A rule in force."""

    name: str
    object_name: str
    entries: tuple[Entry, ...]
    candidates: Mapping[str, Candidates]
    trigger: Trigger | None = None

    @property
    def chooses(self) -> bool:
        """Whether any entry chooses among candidates, which is done by one batch at a time."""
        return any(each.among for each in self.entries)


def rule_of(snapshot: Snapshot, name: str) -> AssignmentRule | None:
    """The active rule of that name."""
    component = snapshot.logic_of(KIND).get(name)
    if component is None:
        return None
    return snapshot.keep((KIND, name), lambda: read_rule(component))


def read_rule(component: LogicComponent) -> AssignmentRule:
    """A component as a rule."""
    body = component.body
    candidates = {name: _candidates(name, each) for name, each in body.get("candidates", {}).items()}
    only = next(iter(candidates)) if len(candidates) == 1 else None
    target = body.get("target", OWNER)
    return AssignmentRule(
        component.name,
        body["object"],
        tuple(_entry(each, target, only) for each in body["entries"]),
        candidates,
        _trigger(component),
    )


def _trigger(component: LogicComponent) -> Trigger | None:
    on = component.body.get("on")
    if on is None:
        return None
    return Trigger(
        KIND,
        component.name,
        component.body["object"],
        frozenset(Event(each) for each in on["events"]),
        on.get("criteria"),
        on.get("becomes", False),
        on.get("order", ORDER),
        old_fields=frozenset(),
    )


def _candidates(name: str, body: Mapping[str, Any]) -> Candidates:
    load = body.get("load")
    return Candidates(
        name,
        body["object"],
        all_of(body.get("criteria"), *_membership(body)),
        dict(body.get("values", {})),
        body.get("match"),
        body.get("except"),
        body.get("answer", "Id"),
        optional_formula(body.get("capacity")),
        load and Load(load["object"], load["field"], load.get("criteria")),
    )


def _membership(body: Mapping[str, Any]) -> Iterable[str]:
    if body["object"] == "User":
        yield "IsActive"
    if "queue" in body:
        queue = _quoted(body["queue"])
        yield f'EXISTS("GroupMember", UserOrGroupId = $This.Id && Group.DeveloperName = {queue})'
    if "role" in body:
        yield f"UserRole.DeveloperName = {_quoted(body['role'])}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _entry(body: Mapping[str, Any], target: str, only: str | None) -> Entry:
    strategy = next(each for each in Strategy if each.value in body)
    chooses = strategy not in NAMED
    nearest = body.get("nearest", {})
    distance = [nearest["distance"]] if nearest else []
    return Entry(
        name=body["name"],
        strategy=strategy,
        target=body.get("target", target),
        criteria=body.get("criteria"),
        argument=None if chooses else body[strategy.value],
        among=body.get("among", only if chooses else None),
        when=body.get("when"),
        tiers=tuple(body.get("tiers", ())),
        order=tuple(as_formula(each) for each in [*distance, *body.get("order", ())]),
        terms=tuple(_term(each) for each in body.get("score", ())),
        within=nearest.get("within"),
        ignores_capacity=body.get("ignore_capacity", False),
        stops=body.get("stop", False),
        sets=tuple((name, as_formula(each)) for name, each in body.get("set", {}).items()),
    )


def _term(body: Mapping[str, Any]) -> Term:
    value = optional_formula(body.get("value"))
    return Term(float(body["weight"]), value, body.get("of"), body.get("relative", False))


def variables_of(snapshot: Snapshot, each: Candidates) -> dict[str, Kind]:
    """What formulas over candidate and record may name besides fields: `$Candidate.X`, and the declared values."""
    obj = snapshot.objects[each.object_name]
    fields = {f"$Candidate.{each.name}": kind_of(each) for each in candidate_fields(obj)}
    values = {name: formula_of(snapshot, obj, text).kind for name, text in each.values.items()}
    return fields | values


def candidate_fields(obj: Object) -> list[Field]:
    """The fields of a candidate that `$Candidate.X` may name."""
    return [each for each in obj.fields.values() if not each.is_compound and not each.is_computed]


def pair_formula(
    snapshot: Snapshot, each: Candidates, record: Object, text: str, expects: Kind | None = None
) -> Expression:
    """A formula over candidate and record, typed."""
    obj = snapshot.objects[each.object_name]
    return formula_of(snapshot, obj, text, expects, this=record, variables=variables_of(snapshot, each))


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    del snapshot
    trigger = _trigger(component)
    return () if trigger is None else (trigger,)


SOURCES[KIND] = _triggers
