"""Segments: who joins and leaves, groups joined and cut, members of other segments."""

from __future__ import annotations

from decimal import Decimal

from chassis_metadata.logic.formula_of import formula_of
from chassis_platform.automation.keeping import common
from chassis_platform.automation.ledgers.post import Posting, post
from chassis_platform.automation.segments import Refreshed, refresh, refresh_segments
from chassis_platform.sql.record_values import values_of_records
from chassis_tenants.statement import Statement
from engines.conftest import Bureau


async def refreshed(bureau: Bureau, name: str) -> Refreshed:
    async with bureau.acting() as (transaction, context):
        return await refresh(transaction, context, name)


async def members(bureau: Bureau, name: str) -> set[str]:
    return set(
        await bureau.column(
            "SELECT record_id FROM tenant.segment_member WHERE segment_name = %(name)s AND left_at IS NULL", name=name
        )
    )


async def test_only_differences_are_written(bureau: Bureau) -> None:
    here, there, moving = [await bureau.make("Client", City=city) for city in ("Shanghai", "Beijing", "Shanghai")]
    assert await refreshed(bureau, "Shanghai") == Refreshed(2, 0, 2)
    before = await bureau.sql("SELECT id FROM tenant.segment_member ORDER BY id")

    assert await refreshed(bureau, "Shanghai") == Refreshed(0, 0, 2)
    assert await bureau.sql("SELECT id FROM tenant.segment_member ORDER BY id") == before
    await bureau.write("Client", "update", {"Id": moving, "City": "Beijing"}, {"Id": there, "City": "Shanghai"})
    bureau.at("2026-03-11 09:00")

    assert await refreshed(bureau, "Shanghai") == Refreshed(1, 1, 2)
    assert await members(bureau, "Shanghai") == {here, there}
    [(left,)] = await bureau.sql("SELECT left_at FROM tenant.segment_member WHERE record_id = %(id)s", id=moving)
    assert left == bureau.time


async def test_who_comes_back_is_a_member_anew(bureau: Bureau) -> None:
    client = await bureau.make("Client", City="Shanghai")
    for city in ("Shanghai", "Beijing", "Shanghai"):
        await bureau.write("Client", "update", {"Id": client, "City": city})
        await refreshed(bureau, "Shanghai")

    spells = await bureau.sql("SELECT left_at IS NULL FROM tenant.segment_member ORDER BY id")
    assert spells == [(False,), (True,)]


async def test_groups_add_and_take_away_over_related_records(bureau: Bureau) -> None:
    rich, visitor, once = [await bureau.make("Client", Spent=spent) for spent in (2000, None, None)]
    frozen = await bureau.make("Client", Spent=5000, Status="Frozen")
    for client in (visitor, visitor, once):
        await bureau.make("Meeting", ClientId=client)

    await refreshed(bureau, "Regulars")

    assert await members(bureau, "Regulars") == {rich, visitor}
    assert not {once, frozen} & await members(bureau, "Regulars")


async def test_a_segment_is_made_of_other_segments(bureau: Bureau) -> None:
    local, _ = [await bureau.make("Client", Spent=2000, City=city) for city in ("Shanghai", "Beijing")]
    await bureau.make("Client", City="Shanghai")
    for name in ("Regulars", "Shanghai", "Local_Regulars"):
        await refreshed(bureau, name)

    assert await members(bureau, "Local_Regulars") == {local}


async def test_deleted_records_leave(bureau: Bureau) -> None:
    client = await bureau.make("Client", City="Shanghai")
    await refreshed(bureau, "Shanghai")
    await bureau.write("Client", "delete", {"Id": client})

    assert await refreshed(bureau, "Shanghai") == Refreshed(0, 1, 0)


async def test_the_hourly_job_refreshes_what_is_hourly(bureau: Bureau) -> None:
    await bureau.make("Client", City="Shanghai", Spent=2000)

    await refresh_segments(bureau.database, bureau.snapshots, bureau.tenant.id, every="hourly")

    assert len(await members(bureau, "Shanghai")) == 1
    assert await members(bureau, "Regulars") == set()


async def test_formulas_ask_for_members_and_balances(bureau: Bureau) -> None:
    member, _ = [await bureau.make("Client", City=city) for city in ("Shanghai", "Beijing")]
    await refreshed(bureau, "Shanghai")
    async with bureau.acting() as (transaction, context):
        await post(transaction, context, "Points", [Posting(member, "a", Decimal(7), "Gift")])
        obj = context.snapshot.objects["Client"]
        texts = ('IN_SEGMENT("Shanghai", Id)', 'LEDGER_BALANCE("Points", "Gift", Id)')
        formulas = {text: formula_of(context.snapshot, obj, text) for text in texts}
        statement = values_of_records(context.snapshot, obj, formulas)
        ids = await transaction.fetch(Statement("SELECT id FROM tenant.client"))
        rows = await transaction.fetch(statement.bind(**common(context), ids=[row[0] for row in ids]))

    assert {row[0] == member: row[1:] for row in rows} == {True: (True, 7), False: (False, 0)}
