"""Ledgers: accounts that are there, fields that can show balances, dates that make sense."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.engine_formulas import (
    NUMBERS,
    field_complaints,
    flow_complaints,
    formula_complaints,
    object_complaint,
)
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_ledger(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole ledger."""
    body = each.body
    yield from object_complaint(look, body["object"], (*where, "object"))
    obj = look.after.objects.get(body["object"])
    if obj is None:
        return
    yield from formula_complaints(look, obj, body.get("account_criteria"), (*where, "account_criteria"), Kind.BOOLEAN)
    for name, one in body["types"].items():
        here = (*where, "types", name)
        yield from field_complaints(obj, one.get("balance_field"), (*here, "balance_field"), NUMBERS)
        if "expires" in one and not {"days", "months", "end_of"} & one["expires"].keys():
            yield Complaint((*here, "expires"), "required_key_missing", "When? Give days, months or end_of.")
        if "warn_days" in one and "on_expiring" not in body:
            message = "Who is warned? `on_expiring` names the flow."
            yield Complaint((*here, "warn_days"), "required_key_missing", message)
    yield from flow_complaints(look, obj, body.get("on_expiring"), (*where, "on_expiring"))
    permission = body.get("permission")
    if permission is not None and permission not in look.after.logic_of("custom_permission"):
        yield unknown((*where, "permission"), "custom permission", permission, look.after.logic_of("custom_permission"))
