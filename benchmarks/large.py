"""The first page of a list over millions of records beside that over thousands: what is not shown must cost nothing.

`python -m benchmarks.large` makes a database of its own with two tenants in the same tables, one with 50,000 leads, one
with 5,000,000 (`--records`; some 3 GB and minutes for each million). `--home` keeps it, and uses it again.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

import chassis_platform.automation.engines  # noqa: F401  what is in force on Lead
from benchmarks import servers
from benchmarks.sharing import as_user, home_of, make_people, seconds_of_each, without_indexes
from chassis_metadata.package import read_package
from chassis_platform.access.context import Context
from chassis_platform.migrate import migrate
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.plan.listing import ListRequest
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database
from chassis_tenants.database import Database
from chassis_tenants.embedded import start_embedded
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id, tenant_by_name
from chassis_tenants.snapshots import SnapshotStore

FEW, MANY, AIM = 50_000, 5_000_000, 1.3
ROUNDS, WARM_UP = 60, 10
_COLUMNS = ("Name", "Company", "Status", "City", "Owner.Name")
_ORDERS = {
    "by date": (("CreatedDate", True),),
    "by name": (("Name", False),),
    "by id": (),
}
_IN_ROLE = """
SELECT min(u.id) FROM data."user" u JOIN data.user_role r ON r.tenant_id = u.tenant_id AND r.id = u.user_role_id
WHERE u.tenant_id = %(tenant)s AND r.developer_name = '{}'
"""
_WHO = {
    "an administrator": """
SELECT a.assignee_id FROM data.permission_set_assignment a JOIN data.permission_set p
  ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id
WHERE a.tenant_id = %(tenant)s AND p.name = 'CrmAdministrator'
""",
    "the head of all": _IN_ROLE.format("Bench1"),
    "a clerk": _IN_ROLE.format("Bench5"),
}
_FILL = """
INSERT INTO data.lead (tenant_id, id, name, last_name, company, city, status, lead_number, owner_id, created_date)
SELECT %(tenant)s, '00Q' || lpad(n::text, 15, '0'), 'Lead ' || (n * 7919 %% %(count)s), 'Lead ' || n,
       'Company ' || n %% 997, 'City ' || n %% 50, 'New', 'L-' || n,
       (%(users)s::text[])[1 + (n * 7919) %% cardinality(%(users)s::text[])],
       now() - make_interval(secs => (n * 104729) %% 100000000)
FROM generate_series(1, %(count)s::bigint) n
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """Somebody's first page: its median seconds over few records, and over many."""

    who: str
    order: str
    few: float
    many: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.large", description=__doc__)
    parser.add_argument("--records", type=int, default=MANY)
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--home", type=Path, help="keep the database here and use it again")
    options = parser.parse_args()
    with home_of(options.home) as home, start_embedded(home) as server:
        urls = prepare_database(server.dsn, "large")
        migrate(urls.owner)
        for name in ("platform", "crm"):
            publish(urls.owner, read_package(servers.ROOT / "packages" / name))
        for each in asyncio.run(_compared(urls, options.few, options.records)):
            ratio = each.many / each.few
            figures = (
                f"{each.few * 1000:.2f} ms over {options.few:,}, {each.many * 1000:.2f} ms over {options.records:,}"
            )
            print(f"{each.who}, {each.order}: {figures}: {ratio:.2f} times (aim {AIM})")


async def _compared(urls: DatabaseUrls, few: int, many: int) -> list[Compared]:
    async with Database(urls.server, largest=4) as database:
        snapshots = SnapshotStore(database)
        tenants = [
            await _tenant(database, snapshots, urls, name, count) for name, count in (("few", few), ("many", many))
        ]
        found = []
        for who in tenants[0]:
            for order, by in _ORDERS.items():
                request = ListRequest(_COLUMNS, limit=50, order_by=by)
                small, large = await seconds_of_each(database, [each[who] for each in tenants], request)
                found.append(Compared(who, order, small, large))
        return found


async def _tenant(
    database: Database, snapshots: SnapshotStore, urls: DatabaseUrls, name: str, count: int
) -> dict[str, Context]:
    """The contexts of people with wide and narrow reach in a tenant with so many leads, made where there is none."""
    tenant = await tenant_by_name(database, name)
    if tenant is None:
        tenant = await make_tenant(snapshots, urls.owner, NewTenant(name, name.title(), ""))
        await install(snapshots, tenant.id, "crm", actor=OPERATOR)
        people, _ = await make_people(database, tenant.id)
        _fill(urls.owner, tenant.id, people[:-1], count)
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    with psycopg.connect(urls.owner) as connection:
        ids = [connection.execute(text.encode(), {"tenant": tenant.id}).fetchall()[0][0] for text in _WHO.values()]
    context = await operator_context(database, current, ids[0], snapshots=snapshots)
    return {title: await as_user(database, context, user_id) for title, user_id in zip(_WHO, ids, strict=True)}


def _fill(owner_dsn: str, tenant_id: int, people: Sequence[str], count: int) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        with without_indexes(connection, MANY):
            connection.execute(_FILL.encode(), {"tenant": tenant_id, "users": people, "count": count})
        connection.execute("VACUUM (ANALYZE) data.lead")


if __name__ == "__main__":
    main()
