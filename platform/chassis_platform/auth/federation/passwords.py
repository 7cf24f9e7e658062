"""The password grant (RFC 6749 4.3), for apps that were allowed it: clients of old know nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from chassis_platform import clock
from chassis_platform.auth.credentials import refuse
from chassis_platform.auth.federation.apps import ConnectedApp
from chassis_platform.auth.federation.tokens import Grant, invalid_grant
from chassis_platform.auth.sign_in import Caller, Judge, check_program
from chassis_tenants.database import Database


async def exchange_password(
    database: Database, app: ConnectedApp, form: Mapping[str, str], caller: Caller, judge: Judge
) -> Grant:
    """The grant of a user of the app's own tenant."""
    scopes = app.scopes_for(form.get("scope"))
    username, password = form.get("username", ""), form.get("password", "")
    known = await check_program(database, username, password, caller, judge=judge)
    if known.tenant_id != app.tenant_id:
        raise invalid_grant()
    if not known.security.programs.password_grant:
        raise await refuse(database, known, caller, "the password grant is switched off")
    return Grant(app, known.user_id, None, scopes, clock.now())
