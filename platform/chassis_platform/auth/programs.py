"""Programs of old that show a username and a password and know nothing else: let in only where the tenant says so."""

from __future__ import annotations

from chassis_metadata.errors import Unauthenticated
from chassis_platform.auth.credentials import Caller, refuse
from chassis_platform.auth.sign_in import Judge, SignedIn, check_program, sign_in_user
from chassis_platform.settings import Settings
from chassis_tenants.database import Database


async def login_by_soap(
    database: Database, settings: Settings, credentials: tuple[str, str], caller: Caller, judge: Judge
) -> SignedIn:
    """Begin a session for a username and a password, where SOAP login is switched on.

    Where it is off, the answer is that of a wrong password, after as long: nobody learns who is a user of whom.
    """
    known = await check_program(database, *credentials, caller, judge=judge)
    if not known.security.programs.soap_login:
        refused: Unauthenticated = await refuse(database, known, caller, "SOAP login is switched off")
        raise refused
    return await sign_in_user(database, settings, known.tenant_id, known.user_id, caller, proofs=("password",))
