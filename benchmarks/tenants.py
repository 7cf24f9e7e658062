"""What a tenant costs: the time to install the automotive package, and memory in the server while it is idle."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import servers
from benchmarks.environment import API, Environment
from benchmarks.load import Request, each_once
from chassis_metadata.ids import new_id
from chassis_platform.auth.sessions import new_token, token_hash
from chassis_platform.operator import NewTenant, make_tenant
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.snapshots import SnapshotStore

INSTALL_AIM_MS = 100.0
IDLE_AIM_KB = 50.0


@dataclass(frozen=True, slots=True)
class Single:
    """A figure without a limit beside it."""

    name: str
    title: str
    value: float
    unit: str
    aim: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none. Smaller is better."""
        return None if self.aim is None else self.value < self.aim


def import_rate(environment: Environment) -> Single:
    """How fast the leads came in when the environment was made."""
    imported = environment.imported
    note = f"{imported.records:,} leads over HTTP in {imported.seconds:.1f} s, 200 a call, 4 connections"
    return Single("import", "import of leads", imported.records / imported.seconds, "records/s", note=note)


async def install_time(environment: Environment, *, tenants: int) -> Single:
    """Make tenants and install crm and automotive into each; the median of the installations."""
    took = []
    async with Database(environment.installed.urls.server, largest=4) as database:
        snapshots = SnapshotStore(database)
        for number in range(tenants + 1):
            name = f"install-{new_id('00D').lower()}"
            tenant = await make_tenant(snapshots, environment.installed.urls.owner, NewTenant(name, name, ""))
            await install(snapshots, tenant.id, "crm", actor=OPERATOR)
            started = time.perf_counter()
            await install(snapshots, tenant.id, "automotive", actor=OPERATOR)
            if number:  # the first one compiles what all share
                took.append((time.perf_counter() - started) * 1000)
    note = f"automotive into a tenant with crm; median of {tenants}, slowest {max(took):.0f} ms"
    return Single("install", "install automotive", statistics.median(took), "ms", INSTALL_AIM_MS, note)


def idle_memory(environment: Environment, *, tenants: int) -> Single:
    """What the server's memory grows by when each of so many tenants has asked for something once."""
    tokens = _copies(environment, tenants)
    home: Path = environment.home
    with servers.chassis(home) as server:

        def request(number: int) -> Request:
            path = f"{API}/query?q=SELECT%20Id%20FROM%20Account%20LIMIT%201"
            return Request("GET", path, {"Authorization": f"Bearer {tokens[number]}"})

        # What all tenants share, and the pool, is there before the first weighing.
        asyncio.run(each_once(server.port, request, 50, clients=8))
        before = server.resident_bytes()
        asyncio.run(each_once(server.port, lambda n: request(50 + n), tenants - 50, clients=8))
        grown = server.resident_bytes() - before
    note = f"{tenants:,} tenants with crm and automotive, one request each; {before / 2**20:.0f} MB without them"
    return Single("memory", "memory of an idle tenant", grown / 1024 / (tenants - 50), "KB", IDLE_AIM_KB, note)


def _copies(environment: Environment, count: int) -> list[str]:
    """Tenants that have what the measured one has, made by copying its setup; answers a session token of each."""
    with psycopg.connect(environment.installed.urls.owner) as connection:
        connection.execute("DELETE FROM chassis.tenant WHERE name LIKE 'idle-%'")
        return [_copy(connection, environment.tenant.id, number) for number in range(count)]


def _copy(connection: psycopg.Connection[tuple[object, ...]], source: int, number: int) -> str:
    organization, user, label = new_id("00D"), new_id("005"), f"idle-{number}"
    token = new_token(organization)
    values = {"source": source, "organization": organization, "user": user, "label": label}
    connection.execute(_TENANT, values)
    for statement in _SETUP:
        connection.execute(statement, values)
    connection.execute(_SESSION, {**values, "hash": token_hash(token), "session": new_id("0Ak")})
    return token


_TENANT = """
INSERT INTO chassis.tenant (organization_id, name, label, language, time_zone, currency)
SELECT %(organization)s, %(label)s, %(label)s, language, time_zone, currency FROM chassis.tenant WHERE id = %(source)s
"""
_MINE = "(SELECT id FROM chassis.tenant WHERE organization_id = %(organization)s)"
_SETUP = (
    f"""
    INSERT INTO chassis.installation (tenant_id, package, version)
    SELECT {_MINE}, package, version FROM chassis.installation WHERE tenant_id = %(source)s
    """,
    f"""
    INSERT INTO data.permission_set (tenant_id, id, name)
    SELECT {_MINE}, id, name FROM data.permission_set WHERE tenant_id = %(source)s
    """,
    f"""
    INSERT INTO data."user" (tenant_id, id, name, last_name, username, email, is_active)
    VALUES ({_MINE}, %(user)s, %(label)s, %(label)s, %(label)s, %(label)s, true)
    """,
    f"""
    INSERT INTO data.permission_set_assignment (tenant_id, id, assignee_id, permission_set_id)
    SELECT {_MINE}, '0Pa' || substr(id, 4), %(user)s, id FROM data.permission_set
    WHERE tenant_id = %(source)s AND name IN ('StandardUser', 'AutoLeadManager')
    """,
)
_SESSION = f"""
INSERT INTO chassis.session (tenant_id, token_hash, id, user_id, kind, expires_at)
VALUES ({_MINE}, %(hash)s, %(session)s, %(user)s, 'api', now() + interval '12 hours')
"""
