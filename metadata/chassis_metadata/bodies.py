"""A component back to its body: the canonical form that parse_component reads, without what is said by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import lru_cache
from typing import Any

from chassis_metadata.components import (
    FieldDefinition,
    FunctionDefinition,
    InboundMapping,
    ListView,
    LogicComponent,
    LoginRestriction,
    Muting,
    ObjectDefinition,
    ObjectPermission,
    PackageManifest,
    PermissionSet,
    PicklistValue,
    ReferenceData,
    RelatedList,
    Translation,
)
from chassis_metadata.fields import REFERENCE_TYPES
from chassis_metadata.parse import FIELD_PERMISSIONS, OBJECT_PERMISSIONS

Body = dict[str, Any]

_ELSEWHERE = frozenset({"name", "object_name", "source"})
_FIELD_WORDS = {permission: word for word, permission in FIELD_PERMISSIONS.items()}


def body_of(component: Any) -> Body:
    """What a file or the API would have to say to get this component."""
    writer: Callable[[Any], Body] = _BODIES.get(type(component), _said)
    return writer(component)


def plain(value: Any) -> Any:
    """JSON values only; a whole float becomes an integer, so that a trip through a database changes nothing."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return body_of(value) if hasattr(value, "__dataclass_fields__") else value


@lru_cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, _default(each)) for each in fields(kind) if each.name not in _ELSEWHERE)


def _default(each: Field[Any]) -> Any:
    if each.default_factory is MISSING:
        return each.default
    default: Any = each.default_factory()
    return default


def _said(component: Any) -> Body:
    kind: type = type(component)
    said = {name: getattr(component, name) for name, default in _defaults(kind) if getattr(component, name) != default}
    return {name: plain(value) for name, value in said.items()}


def _object(each: ObjectDefinition) -> Body:
    if each.extends:
        return {"extends": True}
    body = _said(each)
    body["name"] = body.pop("name_field")
    if not each.key_prefix:
        del body["key_prefix"]
    return body


def _field(each: FieldDefinition) -> Body:
    body = _said(each)
    if each.extends:
        return {key: body[key] for key in ("extends", "references", "values") if key in body}
    if each.type in REFERENCE_TYPES:
        body["on_delete"] = each.on_delete.value
    body.update(body.pop("summary", {}))
    return body


def _picklist_value(each: PicklistValue) -> Any:
    body = _said(each)
    if each.label == each.value:
        del body["label"]
    body["value"] = each.value
    return each.value if len(body) == 1 else body


def _list_view(each: ListView) -> Body:
    return _with_order(each, each.order_by)


def _with_order(each: ListView | RelatedList, order_by: tuple[tuple[str, bool], ...]) -> Body:
    body = _said(each)
    if order_by:
        body["order_by"] = [{"field": name, "descending": descending} for name, descending in order_by]
    return body


def _related_list(each: RelatedList) -> Body:
    return _with_order(each, each.order_by)


def _permission_set(each: PermissionSet) -> Body:
    body = _said(each)
    if each.objects:
        body["objects"] = _object_rights(each.objects)
    if each.fields:
        body["fields"] = {name: _FIELD_WORDS[granted] for name, granted in each.fields.items()}
    if each.muting:
        body["muting"] = _muting(each.muting)
    if each.login:
        body["login"] = _login_restriction(each.login)
    return body


def _object_rights(objects: Mapping[str, ObjectPermission]) -> Body:
    return {name: [word for word in OBJECT_PERMISSIONS if getattr(each, word)] for name, each in objects.items()}


def _muting(each: Muting) -> Body:
    body = _said(each)
    if each.objects:
        body["objects"] = _object_rights(each.objects)
    if body.pop("edits", ()):
        body["fields"] = {name: "read" if name in each.fields else "edit" for name in each.edits}
    return body


def _login_restriction(each: LoginRestriction) -> Body:
    body = _said(each)
    if each.hours:
        body["hours"] = {"from": each.hours.begins, "to": each.hours.ends}
        if each.hours.days:
            body["hours"]["days"] = list(each.hours.days)
    return body


def _inbound(each: InboundMapping) -> Body:
    return {**plain(each.body), "label": each.label}


def _function(each: FunctionDefinition) -> Body:
    return {**plain(each.body), "label": each.label, "kind": each.kind}


def _logic(each: LogicComponent) -> Body:
    body: Body = plain(each.body)
    return body


def _translation(each: Translation) -> Body:
    return dict(each.texts)


def _data(each: ReferenceData) -> Body:
    return {"key": each.key, "records": plain(each.records)}


def _manifest(each: PackageManifest) -> Body:
    body = {"name": each.name, **_said(each)}
    if each.depends_on:
        body["depends_on"] = {name: f">={version}" for name, version in each.depends_on.items()}
    return body


_BODIES: dict[type, Callable[[Any], Any]] = {
    ObjectDefinition: _object,
    FieldDefinition: _field,
    PicklistValue: _picklist_value,
    ListView: _list_view,
    RelatedList: _related_list,
    PermissionSet: _permission_set,
    InboundMapping: _inbound,
    FunctionDefinition: _function,
    LogicComponent: _logic,
    Translation: _translation,
    ReferenceData: _data,
    PackageManifest: _manifest,
}
