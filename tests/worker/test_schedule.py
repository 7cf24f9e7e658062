"""What comes round: queued once a period whoever looks, sealed within seconds, never stopped by a failure."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg

from chassis_platform.access.compile import PolicyStore
from chassis_platform.audit.keys import trusted_keys
from chassis_platform.audit.verify import verify
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.schedule import (
    SCHEDULE,
    Periodic,
    enter_waiting_keys,
    queue_periodic_jobs,
    queue_seal_jobs,
)
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR, SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from chassis_tenants.database import Database
    from chassis_tenants.tenant import Tenant
    from worker.conftest import Queue

HOURLY = (Periodic("tick", "note", 3600, {"number": "tick"}),)
#: Due as soon as it is queued: its period is as short as its spread.
SECONDLY = (Periodic("tick", "note", 1, {"number": "tick"}),)


async def note_setup(queue: Queue, tenant_id: int) -> None:
    change = SetupChange("createdField", "Fields", "Colour", "Created the field Colour")
    async with queue.database.transaction(Binding(tenant_id)) as transaction:
        await transaction.fetch(setup_entry(tenant_id, OPERATOR, change))


async def test_of_workers_that_look_at_once_one_queues_a_job_for_every_tenant(queue: Queue) -> None:
    queue.tenants(5)

    counts = await asyncio.gather(*(queue_periodic_jobs(queue.database, HOURLY) for _ in range(4)))

    assert sorted(counts) == [0, 0, 0, 5]
    assert queue.jobs() == [("note", "ready", 0, None)] * 5


async def test_jobs_are_spread_over_the_period(queue: Queue) -> None:
    queue.tenants(50)

    await queue_periodic_jobs(queue.database, HOURLY)

    ((spread,),) = queue.as_owner("SELECT max(run_at) - min(run_at) FROM chassis.job")
    assert timedelta(minutes=45) < spread < timedelta(minutes=60)


async def test_the_next_period_queues_again_and_never_a_second_one(queue: Queue) -> None:
    queue.tenants(3)
    await queue_periodic_jobs(queue.database, SECONDLY)
    await asyncio.sleep(1.1)
    while_waiting = await queue_periodic_jobs(queue.database, SECONDLY)
    async with queue.worker():
        await queue.until_empty()
    await asyncio.sleep(1.1)

    after_running = await queue_periodic_jobs(queue.database, SECONDLY)

    assert (while_waiting, after_running) == (0, 3)


async def test_what_is_periodic_is_tried_again_after_it_failed_for_good(queue: Queue) -> None:
    queue.tenants(1)
    await queue_periodic_jobs(queue.database, SECONDLY)
    queue.as_owner("UPDATE chassis.job SET status = 'failed', attempts = 8, last_error = 'no'")
    await asyncio.sleep(1.1)

    assert await queue_periodic_jobs(queue.database, SECONDLY) == 1
    assert queue.jobs() == [("note", "ready", 0, "no")]


async def test_suspended_tenants_get_no_jobs(queue: Queue) -> None:
    queue.tenants(2)
    queue.as_owner("UPDATE chassis.tenant SET status = 'suspended' WHERE name = 'tenant1'")

    assert await queue_periodic_jobs(queue.database, HOURLY) == 1


def test_every_periodic_kind_has_a_handler_and_an_id_of_its_own() -> None:
    assert {each.kind for each in SCHEDULE} <= HANDLERS.keys()
    assert len({each.job_id for each in SCHEDULE}) == len(SCHEDULE)


async def test_only_tenants_whose_journal_grew_are_sealed(queue: Queue) -> None:
    active, _idle = queue.tenants(2)
    await note_setup(queue, active)

    too_young = await queue_seal_jobs(queue.database)
    first = await queue_seal_jobs(queue.database, settle_seconds=0)
    second = await queue_seal_jobs(queue.database, settle_seconds=0)

    assert (too_young, first, second) == (0, 1, 0)
    assert queue.as_owner("SELECT tenant_id, kind, lock_key FROM chassis.job") == [
        (active, "seal_journal", "seal_journal")
    ]


async def test_a_running_worker_seals_what_is_written_within_seconds(queue: Queue) -> None:
    (tenant_id,) = queue.tenants(1)
    async with queue.worker(HANDLERS, seal_seconds=0.3):
        await note_setup(queue, tenant_id)
        await queue.until(lambda: queue.as_owner("SELECT count(*) FROM chassis.audit_seal") == [(1,)])
        await note_setup(queue, tenant_id)
        await queue.until(lambda: queue.as_owner("SELECT count(*) FROM chassis.audit_seal") == [(2,)])

    tenant = await tenant_by_id(queue.database, tenant_id)
    assert tenant is not None
    report = verify(queue.urls.server, tenant, trusted_keys(queue.home))
    assert report.is_intact
    assert (report.seals, report.entries) == (2, 2)


def write_access_log(queue: Queue, tenant_id: int) -> None:
    """Twenty entries, each of fifty records."""
    queue.as_owner(
        "INSERT INTO data.access_log (tenant_id, id, name, object_name, record_ids, door)"
        " SELECT %s, left(gen_random_uuid()::text, 18), 'entry', 'Lead',"
        " ARRAY(SELECT left(gen_random_uuid()::text, 18) FROM generate_series(1, 50 + entry * 0)), 'list'"
        " FROM generate_series(1, 20) entry",
        tenant_id,
    )
    queue.as_owner("SELECT pg_stat_force_next_flush()")


def keys_left(queue: Queue) -> int:
    """Pages of keys that waited to enter the index of records; they have entered now."""
    [(pages,)] = queue.as_owner("SELECT gin_clean_pending_list('data.access_log__record_ids__gin')")
    return int(pages)


async def test_keys_that_wait_enter_their_index_when_asked(queue: Queue) -> None:
    (tenant_id,) = queue.tenants(1)
    write_access_log(queue, tenant_id)
    assert keys_left(queue) > 0

    write_access_log(queue, tenant_id)
    await enter_waiting_keys(queue.database)

    assert keys_left(queue) == 0
    options = "SELECT reloptions FROM pg_class WHERE oid = 'data.access_log__record_ids__gin'::regclass"
    assert queue.as_owner(options) == [(["gin_pending_list_limit=32768"],)]


async def test_a_running_worker_spares_writers_to_enter_keys(queue: Queue) -> None:
    (tenant_id,) = queue.tenants(1)
    async with queue.worker(HANDLERS, index_seconds=0.1), asyncio.timeout(30):
        left = 1
        while left:
            write_access_log(queue, tenant_id)
            await asyncio.sleep(0.5)
            left = keys_left(queue)


async def test_what_is_of_no_use_any_more_expires(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    for days, name in ((200, "old"), (0, "new")):
        ago = timedelta(days=days)
        queue.as_owner(
            "INSERT INTO chassis.session (tenant_id, token_hash, id, user_id, kind, expires_at)"
            " VALUES (%s, %s::text::bytea, %s, 'u', 'browser', now() - %s)",
            tenant, name, name, ago,
        )  # fmt: skip
        queue.as_owner(
            "INSERT INTO chassis.query_locator"
            " (tenant_id, id, user_id, query, position, after, total, batch_size, created_at)"
            " VALUES (%s, %s, 'u', 'SELECT', 0, '[]', 0, 1, now() - %s)",
            tenant, name, ago,
        )  # fmt: skip
        for status in ("accepted", "refused"):
            queue.as_owner(
                "INSERT INTO chassis.inbound_message"
                " (tenant_id, id, mapping, message_key, status, received_at, content)"
                " VALUES (%s, %s, 'lead', %s, %s, now() - %s, 'content')",
                tenant, f"{name} {status}", name, status, ago,
            )  # fmt: skip

    async with queue.server() as server:
        await HANDLERS["expire"](server, tenant, {})

    assert queue.as_owner("SELECT id FROM chassis.session") == [("new",)]
    assert queue.as_owner("SELECT id FROM chassis.query_locator") == [("new",)]
    assert queue.as_owner("SELECT id FROM chassis.inbound_message WHERE content = ''") == [("old accepted",)]
    assert queue.as_owner("SELECT count(*) FROM chassis.inbound_message") == [(4,)]


async def test_what_lay_in_the_recycle_bin_for_a_month_goes_for_good(
    make_tenant: Callable[..., Awaitable[Tenant]], database: Database, owner_dsn: str, tmp_path: Path
) -> None:
    tenant = await make_tenant("garage")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        for days, name in ((31, "old"), (29, "new")):
            owner.execute(
                "INSERT INTO data.workshop (tenant_id, id, name, is_deleted, deleted_date)"
                " VALUES (%s, %s, %s, true, now() - make_interval(days => %s))",
                [tenant.id, f"a0W{days:015}", name, days],
            )
        snapshots = SnapshotStore(database)
        server = WorkerServer(database, snapshots, PolicyStore(database), Settings(home=tmp_path), tmp_path)

        await HANDLERS["purge_recycle_bin"](server, tenant.id, {})

        assert owner.execute("SELECT name FROM data.workshop").fetchall() == [("new",)]
