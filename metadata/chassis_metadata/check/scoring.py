"""Scoring models: fields that can hold the results, formulas of the right kind, bands in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis_metadata.check.engine_formulas import (
    NUMBERS,
    TEXTS,
    field_complaints,
    flow_complaints,
    formula_complaints,
    object_complaint,
    refers_to,
    repeated,
)
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.scoring import since_kinds
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object


def check_scoring_model(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole model."""
    body = each.body
    yield from object_complaint(look, body["object"], (*where, "object"))
    obj = look.after.objects.get(body["object"])
    if obj is None:
        return
    yield from formula_complaints(look, obj, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)
    yield from repeated([one["name"] for one in body["factors"]], (*where, "factors"))
    yield from _factor_complaints(look, obj, body, where)
    yield from _dimension_complaints(look, obj, body, where)
    yield from _decay_complaints(look, obj, body, where)
    yield from _band_complaints(look, obj, body, where)
    yield from field_complaints(obj, body["score_field"], (*where, "score_field"), NUMBERS)
    yield from _size_complaints(obj, body, where)
    yield from field_complaints(obj, body.get("band_field"), (*where, "band_field"), TEXTS)
    texts = frozenset({FieldType.TEXT, FieldType.LONG_TEXT})
    yield from field_complaints(obj, body.get("explanation_field"), (*where, "explanation_field"), texts)
    yield from _child_complaints(look, obj, body, where)
    yield from flow_complaints(look, obj, body.get("on_band_change"), (*where, "on_band_change"))


def _factor_complaints(look: Look, obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    dimensions = body.get("dimensions", {})
    for place, one in enumerate(body["factors"]):
        here = (*where, "factors", place)
        yield from formula_complaints(look, obj, one.get("criteria"), (*here, "criteria"), Kind.BOOLEAN)
        yield from formula_complaints(look, obj, one["points"], (*here, "points"), Kind.NUMBER)
        if "dimension" in one and one["dimension"] not in dimensions:
            yield unknown((*here, "dimension"), "dimension", one["dimension"], dimensions)


def _dimension_complaints(look: Look, obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    used = {one.get("dimension") for one in body["factors"]}
    for name, one in body.get("dimensions", {}).items():
        here = (*where, "dimensions", name)
        for key in ("cap", "floor"):
            yield from formula_complaints(look, obj, one.get(key), (*here, key), Kind.NUMBER)
        if name not in used:
            yield Complaint(here, "unused_name", f"No factor counts in the dimension {name!r}.")
        if one.get("decays") and "decay" not in body:
            yield Complaint((*here, "decays"), "required_key_missing", "How? `decay` is missing.")


def _decay_complaints(look: Look, obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    decay = body.get("decay")
    if decay is None:
        return
    here = (*where, "decay", "since")
    wrong = list(formula_complaints(look, obj, decay["since"], here))
    yield from wrong
    if not wrong and formula_of(look.after, obj, decay["since"]).kind not in since_kinds():
        yield Complaint(here, "wrong_kind", "`since` answers a date, or a date and time.")


def _band_complaints(look: Look, obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    bands = body.get("bands", ())
    yield from repeated([one["name"] for one in bands], (*where, "bands"))
    field = obj.fields.get(body.get("band_field", ""))
    values = {one.value for one in field.values} if field is not None and field.restricted else set()
    before: float | None = None
    for place, one in enumerate(bands):
        here = (*where, "bands", place)
        start = one.get("from")
        yield from formula_complaints(look, obj, start, (*here, "from"), Kind.NUMBER)
        if values and one["name"] not in values:
            yield unknown((*here, "name"), "value", one["name"], values)
        if start is None and place < len(bands) - 1:
            yield Complaint(here, "invalid_value", "Only the last band may be without `from`.")
        if isinstance(start, int | float):
            if before is not None and start >= before:
                yield Complaint((*here, "from"), "invalid_value", "Bands go from the highest to the lowest.")
            before = start
    if "band_field" in body and not bands:
        yield Complaint((*where, "band_field"), "required_key_missing", "Which bands? `bands` is missing.")


def _size_complaints(obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    field = obj.fields.get(body["score_field"])
    most = max(abs(body.get("minimum", 0)), abs(body.get("maximum", 100)))
    if body.get("minimum", 0) > body.get("maximum", 100):
        yield Complaint((*where, "minimum"), "invalid_value", "The lowest score is above the highest.")
    if field is not None and field.precision is not None and most >= 10 ** (field.precision - (field.scale or 0)):
        message = f"{obj.name}.{field.name} has too few digits for {most}."
        yield Complaint((*where, "score_field"), "number_outside_valid_range", message)


def _child_complaints(look: Look, obj: Object, body: Any, where: Where) -> Iterator[Complaint]:
    for place, one in enumerate(body.get("recompute_on", ())):
        here = (*where, "recompute_on", place)
        yield from object_complaint(look, one["object"], (*here, "object"))
        child = look.after.objects.get(one["object"])
        if child is None:
            continue
        wrong = list(field_complaints(child, one["field"], (*here, "field"), written=False))
        yield from wrong
        if not wrong and not refers_to(child.fields[one["field"]], obj.name):
            message = f"{child.name}.{one['field']} does not refer to {obj.name}."
            yield Complaint((*here, "field"), "wrong_type", message)
