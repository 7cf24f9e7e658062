"""Logic in force: what packages and the tenant declare but for what a switch turned off; settings and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from chassis_metadata.compile_objects import Part
from chassis_metadata.components import LogicComponent
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Setting

Logic = Mapping[str, Mapping[str, LogicComponent]]

#: What switches turn off is kept apart, so that a later switch can find it.
SWITCHED_OFF = "switched_off"
#: The type of settings whose value nobody is shown.
SECRET = "secret"  # noqa: S105  a word of the form


def merge_logic(base: Logic, parts: Iterable[Part]) -> Logic:
    """The active components by kind and full name; of two with one name, the first."""
    merged = {kind: dict(components) for kind, components in base.items()}
    for part in parts:
        for each in part.content.logic:
            kind = each.kind if is_active(each) else SWITCHED_OFF
            name = each.full_name if kind != SWITCHED_OFF else f"{each.kind}.{each.full_name}"
            merged.setdefault(kind, {}).setdefault(name, replace(each, package=part.package))
    for switch in merged.get("switch", {}).values():
        _turn(merged, switch)
    _hide_secrets(merged)
    return merged


def is_active(component: LogicComponent) -> bool:
    """Whether it does something by itself; a switch always counts."""
    return component.kind == "switch" or component.body.get("active", True) is not False


def _turn(merged: dict[str, dict[str, LogicComponent]], switch: LogicComponent) -> None:
    kind, _, name = switch.name.partition(".")
    off = merged.setdefault(SWITCHED_OFF, {})
    if switch.body.get("active", True):
        found = off.pop(switch.name, None)
        if found is not None:
            merged.setdefault(kind, {})[name] = found
    else:
        found = merged.get(kind, {}).pop(name, None)
        if found is not None:
            off[switch.name] = found


def _hide_secrets(merged: dict[str, dict[str, LogicComponent]]) -> None:
    """A secret's value is in no snapshot, also where it was given before its setting became one."""
    declared, off = merged.get("setting", {}), merged.get(SWITCHED_OFF, {})
    for components in (merged.get("setting_value", {}), off):
        for key, each in components.items():
            setting = declared.get(each.name) or off.get(f"setting.{each.name}")
            if each.kind == "setting_value" and setting is not None and setting.body.get("type") == SECRET:
                components[key] = replace(each, body=shown_secret(each.body))


def shown_secret(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown in place of the body of a secret's value."""
    return {"is_set": bool(body.get("value") or ("value" not in body and body.get("is_set")))}


def settings_in_force(logic: Logic, base: Mapping[str, Setting]) -> Mapping[str, Setting]:
    """Every declared setting with the tenant's value, or its default."""
    given = {name: each.body for name, each in logic.get("setting_value", {}).items()}
    settings = dict(base)
    for name, each in logic.get("setting", {}).items():
        said, label = given.get(name, {}), each.body["label"]
        if each.body["type"] == SECRET:
            is_set = said.get("is_set") is True
            settings[name] = Setting(name, FieldType.TEXT, None, label, is_secret=True, is_set=is_set)
            continue
        value = said.get("value", each.body.get("default"))
        kind = FieldType(each.body["type"])
        settings[name] = Setting(name, kind, _forgiving(kind, value), label)
    return settings


def _forgiving(kind: FieldType, value: Any) -> Any:
    try:
        return setting_value(kind, value)
    except (TypeError, ValueError, ArithmeticError):
        return None  # the checks refuse it


def setting_value(kind: FieldType, value: Any) -> Any:
    """A setting's value as a body says it, in the type's Python form. Raises ValueError where it is none."""
    if value is None:
        return None
    match kind:
        case FieldType.NUMBER | FieldType.CURRENCY | FieldType.PERCENT:
            return Decimal(str(value))
        case FieldType.DATE:
            return date.fromisoformat(value)
        case FieldType.DATETIME:
            return datetime.fromisoformat(value)
        case FieldType.TIME:
            return time.fromisoformat(value)
        case _:
            return value
