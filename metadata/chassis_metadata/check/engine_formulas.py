"""What the checks of engines share: objects and fields by name, formulas over a record and over a candidate for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.formulas import complaints_of
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.formula_of import as_formula, formula_of
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

#: Types that hold any text.
TEXTS = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST})
NUMBERS = NUMERIC_TYPES


def object_complaint(look: Look, name: str, where: Where) -> Iterator[Complaint]:
    """An object that is not there."""
    if name not in look.after.objects:
        yield unknown(where, "object", name, look.after.objects)


def formula_complaints(  # noqa: PLR0913  as formula_of
    look: Look,
    obj: Object | None,
    text: Any,
    where: Where,
    expects: Kind | None = None,
    *,
    this: Object | None = None,
    variables: Mapping[str, Kind] | None = None,
) -> Iterator[Complaint]:
    """What is wrong with a formula, or with a number in its place; nothing where there is none."""
    if text is None:
        return
    formula = as_formula(text)
    try:
        formula_of(look.after, obj, formula, expects, this=this, variables=variables or {})
    except Invalid as invalid:
        yield from complaints_of(invalid, where, formula)


def field_complaints(
    obj: Object, name: Any, where: Where, types: frozenset[FieldType] | None = None, *, written: bool = True
) -> Iterator[Complaint]:
    """A field that is not there, is of another type than wanted, or can't be written."""
    if name is None:
        return
    field = obj.fields.get(name)
    if field is None:
        yield missing_field(where, obj, name)
    elif types is not None and field.type not in types:
        wanted = ", ".join(sorted(types))
        yield Complaint(where, "wrong_type", f"{obj.name}.{name} is a {field.type}. Choose a field of type {wanted}.")
    elif written and (field.is_compound or field.is_calculated or name == "Id"):
        yield Complaint(where, "wrong_type", f"{obj.name}.{name} can't be written.")


def refers_to(field: Field, object_name: str) -> bool:
    """Whether the field holds ids of the object's records."""
    return field.is_reference and object_name in field.references


def repeated(names: list[str], where: Where) -> Iterator[Complaint]:
    """Names that come twice in a list of bodies."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield Complaint((*where, place, "name"), "duplicate_name", f"{name!r} is there already.")


def flow_complaints(look: Look, obj: Object, name: Any, where: Where) -> Iterator[Complaint]:
    """A flow that is not there, or is about other records; nothing where none is named."""
    known = look.after.logic_of("flow")
    if name is None:
        return
    if name not in known:
        yield unknown(where, "flow", name, known)
    elif known[name].body.get("object") != obj.name:
        yield Complaint(where, "wrong_type", f"The flow {name} is not about {obj.name}.")
