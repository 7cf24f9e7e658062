"""The field types in one table: how each is called, stored, written on the wire and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache


class FieldType(StrEnum):
    """What a definition may write after `type:`."""

    ID = "id"  # the platform's own Id; not to be declared
    TEXT = "text"
    LONG_TEXT = "long_text"
    RICH_TEXT = "rich_text"
    NUMBER = "number"
    CURRENCY = "currency"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    CHECKBOX = "checkbox"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    AUTO_NUMBER = "auto_number"
    LOOKUP = "lookup"
    MASTER_DETAIL = "master_detail"
    GEOLOCATION = "geolocation"
    ADDRESS = "address"
    FORMULA = "formula"  # in force, its type is what it returns
    ROLLUP_SUMMARY = "rollup_summary"  # in force, its type follows from what it summarises


#: Types that the language knows but this release refuses, with the reason that the author is told.
PLANNED_TYPES = {
    "encrypted": "Any text can be encrypted: declare a `text` field with `encrypted: true`.",
    "file": "File fields arrive with file storage. Declare a `url` field for now.",
    "image": "Image fields arrive with file storage. Declare a `url` field for now.",
}


class Classification(StrEnum):
    """How protected a field's values are; clear reads of personal and sensitive ones are logged."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"

    @property
    def is_logged(self) -> bool:
        """Whether reading the value in clear leaves an entry in the access log."""
        return self in (Classification.PERSONAL, Classification.SENSITIVE)


@dataclass(frozen=True, slots=True)
class TypeTraits:
    """What the rest of the platform asks of a type.

    `sql_type` is PostgreSQL's; compound types (address, geolocation) have none: their components are fields.
    `wire_type` and `soap_type` are describe's words. `filterable` covers grouping too; `sortable` is its own trait.
    """

    sql_type: str | None
    wire_type: str
    soap_type: str
    filterable: bool = True
    sortable: bool = True
    searchable: bool = False
    ranged: bool = False  # < <= > >= make sense


TRAITS: dict[FieldType, TypeTraits] = {
    FieldType.ID: TypeTraits('text COLLATE "C"', "id", "tns:ID"),
    FieldType.TEXT: TypeTraits("text", "string", "xsd:string", searchable=True, ranged=True),
    FieldType.LONG_TEXT: TypeTraits("text", "textarea", "xsd:string", filterable=False, sortable=False),
    FieldType.RICH_TEXT: TypeTraits("text", "textarea", "xsd:string", filterable=False, sortable=False),
    FieldType.NUMBER: TypeTraits("numeric", "double", "xsd:double", ranged=True),
    FieldType.CURRENCY: TypeTraits("numeric", "currency", "xsd:double", ranged=True),
    FieldType.PERCENT: TypeTraits("numeric", "percent", "xsd:double", ranged=True),
    FieldType.DATE: TypeTraits("date", "date", "xsd:date", ranged=True),
    FieldType.DATETIME: TypeTraits("timestamptz", "datetime", "xsd:dateTime", ranged=True),
    FieldType.TIME: TypeTraits("time", "time", "xsd:time", ranged=True),
    FieldType.CHECKBOX: TypeTraits("boolean", "boolean", "xsd:boolean"),
    FieldType.PICKLIST: TypeTraits("text", "picklist", "xsd:string", ranged=True),
    FieldType.MULTI_PICKLIST: TypeTraits("text[]", "multipicklist", "xsd:string", sortable=False),
    FieldType.EMAIL: TypeTraits("text", "email", "xsd:string", searchable=True, ranged=True),
    FieldType.PHONE: TypeTraits("text", "phone", "xsd:string", searchable=True, ranged=True),
    FieldType.URL: TypeTraits("text", "url", "xsd:string", ranged=True),
    FieldType.AUTO_NUMBER: TypeTraits("text", "string", "xsd:string", searchable=True, ranged=True),
    FieldType.LOOKUP: TypeTraits('text COLLATE "C"', "reference", "tns:ID"),
    FieldType.MASTER_DETAIL: TypeTraits('text COLLATE "C"', "reference", "tns:ID"),
    FieldType.GEOLOCATION: TypeTraits(None, "location", "urn:location", filterable=False, sortable=False),
    FieldType.ADDRESS: TypeTraits(None, "address", "urn:address", filterable=False, sortable=False),
}


@cache
def traits_when_encrypted(field_type: FieldType, *, is_indexed: bool) -> TypeTraits:
    """What can be asked about ciphertext: whether it is the whole value, and only where an index of values is kept."""
    return replace(TRAITS[field_type], filterable=is_indexed, sortable=False, searchable=False, ranged=False)


NUMERIC_TYPES = frozenset({FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT})
REFERENCE_TYPES = frozenset({FieldType.LOOKUP, FieldType.MASTER_DETAIL})
COMPOUND_TYPES = frozenset({FieldType.ADDRESS, FieldType.GEOLOCATION})
#: Types whose values can be stored encrypted.
ENCRYPTABLE_TYPES = frozenset(
    {
        FieldType.TEXT,
        FieldType.LONG_TEXT,
        FieldType.RICH_TEXT,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.URL,
    }
)
#: Only in definitions: nobody writes such a field, the platform works its value out.
CALCULATED_TYPES = frozenset({FieldType.FORMULA, FieldType.ROLLUP_SUMMARY})
#: What a formula field may return.
RETURN_TYPES = frozenset(
    {
        FieldType.TEXT,
        FieldType.NUMBER,
        FieldType.CURRENCY,
        FieldType.PERCENT,
        FieldType.CHECKBOX,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.TIME,
    }
)
#: Compared without regard to case, as the query language asks; indexed through a lower-cased stored column.
CASELESS_TYPES = frozenset(
    {
        FieldType.TEXT,
        FieldType.PICKLIST,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.URL,
        FieldType.AUTO_NUMBER,
    }
)

#: An address is stored as these components; the component's name is the base name (without `Address`) plus this.
ADDRESS_COMPONENTS: tuple[tuple[str, int], ...] = (
    ("Street", 255),
    ("District", 80),
    ("City", 80),
    ("State", 80),
    ("PostalCode", 20),
    ("Country", 80),
)
GEOLOCATION_COMPONENTS: tuple[str, ...] = ("Latitude", "Longitude")
