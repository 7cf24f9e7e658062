"""Scoring records: worked out by one statement, written where they changed, with the reasons kept beside.

A new score is written past rules and flows, as a roll-up is. Where the band is another one, the record is written by
the road of every write, so that history, rules and flows see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_metadata.forms import near
from chassis_metadata.logic.scoring import KIND, PLAIN, ScoringModel, model_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.following import follow
from chassis_platform.automation.keeping import common, inserted, with_ids
from chassis_platform.plan.summaries import read_by_stored, relations_over
from chassis_platform.records.write import write_within
from chassis_platform.sql.rows import folded, places_of, stored_row
from chassis_platform.sql.score_rows import labels_of, score_records, write_quietly
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import needs_pivot


@dataclass(frozen=True, slots=True)
class Scored:
    """A record whose score, band or explanation changed."""

    record_id: str
    old_score: Decimal | None
    old_band: str | None
    score: Decimal
    band: str | None
    explanation: str | None
    points: Sequence[Decimal]
    losses: Sequence[Decimal]

    @property
    def is_in_new_band(self) -> bool:
        """Whether the band is another one than before."""
        return self.band != self.old_band

    def reasons(self, model: ScoringModel) -> list[dict[str, Any]]:
        """What gave points, and what the bounds of a dimension or time took away."""
        factors = zip(model.factors, self.points, strict=True)
        found: list[dict[str, Any]] = [
            {"factor": each.name, "dimension": each.dimension, "points": _number(points)}
            for each, points in factors
            if points
        ]
        for dimension, loss in zip(model.dimensions, self.losses, strict=True):
            if loss and dimension.name != PLAIN:
                found.append({"dimension": dimension.name, "points": _number(loss)})
        return found


def _number(value: Decimal) -> float:
    return round(float(value), 4)


def model_named(snapshot: Snapshot, name: str) -> ScoringModel:
    """The active model of that name; NotFound without one."""
    found = model_of(snapshot, name)
    if found is None:
        raise NotFound.of("not_found", f"There is no scoring model {name!r}.{near(name, snapshot.logic_of(KIND))}")
    return found


async def score(
    transaction: Transaction,
    context: Context,
    model_name: str,
    record_ids: Iterable[str],
    *,
    first_is_quiet: bool = False,
) -> list[Scored]:
    """Score records anew inside the caller's transaction; answers those that changed.

    With `first_is_quiet`, a record that had no band yet is written as if its band had not changed.
    """
    model, snapshot = model_named(context.snapshot, model_name), context.snapshot
    obj = snapshot.objects[model.object_name]
    ids = sorted(set(record_ids))
    if not ids:
        return []
    bound = common(as_automation(context)) | {"ids": ids, **labels_of(snapshot, model, context.tenant.language)}
    statements = [lock_records(obj).bind(**bound), score_records(snapshot, model).bind(**bound)]
    _, rows = await transaction.fetch_each(statements)
    scored = [Scored(*row) for row in rows]
    _note_coverage(model, scored)
    await _write(transaction, context, model, scored, first_is_quiet=first_is_quiet)
    loud = [each.record_id for each in scored if _is_loud(each, first_is_quiet=first_is_quiet)]
    await follow(transaction, context, model.on_band_change, loud)
    return scored


def _note_coverage(model: ScoringModel, scored: Iterable[Scored]) -> None:
    for each in scored:
        for factor, points in zip(model.factors, each.points, strict=True):
            if points:
                coverage.note(KIND, model.name, factor.name)
        coverage.note(KIND, model.name)


async def _write(
    transaction: Transaction, context: Context, model: ScoringModel, scored: Sequence[Scored], *, first_is_quiet: bool
) -> None:
    obj = context.snapshot.objects[model.object_name]
    may_be_quiet = _may_be_quiet(context.snapshot, obj, model)
    loud = [each for each in scored if not may_be_quiet or _is_loud(each, first_is_quiet=first_is_quiet)]
    written = await _write_loudly(transaction, context, model, loud)
    rows = [_values(model, each) for each in scored if each.record_id not in written]
    results = with_ids(context.snapshot.objects["ScoreResult"], list(_results(model, scored)))
    await transaction.fetch_each([*_quietly(context, obj, rows), *inserted(context, "ScoreResult", results)])


def _quietly(context: Context, obj: Object, rows: Sequence[Mapping[str, Any]]) -> Iterable[Statement]:
    if rows:
        names = sorted(set(rows[0]) - {"Id"})
        listed = folded({"id": row["Id"], **stored_row(row, places_of(obj, names))} for row in rows)
        ids = [row["Id"] for row in rows]
        yield write_quietly(obj, names).bind(rows=listed, ids=ids, **common(context))


def _is_loud(each: Scored, *, first_is_quiet: bool) -> bool:
    return each.is_in_new_band and not (first_is_quiet and each.old_band is None)


def _may_be_quiet(snapshot: Snapshot, obj: Object, model: ScoringModel) -> bool:
    """Whether nothing that is kept up to date by the road of writes rests on the fields."""
    names = {name for name in (model.score_field, model.band_field, model.explanation_field) if name}
    is_read = not read_by_stored(snapshot, obj).isdisjoint(names)
    is_summed = any(each.is_touched_by(names) for each in relations_over(snapshot, obj))
    return not (is_read or is_summed or any(needs_pivot(obj.fields[name]) for name in names))


async def _write_loudly(
    transaction: Transaction, context: Context, model: ScoringModel, scored: Sequence[Scored]
) -> frozenset[str]:
    """Answers the records written. What a rule refuses has its right score all the same, written past the rule."""
    if not scored:
        return frozenset()
    payloads = [_values(model, each) for each in scored]
    results = await write_within(transaction, as_automation(context), model.object_name, "update", payloads)
    pairs = zip(scored, results, strict=True)
    return frozenset(each.record_id for each, result in pairs if result.success)


def _values(model: ScoringModel, each: Scored) -> dict[str, Any]:
    values: dict[str, Any] = {"Id": each.record_id, model.score_field: each.score}
    if model.band_field:
        values[model.band_field] = each.band
    if model.explanation_field:
        values[model.explanation_field] = each.explanation
    return values


def _results(model: ScoringModel, scored: Iterable[Scored]) -> Iterable[Mapping[str, Any]]:
    for each in scored:
        is_new = each.is_in_new_band or (each.score != each.old_score and not model.keeps_band_only)
        if is_new:
            yield {
                "ModelName": model.name,
                "ObjectName": model.object_name,
                "RecordId": each.record_id,
                "TargetId": each.record_id,
                "Score": each.score,
                "Band": each.band,
                "PreviousScore": each.old_score,
                "PreviousBand": each.old_band,
                "Reasons": orjson.dumps(each.reasons(model)).decode(),
                "ComputedDate": clock.now(),
            }
