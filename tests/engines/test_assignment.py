"""Assignment rules: strategies in order, capacity, turns, tiers and scores; on save, by the API, many at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from bulk.desk import Bulk
from chassis_metadata.errors import NotFound
from chassis_platform.automation.assignment.assign import Assignment, assign
from chassis_platform.records.write import write_records
from engines.conftest import Bureau

PLACES = {"Shanghai": (31.2, 121.5), "Suzhou": (31.3, 120.6), "Beijing": (39.9, 116.4)}


def place(city: str) -> dict[str, Any]:
    latitude, longitude = PLACES[city]
    return {"City": city, "PlaceLatitude": latitude, "PlaceLongitude": longitude}


async def assigned(bureau: Bureau, rule: str, *records: str) -> list[Assignment]:
    async with bureau.acting() as (transaction, context):
        return await assign(transaction, context, rule, records)


async def decided(bureau: Bureau, rule: str, record: str) -> tuple[str | None, str | None]:
    [made] = await assigned(bureau, rule, record)
    assert made.problems == ()
    return made.entry, made.chosen_id


async def value(bureau: Bureau, column: str, record: str) -> Any:
    [found] = await bureau.column(f"SELECT {column} FROM tenant.inquiry WHERE id = %(id)s", id=record)  # noqa: S608
    return found


class TestBranches:
    async def test_the_customers_wish_wins_over_quota_by_rank(self, bureau: Bureau) -> None:
        near, wished, second = [
            await bureau.make("Branch", **place(city), Quota=quota)
            for city, quota in (("Shanghai", 10), ("Beijing", 0), ("Beijing", 10))
        ]
        record = await bureau.make("Inquiry", **place("Shanghai"))
        await bureau.make("Wish", InquiryId=record, BranchId=second, Place=2)
        await bureau.make("Wish", InquiryId=record, BranchId=wished, Place=1)

        assert await decided(bureau, "Branch_For_Inquiry", record) == ("PREFERRED", wished)
        assert await value(bureau, "branch_id", record) == wished
        assert near != wished

    async def test_a_known_customer_keeps_the_branch_if_it_is_a_candidate(self, bureau: Bureau) -> None:
        home, closed = [await bureau.make("Branch", IsOpen=is_open) for is_open in (True, False)]
        clients = [await bureau.make("Client", HomeBranchId=branch) for branch in (home, closed)]
        records = [await bureau.make("Inquiry", ClientId=client, City="Nowhere") for client in clients]

        made = await assigned(bureau, "Branch_For_Inquiry", *records)

        assert [each.entry for each in made] == ["KNOWN", "DESK"]
        assert made[0].chosen_id == home

    async def test_the_same_city_goes_before_the_same_province(self, bureau: Bureau) -> None:
        await bureau.make("Branch", City="Suzhou", Province="Jiangsu", Conversion=90)
        same_city = await bureau.make("Branch", City="Nanjing", Province="Jiangsu", Conversion=1)
        in_city = await bureau.make("Inquiry", City="Nanjing", Province="Jiangsu")

        assert await decided(bureau, "Branch_For_Inquiry", in_city) == ("GEO", same_city)
        assert await value(bureau, "note", in_city) == "by merit"

    async def test_the_highest_score_wins_and_is_logged(self, bureau: Bureau) -> None:
        best = await bureau.make("Branch", **place("Shanghai"), Conversion=10, Quota=5)
        await bureau.make("Branch", **place("Shanghai"), Conversion=5, Quota=5)
        record = await bureau.make("Inquiry", **place("Shanghai"))

        [made] = await assigned(bureau, "Branch_For_Inquiry", record)

        assert made.chosen_id == best
        assert made.score == pytest.approx(40 + 25 + 20)
        [log] = await bureau.sql(
            "SELECT rule_name, entry_name, object_name, chosen_id, previous_id, score, reason"
            " FROM tenant.assignment_log"
        )
        assert log[:5] == ("Branch_For_Inquiry", "GEO", "Inquiry", best, None)
        assert float(log[5]) == pytest.approx(85)
        assert log[6] == "score: 2 to choose from"

    async def test_nobody_means_the_queue(self, bureau: Bureau) -> None:
        record = await bureau.make("Inquiry", City="Nowhere")
        [desk] = await bureau.column("SELECT id FROM tenant.\"group\" WHERE developer_name = 'Desk'")

        assert await decided(bureau, "Branch_For_Inquiry", record) == ("DESK", desk)
        assert await value(bureau, "owner_id", record) == desk

    async def test_within_a_batch_nobody_gets_more_than_the_capacity(self, bureau: Bureau) -> None:
        big, small = [await bureau.make("Branch", City="Shanghai", Quota=quota) for quota in (3, 1)]
        records = [await bureau.make("Inquiry", City="Shanghai") for _ in range(6)]

        made = await assigned(bureau, "Branch_For_Inquiry", *records)

        assert Counter(each.chosen_id for each in made if each.entry == "GEO") == {big: 3, small: 1}
        assert Counter(each.entry for each in made) == {"GEO": 4, "DESK": 2}

    async def test_a_record_that_stays_where_it_is_takes_no_second_place(self, bureau: Bureau) -> None:
        only = await bureau.make("Branch", City="Shanghai", Quota=1)
        record, other = [await bureau.make("Inquiry", City="Shanghai") for _ in range(2)]

        assert await decided(bureau, "Branch_For_Inquiry", record) == ("GEO", only)
        assert await decided(bureau, "Branch_For_Inquiry", record) == ("GEO", only)
        assert (await decided(bureau, "Branch_For_Inquiry", other))[0] == "DESK"

    async def test_the_nearest_is_found_within_reach(self, bureau: Bureau) -> None:
        shanghai, _ = [await bureau.make("Branch", **place(city)) for city in ("Shanghai", "Beijing")]
        here, away = [await bureau.make("Inquiry", **place(city)) for city in ("Shanghai", "Suzhou")]

        made = await assigned(bureau, "Nearest", here, away)

        assert [each.chosen_id for each in made] == [shanghai, None]
        assert await bureau.column("SELECT reason FROM tenant.assignment_log WHERE record_id = %(id)s", id=away) == [
            "Nobody was found."
        ]

    async def test_a_rule_assigns_by_itself_when_its_criteria_hold(self, bureau: Bureau) -> None:
        branch = await bureau.make("Branch", City="Shanghai")
        waiting, ready = await bureau.write(
            "Inquiry",
            "insert",
            {"Name": "a", "City": "Shanghai"},
            {"Name": "b", "City": "Shanghai", "Status": "Dispatched"},
        )

        assert await value(bureau, "branch_id", waiting) is None
        assert await value(bureau, "branch_id", ready) == branch
        await bureau.write("Inquiry", "update", {"Id": waiting, "Status": "Dispatched"})
        assert await value(bureau, "branch_id", waiting) == branch

    async def test_a_bulk_job_says_which_rule_assigns_its_records(self, bureau: Bureau) -> None:
        branch = await bureau.make("Branch", City="Shanghai")
        team = await bureau.user("kim", queue="Team")
        bulk, found = Bulk(bureau.database, bureau.snapshots), {}
        for rule in (None, "Team", "FALSE"):
            asked = {} if rule is None else {"assignmentRuleId": rule}
            content = "Name,City,Status\nBulk,Shanghai,Dispatched\n"
            context = await bureau.context()
            job = await bulk.run(context, "Inquiry", "insert", content, **asked)
            [row] = await bulk.written(context, job)
            found[rule] = [await value(bureau, column, row["sf__Id"]) for column in ("branch_id", "owner_id")]
        assert found == {None: [branch, bureau.user_id], "Team": [None, team], "FALSE": [None, bureau.user_id]}


class TestPeople:
    async def member(self, bureau: Bureau, name: str, **values: Any) -> str:
        user = await bureau.user(name)
        await bureau.make("Member", name=name, UserId=user, **values)
        return user

    async def test_turns_go_round_and_go_on_in_the_next_batch(self, bureau: Bureau) -> None:
        team = [await bureau.user(name, queue="Team") for name in ("u1", "u2", "u3")]
        await bureau.user("outsider")
        records = [await bureau.make("Inquiry") for _ in range(7)]

        first = await assigned(bureau, "Team", *records[:4])
        second = await assigned(bureau, "Team", *records[4:])

        order = [each.chosen_id for each in first]
        assert sorted(order[:3], key=str) == sorted(team)
        assert [each.chosen_id for each in [*first, *second]] == [*order[:3], *order[:3], order[0]]

    async def test_who_holds_least_is_next_and_skills_are_demanded(self, bureau: Bureau) -> None:
        junior = await self.member(bureau, "junior", Seniority="Junior")
        senior = await self.member(bureau, "senior", Seniority="Senior")
        for _ in range(2):
            await bureau.make("Inquiry", ConsultantId=senior)
        easy = await bureau.make("Inquiry")
        hard = await bureau.make("Inquiry", IsBooked=True, Budget=10, Price=10)
        await bureau.write("Inquiry", "update", {"Id": hard, "Grade": "A"})

        made = await assigned(bureau, "Consultant", easy, hard)

        assert [each.chosen_id for each in made] == [junior, senior]

    async def test_closed_records_do_not_count_and_full_members_get_none(self, bureau: Bureau) -> None:
        full = await self.member(bureau, "full", MostOpen=1)
        await bureau.make("Inquiry", ConsultantId=full)
        record = await bureau.make("Inquiry")
        assert await decided(bureau, "Consultant", record) == (None, None)

        await bureau.sql("UPDATE data.inquiry SET status = 'Closed' WHERE consultant_id = %(id)s", id=full)

        assert await decided(bureau, "Consultant", record) == ("LOAD", full)

    async def test_two_batches_at_once_share_the_turns_and_keep_to_the_capacity(self, bureau: Bureau) -> None:
        members = [await self.member(bureau, f"m{number}", MostOpen=5) for number in range(4)]
        records = [await bureau.make("Inquiry", Note="turn") for _ in range(24)]

        await asyncio.gather(*(assigned(bureau, "Consultant", *records[start::4]) for start in range(4)))

        chosen = Counter(await bureau.column("SELECT consultant_id FROM tenant.inquiry"))
        expected: dict[str | None, int] = {**dict.fromkeys(members, 5), None: 4}
        assert chosen == expected

    async def test_a_big_batch_costs_as_many_statements_as_one_record(self, bureau: Bureau, counted: Any) -> None:
        for number in range(3):
            await self.member(bureau, f"m{number}")
        records = await bureau.write("Inquiry", "insert", *({"Name": str(number)} for number in range(101)))

        with counted() as one:
            await assigned(bureau, "Consultant", records[0])
        with counted() as many:
            await assigned(bureau, "Consultant", *records[1:])

        assert many.statements == one.statements


async def test_a_refused_record_is_told_and_not_logged(bureau: Bureau) -> None:
    await bureau.user("u1", queue="Team")
    record = await bureau.make("Inquiry")
    await bureau.write("Inquiry", "delete", {"Id": record})

    [made] = await assigned(bureau, "Team", record)

    assert [problem.code for problem in made.problems] == ["entity_is_deleted"]
    assert await bureau.sql("SELECT 1 FROM tenant.assignment_log") == []


async def test_an_unknown_rule_is_told_with_the_nearest_name(bureau: Bureau) -> None:
    with pytest.raises(NotFound, match="Did you mean 'Consultant'"):
        await assigned(bureau, "Consultnt", "9In000000000000AAA")


async def test_nobody_may_write_the_log(bureau: Bureau) -> None:
    results: Sequence[Any] = await write_records(
        bureau.database, await bureau.context(), "LedgerEntry", "insert", [{"LedgerName": "Points"}]
    )
    assert results[0].problems[0].code == "cannot_insert_update_activate_entity"
