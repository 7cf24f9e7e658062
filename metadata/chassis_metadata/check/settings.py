"""Settings: a default, and a tenant's value, of the declared type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.compile_logic import setting_value
from chassis_metadata.components import LogicComponent
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_setting(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A declared setting: its default fits its type and choices."""
    del look
    yield from _check_value(each.body, each.body.get("default"), (*where, "default"))


def check_setting_value(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A tenant's value of a setting that some package declares."""
    declared = look.after.logic_of("setting")
    if each.name not in declared:
        yield unknown(where, "setting", each.name, declared)
        return
    yield from _check_value(declared[each.name].body, each.body.get("value"), (*where, "value"))


def _check_value(body: Any, value: Any, where: Where) -> Iterator[Complaint]:
    kind = FieldType(body["type"])
    if value is None:
        return
    if not _fits(kind, value):
        yield Complaint(where, "invalid_value", f"{value!r} is no {kind}.")
    elif kind is FieldType.PICKLIST and value not in body.get("values", ()):
        choices = ", ".join(body.get("values", ()))
        yield Complaint(where, "invalid_value", f"{value!r} is none of the choices: {choices}.")


def _fits(kind: FieldType, value: Any) -> bool:
    if kind is FieldType.CHECKBOX:
        return isinstance(value, bool)
    if kind in NUMERIC_TYPES:
        return isinstance(value, int | float) and not isinstance(value, bool)
    try:
        setting_value(kind, value)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return isinstance(value, str)
