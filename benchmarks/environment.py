"""What is measured on: a PostgreSQL of its own, one tenant with people in it, and records that came in by writing.

The database is the embedded one with its default settings: what is committed is on the disk. People and records come in
down the write road, the records over HTTP as an import would bring them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg

from benchmarks import made_up, servers
from benchmarks.load import Request, each_once
from benchmarks.quiet import only_this_logic
from chassis_metadata.ids import new_id
from chassis_platform.auth.users import create_user
from chassis_platform.operator import NewTenant, issue_token, make_tenant, operator_context
from chassis_platform.settings import Settings
from chassis_platform.up import Installation, installation
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

API = "/services/data/v66.0"
BATCH = 200
BELOW, OTHERS = 19, 20
_SETTINGS = {"session_idle_minutes": 14 * 1440, "session_hours": 14 * 24}


@dataclass(frozen=True, slots=True)
class People:
    """The user who is measured, a manager, and what the limit has to know of them."""

    manager: str
    manager_token: str
    loader_token: str
    team: list[str]  # the manager and everybody whose role is below
    others: list[str]


@dataclass(frozen=True, slots=True)
class Records:
    """Ids of what was loaded; only what the manager's team owns, so that every read finds something."""

    accounts: list[str]
    leads: list[str]


@dataclass(frozen=True, slots=True)
class Import:
    """How the leads came in."""

    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that the measurements need."""

    installed: Installation
    tenant: Tenant
    people: People
    records: Records
    imported: Import

    @property
    def home(self) -> Path:
        """Where the database lies."""
        return self.installed.home

    def limit_settings(self) -> dict[str, str]:
        """What the hand-written endpoints know by heart."""
        caller = {"user_id": self.people.manager, "session_id": new_id("0Ak"), "team": self.people.team}
        return {
            "LIMIT_DSN": self.installed.urls.owner,
            "LIMIT_TENANT": str(self.tenant.id),
            "LIMIT_CALLERS": json.dumps({self.people.manager_token: caller}),
            "LIMIT_RECORD_TYPE": str(self._value("SELECT record_type_id FROM data.lead LIMIT 1")),
        }

    def rows(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement run as the owner."""
        with psycopg.connect(self.installed.urls.owner) as connection:
            cursor = connection.execute(text.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def _value(self, text: str) -> object:
        return self.rows(text)[0][0]


@contextmanager
def prepared(home: Path, *, leads: int) -> Iterator[Environment]:
    """The environment; made where it is not there yet, which takes a minute."""
    settings = Settings(home=home, demo=False, packages=servers.ROOT / "packages", **_SETTINGS)
    with installation(settings, quiet=True) as installed:
        known = home / "environment.json"
        if not known.exists():
            _say("Making a tenant with people in it")
            tenant, people = asyncio.run(_make_tenant(installed, settings))
            records, imported = _load(home, people, leads)
            parts = {"tenant": tenant, "people": people, "records": records, "imported": imported}
            _settle(installed)
            known.write_bytes(orjson.dumps(parts))
        parts = orjson.loads(known.read_bytes())
        yield Environment(
            installed,
            Tenant(**parts["tenant"]),
            People(**parts["people"]),
            Records(**parts["records"]),
            Import(**parts["imported"]),
        )


def _say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


async def _make_tenant(installed: Installation, settings: Settings) -> tuple[Tenant, People]:
    async with Database(installed.urls.server, largest=4) as database:
        snapshots = SnapshotStore(database)
        made = await make_tenant(snapshots, installed.urls.owner, NewTenant("bench", "Benchmark", ""))
        await install(snapshots, made.id, "automotive", actor=OPERATOR, with_dependencies=True)
        await only_this_logic(database, snapshots, made.id, {})
        return made, await _make_people(database, snapshots, made, settings)


async def _make_people(database: Database, snapshots: SnapshotStore, tenant: Tenant, settings: Settings) -> People:
    context = await operator_context(database, tenant, None, snapshots=snapshots)
    [found] = await database.read(context.binding, Statement("SELECT developer_name, id FROM tenant.user_role"))
    roles = dict(found)

    async def add(name: str, role: str, *sets: str) -> str:
        address = f"{name}@bench.example"
        person = {"username": address, "last_name": name, "email": address, "title": role, "role_id": roles[role]}
        return await create_user(database, context, person, sets)

    async def token(name: str) -> str:
        return await issue_token(database, settings, f"{name}@bench.example")

    await add("loader", "Headquarters", "CrmAdministrator", "AutoAdministrator")
    manager = await add("manager", "SalesManager", "AutoLeadManager", "AutoSensitiveView")
    below = [await add(f"consultant{number}", "SalesConsultant", "AutoLeadUser") for number in range(BELOW)]
    others = [await add(f"advisor{number}", "ServiceAdvisor", "AutoService") for number in range(OTHERS)]
    return People(manager, await token("manager"), await token("loader"), [manager, *below], others)


def _load(home: Path, people: People, leads: int) -> tuple[Records, Import]:
    owners = [*people.team, *people.others]
    with servers.chassis(home) as server:

        def bring(name: str, make: Callable[[int], made_up.Payload], count: int) -> list[str]:
            return import_records(server.port, people.loader_token, name, make, count)

        _say(f"Importing {leads // 5:,} accounts")
        chance = made_up.dice("account")
        accounts = bring("Account", lambda n: made_up.owned(made_up.account(chance, n), owners, n), leads // 5)
        # A lead's provider has the lead's owner, so that who sees the one sees the other.
        _say(f"Importing {leads // 5:,} opportunities")
        deal = made_up.dice("opportunity")
        bring(
            "Opportunity",
            lambda n: made_up.owned(made_up.opportunity(deal, n, accounts[n % len(accounts)]), owners, n),
            leads // 5,
        )
        _say(f"Importing {leads:,} leads")
        lead = made_up.dice("lead")
        started = time.perf_counter()
        ids = bring(
            "Lead", lambda n: made_up.owned(made_up.lead(lead, n, accounts[n % len(accounts)]), owners, n), leads
        )
        took = time.perf_counter() - started
    mine = len(people.team)
    seen = [n for n in range(leads) if n % len(owners) < mine]
    return (
        Records([accounts[n] for n in seen if n < len(accounts)], [ids[n] for n in seen]),
        Import(leads, took),
    )


def import_records(
    port: int, token: str, object_name: str, make: Callable[[int], made_up.Payload], count: int
) -> list[str]:
    """Bring records in over HTTP, 200 a call from four connections; answers their ids in order."""

    def request(number: int) -> Request:
        start = number * BATCH
        records = [make(n) | {"attributes": {"type": object_name}} for n in range(start, min(start + BATCH, count))]
        body = orjson.dumps({"allOrNone": True, "records": records})
        return Request("POST", f"{API}/composite/sobjects", json_headers(token), body)

    answers = asyncio.run(each_once(port, request, -(-count // BATCH), clients=4))
    results = [result for answer in answers for result in orjson.loads(answer)]
    wrong = [each for each in results if not each["success"]]
    if wrong or len(results) != count:
        raise RuntimeError(f"{object_name}: {len(wrong)} of {count} were refused, such as {wrong[:1]}")
    return [each["id"] for each in results]


def json_headers(token: str) -> dict[str, str]:
    """The headers of a request with a body."""
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _settle(installed: Installation) -> None:
    """What the limit needs besides the product's tables; statistics as autovacuum would have made them by now."""
    with psycopg.connect(installed.urls.owner, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute("CREATE SEQUENCE bench.lead_number START 10000000 CACHE 32")
        connection.execute("VACUUM ANALYZE")
