"""Private sharing: a list of 50 as people with narrow and wide reach see it, beside the administrator's.

`python -m benchmarks.sharing` makes a database of its own; `--records` says how many leads (default 100,000). The
tenant has 2,000 users in a hierarchy of 40 offices, 50 sharing rules on Lead, and leads spread over all users.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

import chassis_platform.automation.engines  # noqa: F401  flows on Lead are in force
from benchmarks import servers
from benchmarks.environment import Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_ids
from chassis_metadata.package import read_package
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.migrate import migrate
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.plan.listing import ListRequest
from chassis_platform.records.lists import list_records
from chassis_tenants.bootstrap import prepare_database
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.embedded import start_embedded
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

OFFICES, PEOPLE, RULES, RECORDS = 40, 2_000, 50, 100_000
ROUNDS, WARM_UP = 60, 10
AIM = 0.7
_COLUMNS = ("Name", "Company", "Status", "City")
_BY_NAME = ListRequest(_COLUMNS, limit=50, order_by=(("Name", False),))
_BY_DATE = ListRequest(_COLUMNS, limit=50, order_by=(("CreatedDate", True),))

_ROLES = Statement(
    "INSERT INTO data.user_role (tenant_id, id, name, developer_name, parent_role_id)"
    " SELECT %(tenant_id)s, r.id, 'Bench' || r.n, 'Bench' || r.n, CASE WHEN r.n > 1 THEN (%(ids)s::text[])[1] END"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS r (id, n)"
)
_USERS = Statement(
    'INSERT INTO data."user" (tenant_id, id, name, last_name, username, email, user_role_id, is_active)'
    " SELECT %(tenant_id)s, u.id, 'Bench' || u.n, 'Bench' || u.n, 'bench' || u.n || '@bench.example', 'b@b.example',"
    " (%(roles)s::text[])[CASE WHEN u.n = 1 THEN 1 ELSE 2 + u.n %% (cardinality(%(roles)s::text[]) - 1) END], true"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS u (id, n)"
)
_RIGHTS = Statement(
    "INSERT INTO data.permission_set_assignment (tenant_id, id, name, assignee_id, permission_set_id)"
    " SELECT %(tenant_id)s, a.id, a.id, a.user_id, (SELECT id FROM data.permission_set"
    " WHERE tenant_id = %(tenant_id)s AND name = a.granted)"
    " FROM unnest(%(ids)s::text[], %(users)s::text[], %(granted)s::text[]) AS a (id, user_id, granted)"
)
_LEADS = Statement(
    "INSERT INTO data.lead (tenant_id, id, name, last_name, company, city, status, owner_id, created_date)"
    " SELECT %(tenant_id)s, l.id, 'Lead ' || l.n, 'Lead ' || l.n, 'Company ' || l.n %% 997, 'City ' || l.n %% 50,"
    " 'New', (%(users)s::text[])[1 + (l.n * 7919) %% cardinality(%(users)s::text[])],"
    " now() - make_interval(secs => (l.n * 104729) %% 10000000)"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS l (id, n)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody's list: the median of its seconds, beside the administrator's."""

    who: str
    order: str
    seconds: float
    ratio: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.sharing", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chassis-sharing-") as home, start_embedded(Path(home)) as server:
        urls = prepare_database(server.dsn, "sharing")
        migrate(urls.owner)
        for name in ("platform", "crm"):
            publish(urls.owner, read_package(servers.ROOT / "packages" / name))
        for each in asyncio.run(_measured(urls.server, urls.owner, options.records)):
            print(f"{each.who}, {each.order}: {each.seconds * 1000:.2f} ms, {each.ratio:.2f} of the administrator's")


def sharing_cost(environment: Environment, *, records: int) -> list[Single]:
    """How many times the administrator's list of 50 each person's takes."""
    urls = environment.installed.urls
    found = asyncio.run(_measured(urls.server, urls.owner, records))
    note = f"{records:,} leads, {PEOPLE:,} users, {RULES} rules; times the administrator's"
    return [
        Single("sharing", f"list of 50, {each.who}, {each.order}", 1 / each.ratio, "times", 1 / AIM, note)
        for each in found
    ]


async def _measured(server_dsn: str, owner_dsn: str, records: int) -> list[Seen]:
    async with Database(server_dsn, largest=4) as database:
        context, people = await _town(database, owner_dsn, records)
        who = {"a clerk": people[5], "the head of an office": people[2], "the head of all": people[0]}
        contexts = {name: await _as_user(database, context, user_id) for name, user_id in who.items()}
        found = []
        for order, request in (("by name", _BY_NAME), ("by date", _BY_DATE)):
            whole = await _seconds(database, await _as_user(database, context, people[-1]), request)
            for name, each in contexts.items():
                spent = await _seconds(database, each, request)
                found.append(Seen(name, order, spent, whole / spent))
        return found


async def _seconds(database: Database, context: Context, wanted: ListRequest) -> float:
    spent = []
    for number in range(ROUNDS + WARM_UP):
        started = time.perf_counter()
        await list_records(database, context, "Lead", wanted)
        if number >= WARM_UP:
            spent.append(time.perf_counter() - started)
    return statistics.median(spent)


async def _as_user(database: Database, context: Context, user_id: str) -> Context:
    policies = PolicyStore(database)
    policy = await policies.of(context.tenant, user_id, context.snapshot, context.tenant.access_version)
    principal = replace(context.principal, user_id=user_id)
    return replace(context, principal=principal, policy=policy)


async def _town(database: Database, owner_dsn: str, records: int) -> tuple[Context, Sequence[str]]:
    """The tenant and its users: the head of all, heads of offices and clerks, at the end an administrator."""
    snapshots = SnapshotStore(database)
    tenant = await make_tenant(snapshots, owner_dsn, NewTenant("sharing", "Sharing", ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    async with database.transaction(Binding(tenant.id)) as transaction:
        for number in range(RULES):
            key = ComponentKey("sharing_rule", f"Lead.Bench{number}__c")
            await save_component(transaction, snapshots, key, _rule(number), OPERATOR)
    people = await _fill(database, tenant.id, records)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")  # as autovacuum leaves a table that is not being filled
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    return await operator_context(database, current, people[-1], snapshots=snapshots), people


def _rule(number: int) -> dict[str, Any]:
    """Offices share with offices; some share by criteria."""
    records: dict[str, Any] = {"owned_by": {"roles": [f"Bench{3 + number % 37}"]}}
    if number % 5 == 0:
        records = {"owned_by": {"roles": [f"Bench{3 + number % 37}"]}, "criteria": f'City = "City {number}"'}
    return {"label": f"Rule {number}", "share_with": {"roles": [f"Bench{2 + number % 7}"]}, "records": records}


async def _fill(database: Database, tenant_id: int, records: int) -> Sequence[str]:
    roles, people = new_ids("00E", OFFICES + 1), new_ids("005", PEOPLE + 1)
    granted = ["CrmUser"] * PEOPLE + ["CrmAdministrator"]
    binding = Binding(tenant_id)
    base = {"tenant_id": tenant_id}
    await database.read(
        binding,
        _ROLES.bind(**base, ids=list(roles)),
        _USERS.bind(**base, ids=list(people), roles=list(roles)),
        _RIGHTS.bind(**base, ids=list(new_ids("0Pa", len(people))), users=list(people), granted=granted),
    )
    for start in range(0, records, 10_000):
        ids = new_ids("00Q", min(10_000, records - start))
        await database.read(binding, _LEADS.bind(**base, ids=list(ids), users=list(people)))
    return people


if __name__ == "__main__":
    main()
