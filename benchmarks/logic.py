"""What logic costs: updates of 200 records in a tenant with rules, formulas, a roll-up and flows, and in one without.

Both tenants have the crm package and the same records. Batches alternate, so that what else the machine does is shared.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import chassis_platform.automation.engines  # noqa: F401  flows must be able to act
from benchmarks.environment import BATCH, Environment
from benchmarks.quiet import only_this_logic
from benchmarks.tenants import Single
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.records.write import write_records
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

AIM = 2.5
ACCOUNTS, RECORDS = 50, 1_000
WRITERS, BULK_AIM = 2, 3_000

_FORMULAS = (
    "Amount < 0",
    'AND(ISPICKVAL(StageName, "ClosedWon"), OR(ISBLANK(Amount), Amount <= 0))',
    "AND(ISCHANGED(Amount), Amount > PRIORVALUE(Amount) * 1000)",
    "Weighted__c > Amount",
    "AND(NOT(ISBLANK(BidBond)), BidBond > Amount)",
    'AND(ISPICKVAL(StageName, "Tender"), ISBLANK(TenderNumber))',
    "CloseDate < DATE(2000, 1, 1)",
    'REGEX(Name, "[0-9]{40}")',
    'Account.Name = "Nobody"',
    "AND(ISCHANGED(StageName), Score__c > 10000)",
)
_LOGIC: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Opportunity.Weighted__c"): {
        "type": "formula",
        "returns": "currency",
        "label": "Weighted",
        "formula": "Amount * Probability",
    },
    ("field", "Opportunity.Score__c"): {
        "type": "formula",
        "returns": "number",
        "label": "Score",
        "formula": 'IF(Amount > 50000, 10, 5) + CASE(StageName, "Tender", 3, "Negotiation", 5, 1)',
    },
    ("field", "Opportunity.Code__c"): {
        "type": "formula",
        "returns": "text",
        "length": 40,
        "label": "Code",
        "formula": "UPPER(LEFT(Name, 20))",
        "stored": True,
    },
    ("field", "Account.Volume__c"): {
        "type": "rollup_summary",
        "label": "Volume",
        "child": "Opportunities",
        "function": "sum",
        "field": "Amount",
    },
    **{
        ("validation_rule", f"Opportunity.Rule_{number}__c"): {"formula": formula, "message": "No."}
        for number, formula in enumerate(_FORMULAS, 1)
    },
    ("flow", "Estimate__c"): {
        "label": "Estimate",
        "object": "Opportunity",
        "trigger": {"record": {"when": "before_save", "criteria": "ISCHANGED(Amount)"}},
        "steps": [{"update": {"ExpectedVolume": "ROUND(Amount / 1000, 0)"}}],
    },
    ("flow", "Large__c"): {
        "label": "Large",
        "object": "Opportunity",
        "trigger": {"record": {"when": "after_save", "criteria": "Amount > 99000", "becomes": True}},
        "steps": [{"update": {"TenderNumber": '"LARGE"'}}],
    },
}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A tenant and its opportunities."""

    context: Context
    ids: list[str]

    def batch(self, number: int) -> list[Mapping[str, Any]]:
        start = number * BATCH % len(self.ids)
        chosen = self.ids[start : start + BATCH]
        return [{"Id": each, "Amount": 1_000 + (at * 7919 + number * 37) % 98_500} for at, each in enumerate(chosen)]


def logic_cost(environment: Environment, *, rounds: int = 20) -> list[Single]:
    """Milliseconds a record with logic, and how many times that is what it is without."""
    return asyncio.run(_measure(environment, rounds))


async def _measure(environment: Environment, rounds: int) -> list[Single]:
    async with Database(environment.installed.urls.server, largest=4) as database:
        snapshots = SnapshotStore(database)
        plain = await _subject(environment, database, snapshots, {})
        clever = await _subject(environment, database, snapshots, _LOGIC)
        environment.rows("ANALYZE data.account, data.opportunity")
        took: dict[bool, list[float]] = {False: [], True: []}
        for number in range(rounds + 3):
            for is_clever, subject in ((False, plain), (True, clever)):
                spent = await _update(database, subject, number)
                if number >= 3:  # the first ones compile what all share  # noqa: PLR2004
                    took[is_clever].append(spent)
    without, with_logic = (statistics.median(took[each]) * 1000 / BATCH for each in (False, True))
    ratio = statistics.median(one / other for one, other in zip(took[True], took[False], strict=True))
    note = (
        f"10 rules, 3 formulas, 1 roll-up, 2 flows; batches of {BATCH}, median of {rounds}; without: {without:.2f} ms"
    )
    return [
        Single("logic", "update of a record with logic", with_logic, "ms", note=note),
        Single("logic", "the same beside none", ratio, "times", AIM, "median of the rounds' ratios"),
    ]


def bulk_rate(environment: Environment, *, records: int) -> Single:
    """Records a second when very many are updated with the same logic, by as many writers as there are cores."""
    urls = environment.installed.urls
    tenant_id, ids = asyncio.run(_bulk_subject(environment, records))
    half = -(-records // WRITERS)
    shares = [ids[start : start + half] for start in range(0, records, half)]
    started = time.perf_counter()
    with ProcessPoolExecutor(WRITERS) as pool:
        list(pool.map(_write_share, [urls.server] * WRITERS, [tenant_id] * WRITERS, shares))
    rate = records / (time.perf_counter() - started)
    note = f"{records:,} records, {WRITERS} writers, batches of {BATCH}; the same logic; aim {BULK_AIM:,} or better"
    return Single("bulk_logic", "bulk update with logic", rate, "records/s", note=note)


async def _bulk_subject(environment: Environment, records: int) -> tuple[int, list[str]]:
    async with Database(environment.installed.urls.server, largest=4) as database:
        subject = await _subject(
            environment, database, SnapshotStore(database), _LOGIC, records=records, accounts=records // 10
        )
        environment.rows("ANALYZE data.account, data.opportunity")
        return subject.context.tenant.id, subject.ids


def _write_share(server_dsn: str, tenant_id: int, ids: list[str]) -> None:
    asyncio.run(_write_all(server_dsn, tenant_id, ids))


async def _write_all(server_dsn: str, tenant_id: int, ids: list[str]) -> None:
    async with Database(server_dsn, largest=2) as database:
        current = await tenant_by_id(database, tenant_id)
        if current is None:
            raise RuntimeError("the tenant is gone")
        context = as_automation(await operator_context(database, current, None, snapshots=SnapshotStore(database)))
        subject = _Subject(context, ids)
        for number in range(-(-len(ids) // BATCH)):
            await _update(database, subject, number)


async def _update(database: Database, subject: _Subject, number: int) -> float:
    started = time.perf_counter()
    results = await write_records(database, subject.context, "Opportunity", "update", subject.batch(number))
    spent = time.perf_counter() - started
    wrong = [problem.message for result in results for problem in result.problems]
    if wrong:
        raise RuntimeError(f"an update was refused: {wrong[0]}")
    return spent


async def _subject(
    environment: Environment,
    database: Database,
    snapshots: SnapshotStore,
    logic: Mapping[tuple[str, str], Any],
    *,
    records: int = RECORDS,
    accounts: int = ACCOUNTS,
) -> _Subject:
    name = f"logic-{new_id('00D').lower()}"
    tenant = await make_tenant(snapshots, environment.installed.urls.owner, NewTenant(name, name, ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    await only_this_logic(database, snapshots, tenant.id, logic)
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    context = as_automation(await operator_context(database, current, None, snapshots=snapshots))
    parents = await _insert(database, context, "Account", [{"Name": f"Account {at}"} for at in range(accounts)])
    made = [
        {"Name": f"Deal {at}", "AccountId": parents[at % accounts], "CloseDate": "2026-12-31", "Amount": 500}
        for at in range(records)
    ]
    return _Subject(context, await _insert(database, context, "Opportunity", made))


async def _insert(database: Database, context: Context, name: str, records: list[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(records), BATCH):
        results = await write_records(database, context, name, "insert", records[start : start + BATCH])
        ids += [str(each.id) for each in results if each.success]
    if len(ids) < len(records):
        raise RuntimeError(f"not every {name} was made")
    return ids
