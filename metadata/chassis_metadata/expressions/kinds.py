"""The kinds of values that a formula knows, and which kind a field has."""

from __future__ import annotations

from enum import StrEnum

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field


class Kind(StrEnum):
    """What a value is. Currency and percent are numbers; a percent is a fraction, 0.04 being 4 %."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    ID = "id"
    LOCATION = "location"
    NULL = "null"


#: Kinds that are text to functions and comparisons.
TEXT_LIKE = frozenset({Kind.TEXT, Kind.ID, Kind.PICKLIST})

_KINDS: dict[FieldType, Kind] = {
    FieldType.ID: Kind.ID,
    FieldType.LOOKUP: Kind.ID,
    FieldType.MASTER_DETAIL: Kind.ID,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.CURRENCY: Kind.NUMBER,
    FieldType.PERCENT: Kind.NUMBER,
    FieldType.DATE: Kind.DATE,
    FieldType.DATETIME: Kind.DATETIME,
    FieldType.TIME: Kind.TIME,
    FieldType.CHECKBOX: Kind.BOOLEAN,
    FieldType.PICKLIST: Kind.PICKLIST,
    FieldType.MULTI_PICKLIST: Kind.MULTI_PICKLIST,
    FieldType.GEOLOCATION: Kind.LOCATION,
}


def kind_of(field: Field) -> Kind:
    """The kind of the field's values."""
    return _KINDS.get(field.type, Kind.TEXT)


def common_kind(one: Kind, other: Kind) -> Kind | None:
    """The kind that holds values of both, or None."""
    if one is Kind.NULL or one is other:
        return other
    if other is Kind.NULL:
        return one
    return Kind.TEXT if one in TEXT_LIKE and other in TEXT_LIKE else None
