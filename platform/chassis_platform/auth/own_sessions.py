"""A user's own sessions: where they are signed in, and how to end that."""

from __future__ import annotations

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.auth.sessions import revoke_other_sessions
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement

SECTION = "Sessions"
_OWN = """
SELECT json_build_object('id', s.id, 'kind', s.kind, 'client', s.client_name, 'device', s.device, 'ip', s.source_ip,
    'created', s.created_at, 'last_seen', s.last_seen_at, 'current', s.token_hash = %(hashed)s,
    'acting', CASE WHEN a.id IS NULL THEN NULL ELSE json_build_object('id', a.id, 'name', a.name) END)
FROM chassis.session s
LEFT JOIN tenant."user" a ON a.tenant_id = s.tenant_id AND a.id = s.acting_user_id
WHERE s.tenant_id = %(tenant_id)s AND s.user_id = %(user_id)s AND s.revoked_at IS NULL AND s.expires_at > now()
ORDER BY s.token_hash = %(hashed)s DESC, s.last_seen_at DESC LIMIT 200
"""


def list_own(context: Context) -> Statement:
    """A JSON document of each of the user's sessions, the asking one first."""
    return Statement(
        _OWN,
        {
            "tenant_id": context.tenant.id,
            "user_id": context.principal.user_id,
            "hashed": context.binding.session_hash,
        },
    )


async def end_own(database: Database, context: Context, session_id: str, actor: Actor) -> None:
    """End one of the user's own sessions."""
    ended = Statement(
        "UPDATE chassis.session SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND id = %(id)s AND revoked_at IS NULL RETURNING device",
        {"tenant_id": context.tenant.id, "user_id": context.principal.user_id, "id": session_id},
    )
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(ended)
        if not rows:
            raise NotFound.of("not_found", "There is no such session of yours.")
        change = SetupChange("endedSession", SECTION, session_id, f"Ended an own session: {rows[0][0] or 'unknown'}")
        await transaction.fetch(setup_entry(context.tenant.id, actor, change))


async def end_others(database: Database, context: Context, actor: Actor) -> int:
    """End all sessions of the user but the asking one; answers how many."""
    ended = revoke_other_sessions(context.tenant.id, context.principal.user_id, context.binding.session_hash or b"")
    async with database.transaction(Binding(context.tenant.id)) as transaction:
        rows = await transaction.fetch(ended)
        user_id = context.principal.user_id
        change = SetupChange("endedSessions", SECTION, user_id, f"Ended all other own sessions: {len(rows)}")
        await transaction.fetch(setup_entry(context.tenant.id, actor, change))
    return len(rows)
