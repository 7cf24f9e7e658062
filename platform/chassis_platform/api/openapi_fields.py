"""Fields as JSON Schemas: what a record shows of them, and what may be sent for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.fields import ADDRESS_COMPONENTS, NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.describe import field_help, field_label

Schema = dict[str, Any]

_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+0000$"
_TIME = r"^\d{2}:\d{2}:\d{2}\.\d{3}Z$"
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?Z?$"
_ID = r"^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$"
_PLACE = {"type": ["number", "null"]}

#: What a record shows, by type; others are texts. Moments end on `+0000`, which RFC 3339 writes `+00:00`.
_SHOWN: Mapping[FieldType, Schema] = {
    FieldType.DATE: {"type": "string", "format": "date"},
    FieldType.DATETIME: {"type": "string", "pattern": _MOMENT, "examples": ["2026-01-31T08:30:00.000+0000"]},
    FieldType.TIME: {"type": "string", "pattern": _TIME, "examples": ["08:30:00.000Z"]},
    FieldType.CHECKBOX: {"type": "boolean"},
    FieldType.ADDRESS: {
        "type": "object",
        "properties": {name[:1].lower() + name[1:]: {"type": ["string", "null"]} for name, _ in ADDRESS_COMPONENTS},
    },
    FieldType.GEOLOCATION: {"type": "object", "properties": {"latitude": _PLACE, "longitude": _PLACE}},
}
#: What may be sent, where that is not the same.
_SENT: Mapping[FieldType, Schema] = {
    FieldType.DATETIME: {"type": "string", "format": "date-time"},
    FieldType.TIME: {"type": "string", "pattern": _CLOCK, "examples": ["08:30:00Z"]},
    FieldType.EMAIL: {"type": "string", "format": "email"},
}
_EXAMPLES: Mapping[FieldType, str] = {
    FieldType.EMAIL: "name@example.com",
    FieldType.PHONE: "+86 21 5555 0100",
    FieldType.URL: "https://www.example.com",
}
#: The platform keeps these of every record; they are never empty.
_ALWAYS = frozenset({"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"})


def has_choices(field: Field) -> bool:
    """Whether the field's values are one of a list, all of which is known."""
    return field.type is FieldType.PICKLIST and field.restricted and bool(field.values)


def choices_name(field: Field) -> str:
    """The name of the schema of a field's choices."""
    return f"{field.object_name}.{field.name}.Value"


def choices(context: Context, field: Field) -> Schema:
    """The values of a field that is a choice; inactive ones too, for records may have them."""
    return {"type": "string", "enum": [each.value for each in field.values], "description": _label(context, field)}


def shown_field(context: Context, obj: Object, field: Field) -> Schema:
    """What a record has of the field. What is masked has another form, and anything but an id may be empty."""
    is_masked = field.name in context.policy.on(obj.name).masks
    said = {"description": _described(context, field)}
    if is_masked:
        return said | {"type": [*_masked_types(field), "null"]}
    if has_choices(field):
        return said | _nullable({"$ref": f"#/components/schemas/{choices_name(field)}"})
    schema = dict(_SHOWN.get(field.type) or _number(field) or {"type": "string"}) | _length(field)
    is_filled = field.name in _ALWAYS or (field.type is FieldType.CHECKBOX and not field.is_calculated)
    return said | (schema if is_filled else _nullable(schema)) | _read_only(field)


def sent_field(context: Context, field: Field, *, is_required: bool = False) -> Schema:
    """What may be sent for the field; null empties it."""
    said: Schema = {"description": _described(context, field)}
    if has_choices(field):
        schema: Schema = {"$ref": f"#/components/schemas/{choices_name(field)}"}
    else:
        found = _SENT.get(field.type) or _SHOWN.get(field.type) or _number(field) or {"type": "string"}
        schema = dict(found) | _length(field) | _bounds(field) | _example(context, field)
    is_filled = is_required or field.required or field.type is FieldType.CHECKBOX
    return said | (schema if is_filled else _nullable(schema))


def _label(context: Context, field: Field) -> str:
    return field_label(context, field)


def _described(context: Context, field: Field) -> str:
    """Its label, what is said of it, and what a reference leads to."""
    label, said = field_label(context, field), field_help(context, field)
    text = f"{label}: {said}" if said else label
    targets = [each for each in field.references if context.policy.on(each).read]
    return f"{text} → {', '.join(targets)}" if targets else text


def _nullable(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]}


def _masked_types(field: Field) -> list[str]:
    if field.type in NUMERIC_TYPES:
        return ["number", "string"]
    return ["boolean"] if field.type is FieldType.CHECKBOX else ["object"] if field.is_compound else ["string"]


def _number(field: Field) -> Schema | None:
    if field.type not in NUMERIC_TYPES:
        return None
    is_whole = field.type is FieldType.NUMBER and not field.scale and not field.is_calculated
    return {"type": "integer", "format": "int64"} if is_whole else {"type": "number", "format": "double"}


def _bounds(field: Field) -> Schema:
    """How far numbers go, where that is declared; coordinates have limits of their own."""
    if field.type not in NUMERIC_TYPES or field.compound is not None or field.precision is None:
        return {}
    limit = 10 ** (field.precision - (field.scale or 0))
    return {"exclusiveMinimum": -limit, "exclusiveMaximum": limit}


def _length(field: Field) -> Schema:
    if field.is_reference or field.type is FieldType.ID:
        return {"pattern": _ID}
    is_text = field.type not in _SHOWN and field.type not in NUMERIC_TYPES
    return {"maxLength": field.length} if is_text and field.length and not field.is_calculated else {}


def _read_only(field: Field) -> Schema:
    return {} if field.createable or field.updateable else {"readOnly": True}


def _example(context: Context, field: Field) -> Schema:
    if field.type in REFERENCE_TYPES:
        target = context.snapshot.objects.get(field.references[0]) if field.references else None
        return {"examples": [f"{target.key_prefix}000000000001AAA"]} if target else {}
    found = _EXAMPLES.get(field.type)
    return {"examples": [found]} if found else {}
