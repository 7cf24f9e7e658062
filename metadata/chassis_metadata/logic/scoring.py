"""Scoring models: factors that give points, dimensions that bound them, decay, bands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import as_formula, formula_of, optional_formula
from chassis_metadata.logic.record_formulas import fields_read
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Object, Snapshot

KIND = "scoring_model"
_ORDER = 600
#: Dimension of factors that name none.
PLAIN = ""


@dataclass(frozen=True, slots=True)
class Factor:
    """Points for something that is true of the record."""

    name: str
    label: str
    dimension: str
    points: str
    criteria: str | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """Points of one kind, bounded together."""

    name: str
    cap: str | None = None
    floor: str | None = None
    decays: bool = False


@dataclass(frozen=True, slots=True)
class Decay:
    """How points are lost: a share each begun period since a moment."""

    share: float
    days: int
    since: str
    compound: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A name for scores from `start` up; None: for all that are left."""

    name: str
    start: str | None = None


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """A model in force."""

    name: str
    object_name: str
    factors: tuple[Factor, ...]
    dimensions: tuple[Dimension, ...]
    bands: tuple[Band, ...]
    score_field: str
    band_field: str | None
    explanation_field: str | None
    criteria: str | None = None
    decay: Decay | None = None
    minimum: float = 0
    maximum: float = 100
    decimals: int = 0
    recompute_on: tuple[tuple[str, str], ...] = ()  # (object, its field that refers to the record)
    on_save: bool = True
    nightly: bool = True
    keeps_band_only: bool = False
    on_band_change: str | None = None

    @property
    def formulas(self) -> Iterable[str]:
        """All formulas over the record."""
        yield from (each.points for each in self.factors)
        yield from (each for each in self._bounds() if each is not None)

    def _bounds(self) -> Iterable[str | None]:
        yield self.criteria
        yield from (each.criteria for each in self.factors)
        yield from (bound for each in self.dimensions for bound in (each.cap, each.floor))
        yield from (each.start for each in self.bands)
        yield self.decay.since if self.decay else None


def model_of(snapshot: Snapshot, name: str) -> ScoringModel | None:
    """The active model of that name."""
    component = snapshot.logic_of(KIND).get(name)
    if component is None:
        return None
    return snapshot.keep((KIND, name), lambda: read_model(component))


def models_of(snapshot: Snapshot) -> list[ScoringModel]:
    """All active models."""
    return [model for name in snapshot.logic_of(KIND) if (model := model_of(snapshot, name)) is not None]


def read_model(component: LogicComponent) -> ScoringModel:
    """A component as a model."""
    body = component.body
    factors = tuple(_factor(each) for each in body["factors"])
    return ScoringModel(
        component.name,
        body["object"],
        factors,
        tuple(_dimensions(body.get("dimensions", {}), factors)),
        tuple(Band(each["name"], optional_formula(each.get("from"))) for each in body.get("bands", ())),
        score_field=body["score_field"],
        band_field=body.get("band_field"),
        explanation_field=body.get("explanation_field"),
        criteria=body.get("criteria"),
        decay=_decay(body.get("decay")),
        minimum=body.get("minimum", 0),
        maximum=body.get("maximum", 100),
        decimals=body.get("decimals", 0),
        recompute_on=tuple((each["object"], each["field"]) for each in body.get("recompute_on", ())),
        on_save=body.get("on_save", True),
        nightly=body.get("nightly", True),
        keeps_band_only=body.get("history") == "band",
        on_band_change=body.get("on_band_change"),
    )


def _factor(body: Mapping[str, Any]) -> Factor:
    name, label = body["name"], body.get("label", body["name"])
    return Factor(name, label, body.get("dimension", PLAIN), as_formula(body["points"]), body.get("criteria"))


def _dimensions(bodies: Mapping[str, Any], factors: Iterable[Factor]) -> Iterable[Dimension]:
    for name in dict.fromkeys(each.dimension for each in factors):
        body = bodies.get(name, {})
        cap, floor = optional_formula(body.get("cap")), optional_formula(body.get("floor"))
        yield Dimension(name, cap, floor, body.get("decays", False))


def _decay(body: Mapping[str, Any] | None) -> Decay | None:
    if body is None:
        return None
    return Decay(body["percent"] / 100, body.get("days", 7), body["since"], body.get("compound", False))


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    model = read_model(component)
    if not model.on_save or model.object_name not in snapshot.objects:
        return
    events = frozenset({Event.CREATE, Event.UPDATE})
    criteria = _relevant_change(snapshot, model)
    yield Trigger(KIND, model.name, model.object_name, events, criteria, order=_ORDER, old_fields=frozenset())
    children: dict[str, set[str]] = {}
    for object_name, field in model.recompute_on:
        children.setdefault(object_name, set()).add(field)
    for object_name, fields in children.items():
        if object_name != model.object_name:
            yield Trigger(KIND, model.name, object_name, frozenset(Event), order=_ORDER, old_fields=frozenset(fields))


def _relevant_change(snapshot: Snapshot, model: ScoringModel) -> str:
    obj = snapshot.objects[model.object_name]
    asked = [f"ISCHANGED({name})" for name in sorted(relevant_fields(snapshot, obj, model))]
    return " || ".join(["ISNEW()", *asked])


def relevant_fields(snapshot: Snapshot, obj: Object, model: ScoringModel) -> frozenset[str]:
    """The record's own fields that the model reads, as far as it can be asked whether they changed."""
    expressions = []
    for text in model.formulas:
        try:
            expressions.append(formula_of(snapshot, obj, text))
        except Invalid:
            continue  # the checks tell
    own = {model.score_field, model.band_field, model.explanation_field, "Id"}
    read = fields_read(snapshot, obj, expressions)
    return frozenset(name for name in read - own if _may_be_asked(obj, name))


def _may_be_asked(obj: Object, name: str) -> bool:
    """Whether a save can change the field: of the system's own, owner, record type and name."""
    field = obj.fields[name]
    return not field.system or field.updateable or field.is_name


def since_kinds() -> frozenset[Kind]:
    """What `decay.since` may answer."""
    return frozenset({Kind.DATE, Kind.DATETIME})


SOURCES[KIND] = _triggers
