"""Validation rules: fields, record types and permissions that are there, and a formula that is true or not."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.formulas import record_formula_complaints
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.validation_rule import read_rule
from chassis_metadata.places import Where


def check_validation_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A rule of an object that is there."""
    rule, obj = read_rule(each), look.after.objects[each.object_name]
    yield from record_formula_complaints(look, (*where, "formula"), obj, rule.formula, Kind.BOOLEAN)
    if rule.field is not None and rule.field not in obj.fields:
        yield missing_field((*where, "field"), obj, rule.field)
    if rule.unless_valid is not None:
        yield from _checksum_complaints(look, rule.unless_valid, rule.field, (*where, "unless_valid"))
    known = [one.name for one in obj.record_types]
    for place, name in enumerate(rule.record_types):
        if name not in known:
            yield unknown((*where, "record_types", place), "record type", name, known)
    permissions = look.after.logic_of("custom_permission")
    if rule.bypass_permission is not None and rule.bypass_permission not in permissions:
        yield unknown((*where, "bypass_permission"), "custom permission", rule.bypass_permission, permissions)


def _checksum_complaints(look: Look, name: str, field: str | None, where: Where) -> Iterator[Complaint]:
    if field is None:
        yield Complaint(where, "unused_key", "'unless_valid' is about the value of 'field': name that too.")
    function = look.after.functions.get(name)
    if function is None:
        yield unknown(where, "function", name, look.after.functions)
    elif function.kind != "checksum":
        message = f"{name!r} is a {function.kind}; a function of kind checksum is needed."
        yield Complaint(where, "wrong_type", message)
