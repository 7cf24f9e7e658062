"""Page layouts, compact layouts and approval layouts as describe tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis_metadata.components import LayoutSection, PageLayout, RecordType, RelatedList
from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import component_id, is_id, normal_id
from chassis_metadata.logic.approval import processes_of
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import Path
from chassis_platform.access.context import Context
from chassis_platform.api.describe import (
    Document,
    field_label,
    readable_fields,
    record_type_id,
    record_type_label,
    record_types_of,
)
from chassis_platform.api.describe_fields import describe_field, picklist_values
from chassis_platform.api.describe_objects import object_url
from chassis_platform.api.ui_objects import child_label
from chassis_platform.plan.names import Names

_LAYOUT, _COMPACT = "00h", "0AH"
_ROWS_OF_A_RELATED_LIST = 5


def describe_layouts(context: Context, obj: Object, version: str) -> Document:
    """The layouts there are, and which one records of each record type have."""
    record_types = [each for each in record_types_of(obj) if each.active]
    return {
        "layouts": [describe_layout(context, obj, each) for each in obj.layouts],
        "recordTypeMappings": [_mapping(context, obj, each, version) for each in record_types],
        "recordTypeSelectorRequired": [len(record_types) > 2],  # noqa: PLR2004  one besides the master
    }


def layout_for(layouts: Sequence[PageLayout], record_type: str) -> PageLayout:
    """The layout of a record type's records, as the web application chooses it."""
    own = (each for each in layouts if record_type in each.record_types)
    general = (each for each in layouts if not each.record_types)
    return next(own, None) or next(general, None) or layouts[0]


def layout_id(obj: Object, layout: PageLayout) -> str:
    """A layout's id; the same in every tenant."""
    return component_id(_LAYOUT, f"{obj.name}.{layout.name}")


def layout_of_record_type(context: Context, obj: Object, record_type: str) -> Document:
    """The layout of records of a record type, named by its id."""
    found = record_type_of_id(obj, record_type)
    return describe_layout(context, obj, layout_for(obj.layouts, found.name))


def record_type_of_id(obj: Object, text: str) -> RecordType:
    """The object's record type with that id."""
    if not is_id(text):
        raise Invalid.of("malformed_id", f"Record type ID: id value of incorrect type: {text[:80]}")
    for each in record_types_of(obj):
        if each.active and record_type_id(obj, each) == normal_id(text):
            return each
    raise NotFound.of("not_found", f"{obj.name} has no such record type.")


def describe_layout(context: Context, obj: Object, layout: PageLayout) -> Document:
    """One layout."""
    found = layout_id(obj, layout)
    sections = [describe_section(context, obj, each, found) for each in layout.sections]
    filled = [each for each in sections if each["rows"]]
    related = (_related_list(context, obj, each) for each in layout.related_lists)
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": filled,
        "editLayoutSections": filled,
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": found,
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": {"quickActionListItems": []},
        "relatedContent": {"relatedContentItems": []},
        "relatedLists": [each for each in related if each is not None],
        "saveOptions": [],
    }


def section_label(context: Context, obj: Object, section: LayoutSection) -> str:
    """What stands over a section, in the user's language."""
    key = f"objects.{obj.name}.sections.{section.label}"
    return context.snapshot.text(context.principal.language, key, section.label)


def section_fields(context: Context, obj: Object, section: LayoutSection) -> list[Field]:
    """The fields of a section that exist for the user."""
    readable = context.policy.on(obj.name).readable
    return [obj.fields[name] for name in section.fields if name in readable and name in obj.fields]


def describe_section(context: Context, obj: Object, section: LayoutSection, parent: str) -> Document:
    """One section; `parent` is its layout's id."""
    fields = section_fields(context, obj, section)
    columns = max(section.columns, 1)
    rows = [fields[place : place + columns] for place in range(0, len(fields), columns)]
    return {
        "collapsed": False,
        "columns": columns,
        "heading": section_label(context, obj, section),
        "layoutRows": [_row(context, obj, each, place * columns) for place, each in enumerate(rows)],
        "layoutSectionId": component_id("01B", f"{parent}.{section.label}"),
        "parentLayoutId": parent,
        "rows": len(rows),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": False,
        "useHeading": True,
    }


def _row(context: Context, obj: Object, fields: Sequence[Field], first: int) -> Document:
    items = [layout_item(context, obj, each, first + place) for place, each in enumerate(fields, 1)]
    return {"layoutItems": items, "numItems": len(items)}


def layout_item(context: Context, obj: Object, field: Field, tab_order: int) -> Document:
    """A field's place in a layout."""
    details = describe_field(context, obj, field)
    component = {
        "details": details,
        "displayLines": 1,
        "tabOrder": tab_order,
        "type": "Field",
        "value": field.name,
    }
    return {
        "editableForNew": details["createable"],
        "editableForUpdate": details["updateable"],
        "label": details["label"],
        "layoutComponents": [component],
        "placeholder": False,
        "required": not details["nillable"] and bool(details["createable"]) and not details["defaultedOnCreate"],
    }


def _related_list(context: Context, obj: Object, related: RelatedList) -> Document | None:
    child = obj.children_by_lower_name.get(related.relationship.lower())
    if child is None or child.field not in context.policy.on(child.child).readable:
        return None
    child_object = context.snapshot.objects[child.child]
    names = Names(context.snapshot, context.policy)
    columns = (_related_column(context, child_object, each, names) for each in related.columns)
    return {
        "accessLevelRequiredForCreate": None,
        "buttons": [],
        "columns": [each for each in columns if each is not None],
        "custom": child_object.is_custom,
        "field": child.field,
        "label": child_label(context, obj, child),
        "limitRows": _ROWS_OF_A_RELATED_LIST,
        "name": child.name,
        "sobject": child.child,
        "sort": [
            {"ascending": not descending, "column": name}
            for name, descending in related.order_by
            if _related_column(context, child_object, name, names) is not None
        ],
    }


def _related_column(context: Context, child: Object, path: str, names: Names) -> Document | None:
    try:
        operand = names.field(child, Path(tuple(path.split("."))))
    except Invalid:
        return None
    return {
        "field": f"{child.name}.{path}",
        "fieldApiName": path,
        "format": None,
        "label": field_label(context, operand.field),
        "lookupId": "Id" if operand.field.is_name and not operand.hops else None,
        "name": path,
        "sortable": operand.field.traits.sortable and names.mask_of(operand) is None,
    }


def _mapping(context: Context, obj: Object, record_type: RecordType, version: str) -> Document:
    found = record_type_id(obj, record_type)
    layout = layout_for(obj.layouts, record_type.name)
    return {
        "active": record_type.active,
        "available": record_type.active,
        "defaultRecordTypeMapping": record_type.default,
        "developerName": record_type.name,
        "layoutId": layout_id(obj, layout),
        "master": record_type.name == "Master",
        "name": record_type_label(context, record_type),
        "picklistsForRecordType": [
            {"picklistName": each.name, "picklistValues": values_of_record_type(context, obj, each, record_type)}
            for each in picklists(context, obj)
        ],
        "recordTypeId": found,
        "urls": {"layout": f"{object_url(obj, version)}/describe/layouts/{found}"},
    }


def picklists(context: Context, obj: Object) -> Iterable[Field]:
    """The fields with values to choose from that exist for the user."""
    return (each for each in readable_fields(obj, context.policy.on(obj.name)) if each.values)


def values_of_record_type(context: Context, obj: Object, field: Field, record_type: RecordType) -> list[Document]:
    """The values that a record of that type may have."""
    return picklist_values(context, obj, field, record_type.picklists.get(field.name))


def compact_layouts(context: Context, obj: Object) -> Document:
    """The highlights of a record, the same for all its record types."""
    layout = compact_layout(context, obj)
    return {
        "compactLayouts": [layout],
        "defaultCompactLayoutId": layout["id"],
        "recordTypeCompactLayoutMappings": [
            {
                "available": True,
                "compactLayoutId": layout["id"],
                "compactLayoutName": layout["name"],
                "recordTypeId": record_type_id(obj, each),
                "recordTypeName": each.name,
                "urls": {},
            }
            for each in record_types_of(obj)
            if each.active
        ],
    }


def compact_layout(context: Context, obj: Object) -> Document:
    """The object's one compact layout."""
    readable = context.policy.on(obj.name).readable
    names = [each for each in dict.fromkeys(("Name", *obj.compact_fields)) if each in readable]
    return {
        "actions": [],
        "fieldItems": [layout_item(context, obj, obj.fields[each], place) for place, each in enumerate(names, 1)],
        "id": component_id(_COMPACT, obj.name),
        "imageItems": [],
        "label": "SYSTEM",
        "name": "SYSTEM",
        "objectType": obj.name,
    }


def approval_layouts(context: Context, obj: Object) -> Document:
    """What approvers see of a record, by process."""
    readable = context.policy.on(obj.name).readable
    return {
        "approvalLayouts": [
            {
                "id": component_id(_LAYOUT, f"approval.{each.name}"),
                "label": each.label_in(context.snapshot, context.principal.language),
                "layoutItems": [
                    layout_item(context, obj, obj.fields[name], place)
                    for place, name in enumerate(each.show_fields, 1)
                    if name in readable
                ],
                "name": each.name,
            }
            for each in processes_of(context.snapshot, obj.name)
        ]
    }
