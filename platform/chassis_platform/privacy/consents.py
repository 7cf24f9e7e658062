"""Consent at a glance: how many people agreed to what, and how many had processing restricted."""

from __future__ import annotations

from typing import Any

from chassis_metadata.logic.consent_model import KIND, ConsentModel, Restriction, consent_models
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.sql.consent_rows import consent_figures, how_many_restricted
from chassis_tenants.database import Database, Row


async def consent_overview(database: Database, context: Context) -> list[dict[str, Any]]:
    """Figures by purpose and channel for each model: what people said last counts. One round trip."""
    snapshot, models = context.snapshot, list(consent_models(context.snapshot).values())
    restrictions = [each.restriction for each in models if each.restriction]
    statements = [consent_figures(snapshot, each) for each in models]
    statements += [how_many_restricted(snapshot, each) for each in restrictions]
    asked = common(context)
    answers = await database.read(context.binding, *(each.bind(**asked) for each in statements)) if models else []
    restricted = dict(zip(restrictions, (rows[0][0] for rows in answers[len(models) :]), strict=True))
    return [_document(context, each, rows, restricted) for each, rows in zip(models, answers, strict=False)]


def _document(
    context: Context, model: ConsentModel, rows: list[Row], restricted: dict[Restriction, int]
) -> dict[str, Any]:
    label = context.snapshot.logic_of(KIND)[model.name].body["label"]
    return {
        "name": model.name,
        "label": context.snapshot.text(context.principal.language, f"consent_models.{model.name}.label", label),
        "object": model.object_name,
        "figures": [dict(zip(("purpose", "channel", "agreed", "others"), row, strict=True)) for row in rows],
        "restriction": None if model.restriction is None else _restriction(model.restriction, restricted),
    }


def _restriction(restriction: Restriction, restricted: dict[Restriction, int]) -> dict[str, Any]:
    return {
        "object": restriction.object_name,
        "person": restriction.person,
        "values": dict(restriction.values),
        "people": restricted[restriction],
    }
