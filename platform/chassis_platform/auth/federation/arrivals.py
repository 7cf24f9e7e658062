"""From an identity that a provider vouches for to a user: linked by subject, made at the first sign-in, kept in step.

An e-mail address or a username links nobody: a provider could name anybody's. Only the administrator, or the user when
signed in, links an existing user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.identity import Identity
from chassis_platform.auth.federation.memberships import keep_groups, keep_permission_sets
from chassis_platform.auth.federation.providers import IdentityProvider
from chassis_platform.auth.users import create_user, update_user
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement

_LINKED = Statement(
    "SELECT f.user_id, u.is_active AND NOT u.is_deleted, u.username, u.email, u.first_name, u.last_name, u.title,"
    " u.language_locale_key, u.time_zone_sid_key FROM chassis.federated_identity f"
    ' JOIN tenant."user" u ON u.tenant_id = f.tenant_id AND u.id = f.user_id'
    " WHERE f.tenant_id = %(tenant_id)s AND f.provider_id = %(provider_id)s AND f.subject = %(subject)s"
)
_LINK = Statement(
    "INSERT INTO chassis.federated_identity (tenant_id, provider_id, subject, user_id, linked_at, linked_by)"
    " VALUES (%(tenant_id)s, %(provider_id)s, %(subject)s, %(user_id)s, %(now)s, %(linked_by)s)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_SEEN = Statement(
    "UPDATE chassis.federated_identity SET last_sign_in_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND provider_id = %(provider_id)s AND subject = %(subject)s"
)
#: A username is what apps and other providers know the user by: it is given once.
_KEPT_IN_STEP = ("email", "first_name", "last_name", "title", "language", "time_zone")


class NotAdmittedError(Exception):
    """The provider vouched, but there is no user to be; the text is for the login history."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Linked:
    user_id: str
    is_active: bool
    fields: Mapping[str, Any]


async def arrive(database: Database, context: Context, provider: IdentityProvider, identity: Identity) -> str:
    """The id of the user whom the identity stands for; fields and memberships are brought in step."""
    key = {"tenant_id": context.tenant.id, "provider_id": provider.id, "subject": identity.subject}
    linked = await _find(database, key)
    if linked is None:
        user_id = await _make(database, context, provider, identity, key)
    else:
        user_id = await _update(database, context, provider, identity, linked)
    await _keep_memberships(database, context, provider, identity, user_id)
    await database.read(Binding(context.tenant.id), _SEEN.bind(**key, now=clock.now()))
    return user_id


async def _find(database: Database, key: Mapping[str, Any]) -> _Linked | None:
    [rows] = await database.read(Binding(int(key["tenant_id"])), _LINKED.bind(**key))
    if not rows:
        return None
    user_id, is_active, *fields = rows[0]
    names = ("username", *_KEPT_IN_STEP)
    return _Linked(user_id, is_active, dict(zip(names, fields, strict=True)))


async def _make(
    database: Database, context: Context, provider: IdentityProvider, identity: Identity, key: Mapping[str, Any]
) -> str:
    """A new user at the first sign-in, where the provider may bring them."""
    if provider.body.get("provision") is not True:
        raise NotAdmittedError("not_linked", "no user is linked to the identity")
    document = {"last_name": identity.fields.get("username"), **identity.fields}
    try:
        user_id = await create_user(database, context, document, list(provider.body["permission_sets"]))
    except ChassisError as error:
        raise NotAdmittedError("not_linked", f"no user could be made: {error.problems[0].message}") from error
    display = f"{provider.label} brought the user {identity.fields.get('username')}"
    change = SetupChange("createdUser", "Identity providers", user_id, display, after=identity.document())
    entry = setup_entry(context.tenant.id, Actor(None, f"SSO: {provider.name}"), change)
    await database.read(Binding(context.tenant.id), entry)
    if not await _linked(database, key, user_id, None):
        raise NotAdmittedError("not_linked", "another sign-in of the same person was faster")
    return user_id


async def _linked(database: Database, key: Mapping[str, Any], user_id: str, linked_by: str | None) -> bool:
    made = _LINK.bind(**key, user_id=user_id, now=clock.now(), linked_by=linked_by)
    [rows] = await database.read(Binding(int(key["tenant_id"])), made)
    return bool(rows)


async def _update(
    database: Database, context: Context, provider: IdentityProvider, identity: Identity, linked: _Linked
) -> str:
    if not linked.is_active:
        raise NotAdmittedError("inactive", "the user is not active")
    changed = {
        name: identity.fields[name]
        for name in _KEPT_IN_STEP
        if name in identity.fields and identity.fields[name] != linked.fields[name]
    }
    if changed and provider.body.get("update_users") is True:
        try:
            await update_user(database, context.unversioned, linked.user_id, changed)
        except ChassisError as error:
            raise NotAdmittedError("refused", f"the user could not be changed: {error.problems[0].message}") from error
    return linked.user_id


async def _keep_memberships(
    database: Database, context: Context, provider: IdentityProvider, identity: Identity, user_id: str
) -> None:
    """Give what the groups mean, and take what a group that was left meant. Nothing else is touched."""
    meant = [each for each in provider.mappings if each.group in identity.groups]
    await keep_permission_sets(
        database,
        context.unversioned,
        user_id,
        wanted=_all(each.permission_sets for each in meant),
        governed=_all(each.permission_sets for each in provider.mappings),
    )
    await keep_groups(
        database,
        context.unversioned,
        user_id,
        wanted=_all(each.public_groups for each in meant),
        governed=_all(each.public_groups for each in provider.mappings),
    )


def _all(names: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(name for each in names for name in each)


async def link(
    database: Database, provider: IdentityProvider, subject: str, user_id: str, linked_by: str | None
) -> None:
    """Let a provider's subject be an existing user; refuses where either is linked already."""
    key = {"tenant_id": provider.tenant_id, "provider_id": provider.id, "subject": subject}
    if not await _linked(database, key, user_id, linked_by):
        raise Invalid.of("duplicate_value", "The identity or the user is linked already.", fields=["subject"])
