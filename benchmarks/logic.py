"""What logic costs: updates of 200 records in a tenant with rules, formulas, a roll-up and flows, and in one without.

Both tenants have the crm package and the same records. Batches alternate, so that what else the machine does is shared.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import chassis_platform.automation.engines  # noqa: F401  flows must be able to act
from benchmarks.environment import BATCH, Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.records.write import write_records
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

AIM = 2.5
ACCOUNTS, RECORDS = 50, 1_000

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


async def _update(database: Database, subject: _Subject, number: int) -> float:
    started = time.perf_counter()
    results = await write_records(database, subject.context, "Opportunity", "update", subject.batch(number))
    spent = time.perf_counter() - started
    wrong = [problem.message for result in results for problem in result.problems]
    if wrong:
        raise RuntimeError(f"an update was refused: {wrong[0]}")
    return spent


async def _subject(
    environment: Environment, database: Database, snapshots: SnapshotStore, logic: Mapping[tuple[str, str], Any]
) -> _Subject:
    name = f"logic-{new_id('00D').lower()}"
    tenant = await make_tenant(snapshots, environment.installed.urls.owner, NewTenant(name, name, ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    off = {("switch", each): {"active": False} for each in await _packaged(database, snapshots, tenant.id)}
    async with database.transaction(Binding(tenant.id)) as transaction:
        for (kind, component), body in {**off, **logic}.items():
            await save_component(transaction, snapshots, ComponentKey(kind, component), body, OPERATOR)
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    context = as_automation(await operator_context(database, current, None, snapshots=snapshots))
    accounts = await _insert(database, context, "Account", [{"Name": f"Account {at}"} for at in range(ACCOUNTS)])
    made = [
        {"Name": f"Deal {at}", "AccountId": accounts[at % ACCOUNTS], "CloseDate": "2026-12-31", "Amount": 500}
        for at in range(RECORDS)
    ]
    return _Subject(context, await _insert(database, context, "Opportunity", made))


async def _packaged(database: Database, snapshots: SnapshotStore, tenant_id: int) -> list[str]:
    """What the package itself would do with these records: it is no part of the comparison."""
    current = await tenant_by_id(database, tenant_id)
    snapshot = await snapshots.of(tenant_id, current.metadata_version if current else 0)
    kinds = ("validation_rule", "duplicate_rule", "matching_rule", "flow", "milestone", "scoring_model")
    return [f"{kind}.{name}" for kind in kinds for name in snapshot.logic_of(kind)]


async def _insert(database: Database, context: Context, name: str, records: list[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(records), BATCH):
        results = await write_records(database, context, name, "insert", records[start : start + BATCH])
        ids += [str(each.id) for each in results if each.success]
    if len(ids) < len(records):
        raise RuntimeError(f"not every {name} was made")
    return ids
