"""Which of a provider's subjects is which user, as people see and change it; and the tenant's policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.arrivals import link
from chassis_platform.auth.federation.documents import Reading, is_active_user
from chassis_platform.auth.federation.provider_setup import SECTION, provider_of
from chassis_platform.auth.federation.providers import IdentityProvider, active_providers
from chassis_platform.auth.sso_policy import read_sso_policy
from chassis_tenants.database import Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

_OF_PROVIDER = Statement(
    "SELECT json_build_object('subject', f.subject, 'linked', f.linked_at, 'last_sign_in', f.last_sign_in_at,"
    " 'user', json_build_object('id', u.id, 'name', u.name, 'username', u.username))"
    ' FROM chassis.federated_identity f JOIN tenant."user" u ON u.tenant_id = f.tenant_id AND u.id = f.user_id'
    " WHERE f.tenant_id = %(tenant_id)s AND f.provider_id = %(provider_id)s ORDER BY lower(u.name), u.id LIMIT 500"
)
_MINE = Statement(
    "SELECT json_build_object('name', p.name, 'label', p.label, 'subject', f.subject, 'linked', f.linked_at)"
    " FROM chassis.identity_provider p LEFT JOIN chassis.federated_identity f ON f.tenant_id = p.tenant_id"
    "   AND f.provider_id = p.id AND f.user_id = %(user_id)s"
    " WHERE p.tenant_id = %(tenant_id)s AND (p.is_active OR f.user_id IS NOT NULL) ORDER BY lower(p.label), p.id"
)
_UNLINK = Statement(
    "DELETE FROM chassis.federated_identity WHERE tenant_id = %(tenant_id)s AND provider_id = %(provider_id)s"
    " AND user_id = %(user_id)s RETURNING subject"
)
_KEEP_POLICY = Statement(
    "INSERT INTO chassis.sso_policy (tenant_id, only_sso, exempt_user_ids, changed_at, changed_by)"
    " VALUES (%(tenant_id)s, %(only_sso)s, %(exempt_user_ids)s, %(now)s, %(user_id)s)"
    " ON CONFLICT (tenant_id) DO UPDATE SET only_sso = excluded.only_sso,"
    " exempt_user_ids = excluded.exempt_user_ids, changed_at = excluded.changed_at, changed_by = excluded.changed_by"
)


def identities_of_provider(tenant_id: int, provider_id: str) -> Statement:
    """A JSON document of each link of a provider."""
    return _OF_PROVIDER.bind(tenant_id=tenant_id, provider_id=provider_id)


def identities_of_user(tenant_id: int, user_id: str) -> Statement:
    """A JSON document of each provider, with the user's subject where there is a link."""
    return _MINE.bind(tenant_id=tenant_id, user_id=user_id)


async def link_user(database: Database, context: Context, provider_id: str, document: Mapping[str, Any]) -> None:
    """The administrator's link of an existing user."""
    provider = await provider_of(database, context, provider_id)
    reading = Reading(dict(document))
    reading.refuse_unknown(("subject", "user_id"))
    reading.text("subject", required=True, longest=255)
    reading.text("user_id", required=True)
    reading.raise_problems()
    subject, user_id = reading.values["subject"], reading.values["user_id"]
    if not await is_active_user(database, context.tenant.id, user_id):
        raise Invalid.of("invalid_field", "The user is not there or not active.", fields=["user_id"])
    await link(database, provider, subject, user_id, context.principal.user_id)
    await note_link(database, context, provider, user_id, subject)


async def note_link(
    database: Database, context: Context, provider: IdentityProvider, user_id: str, subject: str
) -> None:
    """The setup trail's entry of a link."""
    display = f"Linked {user_id} to {subject} at {provider.label}"
    change = SetupChange("linkedIdentity", SECTION, provider.name, display, after=subject)
    await database.read(context.binding, setup_entry(context.tenant.id, context.actor, change))


async def unlink_user(database: Database, context: Context, provider_key: str, user_id: str) -> None:
    """End a link: the next sign-in at the provider does not lead to the user any more."""
    provider = await provider_of(database, context, provider_key)
    display = f"Ended the link of {user_id} at {provider.label}"
    change = SetupChange("unlinkedIdentity", SECTION, provider.name, display)
    key = {"tenant_id": context.tenant.id, "provider_id": provider.id, "user_id": user_id}
    entry = setup_entry(context.tenant.id, context.actor, change)
    rows, _ = await database.read(context.binding, _UNLINK.bind(**key), entry)
    if not rows:
        raise NotFound.of("not_found", "The user has no link to this provider.")


async def change_policy(database: Database, context: Context, document: Mapping[str, Any]) -> None:
    """Close or open the door for passwords. Closing it needs a provider, and somebody who can break the glass."""
    before = await read_sso_policy(database, context.tenant.id)
    held = {"only_sso": before.only_sso, "exempt_user_ids": list(before.exempt_user_ids)}
    reading = Reading({**held, **document})
    reading.refuse_unknown(held)
    reading.flag("only_sso")
    reading.names("exempt_user_ids")
    reading.raise_problems()
    values = reading.values
    for user_id in values["exempt_user_ids"]:
        if not await is_active_user(database, context.tenant.id, user_id):
            reading.refuse("exempt_user_ids", f"{user_id} is no active user.")
    if values["only_sso"] and not values["exempt_user_ids"]:
        reading.refuse("exempt_user_ids", "Name an administrator who gets in when the provider is down.")
    if values["only_sso"] and not await active_providers(database, context.tenant.id):
        reading.refuse("only_sso", "There is no active identity provider yet.")
    reading.raise_problems()
    change = SetupChange("changedSsoPolicy", SECTION, "Policy", "Changed the policy of single sign-on", held, values)
    kept = _KEEP_POLICY.bind(**values, tenant_id=context.tenant.id, now=clock.now(), user_id=context.principal.user_id)
    await database.read(context.binding, kept, setup_entry(context.tenant.id, context.actor, change))
