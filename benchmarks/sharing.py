"""Private sharing: a list of 50 as people with narrow and wide reach see it, beside the administrator's.

`python -m benchmarks.sharing` makes a database of its own; `--records` says how many leads (default 100,000). The
tenant has 2,000 users in a hierarchy of 40 offices, 50 sharing rules on Lead, and leads spread over all users. A branch
has a share of all leads (`--seen`, default 0.01), which its head sees. `--records 5000000` takes half an hour;
`--home` keeps the database, and uses it again.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

OFFICES, PEOPLE, RULES, RECORDS = 40, 2_000, 50, 100_000
ROUNDS, WARM_UP = 60, 10
BRANCH, SEEN = 20, 0.01
AIM, BRANCH_AIM = 1 / 0.7, 2.0
#: From so many records on, indexes are made when all are there.
MANY = 1_000_000
_COLUMNS = ("Name", "Company", "Status", "City")
_BY_NAME = ListRequest(_COLUMNS, limit=50, order_by=(("Name", False),))
_BY_DATE = ListRequest(_COLUMNS, limit=50, order_by=(("CreatedDate", True),))

_ROLES = Statement(
    "INSERT INTO data.user_role (tenant_id, id, name, developer_name, parent_role_id)"
    " SELECT %(tenant_id)s, r.id, 'Bench' || r.n, 'Bench' || r.n,"
    " (%(ids)s::text[])[CASE WHEN r.n = cardinality(%(ids)s::text[]) THEN r.n - 1 WHEN r.n > 1 THEN 1 END]"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS r (id, n)"
)
_USERS = Statement(
    'INSERT INTO data."user" (tenant_id, id, name, last_name, username, email, user_role_id, is_active)'
    " SELECT %(tenant_id)s, u.id, 'Bench' || u.n, 'Bench' || u.n, u.id || '@bench.example', 'b@b.example',"
    " (%(roles)s::text[])[CASE WHEN u.n = 1 THEN 1 ELSE 2 + u.n %% (cardinality(%(roles)s::text[]) - 1) END], true"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS u (id, n)"
)
_RIGHTS = Statement(
    "INSERT INTO data.permission_set_assignment (tenant_id, id, name, assignee_id, permission_set_id)"
    " SELECT %(tenant_id)s, a.id, a.id, a.user_id, (SELECT id FROM data.permission_set"
    " WHERE tenant_id = %(tenant_id)s AND name = a.granted)"
    " FROM unnest(%(ids)s::text[], %(users)s::text[], %(granted)s::text[]) AS a (id, user_id, granted)"
)
#: Ids grow: first the people, the last of them the administrator, then the branch.
_PEOPLE = Statement("SELECT id FROM data.\"user\" WHERE tenant_id = %(tenant_id)s AND name LIKE 'Bench%%' ORDER BY id")
_LEADS = Statement(
    "INSERT INTO data.lead (tenant_id, id, name, last_name, company, city, status, owner_id, created_date)"
    " SELECT %(tenant_id)s, l.id, 'Lead ' || l.n, 'Lead ' || l.n, 'Company ' || l.n %% 997, 'City ' || l.n %% 50,"
    " 'New', CASE WHEN l.n %% %(every)s = 0 THEN (%(branch)s::text[])[1 + l.n %% cardinality(%(branch)s::text[])]"
    " ELSE (%(users)s::text[])[1 + (l.n * 7919) %% cardinality(%(users)s::text[])] END,"
    " now() - make_interval(secs => (l.n * 104729) %% 10000000)"
    " FROM (SELECT id, %(before)s + n AS n FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS one (id, n)) AS l"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody's list: the median of its seconds, beside the administrator's."""

    who: str
    order: str
    seconds: float
    ratio: float
    aim: float


@dataclass(frozen=True, slots=True)
class _Town:
    """Whose lists are measured, by user ids."""

    head: str
    of_office: str
    clerk: str
    of_branch: str
    administrator: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.sharing", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--seen", type=float, default=SEEN, help="the branch's share of all leads")
    parser.add_argument("--home", type=Path, help="keep the database here and use it again")
    options = parser.parse_args()
    with home_of(options.home) as home, start_embedded(home) as server:
        urls = prepare_database(server.dsn, "sharing")
        migrate(urls.owner)
        for name in ("platform", "crm"):
            publish(urls.owner, read_package(servers.ROOT / "packages" / name))
        for each in asyncio.run(_measured(urls.server, urls.owner, options.records, options.seen)):
            said = f"{each.seconds * 1000:.2f} ms, {each.ratio:.2f} of the administrator's throughput"
            print(f"{each.who}, {each.order}: {said}{'' if 1 / each.ratio <= each.aim else ' MISSED'}")


@contextmanager
def home_of(wanted: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one for this run."""
    if wanted is not None:
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="chassis-sharing-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sharing_cost(environment: Environment, *, records: int) -> list[Single]:
    """How many times the administrator's list of 50 each person's takes."""
    urls = environment.installed.urls
    found = asyncio.run(_measured(urls.server, urls.owner, records, SEEN))
    note = f"{records:,} leads, {PEOPLE:,} users, {RULES} rules; times the administrator's"
    return [
        Single("sharing", f"list of 50, {each.who}, {each.order}", 1 / each.ratio, "times", each.aim, note)
        for each in found
    ]


async def _measured(server_dsn: str, owner_dsn: str, records: int, seen: float) -> list[Seen]:
    async with Database(server_dsn, largest=4) as database:
        context, town = await _town(database, owner_dsn, records, every=round(1 / seen))
        branch = f"the head of a branch with {seen:.0%} of all"
        who = {
            "the administrator": town.administrator,
            "a clerk": town.clerk,
            "the head of an office": town.of_office,
            "the head of all": town.head,
            branch: town.of_branch,
        }
        contexts = [await as_user(database, context, each) for each in who.values()]
        found = []
        for order, request in (("by name", _BY_NAME), ("by date", _BY_DATE)):
            whole, *others = await seconds_of_each(database, contexts, request)
            for name, spent in zip(list(who)[1:], others, strict=True):
                found.append(Seen(name, order, spent, whole / spent, BRANCH_AIM if name == branch else AIM))
        return found


async def seconds_of_each(database: Database, contexts: Sequence[Context], wanted: ListRequest) -> list[float]:
    """Each person's median; they take turns, so that what else the machine does falls on all of them."""
    spent: list[list[float]] = [[] for _ in contexts]
    for number in range(ROUNDS + WARM_UP):
        for context, seconds in zip(contexts, spent, strict=True):
            started = time.perf_counter()
            await list_records(database, context, "Lead", wanted)
            if number >= WARM_UP:
                seconds.append(time.perf_counter() - started)
    return list(map(statistics.median, spent))


async def as_user(database: Database, context: Context, user_id: str) -> Context:
    """The Context with a user's rights."""
    policies = PolicyStore(database)
    policy = await policies.of(context.tenant, user_id, context.snapshot, context.tenant.access_version)
    principal = replace(context.principal, user_id=user_id)
    return replace(context, principal=principal, policy=policy)


async def _town(database: Database, owner_dsn: str, records: int, *, every: int) -> tuple[Context, _Town]:
    """The tenant, and whose lists are measured. Of each `every` leads one is the branch's."""
    snapshots = SnapshotStore(database)
    if await tenant_by_name(database, "sharing") is None:
        await _make_town(database, snapshots, owner_dsn, records, every=every)
    current = await tenant_by_name(database, "sharing")
    if current is None:
        raise RuntimeError("the tenant is gone")
    rows = await database.read(Binding(current.id), _PEOPLE.bind(tenant_id=current.id))
    everybody = [row[0] for row in rows[0]]
    people, branch = everybody[: PEOPLE + 1], everybody[PEOPLE + 1 :]
    town = _Town(people[0], people[2], people[5], branch[0], people[-1])
    return await operator_context(database, current, people[-1], snapshots=snapshots), town


async def _make_town(database: Database, snapshots: SnapshotStore, owner_dsn: str, records: int, *, every: int) -> None:
    tenant = await make_tenant(snapshots, owner_dsn, NewTenant("sharing", "Sharing", ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    async with database.transaction(Binding(tenant.id)) as transaction:
        for number in range(RULES):
            key = ComponentKey("sharing_rule", f"Lead.Bench{number}__c")
            await save_component(transaction, snapshots, key, _rule(number), OPERATOR)
    people, branch = await make_people(database, tenant.id)
    with psycopg.connect(owner_dsn, autocommit=True) as connection, without_indexes(connection, records):
        await _leads(database, tenant.id, records, users=people, branch=branch[1:], every=every)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")  # as autovacuum leaves a table that is not being filled


def _rule(number: int) -> dict[str, Any]:
    """Offices share with offices; some share by criteria."""
    records: dict[str, Any] = {"owned_by": {"roles": [f"Bench{3 + number % 37}"]}}
    if number % 5 == 0:
        records = {"owned_by": {"roles": [f"Bench{3 + number % 37}"]}, "criteria": f'City = "City {number}"'}
    return {"label": f"Rule {number}", "share_with": {"roles": [f"Bench{2 + number % 7}"]}, "records": records}


async def make_people(database: Database, tenant_id: int) -> tuple[Sequence[str], Sequence[str]]:
    """Users in offices, the last an administrator; and those of the branch, the first its head."""
    roles, people = new_ids("00E", OFFICES + 3), new_ids("005", PEOPLE + 1)
    head, *clerks = branch = new_ids("005", BRANCH + 1)
    everybody = [*people, *branch]
    granted = ["CrmUser"] * PEOPLE + ["CrmAdministrator"] + ["CrmUser"] * len(branch)
    base = {"tenant_id": tenant_id}
    await database.read(
        Binding(tenant_id),
        _ROLES.bind(**base, ids=list(roles)),
        _USERS.bind(**base, ids=list(people), roles=list(roles[:-2])),
        _USERS.bind(**base, ids=[head], roles=[roles[-2]]),
        _USERS.bind(**base, ids=clerks, roles=[roles[-1], roles[-1]]),
        _RIGHTS.bind(**base, ids=list(new_ids("0Pa", len(everybody))), users=everybody, granted=granted),
    )
    return people, branch


async def _leads(
    database: Database, tenant_id: int, records: int, *, users: Sequence[str], branch: Sequence[str], every: int
) -> None:
    owners = {"users": list(users), "branch": list(branch), "every": every}
    for start in range(0, records, 10_000):
        ids = new_ids("00Q", min(10_000, records - start))
        await database.read(Binding(tenant_id), _LEADS.bind(tenant_id=tenant_id, ids=list(ids), before=start, **owners))


@contextmanager
def without_indexes(connection: psycopg.Connection[tuple[Any, ...]], records: int) -> Iterator[None]:
    """Of many records, sorting all of them at the end takes a part of the time that adding each does."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'data' AND tablename = 'lead'"
        " AND indexdef NOT LIKE 'CREATE UNIQUE%'"
    ).fetchall()
    made = found if records >= MANY else []
    for name, _ in made:
        connection.execute(f'DROP INDEX data."{name}"'.encode())
    yield
    for _, definition in made:
        connection.execute(definition)


if __name__ == "__main__":
    main()
