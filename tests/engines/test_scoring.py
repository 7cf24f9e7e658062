"""Scoring: points, bounds, decay, bands; when scores are made anew, and what is kept of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chassis_platform.automation.scoring.nightly import score_all, score_nightly
from chassis_platform.automation.scoring.score import model_named
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from engines.conftest import Bureau


async def scores(bureau: Bureau, record_id: str) -> tuple[Any, ...]:
    [row] = await bureau.sql("SELECT score, grade, explanation FROM tenant.inquiry WHERE id = %(id)s", id=record_id)
    return row


async def test_a_new_record_is_scored_with_reasons(bureau: Bureau) -> None:
    record = await bureau.make("Inquiry", IsBooked=True, City="Shanghai", Budget=100, Price=100)

    assert await scores(bureau, record) == (59, "B", "Booked +15; Budget fits +40; Local +3.5")
    [(score, band, before, reasons)] = await bureau.sql(
        "SELECT score, band, previous_score, reasons FROM tenant.score_result WHERE record_id = %(id)s", id=record
    )
    assert (score, band, before) == (59, "B", None)
    assert orjson.loads(reasons) == [
        {"factor": "booked", "dimension": "Intent", "points": 15.0},
        {"factor": "budget", "dimension": "Means", "points": 40.0},
        {"factor": "local", "dimension": "", "points": 3.5},
    ]


async def test_points_of_a_dimension_are_capped_and_melt_by_started_weeks(bureau: Bureau) -> None:
    record = await bureau.make("Inquiry", IsBooked=True, Budget=1, Price=100, LastContact="2026-03-10T01:00:00Z")
    await bureau.make("Meeting", InquiryId=record)
    assert await scores(bureau, record) == (20, "C", "Booked +15; Visited +10; Intent -5")

    for day, score, lost in (("2026-03-11", 18, "-7"), ("2026-03-17", 18, "-7"), ("2026-03-18", 16, "-9")):
        bureau.at(f"{day} 10:00")
        await nightly(bureau)
        assert await scores(bureau, record) == (score, "C", f"Booked +15; Visited +10; Intent {lost}")


async def nightly(bureau: Bureau) -> int:
    context = await bureau.context()
    model = model_named(context.snapshot, "Inquiry_Score")
    async with bureau.acting():
        return await score_all(bureau.database, context, model, batch=2)


async def test_a_change_of_what_the_factors_read_scores_anew_and_no_other_does(bureau: Bureau) -> None:
    record = await bureau.make("Inquiry")
    assert (await scores(bureau, record))[0] == 5

    await bureau.write("Inquiry", "update", {"Id": record, "Note": "nothing"})
    results = await bureau.sql("SELECT 1 FROM tenant.score_result")
    await bureau.write("Inquiry", "update", {"Id": record, "Budget": 50, "Price": 50})

    assert len(results) == 1
    assert (await scores(bureau, record))[:2] == (40, "B")


async def test_children_that_come_go_and_move_score_their_parents_anew(bureau: Bureau) -> None:
    one, other = [await bureau.make("Inquiry") for _ in range(2)]
    meeting = await bureau.make("Meeting", InquiryId=one)
    assert [(await scores(bureau, each))[0] for each in (one, other)] == [15, 5]

    await bureau.write("Meeting", "update", {"Id": meeting, "InquiryId": other})
    assert [(await scores(bureau, each))[0] for each in (one, other)] == [5, 15]

    await bureau.write("Meeting", "delete", {"Id": meeting})
    assert [(await scores(bureau, each))[0] for each in (one, other)] == [5, 5]


async def test_a_new_band_is_a_change_that_history_shows_and_a_new_score_is_not(bureau: Bureau) -> None:
    record = await bureau.make("Inquiry", Budget=50, Price=50)
    await bureau.write("Inquiry", "update", {"Id": record, "City": "Shanghai"})  # 43.5: still B
    await bureau.write("Inquiry", "update", {"Id": record, "IsBooked": True, "Budget": 0})

    history = await bureau.sql(
        "SELECT field_name, old_value, new_value FROM tenant.field_history WHERE record_id = %(id)s"
        " AND field_name = 'Grade' ORDER BY id",
        id=record,
    )
    assert history == [("Grade", None, "B"), ("Grade", "B", "C")]


async def test_records_that_do_not_meet_the_criteria_keep_their_score(bureau: Bureau) -> None:
    record = await bureau.make("Inquiry", Budget=50, Price=50)
    await bureau.write("Inquiry", "update", {"Id": record, "Status": "Closed", "Budget": 1})

    assert await nightly(bureau) == 0
    assert (await scores(bureau, record))[0] == 40


async def test_the_night_writes_only_what_changed_in_batches(bureau: Bureau) -> None:
    records = [await bureau.make("Inquiry") for _ in range(5)]
    await bureau.sql("UPDATE data.inquiry SET score = NULL, grade = NULL WHERE id <> %(id)s", id=records[0])

    assert await nightly(bureau) == 4
    assert await nightly(bureau) == 0
    await score_nightly(bureau.database, bureau.snapshots, bureau.tenant.id)
    assert {(await scores(bureau, each))[0] for each in records} == {5}


async def test_a_batch_is_scored_by_as_many_statements_as_two_records(bureau: Bureau, counted: Any) -> None:
    async def insert(count: int) -> None:
        await bureau.write("Inquiry", "insert", *({"Name": str(each), "City": "Shanghai"} for each in range(count)))

    with counted() as few:
        await insert(2)
    with counted() as many:
        await insert(100)

    assert many.statements == few.statements


@pytest.mark.parametrize("indexed", [False, True])
async def test_a_tenants_own_model_scores_into_its_own_fields(bureau: Bureau, *, indexed: bool) -> None:
    number = {"type": "number", "label": "Rank", "precision": 5, "scale": 1, "indexed": indexed}
    model = {
        "label": "Rank",
        "object": "Inquiry",
        "factors": [{"name": "wanted", "points": 12.25, "criteria": "Note = 'wanted'"}],
        "decimals": 2,
        "score_field": "Rank__c",
    }
    async with bureau.database.transaction(Binding(bureau.tenant.id)) as transaction:
        for key, body in (("field.Inquiry.Rank__c", number), ("scoring_model.Rank__c", model)):
            kind, _, name = key.partition(".")
            await save_component(transaction, bureau.snapshots, ComponentKey(kind, name), body, OPERATOR)

    record = await bureau.make("Inquiry", Note="wanted")

    assert await bureau.column("SELECT custom->>'Rank__c' FROM tenant.inquiry WHERE id = %(id)s", id=record) == ["12.3"]
    indexed_as = await bureau.column("SELECT number_value FROM tenant.custom_index")
    assert indexed_as == ([12.3] if indexed else [])
