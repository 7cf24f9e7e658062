"""A tenant's own components over its packages: checked with all it has, then in force with the next request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.bodies import body_of
from chassis_metadata.check import check_layer, is_warning
from chassis_metadata.compile_logic import SECRET, shown_secret
from chassis_metadata.components import FieldDefinition, Layer
from chassis_metadata.errors import ChassisError, Conflict, Invalid, NotFound, Problem
from chassis_metadata.fields import FieldType
from chassis_metadata.ids import component_id
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.naming import component_names
from chassis_metadata.parse import parse_component
from chassis_metadata.snapshot import Conversion, Snapshot
from chassis_tenants.conversions import (
    begin,
    check_encryption,
    conversions_of,
    forget,
    has_index,
    own_encrypted,
    unfinished,
)
from chassis_tenants.database import Row, Transaction
from chassis_tenants.installer import lock_setup, new_versions
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.materialise import PERMISSION_SET_PREFIX, RECORD_TYPE_PREFIX, permission_set_rows, record_type_rows
from chassis_tenants.recalculation import changes_kind, is_kept, recalculation
from chassis_tenants.registry import PackageVersion
from chassis_tenants.secret_settings import SEEN_BODY, seal_clear_secrets, secret_body
from chassis_tenants.snapshots import LAYER_KINDS, SnapshotStore, installed_versions, layer_of, stored_components
from chassis_tenants.statement import Statement
from chassis_tenants.tables import quoted

#: Keys of a body that can't change while records hold values: a change would not be the same thing any more.
_FIXED_KEYS = {"field": ("type", "returns"), "object": ("key_prefix",)}
_SECTIONS = {
    "object": "Objects",
    "field": "Fields",
    "record_type": "Record types",
    "path": "Paths",
    "list_view": "List views",
    "layout": "Page layouts",
    "app": "Apps",
    "permission_set": "Permission sets",
    "inbound": "Inbound mappings",
    "function": "Functions",
    "value_set": "Value sets",
    "translation": "Translations",
    **{each.kind: each.heading for each in LOGIC_KINDS.values()},
}


@dataclass(frozen=True, slots=True)
class ComponentKey:
    """A component of a tenant: a kind (`field`, `list_view` …) and a name (`Lead.Region__c`)."""

    kind: str
    name: str


async def save_component(
    tx: Transaction, snapshots: SnapshotStore, key: ComponentKey, body: Mapping[str, Any], actor: Actor
) -> None:
    """Create or replace a component. Raises Invalid with all problems that it would bring."""
    _check_kind(key)
    component = parse_component(key.kind, key.name, body)
    own = await _own_components(tx, snapshots)
    before = own.body_of(key)
    _check_fixed(key, before, body)
    await own.check_change(own.with_component(key, body))
    if own.is_secret(key):
        await _save_secret(tx, key, own.shown(key), body, actor)
        return
    await tx.fetch_each(
        [
            _store(tx.tenant_id, key, body, actor),
            *_rows_of(tx.tenant_id, key, component, actor),
            *_recalculated(tx.tenant_id, own.base, key, component, before),
            *(begin(tx.tenant_id, own_encrypted(key.name, before, body)) if key.kind == "field" else ()),
            setup_entry(tx.tenant_id, actor, _change(key, before, body)),
            new_versions(tx.tenant_id, access=key.kind == "permission_set"),
        ]
    )
    if key.kind == "setting" and body["type"] == SECRET:
        await seal_clear_secrets(tx, [key.name])


async def _save_secret(
    tx: Transaction, key: ComponentKey, before: Mapping[str, Any] | None, body: Mapping[str, Any], actor: Actor
) -> None:
    """Kept sealed, and the trail says no more than whether there is one. Without a value it stays as it is."""
    if "value" not in body:
        return
    await tx.fetch_each(
        [
            _store(tx.tenant_id, key, secret_body(key.name, body["value"]), actor),
            setup_entry(tx.tenant_id, actor, _change(key, before, shown_secret(body))),
            new_versions(tx.tenant_id, access=False),
        ]
    )


async def check_component(
    tx: Transaction, snapshots: SnapshotStore, key: ComponentKey, body: Mapping[str, Any]
) -> None:
    """The same judgement without saving: Invalid with all problems that the component would bring."""
    _check_kind(key)
    parse_component(key.kind, key.name, body)
    own = await _own_components(tx, snapshots)
    _check_fixed(key, own.body_of(key), body)
    await own.check_change(own.with_component(key, body))


async def stored_body(tx: Transaction, key: ComponentKey) -> dict[str, Any]:
    """The body of one of the tenant's own components as it was saved."""
    statement = Statement(
        f"SELECT {SEEN_BODY} FROM chassis.component"  # noqa: S608  a text of ours
        " WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND name = %(name)s",
        _named(tx.tenant_id, key),
    )
    rows = await tx.fetch(statement)
    if not rows:
        raise _unknown(key)
    body: dict[str, Any] = rows[0][0]
    return body


async def delete_component(tx: Transaction, snapshots: SnapshotStore, key: ComponentKey, actor: Actor) -> None:
    """Remove a component that nothing else needs; a field's values go with it, an object has to be empty."""
    _check_kind(key)
    own = await _own_components(tx, snapshots)
    before = own.body_of(key)
    if before is None:
        raise _unknown(key)
    await own.check_change(own.without_component(key))
    await _check_empty(tx, key)
    await tx.fetch_each(
        [
            *([forget(tx.tenant_id, key.name)] if key.kind == "field" else []),
            *_clear(tx.tenant_id, own.base, key, before),
            _forget(tx.tenant_id, key),
            setup_entry(tx.tenant_id, actor, _change(key, own.shown(key), None)),
            new_versions(tx.tenant_id, access=key.kind == "permission_set"),
        ]
    )


def _unknown(key: ComponentKey) -> ChassisError:
    return NotFound.of("unknown_component", f"The tenant has no {key.kind} {key.name!r} of its own.")


def _check_kind(key: ComponentKey) -> None:
    if key.kind not in LAYER_KINDS:
        kinds = ", ".join(sorted(LAYER_KINDS))
        raise Invalid.of("unknown_kind", f"A tenant can't make a component of kind {key.kind!r}. Use one of: {kinds}.")


def _check_fixed(key: ComponentKey, before: Mapping[str, Any] | None, body: Mapping[str, Any]) -> None:
    for fixed in _FIXED_KEYS.get(key.kind, ()) if before is not None else ():
        if (before or {}).get(fixed) != body.get(fixed):
            message = f"The {fixed} of {key.name} can't change. Make another one and delete this one."
            raise Conflict.of(f"{fixed}_changed", message, path=fixed)
    if key.kind == "field" and before is not None:
        check_encryption(key.name, before or {}, body)


async def begin_storing_in_clear(tx: Transaction, snapshots: SnapshotStore, name: str, actor: Actor) -> None:
    """An encrypted field of the tenant's own is to lie in clear: new values do from now on, a job opens the others.

    It stays encrypted, with all that can't be asked of it, until `store_in_clear`.
    """
    key = ComponentKey("field", name)
    before = (await _own_components(tx, snapshots)).body_of(key)
    if before is None or not before.get("encrypted"):
        raise NotFound.of("unknown_component", f"The tenant has no encrypted field {name!r} of its own.")
    if name in conversions_of(await tx.fetch(unfinished(tx.tenant_id))):
        message = f"Stored values of {name} are being changed already. Wait until it is done."
        raise Conflict.of("conversion_running", message)
    said = SetupChange("decryptsField", _SECTIONS["field"], name, f"Values of {name} are to be stored in clear")
    conversion = Conversion(seals=False, was_indexed=has_index(before))
    await tx.fetch_each(
        [*begin(tx.tenant_id, {name: conversion}), setup_entry(tx.tenant_id, actor, said), new_versions(tx.tenant_id)]
    )


async def store_in_clear(tx: Transaction, snapshots: SnapshotStore, name: str, actor: Actor) -> None:
    """The field is encrypted no longer: all its values lie in clear."""
    key = ComponentKey("field", name)
    before = (await _own_components(tx, snapshots)).body_of(key)
    if before is not None and before.get("encrypted"):
        body = {each: value for each, value in before.items() if each != "encrypted"}
        entry = setup_entry(tx.tenant_id, actor, _change(key, before, body))
        await tx.fetch_each([_store(tx.tenant_id, key, body, actor), entry])


@dataclass(frozen=True, slots=True)
class _OwnComponents:
    """A tenant's rows of the component table over what its packages say."""

    base: Snapshot
    rows: Sequence[Row]

    def body_of(self, key: ComponentKey) -> Mapping[str, Any] | None:
        found: list[Mapping[str, Any]] = [
            body for kind, name, body in self.rows if (kind, name) == (key.kind, key.name)
        ]
        return found[0] if found else None

    def is_secret(self, key: ComponentKey) -> bool:
        """Whether it is the value of a setting that is a secret."""
        packaged = self.base.logic_of("setting").get(key.name)
        declared = packaged.body if packaged else self.body_of(ComponentKey("setting", key.name)) or {}
        return key.kind == "setting_value" and declared.get("type") == SECRET

    def shown(self, key: ComponentKey) -> Mapping[str, Any] | None:
        """The body as the trail keeps it."""
        body = self.body_of(key)
        return shown_secret(body) if body is not None and self.is_secret(key) else body

    def with_component(self, key: ComponentKey, body: Mapping[str, Any]) -> list[Row]:
        return [*self.without_component(key), (key.kind, key.name, body)]

    def without_component(self, key: ComponentKey) -> list[Row]:
        return [row for row in self.rows if (row[0], row[1]) != (key.kind, key.name)]

    async def check_change(self, rows: Sequence[Row]) -> None:
        """Invalid with what would be wrong afterwards and was not before."""
        before, after = await asyncio.to_thread(
            lambda: [_problems(layer_of(each), self.base) for each in (self.rows, rows)]
        )
        known = {(each.path, each.code) for each in before}
        new = [each for each in after if (each.path, each.code) not in known]
        if new:
            raise Invalid(new)


def _problems(layer: Layer, base: Snapshot) -> list[Problem]:
    return [each for each in check_layer(layer, base) if not is_warning(each)]


async def _own_components(tx: Transaction, snapshots: SnapshotStore) -> _OwnComponents:
    """What the tenant has, while nobody else changes it."""
    _, versions, rows = await tx.fetch_each(
        [lock_setup(tx.tenant_id), installed_versions(tx.tenant_id), stored_components(tx.tenant_id)]
    )
    base = await snapshots.base(frozenset(PackageVersion(*row) for row in versions))
    return _OwnComponents(base, rows)


def _store(tenant_id: int, key: ComponentKey, body: Mapping[str, Any], actor: Actor) -> Statement:
    return Statement(
        "INSERT INTO chassis.component (tenant_id, kind, name, body, changed_by)"
        " VALUES (%(tenant_id)s, %(kind)s, %(name)s, %(body)s::jsonb, %(user_id)s)"
        " ON CONFLICT (tenant_id, kind, name) DO UPDATE SET body = excluded.body, changed_at = now(),"
        " changed_by = excluded.changed_by",
        {**_named(tenant_id, key), "body": json.dumps(body), "user_id": actor.user_id},
        sealed=True,  # of a secret
    )


def _named(tenant_id: int, key: ComponentKey) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "kind": key.kind, "name": key.name}


def _forget(tenant_id: int, key: ComponentKey) -> Statement:
    return Statement(
        "DELETE FROM chassis.component WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND name = %(name)s",
        _named(tenant_id, key),
    )


def _rows_of(tenant_id: int, key: ComponentKey, component: Any, actor: Actor) -> list[Statement]:
    if key.kind == "permission_set":
        return [permission_set_rows(tenant_id, actor.user_id, [component], custom=True)]
    if key.kind == "record_type":
        return [record_type_rows(tenant_id, actor.user_id, [component])]
    return []


def _recalculated(
    tenant_id: int, base: Snapshot, key: ComponentKey, component: Any, before: Mapping[str, Any] | None
) -> list[Statement]:
    """What a field holds that the platform works out: in every record there is."""
    if not isinstance(component, FieldDefinition) or not is_kept(component):
        return []
    stale = changes_kind(before, body_of(component))
    cleared = _clear_field(tenant_id, base, key.name, component.type) if stale else []
    return [*cleared, *recalculation(tenant_id, [key.name])]


def _change(key: ComponentKey, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> SetupChange:
    verb = "created" if before is None else "deleted" if after is None else "changed"
    kind = "".join(word.capitalize() for word in key.kind.split("_"))
    display = f"{verb.capitalize()} {key.kind.replace('_', ' ')} {key.name}"
    return SetupChange(f"{verb}{kind}", _SECTIONS[key.kind], key.name, display, before=before, after=after)


async def _check_empty(tx: Transaction, key: ComponentKey) -> None:
    if key.kind != "object":
        return
    found = await tx.fetch(
        Statement(
            "SELECT 1 FROM tenant.custom_record WHERE tenant_id = %(tenant_id)s AND object_name = %(name)s LIMIT 1",
            {"tenant_id": tx.tenant_id, "name": key.name},
        )
    )
    if found:
        raise Conflict.of("object_not_empty", f"{key.name} has records. Delete them, and empty the recycle bin, first.")


def _clear(tenant_id: int, base: Snapshot, key: ComponentKey, body: Mapping[str, Any]) -> list[Statement]:
    """What must not stay behind: values of a field (another one may take its name), assignments to a permission set."""
    if key.kind == "field":
        return _clear_field(tenant_id, base, key.name, FieldType(body["type"]))
    if key.kind == "permission_set":
        return _clear_permission_set(tenant_id, key.name)
    if key.kind == "record_type":
        return [
            Statement(
                "UPDATE data.record_type SET is_active = false, system_modstamp = now()"
                " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
                {"tenant_id": tenant_id, "id": component_id(RECORD_TYPE_PREFIX, key.name)},
            )
        ]
    return []


def _clear_field(tenant_id: int, base: Snapshot, name: str, kind: FieldType) -> list[Statement]:
    object_name, _, field_name = name.rpartition(".")
    of = base.objects.get(object_name)
    table = f"data.{quoted(of.table)}" if of is not None and of.table is not None else "data.custom_record"
    own = " AND object_name = %(object)s" if of is None else ""
    fields = [field_name, *component_names(field_name, kind)]
    parameters = {"tenant_id": tenant_id, "object": object_name, "fields": fields}
    return [
        Statement(
            f"UPDATE {table} SET custom = custom - %(fields)s::text[] WHERE tenant_id = %(tenant_id)s{own}"  # noqa: S608
            " AND custom ?| %(fields)s::text[]",
            parameters,
        ),
        Statement(
            "DELETE FROM data.custom_index"
            " WHERE tenant_id = %(tenant_id)s AND object_name = %(object)s AND field_name = ANY (%(fields)s)",
            parameters,
        ),
    ]


def _clear_permission_set(tenant_id: int, name: str) -> list[Statement]:
    parameters = {"tenant_id": tenant_id, "id": component_id(PERMISSION_SET_PREFIX, name)}
    return [
        Statement(
            "DELETE FROM data.permission_set_assignment WHERE tenant_id = %(tenant_id)s AND permission_set_id = %(id)s",
            parameters,
        ),
        Statement("DELETE FROM data.permission_set WHERE tenant_id = %(tenant_id)s AND id = %(id)s", parameters),
    ]
