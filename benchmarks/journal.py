"""The journal at ten million entries: one person's trail, a record's readers, and how fast all of it is verified.

`python -m benchmarks.journal --entries 10000000` makes a database of its own; entries are made by SQL and sealed by the
shipped sealer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.environment import Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_id
from chassis_metadata.package import read_package
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.seal import seal_journal
from chassis_platform.audit.timeline import TimelineRequest, read_timeline
from chassis_platform.audit.verify import verify
from chassis_platform.migrate import migrate
from chassis_tenants.bootstrap import prepare_database
from chassis_tenants.database import Binding, Database
from chassis_tenants.embedded import start_embedded
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant

ENTRIES, QUICK_ENTRIES = 10_000_000, 200_000
USERS, RECORDS = 500, 1_000_000
AIM_MILLISECONDS, AIM_RATE = 100.0, 200_000
CHUNK, LOOKS = 500_000, 9
_USERS = """
INSERT INTO data."user" (tenant_id, id, name, username, last_name, is_active)
SELECT %(tenant)s, '005' || lpad(n::text, 15, '0'), 'User ' || n, 'user' || n || '@' || %(tenant)s, 'User ' || n, true
FROM generate_series(1, %(users)s) n
"""
#: Two years of an access log: every entry of its own moment, user, five records.
_ENTRIES = """
INSERT INTO data.access_log (tenant_id, id, name, user_id, object_name, record_ids, fields, record_count, door,
    source_ip, session_id, client_name, created_by_id, last_modified_by_id, created_date, last_modified_date,
    system_modstamp)
SELECT %(tenant)s, e.id, e.id, e.user_id, 'Contact',
    ARRAY(SELECT '003' || lpad(((e.n * 7919 + r * 104729) %% %(records)s)::text, 15, '0') FROM generate_series(1, 5) r),
    '{Name,MobilePhone,Email}', 5, 'list', '10.1.' || e.n %% 250 || '.' || e.n %% 249,
    '0Ss' || lpad(e.n::text, 15, '0'), 'Chassis', e.user_id, e.user_id, e.moment, e.moment, e.moment
FROM (
    SELECT n, '0Al' || lpad(n::text, 15, '0') AS id, '005' || lpad((1 + n * 31 %% %(users)s)::text, 15, '0') AS user_id,
        now() - interval '730 days' + (n::float8 / %(entries)s) * interval '729 days' AS moment
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
) e
"""


def journal_figures(environment: Environment, *, entries: int) -> list[Single]:
    """The trail of a person, who saw a record, and the rate of verification."""
    urls = environment.installed.urls
    return asyncio.run(_measure(urls.server, urls.owner, environment.home, entries))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.journal", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chassis-journal-") as home, start_embedded(Path(home)) as server:
        urls = prepare_database(server.dsn, "journal")
        migrate(urls.owner)
        publish(urls.owner, read_package(Path(__file__).parents[1] / "packages/platform"))
        for each in asyncio.run(_measure(urls.server, urls.owner, Path(home), options.entries)):
            print(f"{each.title}: {each.value:,.1f} {each.unit} ({each.note}){' MISSED' if each.met is False else ''}")


async def _measure(server_dsn: str, owner_dsn: str, home: Path, entries: int) -> list[Single]:
    async with Database(server_dsn, largest=4) as database:
        snapshots = SnapshotStore(database)
        name = f"journal-{new_id('00D').lower()}"
        tenant = await create_tenant(owner_dsn, snapshots, NewTenant(name, name))
        await asyncio.to_thread(_fill, owner_dsn, tenant, entries)
        sealing = await _seal(database, tenant, home)
        await asyncio.to_thread(_analyze, owner_dsn)
        rate = await asyncio.to_thread(_verified, owner_dsn, tenant, home)
        user, record = f"005{7:015d}", f"003{7919:015d}"
        person = await _trail(database, tenant, TimelineRequest(user=user))
        readers = await _trail(database, tenant, TimelineRequest(record=record))
    note = f"{entries:,} entries; median of {LOOKS}; 50 lines"
    return [
        Single("journal", "one person's trail", person, "ms", AIM_MILLISECONDS, note),
        Single("journal", "who saw a record", readers, "ms", AIM_MILLISECONDS, note),
        Single("journal", "sealing", entries / sealing, "entries/s", note=f"{entries:,} entries"),
        Single(
            "journal",
            "verification of 1 million entries",
            1_000_000 / rate,
            "s",
            1_000_000 / AIM_RATE,
            f"{rate:,.0f} entries/s on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; all {entries:,} verified",
        ),
    ]


def _fill(owner_dsn: str, tenant: Tenant, entries: int) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(_USERS, {"tenant": tenant.id, "users": USERS})
        for first in range(1, entries + 1, CHUNK):
            last = min(first + CHUNK - 1, entries)
            numbers = {"tenant": tenant.id, "users": USERS, "records": RECORDS, "entries": entries}
            connection.execute(_ENTRIES, {**numbers, "first": first, "last": last})


def _analyze(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) data.access_log")
        connection.execute("VACUUM (ANALYZE) chassis.audit_leaf")


async def _seal(database: Database, tenant: Tenant, home: Path) -> float:
    signer, started = load_signer(home), time.perf_counter()
    sealed = await seal_journal(database, tenant, signer)
    while sealed is not None and not sealed.is_complete:
        sealed = await seal_journal(database, tenant, signer)
    return time.perf_counter() - started


def _verified(owner_dsn: str, tenant: Tenant, home: Path) -> float:
    started = time.perf_counter()
    report = verify(owner_dsn, tenant, trusted_keys(home))
    if not report.is_intact:
        raise RuntimeError(report.summary)
    return report.entries / (time.perf_counter() - started)


async def _trail(database: Database, tenant: Tenant, request: TimelineRequest) -> float:
    spent = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await read_timeline(database, Binding(tenant.id), request)
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    main()
