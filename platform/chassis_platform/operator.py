"""Acts of who runs the installation, for the command line and the demo: tenants, packages, tokens, verification."""  # noqa: A005  imported by its full name

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import orjson
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import normal_id
from chassis_metadata.snapshot import Object
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.system import system_grants
from chassis_platform.audit.keys import trusted_keys
from chassis_platform.audit.operators import verify_acts
from chassis_platform.audit.report import Anchor
from chassis_platform.audit.verify import verify
from chassis_platform.auth.federation.app_setup import NewApp, create_app, list_apps, revoke_app
from chassis_platform.auth.passwords import random_password
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.auth.sign_in import store_password
from chassis_platform.auth.users import create_user
from chassis_platform.inbound.keys import list_inbound_keys
from chassis_platform.records.explain import why
from chassis_platform.records.readers import all_readers_of, as_user
from chassis_platform.settings import Settings
from chassis_tenants import provision
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR, login_entry
from chassis_tenants.registry import list_tenants, tenant_by_id, tenant_by_name
from chassis_tenants.snapshots import SnapshotStore, installed_versions
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

ADMINISTRATOR_SET = "SystemAdministrator"
#: Of a seal's hash, in hexadecimal.
HASH_DIGITS = 64


class Prepared(Protocol):
    """An installation: where its database and its secrets are."""

    @property
    def urls(self) -> DatabaseUrls:
        """The DSNs."""

    @property
    def home(self) -> Path:
        """The folder of keys."""


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant to be, and the username of its first administrator."""

    name: str
    label: str
    administrator: str
    language: str = "en_US"
    time_zone: str = "UTC"
    currency: str = "USD"
    region: str | None = None


async def operator_context(
    database: Database, tenant: Tenant, user_id: str | None, *, snapshots: SnapshotStore | None = None
) -> Context:
    """A Context with every right on every object, in the name of a user, or of nobody while a tenant has none.

    Danger: for the operator's own acts only. Its binding checks no versions.
    """
    current = await tenant_by_id(database, tenant.id) or tenant
    snapshot = await (snapshots or SnapshotStore(database)).of(current.id, current.metadata_version)
    # The journal keeps no user for what the operator does before a tenant has any.
    acting = cast("str", user_id)
    principal = Principal(acting, OPERATOR.username, "command_line", time_zone=current.time_zone)
    grants = replace(system_grants(snapshot, frozenset(snapshot.objects)), system=frozenset({"ManageUsers"}))
    policy = AccessPolicy(acting, grants)
    return Context(current, principal, snapshot, policy, Binding(current.id))


async def provision_tenant(database: Database, owner_dsn: str, wanted: NewTenant) -> dict[str, str]:
    """Make a tenant and its first administrator; the password is answered this once."""
    await _refuse_taken(database, wanted.administrator)
    password = random_password()
    snapshots = SnapshotStore(database)
    tenant = await make_tenant(snapshots, owner_dsn, wanted)
    person = {"username": wanted.administrator, "last_name": "Administrator", "email": wanted.administrator}
    locale = {"language": wanted.language, "time_zone": wanted.time_zone}
    context = await operator_context(database, tenant, None, snapshots=snapshots)
    user_id = await create_user(database, context, person | locale, [ADMINISTRATOR_SET])
    await set_passwords(database, tenant.id, {user_id: password})
    return {
        "name": tenant.name,
        "organization_id": tenant.organization_id,
        "username": wanted.administrator,
        "password": password,
    }


async def make_tenant(snapshots: SnapshotStore, owner_dsn: str, wanted: NewTenant) -> Tenant:
    """Make a tenant that nobody can sign in to yet."""
    new = provision.NewTenant(
        wanted.name, wanted.label, wanted.language, wanted.time_zone, wanted.currency, wanted.region
    )
    return await provision.create_tenant(owner_dsn, snapshots, new)


async def _refuse_taken(database: Database, username: str) -> None:
    if await find_username(database, username) is not None:
        raise Conflict.of("duplicate_username", f"There is a user {username!r} already.", path="Username")


async def find_username(database: Database, username: str) -> tuple[int, str] | None:
    """(tenant id, user id) of a username."""
    found = await database.registry(
        Statement("SELECT tenant_id, user_id FROM chassis.tenant_of_username(%(username)s)", {"username": username})
    )
    return (found[0][0], found[0][1]) if found else None


async def set_passwords(database: Database, tenant_id: int, passwords: dict[str, str]) -> None:
    """Store a password for each user id; two are hashed at a time, for each takes 64 MiB."""
    places = asyncio.Semaphore(2)

    async def hashed(user_id: str, password: str) -> Statement:
        async with places:
            return await asyncio.to_thread(store_password, tenant_id, user_id, password)

    statements = await asyncio.gather(*(hashed(*each) for each in passwords.items()))
    await database.read(Binding(tenant_id), *statements)


async def tenants_with_packages(database: Database) -> list[tuple[Tenant, list[str]]]:
    """Every tenant with its packages, as `name version`; those of a suspended one can't be read."""
    return [(tenant, await _packages_of(database, tenant)) for tenant in await list_tenants(database)]


async def _packages_of(database: Database, tenant: Tenant) -> list[str]:
    if tenant.status != "active":
        return []
    [rows] = await database.read(Binding(tenant.id), installed_versions(tenant.id))
    return [f"{package} {version}" for package, version, _ in rows]


async def install_package(database: Database, tenant: Tenant, package: str, version: str | None) -> float:
    """Install a package with what it depends on; answers the seconds that the installation took."""
    snapshots = SnapshotStore(database)
    start = time.perf_counter()
    await install(snapshots, tenant.id, package, version, actor=OPERATOR, with_dependencies=True)
    return time.perf_counter() - start


async def issue_token(database: Database, settings: Settings, username: str) -> str:
    """Begin a session of the command line for a user and answer its token; the login history shows it."""
    found = await find_username(database, username)
    if found is None:
        raise NotFound.of("unknown_user", f"There is no user {username!r}.")
    tenant_id, user_id = found
    tenant = await tenant_by_id(database, tenant_id)
    if tenant is None or tenant.status != "active":
        raise Conflict.of("tenant_closed", f"The tenant of {username!r} is closed.")
    token = new_token(tenant.organization_id)
    session = NewSession(user_id, "command_line", "chassis token")
    limits = {"idle_minutes": settings.session_idle_minutes, "hours": settings.session_hours}
    entry = login_entry(
        tenant_id,
        user_id=user_id,
        username=username,
        status="Success",
        login_type="Command line",
        application="chassis token",
    )
    await database.read(Binding(tenant_id), insert_session(tenant_id, token, session, **limits), entry)
    return token


async def user_of_tenant(database: Database, tenant: Tenant, username: str) -> str:
    """The id of a user of this tenant."""
    found = await find_username(database, username)
    if found is None or found[0] != tenant.id:
        raise NotFound.of("unknown_user", f"{tenant.name} has no user {username!r}.")
    return found[1]


async def doors_of(database: Database, tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """The inbound keys and connected apps of a tenant that were not revoked."""
    asked = (list_inbound_keys(tenant.id), list_apps(tenant.id))
    keys, apps = await database.read(Binding(tenant.id), *asked)
    return {"keys": [orjson.loads(row[0]) for row in keys], "apps": [orjson.loads(row[0]) for row in apps]}


async def create_client(database: Database, tenant: Tenant, label: str, username: str) -> NewApp:
    """A connected app that signs in by itself, with all rights of a user."""
    user_id = await user_of_tenant(database, tenant, username)
    wanted = {"label": label, "run_as_user_id": user_id, "grants": ["client_credentials"], "scopes": ["full"]}
    return await create_app(database, await operator_context(database, tenant, None), wanted)


async def revoke_client(database: Database, tenant: Tenant, client_id: str) -> None:
    """End a connected app for good, and all its tokens."""
    await revoke_app(database, await operator_context(database, tenant, None), client_id)


async def verify_journals(
    database: Database, prepared: Prepared, tenant_name: str | None, head: str | None = None
) -> list[dict[str, Any]]:
    """Verify the seals of one tenant or of all: `summary`, `intact`, `findings` and `head` of each.

    Of all: the operators' own acts too. `head` is `sequence:hash` of a seal of the one tenant, noted earlier.
    """
    if head is not None and tenant_name is None:
        raise Invalid.of("missing_argument", "A head is of one tenant: name it.")
    tenants, anchor = await _tenants_named(database, tenant_name), _anchor(head)
    trusted = trusted_keys(prepared.home)
    reports = [await asyncio.to_thread(_verified, prepared.urls.owner, each, trusted, anchor) for each in tenants]
    if tenant_name is None:
        reports.append(await asyncio.to_thread(_verified_acts, prepared.urls.owner, trusted))
    return reports


def _anchor(head: str | None) -> Anchor | None:
    if head is None:
        return None
    sequence, _, hashed = head.partition(":")
    if not sequence.isdigit() or len(hashed) != HASH_DIGITS or set(hashed) - set("0123456789abcdef"):
        raise Invalid.of("invalid_head", "A head is SEQUENCE:HASH, as `chassis audit verify --json` prints it.")
    return Anchor(int(sequence), bytes.fromhex(hashed))


def _verified(
    owner_dsn: str, tenant: Tenant, trusted: Mapping[str, Ed25519PublicKey], anchor: Anchor | None
) -> dict[str, Any]:
    report = verify(owner_dsn, tenant, trusted, anchor=anchor)
    return {
        "tenant": tenant.name,
        "summary": f"{tenant.name} {report.summary}",
        "intact": report.is_intact,
        "findings": [str(finding) for finding in report.findings],
        "head": None if report.head is None else {"sequence": report.head.sequence, "hash": report.head.hash.hex()},
    }


def _verified_acts(owner_dsn: str, trusted: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    with psycopg.connect(owner_dsn) as connection:
        findings, head = verify_acts(connection, trusted)
    state = "NOT INTACT" if findings else "intact"
    return {
        "tenant": None,
        "summary": f"operators' acts: {state}",
        "intact": not findings,
        "findings": findings,
        "head": head,
    }


async def _tenants_named(database: Database, name: str | None) -> list[Tenant]:
    if name is None:
        return await list_tenants(database)
    found = await tenant_by_name(database, name)
    if found is None:
        raise NotFound.of("unknown_tenant", f"There is no tenant {name!r}.")
    return [found]


async def explain_access(database: Database, tenant: Tenant, record_id: str, username: str) -> dict[str, Any]:
    """Why a user sees a record, or does not."""
    user_id = await user_of_tenant(database, tenant, username)
    context = await operator_context(database, tenant, user_id)
    obj = _object_of(context, record_id)
    other = await as_user(PolicyStore(database), context, user_id, username)
    found = await why(database, other, obj, normal_id(record_id))
    return {"user": username, "record": record_id, "object": obj.name, **found}


async def who_sees(database: Database, tenant: Tenant, record_id: str) -> dict[str, Any]:
    """Who sees a record, and what grants it to each."""
    context = await operator_context(database, tenant, None)
    obj = _object_of(context, record_id)
    found = all_readers_of(database, PolicyStore(database), context, (obj, normal_id(record_id)))
    return {"record": record_id, "object": obj.name, "users": [each async for each in found]}


def _object_of(context: Context, record_id: str) -> Object:
    obj = context.snapshot.object_of_id(record_id)
    if obj is None:
        raise Invalid.of("malformed_id", f"{record_id!r} is no id of a record.")
    return obj
