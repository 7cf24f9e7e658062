"""The objects that exist for a user as OpenAPI tells them: their records, what may be written, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.describe import object_label, readable_fields
from chassis_platform.api.describe_objects import object_url
from chassis_platform.api.openapi_fields import Schema, choices, choices_name, has_choices, sent_field, shown_field
from chassis_platform.api.openapi_operations import operation_document
from chassis_platform.api.openapi_record_operations import OF_OBJECTS

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en_US": {
        "create": "Create: {}",
        "get": "Get by id: {}",
        "update": "Change: {}",
        "delete": "Delete: {}",
        "find": "Get by {1}: {0}",
        "upsert": "Create or change by {1}: {0}",
        "remove": "Delete by {1}: {0}",
    },
    "zh_CN": {
        "create": "新建{}",
        "get": "按 Id 获取{}",
        "update": "修改{}",
        "delete": "删除{}",
        "find": "按 {1} 获取{0}",
        "upsert": "按 {1} 新建或修改{0}",
        "remove": "按 {1} 删除{0}",
    },
}


def object_schemas(context: Context, obj: Object) -> dict[str, Schema]:
    """The schemas of an object's records, of what may be written of them, and of their choices."""
    access = context.policy.on(obj.name)
    fields = list(readable_fields(obj, access))
    writable = [each for each in fields if each.name in access.editable and not each.is_compound]
    named = {choices_name(each): choices(context, each) for each in fields if has_choices(each)}
    if access.read:
        named[f"{obj.name}Record"] = _record(context, obj, fields)
    if access.create:
        named[f"{obj.name}Create"] = _new_record(context, obj, writable)
    if access.update:
        changed = {each.name: sent_field(context, each) for each in writable if each.updateable}
        named[f"{obj.name}Update"] = {"type": "object", "properties": changed}
    return named


def _record(context: Context, obj: Object, fields: Iterable[Field]) -> Schema:
    properties: Schema = {"attributes": {"$ref": "#/components/schemas/RecordAttributes"}}
    properties |= {each.name: shown_field(context, obj, each) for each in fields}
    description = object_label(context, obj)
    return {"type": "object", "description": description, "properties": properties, "required": ["attributes"]}


def _new_record(context: Context, obj: Object, fields: Iterable[Field]) -> Schema:
    kept = [each for each in fields if each.createable]
    required = [each.name for each in kept if _is_demanded(each)]
    properties = {each.name: sent_field(context, each, is_required=each.name in required) for each in kept}
    schema: Schema = {"type": "object", "description": object_label(context, obj), "properties": properties}
    return schema | ({"required": required} if required else {})


def _is_demanded(field: Field) -> bool:
    """Whether a new record needs a value that nothing else gives it."""
    is_given = field.default is not None or field.default_formula is not None or (field.system and not field.is_name)
    return field.required and not is_given and field.type is not FieldType.CHECKBOX


def object_paths(context: Context, obj: Object, version: str) -> dict[str, Any]:
    """The addresses of an object's records, with what the user may do there."""
    access, root = context.policy.on(obj.name), object_url(obj, version)
    ways = {"get": access.read, "update": access.update, "delete": access.delete}
    by_key = {"find": access.read, "upsert": access.create and access.update, "remove": access.delete}
    paths = {
        root: _operations(context, obj, {"create": access.create}),
        f"{root}/{{id}}": _operations(context, obj, ways),
    }
    for each in readable_fields(obj, access):
        if each.external_id and access.may_look_up(each.name):
            paths[f"{root}/{each.name}/{{value}}"] = _operations(context, obj, by_key, each)
    return {path: operations for path, operations in paths.items() if operations}


def _operations(context: Context, obj: Object, allowed: Mapping[str, bool], key: Field | None = None) -> dict[str, Any]:
    """The operations at an address by method; `key` is the field that finds the record there."""
    words = _WORDS.get(context.principal.language, _WORDS["en_US"])
    label, key_name = object_label(context, obj), key.name if key else ""
    found: dict[str, Any] = {}
    for name in (each for each, may in allowed.items() if may):
        operation = OF_OBJECTS[name]
        found[operation.method] = operation_document(operation, record=obj.name) | {
            "operationId": f"{name}{obj.name}" + (f"By{key_name}" if key_name else ""),
            "summary": words[name].format(label, key_name),
            "tags": [obj.name],
        }
    return found
