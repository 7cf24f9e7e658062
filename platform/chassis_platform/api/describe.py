"""Describe: what the field's tools ask about objects and fields, made from the snapshot as the user may see it."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from chassis_metadata.components import RecordType
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import ChildRelationship, Field, Object
from chassis_platform.access.context import Context
from chassis_platform.access.policy import ObjectAccess

Document = dict[str, object]

VERSIONS = tuple(f"{number}.0" for number in range(59, 67))
LATEST = VERSIONS[-1]


def visible_objects(context: Context) -> list[Object]:
    """The objects that exist for the user, by name."""
    return sorted(
        (each for each in context.snapshot.objects.values() if context.policy.on(each.name).read),
        key=lambda each: each.name,
    )


def object_label(context: Context, obj: Object, *, plural: bool = False) -> str:
    """The object's label in the user's language."""
    part, default = ("plural_label", obj.plural_label) if plural else ("label", obj.label)
    return context.snapshot.text(context.principal.language, f"objects.{obj.name}.{part}", default)


def field_label(context: Context, field: Field) -> str:
    """The field's label in the user's language."""
    language = context.principal.language
    if field.is_name:
        return context.snapshot.text(language, f"objects.{field.object_name}.name", field.label)
    key = f"objects.{field.object_name}.fields.{field.name}.label"
    default = (
        context.snapshot.text(language, f"system_fields.{field.name}", field.label) if field.system else field.label
    )
    return context.snapshot.text(language, key, default)


def value_label(context: Context, field: Field, value: str, default: str) -> str:
    """A picklist value's label in the user's language."""
    key = f"objects.{field.object_name}.fields.{field.name}.values.{value}"
    return context.snapshot.text(context.principal.language, key, default)


def describe_global(context: Context, version: str) -> Document:
    """`GET /sobjects`: every object that exists for the user."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [_summary(context, each, version) for each in visible_objects(context)],
    }


def object_basics(context: Context, obj: Object, version: str) -> Document:
    """`GET /sobjects/{Object}`: its summary and what was seen lately."""
    return {"objectDescribe": _summary(context, obj, version), "recentItems": []}


def _summary(context: Context, obj: Object, version: str) -> Document:
    access = context.policy.on(obj.name)
    root = f"/services/data/v{version}/sobjects/{obj.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": access.create,
        "custom": obj.is_custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": access.delete,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": obj.key_prefix,
        "label": object_label(context, obj),
        "labelPlural": object_label(context, obj, plural=True),
        "layoutable": True,
        "mergeable": False,
        "mruEnabled": False,
        "name": obj.name,
        "queryable": access.read,
        "replicateable": True,
        "retrieveable": access.read,
        "searchable": obj.searchable,
        "triggerable": False,
        "undeletable": access.delete,
        "updateable": access.update,
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": f"{root}/{{ID}}"},
    }


def describe_object(context: Context, obj: Object, version: str) -> Document:
    """`GET /sobjects/{Object}/describe`: fields, relationships and record types that exist for the user."""
    access = context.policy.on(obj.name)
    document = _summary(context, obj, version)
    urls = document["urls"]
    root = f"/services/data/v{version}/sobjects/{obj.name}"
    if isinstance(urls, dict):
        urls["layouts"] = f"{root}/describe/layouts"
    return document | {
        "actionOverrides": [],
        "childRelationships": [_child(each) for each in _visible_children(context, obj)],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(context, obj, each, access) for each in readable_fields(obj, access)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(context, obj, root),
        "searchLayoutable": obj.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": "All", "name": "everything"},
            *([{"label": "Mine", "name": "mine"}] if obj.has_owner else []),
        ],
    }


def readable_fields(obj: Object, access: ObjectAccess) -> Iterable[Field]:
    """The fields that exist for the user, in their order."""
    return (each for each in obj.fields.values() if each.name in access.readable)


def _visible_children(context: Context, obj: Object) -> Iterable[ChildRelationship]:
    return (each for each in obj.children if each.field in context.policy.on(each.child).readable)


def _child(child: ChildRelationship) -> Document:
    return {
        "cascadeDelete": child.cascade,
        "childSObject": child.child,
        "deprecatedAndHidden": False,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": False,
    }


def _record_types(context: Context, obj: Object, root: str) -> list[Document]:
    master = RecordType(obj.name, "Master", "Master", default=not any(each.default for each in obj.record_types))
    master_id = "012000000000000AAA"
    return [
        _record_type(context, each, root, obj.record_type_ids.get(each.name, master_id))
        for each in (*obj.record_types, master)
    ]


def _record_type(context: Context, record_type: RecordType, root: str, record_type_id: str) -> Document:
    key = f"objects.{record_type.object_name}.record_types.{record_type.name}"
    return {
        "active": record_type.active,
        "available": record_type.active,
        "defaultRecordTypeMapping": record_type.default,
        "developerName": record_type.name,
        "master": record_type.name == "Master",
        "name": context.snapshot.text(context.principal.language, key, record_type.label),
        "recordTypeId": record_type_id,
        "urls": {"layout": f"{root}/describe/layouts/{record_type_id}"},
    }


def _field(context: Context, obj: Object, field: Field, access: ObjectAccess) -> Document:
    return _field_identity(context, obj, field) | _field_abilities(field, access) | _field_shape(field)


def _field_identity(context: Context, obj: Object, field: Field) -> Document:
    controlling = obj.fields.get(field.controlling_field or "")
    return {
        "name": field.name,
        "label": field_label(context, field),
        "type": "combobox" if field.type is FieldType.PICKLIST and not field.restricted else field.traits.wire_type,
        "soapType": _soap_type(field),
        "custom": field.is_custom,
        "inlineHelpText": field.help,
        "picklistValues": [
            {
                "active": each.active,
                "defaultValue": each.default or each.value == field.default,
                "label": value_label(context, field, each.value, each.label),
                "validFor": _valid_for(each.controlled_by, controlling),
                "value": each.value,
            }
            for each in field.values
        ],
        "restrictedPicklist": bool(field.values) and field.restricted,
        "dependentPicklist": field.controlling_field is not None,
        "controllerName": field.controlling_field,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship_name,
        "relationshipOrder": 0 if field.type is FieldType.MASTER_DETAIL else None,
        "polymorphicForeignKey": len(field.references) > 1,
        "namePointing": len(field.references) > 1,
        "compoundFieldName": field.compound,
        "nameField": field.is_name,
        "defaultValue": field.default,
        "referenceTargetField": None,
    }


def _valid_for(controlled_by: tuple[str, ...], controlling: Field | None) -> str | None:
    """The controlling values as the field's bit set: most significant bit first, base 64."""
    if controlling is None or not controlled_by:
        return None
    bits = bytearray((len(controlling.values) + 7) // 8)
    for index, each in enumerate(controlling.values):
        if each.value in controlled_by:
            bits[index // 8] |= 0x80 >> index % 8
    return base64.b64encode(bytes(bits)).decode()


_NOT_GROUPED = NUMERIC_TYPES | {FieldType.MULTI_PICKLIST}


def _soap_type(field: Field) -> str:
    whole = field.type is FieldType.NUMBER and not field.scale and (field.precision or 18) <= 9  # noqa: PLR2004  an xsd:int
    return "xsd:int" if whole else field.traits.soap_type


def _field_abilities(field: Field, access: ObjectAccess) -> Document:
    is_masked = field.name in access.masks
    filterable = field.traits.filterable and not is_masked
    return {
        "aggregatable": filterable and not field.encrypted,
        "autoNumber": field.type is FieldType.AUTO_NUMBER,
        "calculated": field.is_calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": field.on_delete.value == "cascade",
        "caseSensitive": field.case_sensitive,
        "createable": access.create and field.createable and field.name in access.editable,
        "defaultedOnCreate": _is_defaulted(field),
        "deprecatedAndHidden": False,
        "externalId": field.external_id,
        "filterable": filterable,
        "groupable": filterable and not field.encrypted and field.type not in _NOT_GROUPED,
        "idLookup": (field.external_id and access.may_look_up(field.name)) or field.type is FieldType.ID,
        "masked": is_masked,
        "nillable": not field.required and field.type is not FieldType.CHECKBOX and not field.system,
        "permissionable": not (field.required or field.system),
        "queryByDistance": field.type is FieldType.GEOLOCATION,
        "restrictedDelete": field.on_delete.value == "restrict",
        "searchPrefilterable": field.is_reference,
        "sortable": field.traits.sortable and not is_masked,
        "unique": field.unique,
        "updateable": access.update and field.updateable and field.name in access.editable,
        "writeRequiresMasterRead": False,
    }


def _is_defaulted(field: Field) -> bool:
    by_definition = field.default is not None or field.default_formula is not None
    return by_definition or field.system or field.type is FieldType.CHECKBOX


def _field_shape(field: Field) -> Document:
    numeric = field.type in NUMERIC_TYPES
    whole = numeric and _soap_type(field) == "xsd:int"
    length = 18 if field.is_reference or field.type is FieldType.ID else field.length or 0
    return {
        "aiPredictionField": False,
        "byteLength": 0 if numeric else length * (1 if length == 18 else 3),  # noqa: PLR2004  an id is ASCII
        "defaultValueFormula": field.default_formula,
        "digits": field.precision or 0 if whole else 0,
        "displayLocationInDecimal": field.type is FieldType.GEOLOCATION,
        "encrypted": field.encrypted,
        "extraTypeInfo": _extra_type(field),
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": field.formula is not None and field.blanks_as == "zero",
        "highScaleNumber": False,
        "htmlFormatted": field.type is FieldType.RICH_TEXT,
        "length": 0 if numeric else length,
        "mask": None,
        "maskType": None,
        "precision": 0 if whole or not numeric else field.precision or 18,
        "scale": field.scale or 0 if numeric else 0,
    }


def _extra_type(field: Field) -> str | None:
    if field.type is FieldType.RICH_TEXT:
        return "richtextarea"
    return "plaintextarea" if field.type is FieldType.LONG_TEXT else None
