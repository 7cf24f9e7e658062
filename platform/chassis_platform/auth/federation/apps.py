"""Connected apps: programs of others that act for users, with the grants and scopes that they are allowed."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.access.scopes import comes_from
from chassis_platform.auth.sessions import token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

AUTHORIZATION_CODE, JWT_BEARER, DEVICE_CODE = "authorization_code", "jwt_bearer", "device_code"
CLIENT_CREDENTIALS, PASSWORD = "client_credentials", "password"
GRANTS = (AUTHORIZATION_CODE, JWT_BEARER, DEVICE_CODE, CLIENT_CREDENTIALS, PASSWORD)

_COLUMNS = (
    "client_id, label, description, secret_hash, run_as_user_id, grants, scopes, redirect_uris, certificate, ip_ranges,"
    " admission, permission_sets, refresh_days"
)
_FIND = Statement(
    f"SELECT {_COLUMNS} FROM chassis.api_client"  # noqa: S608  this file's names
    " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL"
)
_TENANT = Statement("SELECT id FROM chassis.tenant WHERE organization_id = %(organization_id)s AND status = 'active'")
_HELD = Statement(
    "SELECT p.name FROM tenant.permission_set_assignment a"
    " JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id"
    " WHERE a.tenant_id = %(tenant_id)s AND a.assignee_id = %(user_id)s AND NOT a.is_deleted AND NOT p.is_deleted"
    "   AND p.name = ANY(%(names)s)"
)


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An app as its tenant set it up."""

    tenant_id: int
    client_id: str
    label: str
    description: str | None
    secret_hash: bytes | None  # None: a public app, which can keep no secret
    run_as_user_id: str | None
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    certificate: str | None
    ip_ranges: tuple[str, ...]
    admission: str  # self: users let it in; approved: who holds one of its permission sets
    permission_sets: tuple[str, ...]
    refresh_days: int

    @property
    def organization_id(self) -> str:
        """The organization that the app belongs to."""
        return self.client_id.partition(".")[0]

    def demand_grant(self, grant: str, source_ip: str | None) -> None:
        """Refuse a way to tokens that the app may not go, or from where it may not come."""
        if grant not in self.grants:
            raise Invalid.of("unauthorized_client", f"This app may not use the grant {grant}.")
        self.demand_address(source_ip)

    def demand_address(self, source_ip: str | None) -> None:
        """Refuse a call from outside the app's address ranges."""
        if not comes_from(self.ip_ranges, source_ip):
            raise Invalid.of("invalid_client", "The app may not be used from this address.")

    def scopes_for(self, asked: str | None) -> tuple[str, ...]:
        """The scopes of a request, separated by spaces; without any, all of the app's."""
        wanted = tuple(dict.fromkeys((asked or "").split()))
        beyond = [each for each in wanted if each not in self.scopes]
        if beyond:
            raise Invalid.of("invalid_scope", f"The app may not have the scope {', '.join(beyond)}.")
        return wanted or self.scopes


def new_client_id(organization_id: str) -> str:
    """A client's id begins with its organization's and a dot."""
    return f"{organization_id}.{secrets.token_hex(12)}"


def new_secret() -> str:
    """A client's secret, shown once."""
    return secrets.token_urlsafe(32)


def invalid_client() -> Invalid:
    """One answer, whatever was wrong with id or secret."""
    return Invalid.of("invalid_client", "invalid client credentials")


async def find_app(database: Database, client_id: str) -> ConnectedApp:
    """The app of a client id; raises Invalid (invalid_client) where there is none."""
    organization_id, dot, _ = client_id.partition(".")
    found = await database.registry(_TENANT.bind(organization_id=organization_id))
    if not dot or not found:
        raise invalid_client()
    app = await find_app_of(database, found[0][0], client_id)
    if app is None:
        raise invalid_client()
    return app


async def find_app_of(database: Database, tenant_id: int, client_id: str) -> ConnectedApp | None:
    """The app of a tenant."""
    [rows] = await database.read(Binding(tenant_id), _FIND.bind(tenant_id=tenant_id, client_id=client_id))
    return _app(tenant_id, rows[0]) if rows else None


def _app(tenant_id: int, row: tuple[Any, ...]) -> ConnectedApp:
    values: list[Any] = [tuple(each) if isinstance(each, list) else each for each in row]
    hashed = None if values[3] is None else bytes(values[3])
    return ConnectedApp(tenant_id, *(*values[:3], hashed, *values[4:]))


async def authenticated_app(database: Database, client_id: str, client_secret: str) -> ConnectedApp:
    """The app that shows its id and, unless it is public, its secret."""
    app = await find_app(database, client_id)
    if app.secret_hash is None:
        if client_secret:
            raise invalid_client()
        return app
    if not hmac.compare_digest(app.secret_hash, token_hash(client_secret)):
        raise invalid_client()
    return app


async def demand_admitted(database: Database, app: ConnectedApp, user_id: str) -> None:
    """Refuse a user to whom an administrator did not open an app that needs it."""
    if app.admission != "approved":
        return
    if not await holds_any(database, app.tenant_id, user_id, app.permission_sets):
        raise Invalid.of("access_denied", "An administrator has not opened this app to the user.")


async def holds_any(database: Database, tenant_id: int, user_id: str, names: Iterable[str]) -> bool:
    """Whether a user holds one of the permission sets."""
    held = _HELD.bind(tenant_id=tenant_id, user_id=user_id, names=list(names))
    [rows] = await database.read(Binding(tenant_id), held)
    return bool(rows)
