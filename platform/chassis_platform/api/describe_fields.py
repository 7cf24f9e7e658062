"""Fields as describe tells them: every key that a client of the field reads, with what holds for this user."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from chassis_metadata.components import PicklistValue
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.access.policy import ObjectAccess
from chassis_platform.api.describe import Document, field_help, field_label, value_label

_ID_LENGTH = 18
_BYTES_OF_A_CHARACTER = 3
#: Whole numbers of so many digits are an xsd:int.
_DIGITS_OF_AN_INT = 9
_DIGITS_OF_A_DOUBLE = 18
_NOT_GROUPED = NUMERIC_TYPES | {FieldType.MULTI_PICKLIST}


def describe_field(context: Context, obj: Object, field: Field) -> Document:
    """One field."""
    access = context.policy.on(obj.name)
    return (
        _identity(context, obj, field)
        | _picklist(context, obj, field)
        | _reference(context, obj, field)
        | _abilities(field, access)
        | _sizes(field)
        | _formula(field)
    )


def _identity(context: Context, obj: Object, field: Field) -> Document:
    return {
        "name": field.name,
        "label": field_label(context, field),
        "type": _wire_type(field),
        "soapType": _soap_type(field),
        "extraTypeInfo": _extra_type(field),
        "custom": field.is_custom,
        "inlineHelpText": field_help(context, field),
        "compoundFieldName": _compound(obj, field),
        "nameField": field.is_name,
        "defaultValue": False if field.type is FieldType.CHECKBOX and field.default is None else field.default,
        "deprecatedAndHidden": False,
        "aiPredictionField": False,
    }


def _wire_type(field: Field) -> str:
    if field.type is FieldType.PICKLIST and not field.restricted:
        return "combobox"
    return "int" if _is_int(field) else field.traits.wire_type


def _is_int(field: Field) -> bool:
    digits = field.precision or _DIGITS_OF_A_DOUBLE
    return field.type is FieldType.NUMBER and not field.scale and digits <= _DIGITS_OF_AN_INT


def _soap_type(field: Field) -> str:
    return "xsd:int" if _is_int(field) else field.traits.soap_type


def _extra_type(field: Field) -> str | None:
    if field.type is FieldType.RICH_TEXT:
        return "richtextarea"
    return "plaintextarea" if field.type is FieldType.LONG_TEXT else None


def _compound(obj: Object, field: Field) -> str | None:
    """What the field is a part of; a person's name is made of two."""
    return "Name" if field.name in (obj.name_field.last, obj.name_field.first) else field.compound


def _picklist(context: Context, obj: Object, field: Field) -> Document:
    return {
        "picklistValues": picklist_values(context, obj, field),
        "restrictedPicklist": bool(field.values) and field.restricted,
        "dependentPicklist": field.controlling_field is not None,
        "controllerName": field.controlling_field,
    }


def picklist_values(
    context: Context, obj: Object, field: Field, allowed: Iterable[str] | None = None
) -> list[Document]:
    """The field's values, or those of them that a record type allows."""
    controlling = obj.fields.get(field.controlling_field or "")
    kept = None if allowed is None else frozenset(allowed)
    return [
        {
            "active": each.active,
            "defaultValue": each.default or each.value == field.default,
            "label": value_label(context, field, each.value, each.label),
            "validFor": valid_for(each, controlling),
            "value": each.value,
        }
        for each in field.values
        if kept is None or each.value in kept
    ]


def controlling_places(value: PicklistValue, controlling: Field) -> list[int]:
    """Where the controlling values stand under which this one may be chosen: all, where none is named."""
    return [
        place
        for place, each in enumerate(controlling.values)
        if not value.controlled_by or each.value in value.controlled_by
    ]


def valid_for(value: PicklistValue, controlling: Field | None) -> str | None:
    """The controlling values as the wire's bit set: most significant bit first, base 64."""
    if controlling is None:
        return None
    bits = bytearray((len(controlling.values) + 7) // 8)
    for place in controlling_places(value, controlling):
        bits[place // 8] |= 0x80 >> place % 8
    return base64.b64encode(bytes(bits)).decode()


def _reference(context: Context, obj: Object, field: Field) -> Document:
    targets = [each for each in field.references if context.policy.on(each).read]
    leads_to_several = len(targets) > 1
    return {
        "referenceTo": targets,
        "relationshipName": field.relationship_name,
        "relationshipOrder": _relationship_order(obj, field),
        "polymorphicForeignKey": leads_to_several,
        "namePointing": leads_to_several,
        "referenceTargetField": None,
        "filteredLookupInfo": None,
        "cascadeDelete": field.on_delete.value == "cascade",
        "restrictedDelete": field.on_delete.value == "restrict",
        "writeRequiresMasterRead": False,
    }


def _relationship_order(obj: Object, field: Field) -> int | None:
    """0 for the first master of a record, 1 for the second."""
    if field.type is not FieldType.MASTER_DETAIL:
        return None
    return [each.name for each in obj.fields.values() if each.type is FieldType.MASTER_DETAIL].index(field.name)


def _abilities(field: Field, access: ObjectAccess) -> Document:
    """What can be done with the field: nothing that would tell what a mask hides."""
    is_masked = field.name in access.masks
    filterable = field.traits.filterable and not is_masked
    return {
        "aggregatable": filterable and not field.encrypted,
        "autoNumber": field.type is FieldType.AUTO_NUMBER,
        "caseSensitive": field.case_sensitive,
        "createable": access.create and field.createable and field.name in access.editable,
        "defaultedOnCreate": _is_defaulted(field),
        "encrypted": field.encrypted,
        "externalId": field.external_id,
        "filterable": filterable,
        "groupable": filterable and not field.encrypted and field.type not in _NOT_GROUPED,
        "idLookup": (field.external_id and access.may_look_up(field.name)) or field.type is FieldType.ID,
        "masked": is_masked,
        "nillable": _may_be_null(field),
        "permissionable": not (field.required or field.system),
        "queryByDistance": field.type is FieldType.GEOLOCATION,
        "searchPrefilterable": field.is_reference,
        "sortable": field.traits.sortable and not is_masked,
        "unique": field.unique,
        "updateable": access.update and field.updateable and field.name in access.editable,
    }


def _is_defaulted(field: Field) -> bool:
    by_definition = field.default is not None or field.default_formula is not None
    return by_definition or field.system or field.type is FieldType.CHECKBOX


def _may_be_null(field: Field) -> bool:
    if field.name == "RecordTypeId":
        return True
    return not field.required and field.type is not FieldType.CHECKBOX and not field.system


def _sizes(field: Field) -> Document:
    is_number, is_int = field.type in NUMERIC_TYPES, _is_int(field)
    is_id = field.is_reference or field.type is FieldType.ID
    length = 0 if is_number else _ID_LENGTH if is_id else field.length or 0
    return {
        "byteLength": length * (1 if is_id else _BYTES_OF_A_CHARACTER),
        "digits": field.precision or 0 if is_int else 0,
        "displayLocationInDecimal": field.type is FieldType.GEOLOCATION,
        "highScaleNumber": False,
        "htmlFormatted": field.type is FieldType.RICH_TEXT,
        "length": length,
        "mask": None,
        "maskType": None,
        "precision": field.precision or _DIGITS_OF_A_DOUBLE if is_number and not is_int else 0,
        "scale": field.scale or 0 if is_number else 0,
    }


def _formula(field: Field) -> Document:
    return {
        "calculated": field.is_calculated,
        "calculatedFormula": field.formula,
        "defaultValueFormula": field.default_formula,
        "formulaTreatNullNumberAsZero": field.formula is not None and field.blanks_as == "zero",
    }
