"""Which sessions came from which provider, and as whom it knows their users: so that either side can end them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import orjson

from chassis_platform import clock
from chassis_platform.auth.federation.providers import IdentityProvider
from chassis_platform.auth.federation.saml import NameId
from chassis_platform.auth.federation.saml_logout import LogoutRequest
from chassis_platform.auth.sessions import token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entries
from chassis_tenants.statement import Statement

PURPOSE = "saml_session"
#: What is noted is of no use for longer: sessions have ended by then.
LONGEST_SESSION = timedelta(days=30)
_KEEP = Statement(
    "INSERT INTO chassis.door_token (tenant_id, token_hash, purpose, user_id, created_at, expires_at, detail)"
    " SELECT s.tenant_id, sha256(convert_to(%(purpose)s || ' ' || s.id, 'UTF8')), %(purpose)s, s.user_id, %(now)s,"
    " %(expires)s, %(detail)s::jsonb || jsonb_build_object('session', s.id)"
    " FROM chassis.session s WHERE s.tenant_id = %(tenant_id)s AND s.token_hash = %(token_hash)s"
)
_TAKE = Statement(
    "DELETE FROM chassis.door_token WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s"
    " AND purpose = %(purpose)s RETURNING detail"
)
_END = Statement(
    "WITH named AS (DELETE FROM chassis.door_token d WHERE d.tenant_id = %(tenant_id)s AND d.purpose = %(purpose)s"
    " AND d.detail ->> 'provider' = %(provider)s AND d.detail ->> 'value' = %(name)s"
    " AND (cardinality(%(indexes)s::text[]) = 0 OR d.detail ->> 'session_index' = ANY (%(indexes)s::text[]))"
    " RETURNING d.user_id, d.detail ->> 'session' AS session_id)"
    " UPDATE chassis.session s SET revoked_at = now() FROM named n"
    " WHERE s.tenant_id = %(tenant_id)s AND s.user_id = n.user_id AND s.id = n.session_id AND s.revoked_at IS NULL"
    " RETURNING s.user_id"
)


def keep_session(provider: IdentityProvider, token: str, name: NameId) -> Statement:
    """The statement that notes as whom the provider knows the user of a session that begins."""
    return _KEEP.bind(
        tenant_id=provider.tenant_id,
        token_hash=token_hash(token),
        purpose=PURPOSE,
        now=clock.now(),
        expires=clock.now() + LONGEST_SESSION,
        detail=orjson.dumps({"provider": provider.id, **name.document()}).decode(),
    )


async def take_session(database: Database, tenant_id: int, session_id: str) -> tuple[str, NameId] | None:
    """The provider that a session came from, and as whom it knows the user; nobody is told so again."""
    hashed = hashlib.sha256(f"{PURPOSE} {session_id}".encode()).digest()
    taken = _TAKE.bind(tenant_id=tenant_id, token_hash=hashed, purpose=PURPOSE)
    [rows] = await database.read(Binding(tenant_id), taken)
    if not rows:
        return None
    detail: dict[str, Any] = rows[0][0]
    provider_id = detail.pop("provider")
    detail.pop("session")
    return provider_id, NameId.of(detail)


async def end_sessions(database: Database, provider: IdentityProvider, request: LogoutRequest) -> int:
    """End what the provider says is over, with a line in the setup trail; answers how many sessions that were."""
    ended = _END.bind(
        tenant_id=provider.tenant_id,
        purpose=PURPOSE,
        provider=provider.id,
        name=request.name.value,
        indexes=list(request.session_indexes),
    )
    async with database.transaction(Binding(provider.tenant_id)) as transaction:
        rows = await transaction.fetch(ended)
        said = f"{provider.label} signed a user out"
        changes = [SetupChange("endedSessions", "Sessions", each, said) for each in {row[0] for row in rows}]
        await transaction.fetch(setup_entries(provider.tenant_id, Actor(None, f"SSO: {provider.name}"), changes))
    return len(rows)
