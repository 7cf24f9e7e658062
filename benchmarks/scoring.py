"""Nightly scoring: how long it takes for all leads of a tenant, and what that makes for a million.

`python -m benchmarks.scoring` makes a database of its own; `--records` says how many leads (default 50,000). Three
nights are measured: the first, on which every lead gets its score; one on which a week has begun for a seventh of them;
one on which nothing changed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import chassis_platform.automation.engines  # noqa: F401  scores are worked out by them
from benchmarks import servers
from benchmarks.environment import Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_ids
from chassis_metadata.package import read_package
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.scoring.nightly import score_all
from chassis_platform.automation.scoring.score import model_named
from chassis_platform.migrate import migrate
from chassis_platform.operator import NewTenant, make_tenant, operator_context
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

RECORDS, MILLION, AIM_SECONDS = 50_000, 1_000_000, 300
_MODEL: dict[str, Any] = {
    "label": "Lead score",
    "object": "Lead",
    "dimensions": {"Intent": {"cap": 45, "decays": True}, "Profile": {"cap": 5}, "Source": {"cap": 5}},
    "factors": [
        {
            "name": "member",
            "dimension": "Intent",
            "points": 15,
            "criteria": 'EXISTS("CampaignMember", LeadId = $This.Id)',
        },
        {"name": "ordered", "dimension": "Intent", "points": 20, "criteria": 'EXISTS("Order", LeadId = $This.Id)'},
        {"name": "age", "dimension": "Intent", "points": 30, "criteria": "Age < 60"},
        {
            "name": "complete",
            "dimension": "Profile",
            "points": 3,
            "criteria": "NOT(ISBLANK(MobilePhone)) && NOT(ISBLANK(City))",
        },
        {"name": "second", "dimension": "Profile", "points": 2, "criteria": "NOT(ISBLANK(Email))"},
        {
            "name": "source",
            "dimension": "Source",
            "points": 'CASE(LeadSource, "Referral", 5, "WalkIn", 4, "Website", 3, 1)',
        },
    ],
    "decay": {"percent": 10, "days": 7, "since": "CreatedDate"},
    "bands": [{"name": "A", "from": 40}, {"name": "B", "from": 20}, {"name": "C"}],
    "score_field": "Score",
    "band_field": "ScoreGrade",
    "explanation_field": "ScoreExplanation",
}
_LEADS = Statement(
    "INSERT INTO data.lead (tenant_id, id, name, last_name, mobile_phone, city, age, lead_source, created_date)"
    " SELECT %(tenant_id)s, l.id, 'Lead ' || l.n, 'Lead ' || l.n, '+861380' || l.n, 'Shanghai', 20 + l.n %% 60,"
    " (ARRAY['Website', 'Referral', 'WalkIn', 'Other'])[1 + l.n %% 4],"
    " %(now)s::timestamptz - make_interval(days => (l.n %% 28)::integer)"
    " FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS l (id, n)"
)


def scoring_nights(environment: Environment, *, records: int) -> list[Single]:
    """Seconds that a million leads take at night: on the first, and when a tenth of the scores change."""
    urls = environment.installed.urls
    nights = asyncio.run(_nights(urls.server, urls.owner, records))
    note = f"{records:,} leads, put to a million"
    first, later, _ = (spent * MILLION / records for _, spent, _ in nights)
    return [
        Single("scoring", "scoring 1 million leads, first night", first, "s", AIM_SECONDS, note),
        Single("scoring", "scoring 1 million leads, later nights", later, "s", AIM_SECONDS, note),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.scoring", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chassis-scoring-") as home, start_embedded(Path(home)) as server:
        urls = prepare_database(server.dsn, "scoring")
        migrate(urls.owner)
        for name in ("platform", "crm"):
            publish(urls.owner, read_package(servers.ROOT / "packages" / name))
        for title, spent, changed in asyncio.run(_nights(urls.server, urls.owner, options.records)):
            _tell(title, spent, changed, options.records)


def _tell(title: str, spent: float, changed: int, records: int) -> None:
    million = spent * MILLION / records
    verdict = "reached" if million < AIM_SECONDS else "missed"
    print(
        f"{title}: {changed:,} of {records:,} changed, {spent:.1f} s, {records / spent:,.0f} records/s;"
        f" a million: {million:.0f} s (aim {AIM_SECONDS} s {verdict})"
    )


async def _nights(server_dsn: str, owner_dsn: str, records: int) -> list[tuple[str, float, int]]:
    """What each night was, its seconds, and how many scores changed."""
    nights = []
    async with Database(server_dsn, largest=4) as database:
        context = await _context(database, owner_dsn)
        await _fill(database, context, records)
        model = model_named(context.snapshot, "Lead_Score__c")
        now = clock.now()
        for title, days in (("first night", 0), ("a week begins for a seventh", 1), ("nothing changed", 1)):
            started = time.perf_counter()
            with clock.moved_to(now + timedelta(days=days)):
                changed = await score_all(database, context, model)
            nights.append((title, time.perf_counter() - started, changed))
    return nights


async def _context(database: Database, owner_dsn: str) -> Context:
    snapshots = SnapshotStore(database)
    tenant = await make_tenant(snapshots, owner_dsn, NewTenant("scoring", "Scoring", ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    async with database.transaction(Binding(tenant.id)) as transaction:
        key = ComponentKey("scoring_model", "Lead_Score__c")
        await save_component(transaction, snapshots, key, _MODEL, OPERATOR)
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    return as_automation(await operator_context(database, current, None, snapshots=snapshots))


async def _fill(database: Database, context: Context, records: int) -> None:
    for start in range(0, records, 10_000):
        ids = new_ids("00Q", min(10_000, records - start))
        statement = _LEADS.bind(tenant_id=context.tenant.id, ids=ids, now=clock.now())
        await database.read(Binding(context.tenant.id), statement)
    await database.read(Binding(context.tenant.id), Statement("SELECT 1"))


if __name__ == "__main__":
    main()
