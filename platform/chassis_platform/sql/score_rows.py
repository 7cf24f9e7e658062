"""The statement that works a scoring model out for some records and answers those whose score is another by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.scoring import KIND, PLAIN, Decay, Dimension, ScoringModel
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import NOW, ZONE, Rows
from chassis_platform.sql.rows import kept, of_this_object, unfolded
from chassis_platform.sql.write import IDS, STAMP, TENANT
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

AFTER = sa.bindparam("after", type_=sa.Text())
MOST = sa.bindparam("most", type_=sa.Integer())
_ZERO: ColumnElement[Any] = sa.literal_column("0::numeric", sa.Numeric())
_SECONDS_A_DAY = 86_400


def score_records(snapshot: Snapshot, model: ScoringModel) -> Statement:
    """(id, old score, old band, score, band, explanation, points, losses) of those of the records `ids` that changed.

    `points` are those of the factors, `losses` what bounds and time took from (or gave to) each dimension.
    """
    obj = snapshot.objects[model.object_name]
    return kept(obj, ("score_records", snapshot.identity, model), lambda: _statement(snapshot, obj, model))


def next_records(obj: Object) -> Statement:
    """The ids of the next `most` records behind `after`."""

    def make() -> Statement:
        record = storage.tenant_view(obj).alias("record")
        there = [*of_this_object(obj, record), sa.not_(record.c.is_deleted), record.c.id > AFTER]
        return compile_statement(sa.select(record.c.id).where(*there).order_by(record.c.id).limit(MOST))

    return kept(obj, "next_records", make)


def write_quietly(obj: Object, names: Sequence[str]) -> Statement:
    """Set these fields in rows (`ids`) as a roll-up is set: nobody who has the record open is told that it was saved.

    Neither version nor the date of the last change move, so that no index but those on the fields has to be written.
    """

    def make() -> Statement:
        table = storage.base_table(obj)
        columns = {
            each: table.c[each].type for each in ("id", *sorted({obj.fields[x].column or "custom" for x in names}))
        }
        rows = unfolded(columns)
        values: dict[str, Any] = {column: rows.c[column] for column in columns if column != "id"}
        if "custom" in values:
            values["custom"] = sa.func.jsonb_strip_nulls(table.c.custom.op("||")(rows.c.custom))
        here = [table.c.tenant_id == TENANT, table.c.id == sa.any_(IDS), table.c.id == rows.c.id]
        return compile_statement(sa.update(table).values(**values, system_modstamp=STAMP).where(*here))

    return kept(obj, ("write_quietly", tuple(names)), make)


def last_results(snapshot: Snapshot) -> Statement:
    """(model, score, band, reasons, time) of the last result of each model for the record `record_id`."""

    def make() -> Statement:
        result = storage.tenant_view(results).alias("result")
        columns = [result.c[name] for name in ("model_name", "score", "band", "reasons", "computed_date")]
        latest = sa.select(*columns).ext(pg.distinct_on(result.c.model_name))
        found = latest.order_by(result.c.model_name, result.c.id.desc())
        wanted = result.c.record_id == sa.bindparam("record_id", type_=sa.Text())
        return compile_statement(found.where(result.c.tenant_id == TENANT_ID, wanted))

    results = snapshot.objects["ScoreResult"]
    return kept(results, "last_results", make)


def _statement(snapshot: Snapshot, obj: Object, model: ScoringModel) -> Statement:
    record = storage.tenant_view(obj).alias("record")
    pointed = _pointed(snapshot, obj, model, record)
    bounded = _bounded(model, pointed)
    scored = _scored(obj, model, bounded)
    differs = [scored.c.old_score.is_distinct_from(scored.c.score), scored.c.old_band.is_distinct_from(scored.c.band)]
    if model.explanation_field:
        differs.append(scored.c.old_explanation.is_distinct_from(scored.c.explanation))
    names = ("id", "old_score", "old_band", "score", "band", "explanation", "points", "losses")
    return compile_statement(
        sa.select(*(scored.c[name] for name in names)).where(sa.or_(*differs)).order_by(scored.c.id)
    )


class _Formulas:
    """Formulas over the record as columns."""

    def __init__(self, snapshot: Snapshot, obj: Object, record: FromClause) -> None:
        self._snapshot, self._obj = snapshot, obj
        self._rows = Rows(snapshot, obj, record)

    def value(self, text: str, expects: Kind | None = None) -> ColumnElement[Any]:
        """The value; blank where it fails."""
        return compile_expression(formula_of(self._snapshot, self._obj, text, expects), self._rows).value

    def number(self, text: str) -> ColumnElement[Any]:
        """A number, 0 where it is blank."""
        return sa.func.coalesce(self.value(text, Kind.NUMBER), _ZERO, type_=sa.Numeric())

    def holds(self, text: str) -> ColumnElement[bool]:
        """A condition, false where it fails."""
        return sa.func.coalesce(self.value(text, Kind.BOOLEAN), sa.false(), type_=sa.Boolean())

    def moment(self, text: str) -> ColumnElement[Any]:
        """A date's beginning where the tenant is, or a moment."""
        value = self.value(text)
        if formula_of(self._snapshot, self._obj, text).kind is Kind.DATE:
            return sa.func.timezone(ZONE, sa.cast(value, sa.DateTime()), type_=sa.DateTime(timezone=True))
        return value


def _pointed(snapshot: Snapshot, obj: Object, model: ScoringModel, record: FromClause) -> FromClause:
    """What the formulas say of each record."""
    formulas = _Formulas(snapshot, obj, record)
    columns = [record.c.id, *_present(obj, model, record), *_formula_columns(model, formulas)]
    wanted = [*of_this_object(obj, record), sa.not_(record.c.is_deleted), record.c.id == sa.any_(IDS)]
    if model.criteria:
        wanted.append(formulas.holds(model.criteria))
    return sa.select(*columns).where(*wanted).offset(sa.literal_column("0")).subquery("pointed")


def _present(obj: Object, model: ScoringModel, record: FromClause) -> Iterator[ColumnElement[Any]]:
    """What the record holds; the names of fields that a model has not stand for nothing."""
    named = {"score": model.score_field, "band": model.band_field, "explanation": model.explanation_field}
    for name, field in named.items():
        value = storage.value(obj.fields[field], record) if field else sa.cast(sa.null(), sa.Text())
        yield value.label(f"old_{name}")


def _formula_columns(model: ScoringModel, formulas: _Formulas) -> Iterator[ColumnElement[Any]]:
    for place, factor in enumerate(model.factors):
        points = formulas.number(factor.points)
        if factor.criteria:
            points = sa.case((formulas.holds(factor.criteria), points), else_=_ZERO)
        yield points.label(f"p{place}")
    for place, dimension in enumerate(model.dimensions):
        for key, text in (("cap", dimension.cap), ("floor", dimension.floor)):
            if text:
                yield formulas.value(text, Kind.NUMBER).label(f"{key}{place}")
    for place, band in enumerate(model.bands):
        if band.start:
            yield formulas.value(band.start, Kind.NUMBER).label(f"start{place}")
    if model.decay:
        yield _share_left(model.decay, formulas.moment(model.decay.since)).label("share")


def _share_left(decay: Decay, since: ColumnElement[Any]) -> ColumnElement[Any]:
    """What is left of points after the periods that began since then; all of it without a date."""
    seconds = sa.cast(sa.extract("epoch", NOW - since), sa.Numeric())
    days = sa.func.floor(seconds / _SECONDS_A_DAY)
    periods = sa.func.greatest(sa.func.ceil(days / decay.days), _ZERO)
    lost = sa.literal_column(repr(decay.share), sa.Numeric())
    left = sa.func.power(1 - lost, periods) if decay.compound else sa.func.greatest(1 - lost * periods, _ZERO)
    return sa.func.coalesce(left, sa.literal_column("1::numeric", sa.Numeric()))


def _bounded(model: ScoringModel, pointed: FromClause) -> FromClause:
    """The dimensions: sums of their factors, bounded, less what time took."""
    kept_columns = [each for each in pointed.c if not each.name.startswith(("cap", "floor", "share"))]
    sums = []
    for place, dimension in enumerate(model.dimensions):
        raw = sum((pointed.c[f"p{at}"] for at in factors_of(model, dimension)), _ZERO)
        sums += [raw.label(f"raw{place}"), _within(model, pointed, place, raw).label(f"d{place}")]
    return sa.select(*kept_columns, *sums).subquery("bounded")


def factors_of(model: ScoringModel, dimension: Dimension) -> list[int]:
    """The places of a dimension's factors."""
    return [place for place, each in enumerate(model.factors) if each.dimension == dimension.name]


def _within(model: ScoringModel, pointed: FromClause, place: int, raw: ColumnElement[Any]) -> ColumnElement[Any]:
    dimension, value = model.dimensions[place], raw
    if dimension.cap:
        value = sa.func.least(value, pointed.c[f"cap{place}"], type_=sa.Numeric())
    if dimension.floor:
        value = sa.func.greatest(value, pointed.c[f"floor{place}"], type_=sa.Numeric())
    return value * pointed.c.share if dimension.decays and model.decay else value


def _scored(obj: Object, model: ScoringModel, bounded: FromClause) -> FromClause:
    total = sum((bounded.c[f"d{place}"] for place in range(len(model.dimensions))), _ZERO)
    lowest, highest = (sa.literal_column(repr(each), sa.Numeric()) for each in (model.minimum, model.maximum))
    scale = obj.fields[model.score_field].scale
    decimals = model.decimals if scale is None else min(model.decimals, scale)
    score = sa.func.round(sa.func.least(highest, sa.func.greatest(lowest, total)), decimals, type_=sa.Numeric())
    named = sa.select(*bounded.c, score.label("score")).subquery("summed")
    losses = [named.c[f"d{place}"] - named.c[f"raw{place}"] for place in range(len(model.dimensions))]
    points = [named.c[f"p{place}"] for place in range(len(model.factors))]
    return sa.select(
        *(named.c[name] for name in ("id", "old_score", "old_band", "old_explanation", "score")),
        _band(model, named).label("band"),
        _fitting(obj, model, _explanation(model, points, losses)).label("explanation"),
        pg.array(points).label("points"),
        pg.array(losses).label("losses"),
    ).subquery("scored")


def _band(model: ScoringModel, named: FromClause) -> ColumnElement[Any]:
    if not model.bands or not model.band_field:
        return sa.cast(sa.null(), sa.Text())
    starts = [
        (named.c.score >= named.c[f"start{place}"], sa.literal(band.name, sa.Text()))
        for place, band in enumerate(model.bands)
        if band.start
    ]
    rest = next((sa.literal(band.name, sa.Text()) for band in model.bands if not band.start), sa.null())
    return sa.case(*starts, else_=rest) if starts else sa.cast(rest, sa.Text())


def _explanation(
    model: ScoringModel, points: Sequence[ColumnElement[Any]], losses: Sequence[ColumnElement[Any]]
) -> ColumnElement[Any]:
    """`Booked +15; Intent -4.5`: what gave or took points, in the order of the model."""
    told = [_told(place, each) for place, each in enumerate(points)]
    told += [
        _told(len(points) + place, each) for place, each in enumerate(losses) if model.dimensions[place].name != PLAIN
    ]
    return sa.func.concat_ws(sa.literal_column("'; '"), *told, type_=sa.Text())


def _fitting(obj: Object, model: ScoringModel, explanation: ColumnElement[Any]) -> ColumnElement[Any]:
    """Cut to the length of its field."""
    length = obj.fields[model.explanation_field].length if model.explanation_field else None
    if length is None:
        return explanation
    return sa.func.left(explanation, sa.literal_column(str(length)), type_=sa.Text())


def _told(place: int, points: ColumnElement[Any]) -> ColumnElement[Any]:
    label = sa.bindparam(f"label{place}", type_=sa.Text())
    shown = sa.cast(sa.func.trim_scale(sa.func.round(points, 2)), sa.Text())
    sign = sa.case((points > 0, sa.literal_column("' +'")), else_=sa.literal_column("' '"))
    return sa.case((sa.func.round(points, 2) != 0, label.concat(sign).concat(shown)))


def labels_of(snapshot: Snapshot, model: ScoringModel, language: str) -> dict[str, str]:
    """The parameters with the labels of factors and dimensions."""
    start = f"{KIND}s.{model.name}"
    bodies: Mapping[str, Any] = snapshot.logic_of(KIND)[model.name].body.get("dimensions", {})
    keys = [(f"{start}.factors.{place}.label", each.label) for place, each in enumerate(model.factors)]
    keys += [
        (f"{start}.dimensions.{each.name}.label", bodies.get(each.name, {}).get("label", each.name))
        for each in model.dimensions
    ]
    return {f"label{place}": snapshot.text(language, *key) for place, key in enumerate(keys)}
