"""Flows that run by themselves: after the commit, tried again, replayed, waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.automation.flows.jobs import replay, run_queued
from chassis_platform.automation.flows.steps import VERBS, EngineStep, register_engine
from chassis_platform.worker.loop import Pace, work
from flows.conftest import Desk, MakeDesk, at

FILES = {
    "flows/Later.yaml": """
label: Later
object: Ticket
trigger:
  record: {when: after_commit, events: [create, update], criteria: '(ISNEW() || ISCHANGED(Score)) && Score <> 0'}
steps:
  - name: Count
    update: {Note: 'TEXT(PRIORVALUE(Score)) & " to " & TEXT(Score) & " share " & TEXT(100 / (Score - 13))'}
""",
    "flows/Quiet.yaml": """
label: Quiet
object: Ticket
trace: failures
trigger: {record: {when: after_commit, events: [create], criteria: 'Name = "Quiet"'}}
steps: [{update: {Note: '"done quietly"'}}]
""",
    "flows/Patient.yaml": """
label: Patient
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Patient"'}}
variables: {Word: {type: text, value: '"kept"'}, Late: {type: boolean, value: false}}
steps:
  - name: First_Wait
    wait: {for: 2 days}
  - decision:
      - when: 'ISPICKVAL(Status, "New")'
        steps:
          - update: {Status: '"Waiting"'}
          - name: Reply
            wait: {criteria: 'ISPICKVAL(Status, "Open")', for: 1 d, timed_out: Late}
          - update: {IsUrgent: Late}
      - else: [{stop: true}]
  - update: {Note: 'Word & " after " & TEXT(Status)'}
""",
    "flows/Hears.yaml": """
label: Hears
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Listener"'}}
steps:
  - wait: {event: Bell}
  - update: {Note: '"heard"'}
""",
    "flows/Ring.yaml": """
label: Ring
object: Ticket
trigger: {record: {events: [update], criteria: 'ISPICKVAL(Priority, "High")', becomes: true}}
steps: [{publish: Bell}]
""",
    "flows/On_Bell.yaml": """
label: On bell
object: Ticket
trigger: {event: {name: Bell}}
steps: [{update: {Tags: '"rung"'}}]
""",
    "flows/On_Bell_Later.yaml": """
label: On bell later
object: Ticket
trigger: {event: {name: Bell, when: after_commit}}
steps: [{update: {Email: '"a@b.cd"'}}]
""",
    "flows/Brittle.yaml": """
label: Brittle
object: Ticket
trigger: {record: {when: after_commit, events: [create], criteria: 'BEGINS(Name, "B")'}}
steps: [{refresh: {use: Everything, with: {Name: Name}}}, {update: {Note: '"done"'}}]
""",
    "segments/Everything.yaml": """
label: Everything
object: Ticket
groups: [{name: All, criteria: 'TRUE'}]
""",
}


@pytest.fixture(scope="module")
async def made(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


@pytest.fixture
def desk(made: Desk) -> Desk:
    made.forget()
    return made


async def test_it_runs_after_the_commit_and_knows_what_was_before(desk: Desk) -> None:
    record_id = await desk.make(Score=0)
    await desk.change(record_id, Score=3)
    assert desk.row(record_id, "note") is None
    assert desk.runs("Later") == [("Queued", "record", 1, None)]
    await desk.work()
    assert desk.row(record_id, "note") == "0 to 3 share -10"
    assert desk.runs("Later") == [("Succeeded", "record", 1, None)]
    [effect] = desk.effects("Later")
    assert effect == {
        "flow": "Later", "step": "Count", "did": "updated", "object": "Ticket", "id": record_id,
        "changes": {"Note": [None, "0 to 3 share -10"]},
    }  # fmt: skip


async def test_the_journal_names_who_set_it_off(desk: Desk) -> None:
    record_id = await desk.make(by="ben", Score=5)
    await desk.work()
    assert desk.row(record_id, "last_modified_by_id") == desk.world.users["ben"]
    assert desk.world.sql("SELECT user_id FROM data.flow_run")[0][0] == desk.world.users["ben"]


async def test_a_refused_save_queues_nothing(desk: Desk) -> None:
    with pytest.raises(ChassisError):
        await desk.make(Score=-1)
    assert desk.runs("Later") == []


async def test_what_fails_is_tried_again_and_the_rest_goes_on_at_once(desk: Desk) -> None:
    with at("2026-03-02T10:00:00+00:00"):
        results = await desk.write("insert", [{"Name": str(score), "Score": score} for score in (1, 13, 2)])
        await desk.work()
        statuses = sorted(status for status, *_ in desk.runs("Later"))
        assert statuses == ["Retrying", "Succeeded"]
        notes = [desk.row(each.id, "note") for each in results]
        assert [bool(each) for each in notes] == [True, False, True]
        [(error, step, attempts, following)] = desk.world.sql(
            "SELECT error, failed_step, attempts, next_attempt_at::text FROM data.flow_run WHERE status = 'Retrying'"
        )
        assert error.startswith("CANNOT_EXECUTE_FLOW_TRIGGER: Later: the formula can't be computed")
        assert results[1].id in error
        assert (step, attempts) == ("Count", 1)
        assert following.startswith("2026-03-02 10:00:10")


async def fail(desk: Desk) -> tuple[str, str]:
    """A run that has failed for good; its record and its id."""
    record_id = await desk.make(Score=13)
    for moment in ("10:00", "10:01", "10:03", "10:10", "11:00"):
        with at(f"2027-03-02T{moment}:00+00:00"):
            await desk.work()
    [(status, run_id)] = desk.world.sql("SELECT status, id FROM data.flow_run WHERE flow_name = 'Later'")
    assert status == "Failed"
    return record_id, run_id


async def test_a_run_that_failed_for_good_can_be_replayed(desk: Desk) -> None:
    record_id, run_id = await fail(desk)
    assert desk.world.sql("SELECT count(*) FROM chassis.job WHERE kind = 'run_flow'") == [(0,)]
    desk.world.sql("UPDATE data.ticket SET score = 12 WHERE id = %s", record_id)
    context = await desk.as_("admin")
    async with desk.database.transaction(context.binding) as transaction:
        new = await replay(transaction, context, run_id)
    await desk.work()
    assert desk.row(record_id, "note") == "12 to 12 share -100"
    assert [status for status, *_ in desk.runs("Later")] == ["Replayed", "Succeeded"]
    assert desk.world.sql("SELECT replay_of_id FROM data.flow_run WHERE id = %s", new) == [(run_id,)]
    with pytest.raises(ChassisError, match="has not failed"):
        async with desk.database.transaction(context.binding) as transaction:
            await replay(transaction, context, run_id)


async def test_a_job_that_runs_twice_does_its_work_once(desk: Desk) -> None:
    record_id = await desk.make(Score=5)
    [(payload,)] = desk.world.sql("SELECT payload FROM chassis.job WHERE kind = 'run_flow'")
    await desk.work()
    version = desk.row(record_id, "row_version")
    desk.world.sql("UPDATE data.ticket SET note = NULL WHERE id = %s", record_id)
    await run_queued(desk.database, desk.snapshots, desk.world.tenant.id, payload["run"])
    assert desk.row(record_id, "note", "row_version") == (None, version)


async def test_the_real_worker_runs_it(desk: Desk) -> None:
    record_id = await desk.make(Score=4)
    stop = asyncio.Event()
    task = asyncio.create_task(work(desk.worker, stop, pace=Pace(idle_seconds=0.05), schedule=()))
    try:
        async with asyncio.timeout(20):
            while desk.row(record_id, "note") is None:  # noqa: ASYNC110  the database is all that tells
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await task
    assert desk.runs("Later") == [("Succeeded", "record", 1, None)]


async def test_with_trace_failures_a_run_that_is_fine_leaves_nothing(desk: Desk) -> None:
    record_id = await desk.make(Name="Quiet")
    assert len(desk.runs("Quiet")) == 1
    await desk.work()
    assert desk.row(record_id, "note") == "done quietly"
    assert desk.runs("Quiet") == []


async def test_it_waits_for_a_time_and_then_for_a_save(desk: Desk) -> None:
    with at("2026-03-02T10:00:00+00:00"):
        record_id = await desk.make(Name="Patient")
    with at("2026-03-04T09:59:00+00:00"):
        await desk.look()
        assert desk.row(record_id, "status") == "New"
    with at("2026-03-04T10:00:00+00:00"):
        await desk.look()
        assert desk.row(record_id, "status", "note") == ("Waiting", None)
    with at("2026-03-04T20:00:00+00:00"):
        await desk.change(record_id, Status="Open")
        await desk.work()
    assert desk.row(record_id, "note", "is_urgent") == ("kept after Open", False)
    waits = desk.all("flow_wait", "step", "status", "resumed_by", "due_time")
    assert waits == [("First_Wait", "Resumed", "time", None), ("Reply", "Resumed", "criteria", None)]


async def test_a_wait_ends_by_its_time_where_nothing_comes(desk: Desk) -> None:
    with at("2026-03-02T10:00:00+00:00"):
        record_id = await desk.make(Name="Patient")
    with at("2026-03-04T10:00:00+00:00"):
        await desk.look()
    with at("2026-03-09T10:00:00+00:00"):
        await desk.look()
    assert desk.row(record_id, "note", "is_urgent") == ("kept after Waiting", True)


async def test_a_record_that_is_deleted_is_not_waited_for(desk: Desk) -> None:
    with at("2026-03-02T10:00:00+00:00"):
        ids = [await desk.make(Name="Patient") for _ in range(2)]
        await desk.write("delete", [{"Id": ids[0]}])
    with at("2026-03-04T10:00:00+00:00"):
        await desk.look()
    assert [desk.row(each, "status") for each in ids] == ["New", "Waiting"]
    assert {status for status, *_ in desk.runs("Patient")} == {"Succeeded"}


async def test_a_wait_wakes_the_worker_by_a_job_at_its_time(desk: Desk) -> None:
    with at("2026-03-02T10:00:00+00:00"):
        await desk.make(Name="Patient")
        [(kind, run_at)] = desk.world.sql("SELECT kind, run_at::text FROM chassis.job")
    assert (kind, run_at[:16]) == ("flows_due", "2026-03-04 10:00")


async def test_an_event_sets_off_flows_and_ends_waits(desk: Desk) -> None:
    record_id = await desk.make(Name="Listener")
    other = await desk.make(Name="Listener")
    await desk.change(record_id, Priority="High")
    assert desk.row(record_id, "tags", "email") == (["rung"], None)
    await desk.work()
    assert desk.row(record_id, "note", "email") == ("heard", "a@b.cd")
    assert desk.row(other, "note", "tags") == (None, None)


async def test_two_hundred_records_are_one_run(desk: Desk, counted: Any) -> None:
    await desk.write("insert", [{"Name": str(number), "Score": 1} for number in range(200)])
    with counted() as many:
        await desk.work()
    desk.forget()
    await desk.make(Score=2)
    with counted() as one:
        await desk.work()
    assert many.statements <= one.statements + 3
    assert [(status, count) for status, _, count, _ in desk.runs("Later")] == [("Succeeded", 1)]


async def test_a_batch_that_breaks_as_a_whole_is_halved_until_the_culprit_is_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def engine(step: EngineStep) -> None:
        if any(each["Name"] == "B5" for each in step.arguments):
            raise RuntimeError("something broke")

    monkeypatch.setitem(VERBS, "refresh", VERBS["refresh"])
    register_engine("refresh", engine)
    await desk.write("insert", [{"Name": f"B{number}"} for number in range(9)])
    with at("2026-03-02T10:00:00+00:00"):
        await desk.work()
    notes = dict(desk.all("ticket", "name", "note", where="name ~ '^B[0-9]$'"))
    assert {name for name, note in notes.items() if note == "done"} == {f"B{number}" for number in range(9)} - {"B5"}
    left = [(status, count, error) for status, _, count, error in desk.runs("Brittle") if status != "Succeeded"]
    [(status, count, error)] = left
    assert (status, count) == ("Retrying", 1)
    assert error.startswith("UNKNOWN_EXCEPTION: RuntimeError: something broke")


async def test_two_workers_on_one_run_do_its_work_once(desk: Desk) -> None:
    record_id = await desk.make(Score=6)
    [(payload,)] = desk.world.sql("SELECT payload FROM chassis.job WHERE kind = 'run_flow'")
    tenant_id = desk.world.tenant.id

    async with asyncio.TaskGroup() as workers:
        for _ in range(4):
            workers.create_task(run_queued(desk.database, desk.snapshots, tenant_id, payload["run"]))

    assert [(status, count) for status, _, count, _ in desk.runs("Later")] == [("Succeeded", 1)]
    changes = desk.world.sql("SELECT row_version FROM data.ticket WHERE id = %s", record_id)
    assert changes == [(2,)]
