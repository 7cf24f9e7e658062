"""Inbound keys: what a sender shows instead of a session. Of a key only the hash is stored; it runs as one user."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.absent_user import AbsentUser, find_absent_user
from chassis_platform.auth.sessions import new_token, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR, Actor, SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

LONGEST_LABEL = 80
LARGEST_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who a key stands for, what the key is called, and how large its documents may be."""

    user: AbsentUser
    label: str
    max_bytes: int | None = None


async def create_inbound_key(
    database: Database,
    tenant_id: int,
    label: str,
    run_as_user_id: str,
    *,
    max_bytes: int | None = None,
    actor: Actor = OPERATOR,
) -> str:
    """Make a key and answer it: this is the only time that it can be read. Its posts run with the user's rights.

    `max_bytes`: no document that comes with it may be larger; None: what mappings allow.
    """
    tenant = await tenant_by_id(database, tenant_id)
    if tenant is None:
        raise NotFound.of("not_found", "There is no such tenant.")
    if not label.strip() or len(label) > LONGEST_LABEL:
        raise Invalid.of("invalid_field", f"A label has 1 to {LONGEST_LABEL} characters.", fields=["label"])
    if await find_absent_user(database, tenant_id, run_as_user_id) is None:
        raise Invalid.of("invalid_field", "The user to run as is not there or not active.", fields=["run_as_user_id"])
    if max_bytes is not None and not 1 <= max_bytes <= LARGEST_LIMIT:
        message = f"A key's largest document has 1 to {LARGEST_LIMIT:,} bytes."
        raise Invalid.of("invalid_field", message, fields=["max_bytes"])
    key = new_token(tenant.organization_id)
    change = SetupChange(
        "createdInboundKey", "Inbound", label, f"Created the inbound key {label}", after=run_as_user_id
    )
    inserted = _insert_key(tenant_id, key, label, run_as_user_id, max_bytes)
    await database.read(Binding(tenant_id), inserted, setup_entry(tenant_id, actor, change))
    return key


def _insert_key(tenant_id: int, key: str, label: str, user_id: str, max_bytes: int | None) -> Statement:
    return Statement(
        "INSERT INTO chassis.inbound_key (tenant_id, key_hash, label, run_as_user_id, max_bytes)"
        " VALUES (%(tenant_id)s, %(key_hash)s, %(label)s, %(user_id)s, %(max_bytes)s)",
        {
            "tenant_id": tenant_id,
            "key_hash": token_hash(key),
            "label": label,
            "user_id": user_id,
            "max_bytes": max_bytes,
        },
    )


#: So much of a key's hash tells it from others; nobody gets from it to the key.
_ID = "left(encode(k.key_hash, 'hex'), 24)"
_LIST = Statement(
    f"SELECT json_build_object('id', {_ID}, 'label', k.label, 'created', k.created_at,"  # noqa: S608
    " 'max_bytes', k.max_bytes, 'run_as', json_build_object("
    "'id', u.id, 'name', u.name, 'username', u.username, 'is_active', u.is_active))"
    " FROM chassis.inbound_key k"
    ' JOIN tenant."user" u ON u.tenant_id = k.tenant_id AND u.id = k.run_as_user_id'
    " WHERE k.tenant_id = %(tenant_id)s AND k.revoked_at IS NULL ORDER BY k.label, k.key_hash"
)
_REVOKE = Statement(
    "UPDATE chassis.inbound_key k SET revoked_at = %(now)s"  # noqa: S608
    f" WHERE k.tenant_id = %(tenant_id)s AND {_ID} = %(id)s AND k.revoked_at IS NULL RETURNING k.label"
)


def list_inbound_keys(tenant_id: int) -> Statement:
    """A JSON document of each key that was not revoked; the key itself is not known."""
    return _LIST.bind(tenant_id=tenant_id)


async def revoke_inbound_key(database: Database, tenant_id: int, key_id: str, *, actor: Actor = OPERATOR) -> None:
    """End a key for good: documents that come with it are refused from now on."""
    async with database.transaction(Binding(tenant_id)) as transaction:
        rows = await transaction.fetch(_REVOKE.bind(tenant_id=tenant_id, id=key_id, now=clock.now()))
        if not rows:
            raise NotFound.of("not_found", "There is no such key, or it was revoked already.")
        change = SetupChange("revokedInboundKey", "Inbound", rows[0][0], f"Revoked the inbound key {rows[0][0]}")
        await transaction.fetch(setup_entry(tenant_id, actor, change))


async def holder_of_key(database: Database, tenant_id: int, key: str) -> KeyHolder | None:
    """The holder of a key that was not revoked, if the user is active."""
    text = (
        "SELECT u.id, u.username, u.language_locale_key, u.time_zone_sid_key, t.metadata_version, t.access_version,"
        " k.label, k.max_bytes FROM chassis.inbound_key k"
        ' JOIN tenant."user" u ON u.tenant_id = k.tenant_id AND u.id = k.run_as_user_id'
        " JOIN chassis.tenant t ON t.id = k.tenant_id"
        " WHERE k.tenant_id = %(tenant_id)s AND k.key_hash = %(key_hash)s AND k.revoked_at IS NULL"
        " AND u.is_active AND NOT u.is_deleted"
    )
    parameters = {"tenant_id": tenant_id, "key_hash": token_hash(key)}
    [rows] = await database.read(Binding(tenant_id), Statement(text, parameters))
    if not rows:
        return None
    *user, label, max_bytes = rows[0]
    return KeyHolder(AbsentUser(*user), label, max_bytes)
