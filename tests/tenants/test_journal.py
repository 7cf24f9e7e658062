"""The inserts that every write carries, and the queue that they feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import (
    JOB_CHANNEL,
    OPERATOR,
    Access,
    SetupChange,
    access_entry,
    enqueue,
    login_entry,
    setup_entry,
)
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant


async def queue(database: Database, *jobs: Statement, tenant: Tenant) -> None:
    async with database.transaction(Binding(tenant.id)) as tx:
        await tx.fetch_each(jobs)


async def claim(database: Database, most: int = 100) -> list[tuple[Any, ...]]:
    """(tenant, kind) of the jobs that a worker gets."""
    rows = await database.registry(
        Statement("SELECT tenant_id, kind FROM chassis.claim_jobs(%(most)s, 60)", {"most": most})
    )
    return [tuple(row) for row in rows]


async def test_entries_are_there_with_the_transaction(database: Database, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()
    change = SetupChange("created", "Roles", "x" * 300, "y" * 2000, before={"a": "ä"}, after="text")
    entries = [
        setup_entry(tenant.id, OPERATOR, change),
        login_entry(
            tenant.id, user_id=None, username="ann", status="Success", login_type="Application", application="Browser"
        ),
        access_entry(tenant.id, OPERATOR, Access("Customer", ["gC1a", "gC1b"], ["Email"], "query")),
    ]

    await queue(database, *entries, tenant=tenant)

    [setup, logins, accesses] = await database.read(
        Binding(tenant.id),
        Statement(
            "SELECT length(target_name), length(display), old_value, new_value, id = name"
            " FROM tenant.setup_audit_trail WHERE section = 'Roles'"
        ),
        Statement("SELECT username, status, login_time IS NOT NULL FROM tenant.login_history"),
        Statement("SELECT record_ids, fields, record_count::int, door FROM tenant.access_log"),
    )
    assert setup == [(255, 1000, '{"a": "ä"}', "text", True)]
    assert logins == [("ann", "Success", True)]
    assert accesses == [(["gC1a", "gC1b"], ["Email"], 2, "query")]


async def test_a_worker_is_woken_by_the_commit(database: Database, server_dsn: str, tenant: Tenant) -> None:
    async with await psycopg.AsyncConnection.connect(server_dsn, autocommit=True) as listener:
        await listener.execute(f"LISTEN {JOB_CHANNEL}")

        await queue(database, enqueue(tenant.id, "mail"), tenant=tenant)

        heard = [each.payload async for each in listener.notifies(timeout=5, stop_after=1)]
    assert heard == ["mail"]


async def test_jobs_wait_for_their_time_their_turn_and_their_tenant(
    database: Database, make_tenant: MakeTenant
) -> None:
    one, two = await make_tenant(), await make_tenant()
    await claim(database)
    later = datetime.now(UTC) + timedelta(hours=1)
    for tenant in (one, two):
        await queue(
            database,
            enqueue(tenant.id, "first", lock_key="recalculate"),
            enqueue(tenant.id, "second", lock_key="recalculate"),
            enqueue(tenant.id, "free", {"a": 1}),
            enqueue(tenant.id, "later", run_at=later),
            tenant=tenant,
        )

    claimed = await claim(database)

    assert sorted(claimed) == sorted((each.id, kind) for each in (one, two) for kind in ("first", "free"))
    assert await claim(database) == []


async def test_one_tenants_thousand_jobs_do_not_keep_another_waiting(
    database: Database, make_tenant: MakeTenant
) -> None:
    busy, small = await make_tenant(), await make_tenant()
    await claim(database, 10_000)
    await queue(database, *(enqueue(busy.id, "bulk") for _ in range(100)), tenant=busy)
    await queue(database, enqueue(small.id, "mail"), tenant=small)

    claimed = await claim(database, 4)

    assert (small.id, "mail") in claimed
