"""A plan narrowed to the records whose person agreed to a purpose."""

from __future__ import annotations

from dataclasses import replace

from chassis_metadata.logic.consent_model import consent_models
from chassis_metadata.soql.tree import Path
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import ListRequest
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.read_plan import Agreed, AllOf, ReadPlan
from chassis_platform.plan.values import ID_TYPES

PURPOSE, CHANNEL = "consent_purpose", "consent_channel"


def agreed_only(plan: ReadPlan, request: ListRequest, context: Context) -> ReadPlan:
    """The plan, without records whose person did not agree; as it is where no purpose is named."""
    if request.purpose is None:
        if request.channel or request.person:
            raise refuse("invalid_field", "channel and person go with a purpose: name it")
        return plan
    if not consent_models(context.snapshot):
        raise refuse("invalid_field", "Nothing says what somebody agreed to: no consent model is in force")
    names, path = Names(context.snapshot, context.policy), Path(tuple((request.person or "Id").split(".")))
    person = names.demand_clear(names.field(plan.object, path), path, "filtered by")
    if person.type not in ID_TYPES:
        raise refuse("invalid_field", f"person: {path} names nobody; take Id or a reference")
    said = Agreed(person, PURPOSE, CHANNEL)
    where = said if plan.where is None else AllOf((plan.where, said))
    return replace(plan, where=where, values={**plan.values, PURPOSE: request.purpose, CHANNEL: request.channel})
