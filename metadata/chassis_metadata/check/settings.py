"""Settings: a default, and a tenant's value, of the declared type. Secrets, and what may name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.compile_logic import SECRET, setting_value
from chassis_metadata.components import LogicComponent
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Setting

LONGEST_SECRET = 4_000


def check_setting(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A declared setting: its default fits its type and choices; a secret has neither."""
    del look
    if each.body["type"] != SECRET:
        yield from _check_value(each.body, each.body.get("default"), (*where, "default"))
        return
    if "default" in each.body:
        message = "A secret has no default: everybody who has the package could read it. The tenant sets its own."
        yield Complaint((*where, "default"), "unused_key", message)
    if "values" in each.body:
        yield Complaint((*where, "values"), "unused_key", "A secret has no choices. They are for the type picklist.")


def check_setting_value(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A tenant's value of a setting that some package declares."""
    declared = look.after.logic_of("setting")
    if each.name not in declared:
        yield unknown(where, "setting", each.name, declared)
    elif declared[each.name].body["type"] == SECRET:
        yield from _check_secret(each.body.get("value"), (*where, "value"))
    elif "value" not in each.body:
        yield Complaint(where, "required_key_missing", "'value' is missing.")
    else:
        yield from _check_value(declared[each.name].body, each.body["value"], (*where, "value"))


def check_shown_setting(name: str, settings: Mapping[str, Setting], where: Where) -> Iterator[Complaint]:
    """A setting that is named for its value: any that is there, but no secret."""
    if name not in settings:
        yield unknown(where, "setting", name, settings)
    elif settings[name].is_secret:
        message = f"{name} is a secret, which only 'secret' of a call may name. Name a setting of another type."
        yield Complaint(where, "wrong_type", message)


def check_secret_setting(name: str, settings: Mapping[str, Setting], where: Where) -> Iterator[Complaint]:
    """A setting that is named to sign with."""
    if name not in settings:
        yield unknown(where, "setting", name, settings)
    elif not settings[name].is_secret:
        message = f"{name} is a setting of type {settings[name].type}, which is shown. Name one of type secret."
        yield Complaint(where, "wrong_type", message)


def _check_secret(value: Any, where: Where) -> Iterator[Complaint]:
    """No message holds the value."""
    if value is None:
        return
    if not isinstance(value, str):
        yield Complaint(where, "wrong_type", "A secret is a text. Put it in quotes.")
    elif not value.strip():
        message = "A secret is not empty. Leave 'value' out to keep the one that is set; null takes it away."
        yield Complaint(where, "invalid_value", message)
    elif len(value) > LONGEST_SECRET:
        message = f"A secret has at most {LONGEST_SECRET:,} characters; this one has {len(value):,}."
        yield Complaint(where, "invalid_value", message)


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
