"""What masks and the access log cost: a list of 50 leads with a masked column, in clear, and in clear without an entry.

One tenant, one user, the same records. Half of them are the user's own, which the rule shows. Lists take turns, in one
process, without HTTP. A list with an entry waits for the disk, and other callers use the time: so throughput is that of
eight callers.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.environment import BATCH, Environment
from benchmarks.quiet import only_this_logic
from benchmarks.subjects import LOG_TARGET
from benchmarks.tenants import Single
from chassis_metadata.fields import Classification
from chassis_metadata.ids import new_id
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.system import as_automation
from chassis_platform.auth.users import create_user
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.plan.listing import ListRequest
from chassis_platform.records.lists import list_records
from chassis_platform.records.write import write_records
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

#: The list in clear through the list with masks is to be at least 0.95; without an entry through with one, 0.8.
AIM, LOG_AIM = 1 / 0.95, 1 / LOG_TARGET
RECORDS, WARM_UP = 2_000, 10
CALLERS, LISTS = 8, 5
_RULE = {
    "label": "Phones",
    "fields": ["Lead.MobilePhone"],
    "mask": "phone",
    "clear": [{"everyone": True, "when": {"owner": True}}],
}
#: Without the name, which is logged for records of which the phone is not: that is an entry more, not a mask.
_LIST = ListRequest(("Company", "MobilePhone", "Status", "CreatedDate"), order_by=(("CreatedDate", True),))


def masking_cost(environment: Environment, *, rounds: int = 100) -> list[Single]:
    """Milliseconds a list with a masked column; how many times that is what it is in clear, or without an entry."""
    return asyncio.run(_measure(environment, rounds))


async def _measure(environment: Environment, rounds: int) -> list[Single]:
    async with Database(environment.installed.urls.server, largest=CALLERS) as database:
        masked = await _reader(environment, database, SnapshotStore(database))
        environment.rows("ANALYZE data.lead")
        clear = in_clear(masked)
        took = await list_times(database, (masked, clear), rounds)
        together = [
            await _together(database, pair, rounds // 2) for pair in ((masked, clear), (clear, _unlogged(clear)))
        ]
    ratio, log_ratio = (statistics.median(a / b for a, b in zip(*each, strict=True)) for each in together)
    with_masks, without = (statistics.median(each) * 1000 for each in took)
    note = f"median of {rounds}; in clear: {without:.2f} ms; half of the records are masked"
    return [
        Single("masking", "list of 50 with a masked column", with_masks, "ms", note=note),
        Single(
            "masking",
            "the same in clear beside it",
            ratio,
            "times",
            AIM,
            f"{CALLERS} callers, rounds in turn; {1 / ratio:.2f} of the throughput",
        ),
        Single(
            "masking",
            "list of 50 with an access log entry beside without",
            log_ratio,
            "times",
            LOG_AIM,
            f"{CALLERS} callers, each entry on the disk before its answer; {1 / log_ratio:.2f} of the throughput",
        ),
    ]


async def list_times(database: Database, readers: Sequence[Context], rounds: int) -> tuple[list[float], ...]:
    """Seconds a list took each reader, round by round; the first rounds compile and are forgotten."""
    took: tuple[list[float], ...] = tuple([] for _ in readers)
    for number in range(rounds + WARM_UP):
        for times, reader in zip(took, readers, strict=True):
            started = time.perf_counter()
            await list_records(database, reader, "Lead", _LIST)
            if number >= WARM_UP:
                times.append(time.perf_counter() - started)
    return took


async def _together(database: Database, readers: Sequence[Context], rounds: int) -> tuple[list[float], ...]:
    """Seconds in which all callers had their lists, round by round."""
    took: tuple[list[float], ...] = tuple([] for _ in readers)

    async def call(reader: Context) -> None:
        for _ in range(LISTS):
            await list_records(database, reader, "Lead", _LIST)

    for number in range(rounds + WARM_UP):
        for times, reader in zip(took, readers, strict=True):
            started = time.perf_counter()
            await asyncio.gather(*(call(reader) for _ in range(CALLERS)))
            if number >= WARM_UP:
                times.append(time.perf_counter() - started)
    return took


def _unlogged(context: Context) -> Context:
    """The same user, for whom no field of leads is classified."""
    snapshot, grants = context.snapshot, context.policy.grants
    lead = snapshot.objects["Lead"]
    fields = {name: replace(each, classification=Classification.INTERNAL) for name, each in lead.fields.items()}
    objects = {**snapshot.objects, "Lead": replace(lead, fields=fields)}
    named = replace(grants, identity=f"{grants.identity}:unlogged")
    return replace(
        context,
        snapshot=replace(snapshot, identity=f"{snapshot.identity}:unlogged", objects=objects),
        policy=replace(context.policy, grants=named),
    )


def in_clear(context: Context) -> Context:
    """The same user, for whom nothing is masked."""
    grants = context.policy.grants
    objects = {name: replace(each, masks={}) for name, each in grants.objects.items()}
    shown = replace(grants, identity=f"{grants.identity}:clear", objects=objects)
    return replace(context, policy=replace(context.policy, grants=shown))


async def _reader(environment: Environment, database: Database, snapshots: SnapshotStore) -> Context:
    """Somebody who sees all leads, half of which are somebody else's."""
    name = f"masking-{new_id('00D').lower()}"
    tenant = await make_tenant(snapshots, environment.installed.urls.owner, NewTenant(name, name, ""))
    await install(snapshots, tenant.id, "crm", actor=OPERATOR)
    rules = {("masking_rule", "Phones__c"): _RULE, ("org_wide_default", "Lead"): {"internal": "public_read"}}
    await only_this_logic(database, snapshots, tenant.id, rules)
    current = await tenant_by_id(database, tenant.id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    operator = await operator_context(database, current, None, snapshots=snapshots)
    people = [
        await create_user(
            database,
            operator.unversioned,
            {"username": f"{who}@{name}.example", "last_name": who, "email": f"{who}@example.com"},
            ["CrmUser"],
        )
        for who in ("reader", "other")
    ]
    await _make_leads(database, as_automation(operator.unversioned), people)
    return await _context_of(database, snapshots, tenant.id, people[0])


async def _make_leads(database: Database, context: Context, owners: list[str]) -> None:
    leads = [
        {
            "LastName": f"Lead {number}",
            "Company": f"Company {number}",
            "MobilePhone": f"138{number:08}",
            "OwnerId": owners[number % len(owners)],
        }
        for number in range(RECORDS)
    ]
    for start in range(0, RECORDS, BATCH):
        await write_records(database, context, "Lead", "insert", leads[start : start + BATCH], all_or_none=True)


async def _context_of(database: Database, snapshots: SnapshotStore, tenant_id: int, user_id: str) -> Context:
    tenant = await tenant_by_id(database, tenant_id)
    if tenant is None:
        raise RuntimeError("the tenant is gone")
    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)
    policy = await PolicyStore(database).of(tenant, user_id, snapshot, tenant.access_version)
    return Context(tenant, Principal(user_id, "reader", "api"), snapshot, policy, Binding(tenant.id))
