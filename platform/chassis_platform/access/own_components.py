"""A tenant's own components as people save and delete them: what decides who sees what asks for more than the rest.

Every door that lets somebody change metadata goes through here, so that none asks for less than another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import NotFound
from chassis_platform.access.administration import require_recent_verification
from chassis_platform.access.context import Context
from chassis_tenants.customise import ComponentKey, delete_component, save_component, stored_body
from chassis_tenants.database import Transaction
from chassis_tenants.snapshots import SnapshotStore

METADATA, SHARING, PERMISSIONS, AUDIT = "ManageMetadata", "ManageSharing", "ManagePermissions", "ManageAudit"
#: The permission for kinds that say who sees which record, which value, and who is told of it.
_PERMISSIONS = {
    "org_wide_default": SHARING,
    "sharing_rule": SHARING,
    "restriction_rule": SHARING,
    "access_set": SHARING,
    "masking_rule": PERMISSIONS,
    "identity_check": PERMISSIONS,
    "custom_permission": PERMISSIONS,
    "permission_set": PERMISSIONS,
    "alert_rule": AUDIT,
    "webhook": "ManageConnections",
}
#: What says what becomes of personal data: no other permission, but who it is has to be shown anew.
_DANGEROUS = frozenset({"data_subject", "retention_rule", "consent_model"})
#: Of a component that is there already: keys that open what lies in it, and the permission for changing them.
_OPENING: Mapping[str, tuple[tuple[str, ...], str]] = {
    "object": (("sharing", "external_sharing", "controlled_by"), SHARING),
    "field": (("classification", "mask"), PERMISSIONS),
}


def permission_for(key: ComponentKey) -> str:
    """Which permission saving or deleting the component takes."""
    return _PERMISSIONS.get(_kind(key), METADATA)


def demand_may_save(context: Context, key: ComponentKey) -> None:
    """Refuse who lacks the permission, or has not shown lately who it is where that matters."""
    permission = permission_for(key)
    context.policy.demand(permission)
    if permission != METADATA or _kind(key) in _DANGEROUS or _is_secret(context, key):
        require_recent_verification(context)


def _is_secret(context: Context, key: ComponentKey) -> bool:
    """The value of a secret, or the switch of one."""
    name = key.name.partition(".")[2] if key.kind == "switch" else key.name
    setting = context.snapshot.settings.get(name)
    return _kind(key) == "setting_value" and setting is not None and setting.is_secret


def _kind(key: ComponentKey) -> str:
    """A switch counts as what it switches: `masking_rule.Phones`."""
    return key.name.partition(".")[0] if key.kind == "switch" else key.kind


async def save_own(
    transaction: Transaction, snapshots: SnapshotStore, context: Context, key: ComponentKey, body: Mapping[str, Any]
) -> None:
    """Create or replace a component in the user's name."""
    demand_may_save(context, key)
    if key.kind in _OPENING:
        keys, permission = _OPENING[key.kind]
        before = await _stored(transaction, key)
        if before is not None and any(before.get(each) != body.get(each) for each in keys):
            context.policy.demand(permission)
            require_recent_verification(context)
    await save_component(transaction, snapshots, key, body, context.actor)


async def _stored(transaction: Transaction, key: ComponentKey) -> Mapping[str, Any] | None:
    try:
        return await stored_body(transaction, key)
    except NotFound:
        return None


async def delete_own(transaction: Transaction, snapshots: SnapshotStore, context: Context, key: ComponentKey) -> None:
    """Remove a component in the user's name."""
    demand_may_save(context, key)
    await delete_component(transaction, snapshots, key, context.actor)
