"""The gate before anything is sent to a person: who agreed to this purpose and channel, and whose data must rest."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.logic.consent_model import consent_models
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.sql.consent_rows import last_consents, restricted_people
from chassis_tenants.database import Transaction


async def may_contact(
    transaction: Transaction, context: Context, purpose: str, channel: str | None, persons: Iterable[str]
) -> frozenset[str]:
    """Those among `persons` (record Ids) who may be contacted: one round trip, however many they are.

    What somebody said last counts, in any of the models in force; nobody may be contacted who said nothing, or whose
    processing is restricted. Without a channel, consent to any channel will do.
    """
    ids = sorted(set(persons))
    models = list(consent_models(context.snapshot).values())
    if not ids or not models:
        return frozenset()
    asked = {**common(context), "ids": ids}
    consents = [
        last_consents(context.snapshot, each).bind(**asked, purpose=purpose, channel=channel) for each in models
    ]
    restrictions = [
        restricted_people(context.snapshot, each.restriction).bind(**asked) for each in models if each.restriction
    ]
    answers = await transaction.fetch_each([*consents, *restrictions])
    agreed = {row[0] for rows in answers[: len(consents)] for row in rows if row[1]}
    return frozenset(agreed - {row[0] for rows in answers[len(consents) :] for row in rows})


async def not_restricted(transaction: Transaction, context: Context, persons: Iterable[str]) -> frozenset[str]:
    """Those among `persons` whose data need not rest."""
    ids = sorted(set(persons))
    found = [each.restriction for each in consent_models(context.snapshot).values() if each.restriction]
    if not ids or not found:
        return frozenset(ids)
    asked = [restricted_people(context.snapshot, each).bind(**common(context), ids=ids) for each in found]
    answers = await transaction.fetch_each(asked)
    return frozenset(ids) - {row[0] for rows in answers for row in rows}
