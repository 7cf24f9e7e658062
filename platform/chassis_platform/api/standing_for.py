"""Whoever sets how somebody signs in, or holds a program's key of theirs, could be them: nobody gains rights by it."""

from __future__ import annotations

from starlette.requests import Request

from chassis_metadata.errors import Forbidden
from chassis_platform.access.context import Context
from chassis_platform.api.deps import server_of


async def demand_no_stronger(context: Context, request: Request, user_id: object) -> None:
    """Refuse where the user holds system permissions that one does not hold oneself and could not give oneself."""
    if not isinstance(user_id, str) or user_id == context.principal.user_id or context.policy.may("ManagePermissions"):
        return
    tenant = context.tenant
    others = await server_of(request).policies.of(tenant, user_id, context.snapshot, tenant.access_version)
    beyond = sorted(others.grants.system - context.policy.grants.system)
    if beyond:
        raise Forbidden.of("insufficient_access", f"The user may do more than you: {', '.join(beyond)}.")
