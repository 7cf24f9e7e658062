"""Why a record has its score: the last result of each model, in the user's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from chassis_metadata.logic.scoring import KIND, ScoringModel, models_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.sql.score_rows import last_results
from chassis_tenants.database import Row, Transaction


async def reasons_of(
    transaction: Transaction, context: Context, object_name: str, record_id: str, language: str
) -> list[dict[str, Any]]:
    """The last result of each active model of the object; fields that the user may not read are left out."""
    snapshot = context.snapshot
    readable = context.policy.on(object_name).readable
    models = [each for each in models_of(snapshot) if each.object_name == object_name and each.score_field in readable]
    rows = await transaction.fetch(last_results(snapshot).bind(**common(context), record_id=record_id))
    found = {row[0]: row for row in rows}
    return [_shown(snapshot, each, found[each.name], language) for each in models if each.name in found]


def _shown(snapshot: Snapshot, model: ScoringModel, row: Row, language: str) -> dict[str, Any]:
    _, score, band, reasons, computed = row
    label = snapshot.logic_of(KIND)[model.name].body["label"]
    return {
        "model": model.name,
        "label": snapshot.text(language, f"{KIND}s.{model.name}.label", label),
        "score": float(score),
        "band": band,
        "computed": computed,
        "reasons": list(_labelled(snapshot, model, orjson.loads(reasons or "[]"), language)),
    }


def _labelled(
    snapshot: Snapshot, model: ScoringModel, reasons: Iterable[Mapping[str, Any]], language: str
) -> Iterable[dict[str, Any]]:
    start = f"{KIND}s.{model.name}"
    factors = {each.name: (place, each.label) for place, each in enumerate(model.factors)}
    dimensions = snapshot.logic_of(KIND)[model.name].body.get("dimensions", {})
    for each in reasons:
        dimension = each.get("dimension", "")
        label = dimensions.get(dimension, {}).get("label", dimension)
        label = snapshot.text(language, f"{start}.dimensions.{dimension}.label", label)
        if each.get("factor") in factors:
            place, own = factors[each["factor"]]
            label = snapshot.text(language, f"{start}.factors.{place}.label", own)
        yield {"label": label, "points": each["points"], "factor": each.get("factor"), "dimension": dimension or None}
