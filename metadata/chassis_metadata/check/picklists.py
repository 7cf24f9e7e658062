"""Picklists: values once each, a default among them, controlled by a field that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chassis_metadata.check.field import PICKLISTS
from chassis_metadata.check.look import Look, circle, missing_field, unknown
from chassis_metadata.components import FieldDefinition, PicklistValue
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint, near
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

_CONTROLLING = frozenset({FieldType.PICKLIST, FieldType.CHECKBOX})


def check_picklists(look: Look) -> Iterator[Complaint]:
    """Value sets and every picklist field."""
    for each in look.package.value_sets:
        yield from _check_values(("value_sets", each.name, "values"), each.values)
    for where, of, field in look.fields():
        if field.values:
            yield from _check_values((*where, "values"), field.values)
        if field.type in PICKLISTS and not field.extends:
            yield from _check_choice(look, where, field)
            yield from _check_default(where, of.fields[field.name], field)
            yield from _check_control(where, of, field)


def _check_values(where: Where, values: Sequence[PicklistValue]) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    for index, each in enumerate(values):
        first = seen.setdefault(each.value.lower(), each.value)
        if first != each.value or sum(one.value == each.value for one in values[:index]):
            message = f"{each.value!r} is there already as {first!r}; upper and lower case are not told apart."
            yield Complaint((*where, index), "duplicate_value", message)
        if ";" in each.value:
            message = f"{each.value!r}: a value has no semicolon, which parts the values of a multi-picklist."
            yield Complaint((*where, index), "invalid_format", message)


def _check_choice(look: Look, where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    if each.value_set is not None and each.values:
        yield Complaint((*where, "values"), "misplaced_key", "Values come from a value_set or from values, not both.")
    elif each.value_set is None and not each.values and each.restricted:
        yield Complaint(where, "required_key_missing", "'values' is missing, or a 'value_set', or `restricted: false`.")
    elif each.value_set is not None and each.value_set not in look.after.value_sets:
        yield unknown((*where, "value_set"), "value set", each.value_set, look.after.value_sets)


def _check_default(where: Where, field: Field, each: FieldDefinition) -> Iterator[Complaint]:
    flagged = [value.value for value in each.values if value.default]
    if field.type is FieldType.PICKLIST and len(flagged) > 1:
        yield Complaint((*where, "values"), "invalid_default", f"One default: {', '.join(flagged)} are marked.")
    if each.default is None:
        return
    here = (*where, "default")
    is_list = isinstance(each.default, tuple)
    if is_list != (field.type is FieldType.MULTI_PICKLIST):
        wanted = "a list of values" if field.type is FieldType.MULTI_PICKLIST else "one value"
        yield Complaint(here, "invalid_default", f"The default of a {field.type} is {wanted}.")
        return
    yield from unknown_values(here, field, each.default if is_list else (each.default,), "invalid_default")


def unknown_values(where: Where, field: Field, values: Sequence[object], code: str) -> Iterator[Complaint]:
    """Values that a picklist does not have. A picklist whose values could not be found is not complained about."""
    known = [each.value for each in field.values]
    for each in values:
        if known and each not in known:
            message = f"{each!r} is no value of {field.name}.{near(each, known)} Use one of: {', '.join(known[:20])}."
            yield Complaint(where, code, message)


def _check_control(where: Where, of: Object, each: FieldDefinition) -> Iterator[Complaint]:
    values = of.fields[each.name].values
    if each.controlling_field is None:
        if any(value.controlled_by for value in each.values):
            message = "Values are controlled, but by no field: 'controlling_field' is missing."
            yield Complaint((*where, "values"), "required_key_missing", message)
        return
    here = (*where, "controlling_field")
    by = of.fields.get(each.controlling_field)
    if by is None:
        yield missing_field(here, of, each.controlling_field)
        return
    if by.type not in _CONTROLLING:
        yield Complaint(here, "wrong_type", f"{by.name!r} is a {by.type}; a picklist or a checkbox can control.")
        return
    known = {value.value for value in by.values} or {"true", "false"}
    for index, value in enumerate(values):
        for name in value.controlled_by:
            if name not in known:
                message = f"{name!r} is no value of {by.name}.{near(name, known)}"
                yield Complaint((*where, "values", index), "unknown_value", message)
    way = circle(each.name, {one.name: {one.controlling_field} for one in of.fields.values() if one.controlling_field})
    if way:
        yield Complaint(here, "circular_control", f"Fields control each other in a circle: {' -> '.join(way)}.")
