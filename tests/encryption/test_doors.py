"""Every door answers in clear who may see it, and in the whole database no value stands in clear."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform import clock
from chassis_platform.automation.identity_checks.check import make_check, questions_of
from chassis_platform.automation.merging.merge import MergeRequest, merge_records
from chassis_platform.inbound.intake import receive, replay
from chassis_platform.inbound.messages import Post, find_message
from chassis_platform.plan.listing import ListRequest
from chassis_platform.privacy.acts import read_archive
from chassis_platform.records.export import export_list
from chassis_platform.records.lists import list_records, record_for_ui, related_list
from chassis_platform.records.preview import preview
from chassis_platform.records.read import query, query_more, recycle_bin
from chassis_platform.records.search import search
from chassis_platform.records.write import delete_record, write_records

if TYPE_CHECKING:
    from encryption.conftest import Club

SECRETS = {
    "IdNumber": "secretidentity1",
    "Email": "secretmail@example.com",
    "Phone": "139 secretphone",
    "Story": "A secretstory",
    "Website": "https://secretsite.example.com",
    "Badge__c": "secretbadge",
    "Hint__c": "A secrethint",
}
WORDS = ("secretidentity", "secretmail", "secretphone", "secretstory", "secretsite", "secretbadge", "secrethint")


@pytest.fixture(scope="module")
async def lisa(club: Club) -> str:
    await club.save_field("Member.Badge__c", type="text", label="Badge", encrypted=True, unique=True, length=40)
    await club.save_field("Member.Hint__c", type="long_text", label="Hint", encrypted=True)
    lisa = await club.make(Name="Lisa", **SECRETS)
    await club.make("Attendance", Name="Visit", MemberId=lisa, Remark="A secretremark")
    return lisa


async def test_lists_pages_and_files_are_clear_to_who_may_see(club: Club, lisa: str) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    request = ListRequest(("Name", *SECRETS), limit=5)
    listed = orjson.loads(await list_records(database, admin, "Member", request))["records"]
    page = orjson.loads(await record_for_ui(database, admin, "Member", lisa))
    children = await related_list(database, admin, "Member", lisa, "Attendances", columns=["Remark"])
    file = b"".join([each async for each in export_list(database, admin, "Member", request)]).decode()
    [first] = [each for each in listed if each["id"] == lisa]

    assert {name: first["values"][name] for name in SECRETS} == SECRETS
    assert {name: page["values"][name] for name in SECRETS} == SECRETS
    assert b"A secretremark" in children
    assert all(value in file for value in SECRETS.values())


async def test_the_desk_sees_no_value_anywhere(club: Club, lisa: str) -> None:
    desk, database = await club.world.as_user("desk"), club.database
    masked = ListRequest(("IdNumber", "Email", "Phone", "Story"), limit=5)
    answers = [
        await list_records(database, desk, "Member", masked),
        b"".join([each async for each in export_list(database, desk, "Member", masked)]),
        await query(database, desk, "SELECT IdNumber, Email, Phone, Story FROM Member"),
        await search(database, desk, "secret"),
    ]
    assert lisa
    assert not [word for each in answers for word in WORDS[:4] if word.encode() in each]


async def test_fields_that_a_tenant_makes_are_encrypted_too(club: Club, lisa: str) -> None:
    [(custom,)] = club.world.sql("SELECT custom FROM data.member WHERE id = %s", lisa)

    assert custom["Badge__c"].startswith("1.")
    assert [each["Id"] for each in await club.where("admin", "Badge__c = 'SecretBadge'")] == [lisa]
    assert [each["Id"] for each in await club.where("admin", "Badge__c IN ('x', 'secretbadge')")] == [lisa]
    with pytest.raises(ChassisError, match="duplicate value"):
        await club.make(Name="Other", Badge__c="SECRETBADGE", Website="x.example.com")
    with pytest.raises(ChassisError, match="stored encrypted"):
        await club.save_field("Member.Hint__c", type="long_text", label="Hint")


async def test_a_query_goes_on_behind_its_first_page(club: Club, lisa: str) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    text = "SELECT Email FROM Member WHERE Email IN ('secretmail@example.com', 'x') OR Name != null ORDER BY Name"
    await write_records(
        database, admin, "Member", "insert", [{"Name": f"A{n}", "Website": "w.example.com"} for n in range(205)]
    )
    answer = orjson.loads(await query(database, admin, text, batch_size=200))
    more = await query_more(database, admin, answer["nextRecordsUrl"].rpartition("/")[2])

    assert lisa
    assert b"secretmail@example.com" in more
    club.world.sql("DELETE FROM data.member WHERE name ~ '^A[0-9]'")


async def test_a_preview_and_a_flow_write_what_is_encrypted(club: Club, lisa: str) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    seen = await preview(database, admin, "Member", "update", [{"Id": lisa, "Story": "A secretstory, told anew"}])
    met = await club.make(Name="Fred", Town="Flowtown", Website="f.example.com")
    [fred] = await club.of(met, "admin", "Story, Town, (SELECT Remark FROM Attendances)")

    assert seen.values[0] is not None
    assert seen.values[0]["Story"] == "A secretstory, told anew"
    assert (fred["Story"], fred["Town"]) == ("flowsecret of Fred", "Arrived")
    assert [each["Remark"] for each in fred["Attendances"]["records"]] == ["flowsecret remark"]


async def test_what_comes_in_is_kept_sealed(club: Club) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    mapping = admin.snapshot.inbound_mappings["post"]
    body = {
        "number": "1",
        "name": "Otto",
        "identity": "secretidentity2",
        "phone": "secretphone2",
        "story": "secretstory2",
    }
    taken = await receive(database, admin, mapping, Post(json.dumps(body).encode(), "application/json"), clock.now())
    wrong = json.dumps({**body, "number": "2", "phone": "secretphone7"}).encode()
    refused = await receive(database, admin, mapping, Post(wrong, "application/json"), clock.now())
    [[row]] = await database.read(admin.binding, find_message(admin.tenant.id, refused.message_id))
    again = await replay(database, admin, mapping, refused.message_id, clock.now())

    assert not taken.problems
    assert [each.code for each in (*refused.problems, *again.problems)] == ["duplicate_value"] * 2
    assert bytes(row[3]) == wrong


async def test_a_merge_takes_values_along(club: Club) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    one = await club.make(Name="Mia", Website="m.example.com")
    other = await club.make(Name="Mia", IdNumber="secretidentity3", Story="secretstory3")
    await merge_records(database, admin, MergeRequest("Member", one, [other], {"IdNumber": other, "Story": other}))

    assert await club.of(one, "admin", "IdNumber, Story") == [{"IdNumber": "secretidentity3", "Story": "secretstory3"}]


async def test_a_person_s_data_are_handed_over_and_erased(club: Club) -> None:
    admin = await club.world.as_user("admin")
    anna = await club.make(Name="Ida", IdNumber="secretidentity4", Story="secretstory4")
    act = await club.privacy_act("export", anna)
    content = await read_archive(club.database, admin, admin.actor, act)
    [found] = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("Member.json"))
    parts = club.world.sql("SELECT content FROM chassis.privacy_part WHERE act_id = %s", act)
    await club.privacy_act("erasure", anna)

    assert (found["IdNumber"], found["Story"]) == ("secretidentity4", "secretstory4")
    assert not [each for (each,) in parts if bytes(each).startswith(b"PK")]
    assert club.stored(anna, "id_number", "story", "id_number__found") == (None, None, None)


CALLER: dict[str, Any] = {
    "label": "Caller",
    "object": "Member",
    "asked_by": {"permission_sets": ["ClubDesk"]},
    "subjects": {"Attendance": "MemberId"},
    "facts": [
        {"name": "Id_End", "question": "Last four?", "value": "IdNumber", "normalise": ["width", "case"], "last": 4},
        {"name": "Story", "question": "What happened?", "value": "Story", "normalise": ["width", "case", "spaces"]},
    ],
    "record": {
        "object": "Attendance",
        "subject": "MemberId",
        "result": "Remark",
        "passed": "Yes",
        "failed": "No",
        "values": {"Name": "Check"},
    },
}


async def test_a_caller_is_asked_for_what_nobody_sees_and_no_formula_reads(club: Club) -> None:
    nora = await club.make(Name="Nora", IdNumber="secretidentity-77AB", Story="A secretstory7")
    visit = await club.make("Attendance", Name="Visit", MemberId=nora)
    await club.save("identity_check", "Caller__c", CALLER)
    await club.refresh()
    desk = await club.world.as_user("desk")
    attendance = desk.snapshot.objects["Attendance"]
    asked = await questions_of(club.database, desk, attendance, visit, "Caller__c")
    outcomes = [
        await make_check(
            club.database, desk, attendance, visit, "Caller__c", {"Id_End": heard, "Story": "a secretstory7"}
        )
        for heard in ("77ac", "77ab")
    ]
    [made] = await club.of(nora, "admin", "(SELECT Remark FROM Attendances)")
    part = {**CALLER, "facts": [{**CALLER["facts"][0], "value": "RIGHT(IdNumber, 4)"}, CALLER["facts"][1]]}
    with pytest.raises(ChassisError) as refused:
        await club.save("identity_check", "Part__c", part)

    assert {each.name for each in asked.facts} == {"Id_End", "Story"}
    assert [each.passed for each in outcomes] == [False, True]
    assert [each["Remark"] for each in made["Attendances"]["records"]] == [None, "No", "Yes"]
    assert [each.code for each in refused.value.problems] == ["unknown_name"]


async def test_no_value_stands_in_clear_in_the_whole_database(club: Club, lisa: str) -> None:
    admin, database = await club.world.as_user("admin"), club.database
    gone = await club.make(Name="Gone", IdNumber="secretidentity5", Email="secretmail5@example.com")
    await club.change(lisa, IdNumber="secretidentity9", Story="A secretstory9")
    await delete_record(database, admin, "Member", gone)
    assert b"Gone" in await recycle_bin(database, admin)

    assert club.places_of("Lisa")
    assert club.places_of(*WORDS, "secretremark", "flowsecret remark", "flowsecret of Fred") == []
