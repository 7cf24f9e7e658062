"""The shapes of `ui-api`: records with what is shown of each value, objects, layouts and values to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.components import PageLayout, RecordType
from chassis_metadata.errors import Invalid
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.describe import (
    Document,
    readable_fields,
    record_type_id,
    record_type_label,
    record_types_of,
    value_label,
)
from chassis_platform.api.describe_fields import controlling_places, describe_field
from chassis_platform.api.describe_layouts import (
    compact_layout,
    describe_layout,
    layout_for,
)
from chassis_platform.api.describe_objects import object_summary, visible_children
from chassis_platform.api.display_values import display_value
from chassis_platform.records.read import FoundRecord

_CAPITALS = {
    "multipicklist": "MultiPicklist",
    "textarea": "TextArea",
    "datetime": "DateTime",
    "combobox": "ComboBox",
    "id": "Id",
}
#: Of a field's description, what is told here by the same name.
_TOLD = (
    *("calculated", "compoundFieldName", "controllerName", "createable", "custom", "extraTypeInfo", "filterable"),
    *("filteredLookupInfo", "highScaleNumber", "htmlFormatted", "inlineHelpText", "label", "length", "maskType"),
    *("nameField", "polymorphicForeignKey", "precision", "referenceTargetField", "relationshipName", "scale"),
    *("searchPrefilterable", "sortable", "unique", "updateable"),
)
_OF_AN_OBJECT = (
    *("associateEntityType", "associateParentEntity", "createable", "custom", "deletable", "feedEnabled", "keyPrefix"),
    *("label", "labelPlural", "layoutable", "mruEnabled", "queryable", "searchable", "updateable"),
)
LAYOUT_TYPES = ("Full", "Compact")
SYSTEM = ("LastModifiedById", "LastModifiedDate", "RecordTypeId", "SystemModstamp")


def one_of(word: str, words: Sequence[str]) -> str:
    """A word of a request, if it is one of these."""
    if word not in words:
        raise Invalid.of("invalid_value", f"{word[:40]!r} is none of {', '.join(words)}.")
    return word


# Records


def record_document(
    context: Context, obj: Object, record: Mapping[str, Any], asked: Iterable[str], found: FoundRecord
) -> Document:
    """A record with the fields that were asked for."""
    document = _record(context, obj, record, {each.partition(".")[0].lower() for each in asked})
    return document | {"eTag": found.tag, "weakEtag": int(found.changed.timestamp() * 1000)}


def _record(context: Context, obj: Object, record: Mapping[str, Any], asked: set[str] | None) -> Document:
    shown = {
        name: _value(context, obj, name, value)
        for name, value in record.items()
        if name not in ("attributes", "Id") and (asked is None or name.lower() in asked)
    }
    kind = record.get("RecordTypeId")
    return {
        "apiName": obj.name,
        "childRelationships": {},
        "eTag": "",
        "fields": shown,
        "id": record.get("Id") or record["attributes"]["url"].rpartition("/")[2],
        "lastModifiedById": record.get("LastModifiedById"),
        "lastModifiedDate": _moment(record.get("LastModifiedDate")),
        "recordTypeId": kind,
        "recordTypeInfo": record_type_infos(context, obj).get(kind) if kind else None,
        "systemModstamp": _moment(record.get("SystemModstamp")),
        "weakEtag": 0,
    }


def _moment(text: str | None) -> str | None:
    return None if text is None else text.replace("+0000", "Z")


def _value(context: Context, obj: Object, name: str, value: Any) -> Document:
    """A value beside what is shown of it: as people write it, a choice's label, the name of a record referred to."""
    if isinstance(value, Mapping) and "attributes" in value:
        parent = context.snapshot.objects[value["attributes"]["type"]]
        return {"displayValue": value.get("Name"), "value": _record(context, parent, value, None)}
    field = obj.fields.get(name)
    if field is None or value is None:
        return {"displayValue": None, "value": value}
    shown = display_value(context, field, value)
    return {"displayValue": shown, "value": _moment(value) if field.type is FieldType.DATETIME else value}


# Objects


def object_info(context: Context, obj: Object, version: str) -> Document:
    """What there is to know of an object."""
    summary = object_summary(context, obj, version)
    access = context.policy.on(obj.name)
    default = next((each for each in record_types_of(obj) if each.default and each.active), None)
    return {name: summary[name] for name in _OF_AN_OBJECT} | {
        "apiName": obj.name,
        "childRelationships": [
            {
                "childObjectApiName": each.child,
                "fieldName": each.field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": each.name,
            }
            for each in visible_children(context, obj)
        ],
        "compactLayoutable": True,
        "defaultRecordTypeId": None if default is None else record_type_id(obj, default),
        "dependentFields": _dependent_fields(obj, access.readable),
        "eTag": context.policy.grants.identity,
        "fields": {each.name: _field(context, obj, each) for each in readable_fields(obj, access)},
        "nameFields": name_fields(obj),
        "recordTypeInfos": record_type_infos(context, obj),
        "searchLayoutable": obj.searchable,
        "themeInfo": None,
    }


def name_fields(obj: Object) -> list[str]:
    """What a record is called by; a person by two names."""
    parts = [each for each in (obj.name_field.first, obj.name_field.last) if each]
    return [*parts, "Name"] if parts else ["Name"]


def _dependent_fields(obj: Object, readable: frozenset[str]) -> dict[str, Any]:
    """The fields whose values follow from another's, as a tree."""
    found: dict[str, dict[str, Any]] = {}
    for each in obj.fields.values():
        if each.controlling_field in readable and each.name in readable:
            found.setdefault(str(each.controlling_field), {})[each.name] = {}
    return found


def _field(context: Context, obj: Object, field: Field) -> Document:
    described = describe_field(context, obj, field)
    kind = str(described["type"])
    return {name: described[name] for name in _TOLD} | {
        "apiName": field.name,
        "compound": field.is_compound,
        "compoundComponentName": None,
        "controllingFields": [field.controlling_field] if field.controlling_field else [],
        "dataType": _CAPITALS.get(kind, kind.capitalize()),
        "reference": field.is_reference,
        "referenceToInfos": [
            {"apiName": name, "nameFields": name_fields(context.snapshot.objects[name])}
            for name in field.references
            if name in context.snapshot.objects
        ],
        "required": not described["nillable"] and not described["defaultedOnCreate"],
    }


def record_type_infos(context: Context, obj: Object) -> dict[str, Document]:
    """The record types by their ids."""
    return {
        record_type_id(obj, each): {
            "available": each.active,
            "defaultRecordTypeMapping": each.default,
            "master": each.name == "Master",
            "name": record_type_label(context, each),
            "recordTypeId": record_type_id(obj, each),
        }
        for each in record_types_of(obj)
    }


# Layouts


def layout_document(context: Context, obj: Object, record_type: RecordType, kind: str, mode: str) -> Document:
    """The layout of a record type's records: the full one, or the compact one."""
    layout = layout_for(obj.layouts, record_type.name)
    described = describe_layout(context, obj, layout)
    sections: Any = described["detailLayoutSections"]
    if kind == "Compact":
        described = compact_layout(context, obj)
        sections = [_compact_section(described)]
    return {
        "eTag": context.policy.grants.identity,
        "id": described["id"],
        "layoutType": kind,
        "mode": mode,
        "objectApiName": obj.name,
        "recordTypeId": record_type_id(obj, record_type),
        "saveOptions": [],
        "sections": [_section(each) for each in sections],
    }


def _compact_section(described: Document) -> dict[str, Any]:
    items: Any = described["fieldItems"]
    rows = [{"layoutItems": [each]} for each in items]
    return {"columns": 1, "heading": "", "layoutRows": rows, "layoutSectionId": None, "rows": len(rows)}


def _section(described: Mapping[str, Any]) -> Document:
    return {
        "collapsible": False,
        "columns": described["columns"],
        "heading": described["heading"],
        "id": described["layoutSectionId"],
        "layoutRows": [
            {"layoutItems": [_item(each) for each in row["layoutItems"]]} for row in described["layoutRows"]
        ],
        "rows": described["rows"],
        "useHeading": bool(described["heading"]),
    }


def _item(described: Mapping[str, Any]) -> Document:
    [component] = described["layoutComponents"]
    details = component["details"]
    return {
        "editableForNew": described["editableForNew"],
        "editableForUpdate": described["editableForUpdate"],
        "label": described["label"],
        "layoutComponents": [{"apiName": component["value"], "componentType": "Field", "label": described["label"]}],
        "lookupIdApiName": "Id" if details["referenceTo"] else None,
        "required": described["required"],
        "sortable": False,
    }


def layout_fields(obj: Object, layout: PageLayout) -> list[str]:
    """The fields that a layout shows."""
    return [name for section in layout.sections for name in section.fields if name in obj.fields]


# Values to choose from


def picklist_document(context: Context, obj: Object, field: Field, record_type: RecordType, url: str) -> Document:
    """A field's values for records of a record type, with the places of the controlling values that allow each."""
    controlling = obj.fields.get(field.controlling_field or "")
    allowed = record_type.picklists.get(field.name)
    values = [each for each in field.values if each.active and (allowed is None or each.value in allowed)]
    documents = [
        {
            "attributes": None,
            "label": value_label(context, field, each.value, each.label),
            "validFor": [] if controlling is None else controlling_places(each, controlling),
            "value": each.value,
        }
        for each in values
    ]
    places = [] if controlling is None else [each.value for each in controlling.values]
    default = next((place for place, each in enumerate(values) if each.default or each.value == field.default), None)
    return {
        "controllerValues": {value: place for place, value in enumerate(places)},
        "defaultValue": None if default is None else documents[default],
        "eTag": context.policy.grants.identity,
        "url": url,
        "values": documents,
    }
