"""Objects as the web application draws them: fields, layouts, paths and list views, as the user may see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import ListView, PageLayout, PathDefinition, RelatedList
from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import normal_id
from chassis_metadata.logic.duplicate_rule import duplicate_rules
from chassis_metadata.snapshot import ChildRelationship, Field, Object
from chassis_metadata.soql.tree import Path
from chassis_platform.access.context import Context
from chassis_platform.access.own_components import delete_own, save_own
from chassis_platform.access.policy import ObjectAccess
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import field_label, object_label, value_label
from chassis_platform.api.identity_checks import offered_checks
from chassis_platform.plan.names import Names
from chassis_tenants.customise import ComponentKey

Document = dict[str, Any]


def readable_object(context: Context, name: str) -> Object:
    """The object, if the user may read it."""
    obj = context.snapshot.object(name)
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", f"There is no object {name!r} that you may see.")
    return obj


def readable_record(context: Context, record_id: str) -> tuple[Object, str]:
    """The object behind an id and the id's full form; the same NotFound whatever is wrong with it."""
    obj = context.snapshot.object_of_id(record_id)
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    return obj, normal_id(record_id)


def object_document(context: Context, obj: Object, access: ObjectAccess) -> Document:
    """The whole description of an object for the web application."""
    return {
        "name": obj.name,
        "label": object_label(context, obj),
        "plural_label": object_label(context, obj, plural=True),
        "key_prefix": obj.key_prefix,
        "icon": obj.icon,
        "description": obj.description,
        "custom": obj.is_custom,
        "package": obj.package,
        "sharing": obj.sharing.value,
        "has_owner": obj.has_owner,
        "searchable": obj.searchable,
        "name_field": "Name",
        "permissions": {
            "create": access.create,
            "read": access.read,
            "update": access.update,
            "delete": access.delete,
            "view_all": access.view_all,
        },
        "fields": {
            each.name: field_document(context, each, access)
            for each in obj.fields.values()
            if each.name in access.readable
        },
        "record_types": _record_types(context, obj),
        "layouts": [_layout(context, obj, each, access) for each in obj.layouts],
        "paths": [_path(context, obj, each) for each in obj.paths if each.field in access.readable],
        "list_views": _list_views(context, obj),
        "children": [
            {
                "relationship": each.name,
                "object": each.child,
                "field": each.field,
                "label": child_label(context, obj, each),
            }
            for each in _children(context, obj)
        ],
        "compact_fields": [each for each in obj.compact_fields if each in access.readable],
        "finds_duplicates": any(each.object_name == obj.name for each in duplicate_rules(context.snapshot).values()),
        "identity_checks": offered_checks(context, obj),
    }


def field_document(context: Context, field: Field, access: ObjectAccess) -> Document:
    """One field, with what the user may do to it."""
    editable = field.name in access.editable
    mask = access.masks.get(field.name)
    help_key = f"objects.{field.object_name}.fields.{field.name}.help"
    return {
        "name": field.name,
        "label": field_label(context, field),
        "type": field.type.value,
        "help": context.snapshot.text(context.principal.language, help_key, field.help or "") or None,
        "required": field.required,
        "required_when": field.required_when is not None,
        "read_only_when": field.read_only_when is not None,
        "createable": access.create and editable and field.createable,
        "updateable": access.update and editable and field.updateable,
        "filterable": field.traits.filterable and mask is None,
        "sortable": field.traits.sortable and mask is None,
        "masked": mask is not None,
        "revealable": mask is not None and mask.is_revealable,
        "indexed": field.has_index or field.is_name,
        "unique": field.unique,
        "external_id": field.external_id,
        "length": field.length,
        "precision": field.precision,
        "scale": field.scale,
        "default": field.default,
        "default_formula": field.default_formula is not None,
        "format": field.format,
        "values": [
            {
                "value": each.value,
                "label": value_label(context, field, each.value, each.label),
                "active": each.active,
                "default": each.default or each.value == field.default,
                "controlled_by": list(each.controlled_by),
            }
            for each in field.values
        ],
        "restricted": field.restricted,
        "controlling_field": field.controlling_field,
        "references": list(field.references),
        "relationship_name": field.relationship_name,
        "classification": field.classification.value,
        "tracked": field.tracked,
        "encrypted": field.encrypted,
        "searchable": field.searchable,
        "calculated": field.is_calculated,
        "system": field.system,
        "custom": field.is_custom,
        "package": field.package,
        "compound": field.compound,
        "components": list(field.components),
    }


def _record_types(context: Context, obj: Object) -> list[Document]:
    return [
        {
            "id": obj.record_type_ids[each.name],
            "name": each.name,
            "label": context.snapshot.text(
                context.principal.language, f"objects.{obj.name}.record_types.{each.name}", each.label
            ),
            "default": each.default,
            "picklists": {name: list(values) for name, values in each.picklists.items()},
        }
        for each in obj.record_types
        if each.active
    ]


def _layout(context: Context, obj: Object, layout: PageLayout, access: ObjectAccess) -> Document:
    language = context.principal.language
    sections = [
        {
            "label": context.snapshot.text(language, f"objects.{obj.name}.sections.{each.label}", each.label),
            "columns": each.columns,
            "fields": [name for name in each.fields if name in access.readable],
        }
        for each in layout.sections
    ]
    related = [_related(context, obj, each) for each in layout.related_lists]
    return {
        "name": layout.name,
        "record_types": list(layout.record_types),
        "sections": [each for each in sections if each["fields"]],
        "related_lists": [each for each in related if each is not None],
    }


def _children(context: Context, obj: Object) -> Iterable[ChildRelationship]:
    return (each for each in obj.children if each.field in context.policy.on(each.child).readable)


def child_label(context: Context, obj: Object, child: ChildRelationship) -> str:
    """What a related list is called: the child's plural label unless the field declares another."""
    key = f"objects.{child.child}.fields.{child.field}.child_label"
    child_object = context.snapshot.objects[child.child]
    default = (
        object_label(context, child_object, plural=True) if child.label == child_object.plural_label else child.label
    )
    del obj
    return context.snapshot.text(context.principal.language, key, default)


def _related(context: Context, obj: Object, related: RelatedList) -> Document | None:
    child = obj.children_by_lower_name.get(related.relationship.lower())
    if child is None or child.field not in context.policy.on(child.child).readable:
        return None
    names = Names(context.snapshot, context.policy)
    child_object = context.snapshot.objects[child.child]
    return {
        "relationship": child.name,
        "label": child_label(context, obj, child),
        "object": child.child,
        "field": child.field,
        "columns": [each for each in related.columns if _is_readable(names, child_object, each)],
        "order_by": [
            {"field": name, "descending": descending}
            for name, descending in related.order_by
            if _is_clear(names, child_object, name)
        ],
    }


def _path(context: Context, obj: Object, path: PathDefinition) -> Document:
    language = context.principal.language
    field = obj.fields[path.field]
    labels = {each.value: each.label for each in field.values}
    return {
        "name": path.name,
        "field": path.field,
        "record_type": path.record_type,
        "stages": [
            {
                "value": each.value,
                "label": value_label(context, field, each.value, labels.get(each.value, each.value)),
                "guidance": context.snapshot.text(
                    language, f"objects.{obj.name}.paths.{path.name}.{each.value}", each.guidance or ""
                )
                or None,
                "key_fields": list(each.key_fields),
                "closed": each.closed,
                "lost": each.lost,
            }
            for each in path.stages
        ],
    }


def _list_views(context: Context, obj: Object) -> list[Document]:
    """Without what the user may not read."""
    names = Names(context.snapshot, context.policy)
    return [_list_view(context, obj, each, names) for each in list_views_of(obj, names)]


def list_views_of(obj: Object, names: Names) -> list[ListView]:
    """A view that narrows by what the user may not read, or sees masked, would not be the same view: it is left out."""
    return [
        each for each in obj.list_views if all(_may_filter(names, obj, condition.field) for condition in each.filters)
    ]


def list_view_label(context: Context, obj: Object, view: ListView) -> str:
    """What the view is called in the user's language."""
    key = f"objects.{obj.name}.list_views.{view.name}"
    return context.snapshot.text(context.principal.language, key, view.label)


def readable_columns(obj: Object, view: ListView, names: Names) -> tuple[str, ...]:
    """The view's columns that the user may read."""
    return tuple(each for each in view.columns if _is_readable(names, obj, each))


def clear_order(obj: Object, view: ListView, names: Names) -> tuple[tuple[str, bool], ...]:
    """The view's order, as far as the user sees in clear what it goes by."""
    return tuple(each for each in view.order_by if _is_clear(names, obj, each[0]))


def _is_readable(names: Names, obj: Object, path: str) -> bool:
    try:
        names.field(obj, Path(tuple(path.split("."))))
    except Invalid:
        return False
    return True


def _is_clear(names: Names, obj: Object, path: str) -> bool:
    """Whether the user may sort by it."""
    return _is_readable(names, obj, path) and names.mask_of(names.field(obj, Path(tuple(path.split("."))))) is None


def _may_filter(names: Names, obj: Object, path: str) -> bool:
    """References count as far as they are seen."""
    return _is_readable(names, obj, path) and (
        _is_clear(names, obj, path) or names.field(obj, Path(tuple(path.split(".")))).field.is_reference
    )


def _list_view(context: Context, obj: Object, view: ListView, names: Names) -> Document:
    return {
        "name": view.name,
        "label": list_view_label(context, obj, view),
        "columns": list(readable_columns(obj, view, names)),
        "filters": [{"field": each.field, "operator": each.operator, "value": each.value} for each in view.filters],
        "logic": view.logic,
        "order_by": [{"field": name, "descending": descending} for name, descending in clear_order(obj, view, names)],
        "owner": view.owner,
        "default": view.default,
        "custom": view.name.endswith("__c"),
    }


async def get_object(context: Context, request: Request) -> Response:
    """`GET /ui/objects/{Object}`."""
    obj = readable_object(context, request.path_params["object"])
    return json_response(object_document(context, obj, context.policy.on(obj.name)))


async def save_list_view(context: Context, request: Request) -> Response:
    """`PUT /ui/objects/{Object}/list_views/{Name}`: a list view of the tenant's own."""
    context.policy.demand("ManageMetadata")
    obj = readable_object(context, request.path_params["object"])
    name = request.path_params["name"]
    name = name if name.endswith("__c") else f"{name}__c"
    body = await json_object(request)
    server = server_of(request)
    key = ComponentKey("list_view", f"{obj.name}.{name}")
    async with server.database.transaction(context.binding) as transaction:
        await save_own(transaction, server.snapshots, context, key, body)
    return json_response({"name": name}, 201)


async def delete_list_view(context: Context, request: Request) -> Response:
    """`DELETE /ui/objects/{Object}/list_views/{Name}`."""
    context.policy.demand("ManageMetadata")
    obj = readable_object(context, request.path_params["object"])
    server = server_of(request)
    key = ComponentKey("list_view", f"{obj.name}.{request.path_params['name']}")
    async with server.database.transaction(context.binding) as transaction:
        await delete_own(transaction, server.snapshots, context, key)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route("/ui/objects/{object}", ["GET"], get_object),
        route("/ui/objects/{object}/list_views/{name}", ["PUT"], save_list_view),
        route("/ui/objects/{object}/list_views/{name}", ["DELETE"], delete_list_view),
    ]
