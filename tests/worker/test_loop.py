"""The job loop: every job once, tenants in turn, one at a time under a lock key, nothing lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from chassis_platform.worker.jobs import claim, finish, retry_delay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chassis_platform.worker.server import WorkerServer
    from chassis_tenants.embedded import EmbeddedServer
    from worker.conftest import Queue


async def test_a_job_is_run_with_its_payload_and_leaves_the_queue(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 7}])

    async with queue.worker():
        await queue.until_empty()

    assert queue.log.ran == [(tenant, 7)]


async def test_several_workers_never_run_a_job_twice(queue: Queue) -> None:
    tenants = queue.tenants(5)
    for tenant in tenants:
        await queue.put(tenant, [{"number": number, "seconds": 0.002} for number in range(60)])

    async with queue.worker(), queue.worker(listening=True), queue.worker(concurrency=3):
        await queue.until_empty()

    assert Counter(queue.log.ran) == Counter((tenant, number) for tenant in tenants for number in range(60))


async def test_jobs_under_a_lock_key_run_one_at_a_time_and_in_order(queue: Queue) -> None:
    one, other = queue.tenants(2)
    for tenant in (one, other):
        for key in ("a", "b"):
            payloads = [{"key": key, "number": f"{key}{number:02}", "seconds": 0.005} for number in range(10)]
            await queue.put(tenant, payloads, lock_key=key)

    async with queue.worker(), queue.worker():
        await queue.until_empty()

    assert set(queue.log.most_at_once.values()) == {1}
    for tenant in (one, other):
        for key in ("a", "b"):
            ran = [number for ran_in, number in queue.log.ran if ran_in == tenant and number[0] == key]
            assert ran == sorted(ran)
            assert len(ran) == 10


async def test_a_tenant_with_one_job_does_not_wait_for_one_with_thousands(queue: Queue) -> None:
    busy, quiet = queue.tenants(2)
    await queue.put(busy, [{"number": number} for number in range(3000)])
    await queue.put(quiet, [{"number": "mine"}])

    async with queue.worker(concurrency=4) as stop:
        await queue.until(lambda: (quiet, "mine") in queue.log.ran)
        stop.set()

    assert queue.log.ran.index((quiet, "mine")) < 10


async def test_a_job_does_not_wait_for_thousands_under_a_lock_key(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": number, "seconds": 0.05} for number in range(1000)], lock_key="import")
    await queue.put(tenant, [{"number": "seal"}], lock_key="seal")
    await queue.put(tenant, [{"number": "mail"}])

    async with queue.worker(concurrency=4) as stop:
        await queue.until(lambda: {(tenant, "seal"), (tenant, "mail")} <= set(queue.log.ran))
        stop.set()

    assert len(queue.log.ran) < 20


async def test_tenants_take_turns_also_where_one_job_runs_at_a_time(queue: Queue) -> None:
    busy, quiet = queue.tenants(2)
    await queue.put(busy, [{"number": number} for number in range(300)])
    await queue.put(quiet, [{"number": number} for number in range(3)])

    async with queue.worker(concurrency=1) as stop:
        await queue.until(lambda: (quiet, 2) in queue.log.ran)
        stop.set()

    assert queue.log.ran.index((quiet, 2)) < 60


async def test_what_fails_is_tried_again_later(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant)

    async with queue.worker({"note": raise_always}):
        await queue.until(lambda: queue.jobs()[0][3] is not None)

    assert queue.jobs() == [("note", "ready", 1, "ValueError: this never works")]
    ((wait,),) = queue.as_owner("SELECT extract(epoch FROM run_at - now()) FROM chassis.job")
    assert 0 < wait <= 1.5


async def raise_always(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    raise ValueError("this never works")


async def test_after_eight_attempts_it_is_left_to_the_operator_with_the_reason(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant)
    queue.as_owner("UPDATE chassis.job SET attempts = 7")

    async with queue.worker({"note": raise_always}):
        await queue.until(lambda: queue.jobs()[0][1] == "failed")

    assert queue.jobs() == [("note", "failed", 8, "ValueError: this never works")]


async def test_a_job_that_killed_its_workers_eight_times_is_not_run_again(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant)
    queue.as_owner("UPDATE chassis.job SET attempts = 8, status = 'running', lease_until = now() - interval '1 second'")

    async with queue.worker():
        await queue.until(lambda: queue.jobs()[0][1] == "failed")

    assert queue.log.ran == []
    assert queue.jobs()[0][3] == "Its lease ran out too often."


async def test_a_kind_that_this_worker_does_not_know_waits_for_one_that_does(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, kind="of the next version")

    async with queue.worker():
        await queue.until(lambda: queue.jobs()[0][2] == 1 and queue.jobs()[0][1] == "ready")

    assert "knows no jobs of kind 'of the next version'" in queue.jobs()[0][3]


def test_delays_grow_from_a_second_to_an_hour() -> None:
    assert [retry_delay(attempts, 0) for attempts in range(1, 8)] == [1, 4, 16, 64, 256, 1024, 4096]
    assert retry_delay(3, 1.0) == 24


async def test_a_long_job_keeps_its_lease(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 1, "seconds": 2.5}])

    async with queue.worker(lease_seconds=1), queue.worker(lease_seconds=1):
        await queue.until_empty()

    assert queue.log.ran == [(tenant, 1)]


async def test_who_lost_the_lease_stops_and_can_not_end_the_job_of_another(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 1, "seconds": 60}])
    async with queue.worker(lease_seconds=1):
        await queue.until(lambda: queue.log.running.total() == 1)

        queue.as_owner("UPDATE chassis.job SET attempts = attempts + 1")

        await queue.until(lambda: queue.log.running.total() == 0)
    assert queue.log.ran == []
    assert queue.jobs() == [("note", "running", 2, None)]


async def test_a_finished_job_that_was_begun_anew_stays(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant)
    (first,) = await claim(queue.database, most=5, lease_seconds=30)
    queue.as_owner("UPDATE chassis.job SET lease_until = now() - interval '1 second'")
    (second,) = await claim(queue.database, most=5, lease_seconds=30)

    await finish(queue.database, first)
    after_first = queue.jobs()
    await finish(queue.database, second)

    assert after_first == [("note", "running", 2, None)]
    assert queue.jobs() == []


async def test_a_worker_is_woken_by_the_commit_that_queued(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    async with queue.worker(listening=True, idle_seconds=60.0):
        await asyncio.sleep(0.3)
        started = time.monotonic()

        await queue.put(tenant, [{"number": 1}])
        await queue.until(lambda: len(queue.log.ran) == 1)

        assert time.monotonic() - started < 30  # it looks by itself after 60


async def test_without_listening_jobs_are_polled_for(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    async with queue.worker(idle_seconds=0.2):
        await asyncio.sleep(0.3)

        await queue.put(tenant, [{"number": 1}])

        await queue.until(lambda: len(queue.log.ran) == 1)


async def test_a_worker_that_stops_lets_running_jobs_end_and_takes_no_more(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 1, "seconds": 0.5}])
    async with queue.worker() as stop:
        await queue.until(lambda: queue.log.running.total() == 1)
        stop.set()
        await queue.put(tenant, [{"number": 2}])

    assert queue.log.ran == [(tenant, 1)]
    assert queue.jobs() == [("note", "ready", 0, None)]


async def test_what_does_not_end_in_time_goes_back_uncounted(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 1, "seconds": 60}])
    async with queue.worker(grace_seconds=0.1) as stop:
        await queue.until(lambda: queue.log.running.total() == 1)
        stop.set()

    assert queue.log.ran == []
    assert queue.jobs() == [("note", "ready", 0, None)]


async def test_jobs_of_a_suspended_tenant_wait(queue: Queue) -> None:
    suspended, active = queue.tenants(2)
    await queue.put(suspended, [{"number": 1}])
    await queue.put(active, [{"number": 2}])
    queue.as_owner("UPDATE chassis.tenant SET status = 'suspended' WHERE id = %s", suspended)

    async with queue.worker():
        await queue.until(lambda: len(queue.jobs()) == 1)
        await asyncio.sleep(0.3)
        assert queue.log.ran == [(active, 2)]

        queue.as_owner("UPDATE chassis.tenant SET status = 'active' WHERE id = %s", suspended)
        await queue.until_empty()


async def test_an_outage_of_the_database_is_outlived(queue: Queue, server: EmbeddedServer) -> None:
    (tenant,) = queue.tenants(1)
    async with queue.worker(listening=True, outage_seconds=0.1):
        await asyncio.sleep(0.3)
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'chassis_server' AND datname = %s",
                [psycopg.conninfo.conninfo_to_dict(queue.urls.owner)["dbname"]],
            )
        await asyncio.sleep(0.3)
        queue.as_owner("INSERT INTO chassis.job (tenant_id, id, kind) VALUES (%s, 'after', 'note')", tenant)

        await queue.until_empty()


@pytest.mark.parametrize("most", [1, 8, 50])
async def test_a_claim_takes_what_it_was_asked_for(queue: Queue, most: int) -> None:
    tenants = queue.tenants(3)
    for tenant in tenants:
        await queue.put(tenant, [{} for _ in range(500)])

    claimed = await claim(queue.database, most=most, lease_seconds=30)

    assert len(claimed) == most
    counts = Counter(job.tenant_id for job in claimed)
    assert max(counts.values()) - min(counts[tenant] for tenant in tenants) <= 1
