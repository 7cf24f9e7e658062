"""Encrypted fields on every road of records: written, read, found, masked, changed, told in history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson
import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.records.read import record_history
from chassis_platform.records.write import create_record, upsert_record

if TYPE_CHECKING:
    from encryption.conftest import Club

ANNA = {
    "Name": "Anna",
    "IdNumber": "330102199001011234",
    "Email": "Anna@Example.com",
    "Phone": "138 1234 5678",
    "Story": 'She said "hello" \\ and left.\nThen\tcame back – 回来了; | {x}',
    "Website": "https://anna.example.com/?a=b;c|d",
    "Town": "Hangzhou",
}


@pytest.fixture(scope="module")
async def anna(club: Club) -> str:
    return await club.make(**ANNA)


async def test_what_is_stored_is_ciphertext_and_what_is_read_is_clear(club: Club, anna: str) -> None:
    stored = club.stored(anna, "id_number", "email", "phone", "story", "website")
    [row] = await club.rows("admin", "SELECT Name, IdNumber, Email, Phone, Story, Website, Town FROM Member")

    assert row == ANNA
    assert all(re.fullmatch(r"1\.1\.[\w-]*\.[\w-]{30,}", each) for each in stored)


async def test_the_desk_sees_masks_of_what_sql_cannot_read(club: Club, anna: str) -> None:
    [row] = await club.of(anna, "desk", "IdNumber, Email, Phone, Story, Website")

    assert row == {
        "IdNumber": "330***********1234",
        "Email": "A***@Example.com",
        "Phone": "138****5678",
        "Story": "******",
        "Website": ANNA["Website"],
    }


@pytest.mark.parametrize(
    "condition",
    [
        "Email = 'anna@example.COM'",
        "Phone = '138 1234 5678'",
        "IdNumber IN ('330102199001011234', 'x')",
        "IdNumber != 'x' AND Town = 'hangzhou'",
        "Email != null AND Name = 'Anna'",
        "NOT (Phone = '1')",
    ],
)
async def test_records_are_found_by_whole_values(club: Club, anna: str, condition: str) -> None:
    assert anna in [each["Id"] for each in await club.where("admin", condition)]


async def test_the_desk_finds_by_the_callers_own_words_alone(club: Club, anna: str) -> None:
    assert await club.rows("desk", "SELECT Id FROM Member WHERE Phone = '138 1234 5678'") == [{"Id": anna}]
    with pytest.raises(ChassisError, match="masked"):
        await club.rows("desk", "SELECT Id FROM Member WHERE Phone != '138 1234 5678'")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM Member WHERE Email LIKE 'anna%'", "invalid_query_filter_operator"),
        ("SELECT Id FROM Member WHERE IdNumber > '3'", "invalid_query_filter_operator"),
        ("SELECT Id FROM Member WHERE Website = 'x'", "invalid_field"),
        ("SELECT Id FROM Member WHERE Story = 'x'", "invalid_field"),
        ("SELECT Id FROM Member ORDER BY Email", "invalid_field"),
        ("SELECT Email, COUNT(Id) FROM Member GROUP BY Email", "malformed_query"),
        ("SELECT MAX(Email) FROM Member", "malformed_query"),
        ("SELECT COUNT_DISTINCT(Email) FROM Member", "malformed_query"),
    ],
)
async def test_what_would_need_the_values_in_sql_is_refused(club: Club, query: str, code: str) -> None:
    with pytest.raises(ChassisError) as refused:
        await club.rows("admin", query)

    assert refused.value.problems[0].code == code


async def test_a_unique_value_is_there_once(club: Club, anna: str) -> None:
    with pytest.raises(ChassisError) as refused:
        await club.make(Name="Other", IdNumber=ANNA["IdNumber"])

    assert refused.value.problems[0].code == "duplicate_value"
    assert anna in refused.value.problems[0].message
    await club.change(anna, IdNumber=ANNA["IdNumber"], Town="Hangzhou")


async def test_a_duplicate_rule_compares_what_is_encrypted(club: Club, anna: str) -> None:
    with pytest.raises(ChassisError) as refused:
        await club.make(Name="Anne", Phone="138-1234-5678")

    assert refused.value.problems[0].code == "duplicates_detected"
    assert anna


async def test_an_external_id_finds_its_record(club: Club, anna: str) -> None:
    context = await club.world.as_user("admin")
    result = await upsert_record(
        club.database, context, "Member", {"Email": "ANNA@example.com", "Town": "Suzhou"}, key="Email"
    )
    visit = await create_record(
        club.database, context, "Attendance", {"Name": "V", "Remark": "Came late", "Member": {"Email": ANNA["Email"]}}
    )
    await club.change(anna, Town="Hangzhou")
    [row] = await club.rows("admin", "SELECT Remark, Member.Email, Member.Story FROM Attendance")
    [parent] = await club.of(anna, "admin", "(SELECT Remark FROM Attendances)")
    [masked] = await club.rows("desk", "SELECT Remark, Member.Email FROM Attendance")

    assert (result.id, result.created) == (anna, False)
    assert visit.success
    assert row == {"Remark": "Came late", "Member": {"Email": ANNA["Email"], "Story": ANNA["Story"]}}
    assert [each["Remark"] for each in parent["Attendances"]["records"]] == ["Came late"]
    assert masked == {"Remark": "Came late", "Member": {"Email": "A***@Example.com"}}


async def test_a_change_seals_anew_and_the_history_tells_no_value(club: Club, anna: str) -> None:
    before = club.stored(anna, "id_number", "story", "email__found")
    await club.change(anna, Story="Another one", Website=None)
    after = club.stored(anna, "id_number", "story", "email__found", "website")
    await club.change(anna, Story=ANNA["Story"], Website=ANNA["Website"])
    history = await record_history(club.database, await club.world.as_user("admin"), "Member", anna)

    assert before[1] != after[1]
    assert (before[2], after[3]) == (after[2], None)
    told = [each for each in orjson.loads(history)["changes"] if each["field"] == "Story"]
    assert told
    assert {(each["old"], each["new"]) for each in told} == {(None, None)}


async def test_an_unchanged_value_is_no_change(club: Club, anna: str) -> None:
    [(before,)] = club.world.sql("SELECT count(*) FROM data.field_history WHERE record_id = %s", anna)
    await club.change(anna, Story=ANNA["Story"], IdNumber=ANNA["IdNumber"])

    assert club.world.sql("SELECT count(*) FROM data.field_history WHERE record_id = %s", anna) == [(before,)]


async def test_values_cannot_be_swapped_or_changed(club: Club, anna: str) -> None:
    bert = await club.make(Name="Bert", Story="Secret of Bert", Website="https://b.example.com")
    for text in (
        "UPDATE data.member m SET story = o.story FROM data.member o WHERE m.id = %s AND o.id = %s",
        "UPDATE data.member m SET story = m.website WHERE m.id = %s AND %s <> ''",
        "UPDATE data.member m SET story = 'Secret in clear' WHERE m.id = %s AND %s <> ''",
    ):
        club.world.sql(text, bert, anna)
        with pytest.raises(ChassisError) as refused:
            await club.of(bert, "admin", "Story")
        assert refused.value.problems[0].code == "unreadable_value"
        assert f"Member.Story in record {bert}" in refused.value.problems[0].message
    club.world.sql("UPDATE data.member SET story = '1.1..x;y|z' WHERE id = %s", bert)
    with pytest.raises(ChassisError, match="was changed in the database"):
        await club.of(bert, "admin", "Story")
    club.world.sql("DELETE FROM data.member WHERE id = %s", bert)


async def test_formulas_ask_whether_there_is_a_value_and_another_one(club: Club) -> None:
    with pytest.raises(ChassisError, match="reached"):
        await club.make(Name="Nobody")
    moved = await club.make(Name="Carl", IdNumber="C-1", Town="Nowhere")
    with pytest.raises(ChassisError, match="stays"):
        await club.change(moved, IdNumber="C-2")
    await club.change(moved, IdNumber="C-1", Story="Told")
    await club.change(moved, Phone="1", Town="Elsewhere")
    await club.change(moved, IdNumber="C-2")
    with pytest.raises(ChassisError, match="reached"):
        await club.change(moved, Phone=None, IdNumber=None)
