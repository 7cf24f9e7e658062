"""Objects as describe tells them, made from the snapshot as the user may see it."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.components import DeleteRule, RecordType
from chassis_metadata.snapshot import ChildRelationship, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.api.describe import (
    Document,
    object_label,
    readable_fields,
    record_type_id,
    record_type_label,
    record_types_of,
    visible_objects,
)
from chassis_platform.api.describe_fields import describe_field

_PLATFORM = "platform"
#: What the words of USING SCOPE mean, by language.
_SCOPES = {
    "en_US": {"everything": "All {}", "mine": "My {}", "mineAndMyGroups": "My {} and my groups'"},
    "zh_CN": {"everything": "全部{}", "mine": "我的{}", "mineAndMyGroups": "我和我的组的{}"},
}


def describe_global(context: Context, version: str) -> Document:
    """`GET /sobjects`: every object that exists for the user."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [object_summary(context, each, version) for each in visible_objects(context)],
    }


def object_summary(context: Context, obj: Object, version: str) -> Document:
    """What describe global, and the object's own resource, say of it."""
    access = context.policy.on(obj.name)
    root = object_url(obj, version)
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
        "mergeable": obj.package != _PLATFORM and obj.updateable and obj.deletable,
        "mruEnabled": True,
        "name": obj.name,
        "queryable": access.read,
        "replicateable": True,
        "retrieveable": access.read,
        "searchable": obj.searchable,
        "triggerable": obj.createable or obj.updateable,
        "undeletable": access.delete,
        "updateable": access.update,
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": f"{root}/{{ID}}"},
    }


def object_url(obj: Object, version: str) -> str:
    """Where the object's resources are."""
    return f"/services/data/v{version}/sobjects/{obj.name}"


def describe_object(context: Context, obj: Object, version: str, site: str = "") -> Document:
    """`GET /sobjects/{Object}/describe`; `site` is where the web application is."""
    summary = object_summary(context, obj, version)
    access = context.policy.on(obj.name)
    return summary | {
        "actionOverrides": [],
        "childRelationships": [_child(context.snapshot, each) for each in visible_children(context, obj)],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(context, obj, each) for each in readable_fields(obj, access)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_record_type(context, obj, each, version) for each in record_types_of(obj)],
        "searchLayoutable": obj.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(context, obj),
        "urls": _urls(obj, version, site),
    }


def _urls(obj: Object, version: str, site: str) -> Document:
    root = object_url(obj, version)
    return {
        "sobject": root,
        "describe": f"{root}/describe",
        "rowTemplate": f"{root}/{{ID}}",
        "layouts": f"{root}/describe/layouts",
        "compactLayouts": f"{root}/describe/compactLayouts",
        "approvalLayouts": f"{root}/describe/approvalLayouts",
        "listviews": f"{root}/listviews",
        "quickActions": f"{root}/quickActions",
        "uiDetailTemplate": f"{site}/r/{{ID}}",
        "uiEditTemplate": f"{site}/r/{{ID}}",
        "uiNewRecord": f"{site}/o/{obj.name}/new",
    }


def visible_children(context: Context, obj: Object) -> Iterable[ChildRelationship]:
    """The relationships whose children's references exist for the user."""
    return (each for each in obj.children if each.field in context.policy.on(each.child).readable)


def _child(snapshot: Snapshot, child: ChildRelationship) -> Document:
    field = snapshot.objects[child.child].fields[child.field]
    return {
        "cascadeDelete": child.cascade,
        "childSObject": child.child,
        "deprecatedAndHidden": False,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": field.on_delete is DeleteRule.RESTRICT,
    }


def _record_type(context: Context, obj: Object, record_type: RecordType, version: str) -> Document:
    found = record_type_id(obj, record_type)
    return {
        "active": record_type.active,
        "available": record_type.active,
        "defaultRecordTypeMapping": record_type.default,
        "developerName": record_type.name,
        "master": record_type.name == "Master",
        "name": record_type_label(context, record_type),
        "recordTypeId": found,
        "urls": {"layout": f"{object_url(obj, version)}/describe/layouts/{found}"},
    }


def _scopes(context: Context, obj: Object) -> list[Document]:
    words = _SCOPES.get(context.principal.language, _SCOPES["en_US"])
    plural = object_label(context, obj, plural=True)
    return [
        {"label": label.format(plural), "name": name}
        for name, label in words.items()
        if obj.has_owner or name == "everything"
    ]
