from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.errors import Invalid
from chassis_platform.inbound.keys import create_inbound_key
from inbound.automotive import DOCUMENTS, document
from inbound.conftest import Dealership, session
from world import World

NAMES = sorted(path.name for path in (DOCUMENTS).glob("[01]*"))


def lead(world: World, lead_id: str) -> dict[str, Any]:
    columns = "last_name, first_name, owner_id, branch_unit_id, lead_source, external_lead_id, created_by_id, phone"
    [row] = world.sql(f"SELECT {columns} FROM data.lead WHERE id = %s", lead_id)  # noqa: S608  names of this test
    return dict(zip(columns.split(", "), row, strict=True))


def prospect(number: str, **parts: str) -> bytes:
    usual = {"vendor": "", "name": "<name>Pat Example</name>", "email": "a@example.com", "year": "2025"}
    said = usual | parts
    return (
        f'<adf><prospect><id source="test">{number}</id><vehicle><make>Kia</make><year>{said["year"]}</year></vehicle>'
        f"<customer><contact>{said['name']}<email>{said['email']}</email></contact></customer>{said['vendor']}</prospect></adf>"
    ).encode()


@pytest.mark.parametrize("name", NAMES)
async def test_every_sample_document_becomes_leads_and_a_second_post_makes_none(
    dealership: Dealership, name: str
) -> None:
    before = dealership.count("lead")

    first = await dealership.post(document(name))
    made = dealership.count("lead") - before
    second = await dealership.post(document(name))

    assert (first.status_code, second.status_code) == (201, 200), first.text
    assert first.json()["status"] == "accepted"
    assert second.json() == first.json() | {
        "status": "duplicate",
        "prospects": [each | {"status": "duplicate"} for each in first.json()["prospects"]],
    }
    assert made == (2 if name.startswith("09") else 1)
    assert dealership.count("lead") == before + made


async def test_a_star_document_is_accepted(dealership: Dealership) -> None:
    answer = await dealership.post(document("star_process_sales_lead.xml"), "star")

    assert answer.status_code == 201, answer.text
    assert lead(dealership.world, answer.json()["records"][0])["last_name"] == "Starman"


async def test_pictures_are_kept_with_the_lead_as_addresses(dealership: Dealership) -> None:
    pictures = b"<imagetag>https://cdn.example.com/a.jpg</imagetag><imagetag>file:///etc/passwd</imagetag></vehicle>"

    answer = await dealership.post(prospect("P-1").replace(b"</vehicle>", pictures))

    assert answer.status_code == 201, answer.text
    [made] = dealership.world.sql("SELECT lead_id, name, url, kind FROM data.lead_attachment")
    assert tuple(made) == (answer.json()["records"][0], "a.jpg", "https://cdn.example.com/a.jpg", "Image")


async def test_a_resend_in_the_same_document_answers_the_first_ones_records(dealership: Dealership) -> None:
    content = prospect("R-1").replace(b"</adf>", prospect("R-1").removeprefix(b"<adf>"))

    answer = (await dealership.post(content)).json()

    assert [each["status"] for each in answer["prospects"]] == ["accepted", "duplicate"]
    assert answer["prospects"][0]["records"] == answer["prospects"][1]["records"] == answer["records"]


async def test_a_prospect_of_a_batch_that_comes_again_alone_is_a_duplicate(dealership: Dealership) -> None:
    batch = prospect("P-1").replace(b"</adf>", prospect("P-2").removeprefix(b"<adf>"))
    first = (await dealership.post(batch)).json()

    again = await dealership.post(prospect("P-2"))

    assert (again.status_code, again.json()["records"]) == (200, first["prospects"][1]["records"])


async def test_two_posts_at_the_same_time_make_one_lead(dealership: Dealership) -> None:
    before = dealership.count("lead")

    answers = await asyncio.gather(*(dealership.post(prospect("C-1")) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({tuple(answer.json()["records"]) for answer in answers}) == 1
    assert dealership.count("lead") == before + 1


async def test_the_branchs_queue_owns_the_lead_and_the_keys_user_made_it(dealership: Dealership) -> None:
    world = dealership.world
    record_type = world.snapshot.objects["Account"].record_type_ids["Dealer"]
    dealer = world.record("Account", Name="Lakeside Group", RecordTypeId=record_type, OwnerId=world.users["admin"])
    region = world.record("SalesRegion", Name="North", OwnerId=world.users["admin"])
    queue = world.record("Group", Name="Lakeside leads", DeveloperName="LakesideLeads", Type="Queue")
    branch = world.record(
        "BranchUnit",
        Name="Lakeside",
        BranchCode="LS-1",
        DealerAccountId=dealer,
        SalesRegionId=region,
        LeadQueueId=queue,
        OwnerId=world.users["admin"],
    )

    answer = await dealership.post(prospect("B-77", vendor="<vendor><id>ls-1</id></vendor>"))

    made = lead(world, answer.json()["records"][0])
    assert (made["branch_unit_id"], made["owner_id"]) == (branch, queue)
    assert (made["created_by_id"], made["lead_source"]) == (world.users["portal"], "Adf")
    [(seller,)] = world.sql("SELECT account_id FROM data.lead_preferred_seller WHERE branch_unit_id = %s", branch)
    assert seller == dealer


async def test_without_a_branch_the_lead_waits_for_cleansing(dealership: Dealership) -> None:
    world = dealership.world
    answer = await dealership.post(prospect("D-1"))

    queue = world.id_of("group", "LeadCleansing", "developer_name")
    assert lead(world, answer.json()["records"][0])["owner_id"] == queue


async def test_a_refused_document_is_kept_and_can_be_replayed_when_the_cause_is_mended(dealership: Dealership) -> None:
    content = prospect("F-1", name="", email="b@example.com")

    refused = await dealership.post(content, **{"Content-Type": "application/xml"})
    again = await dealership.post(content)

    assert (refused.status_code, again.status_code) == (422, 422)
    [problem] = refused.json()
    assert (problem["errorCode"], problem["line"], problem["column"]) == ("REQUIRED_VALUE_MISSING", 1, 1)
    message_id = refused.headers["X-Inbound-Message"]
    assert again.headers["X-Inbound-Message"] == message_id
    listed = (await dealership.setup("GET", "/setup/inbound?status=refused")).json()["messages"]
    assert next(each for each in listed if each["id"] == message_id)["problems"][0]["line"] == 1
    kept = await dealership.setup("GET", f"/setup/inbound/{message_id}/content")
    assert (kept.content, kept.headers["content-type"]) == (content, "text/plain; charset=utf-8")

    still = await dealership.setup("POST", f"/setup/inbound/{message_id}/replay")
    assert still.json()["status"] == "refused"
    dealership.world.sql(
        "UPDATE chassis.inbound_message SET content = %s WHERE id = %s", prospect("F-1"), message_id
    )  # as if the mapping had learnt to read it
    replayed = (await dealership.setup("POST", f"/setup/inbound/{message_id}/replay")).json()

    assert (replayed["status"], replayed["problems"]) == ("accepted", [])
    assert lead(dealership.world, replayed["records"][0])["created_by_id"] == dealership.world.users["portal"]
    assert (await dealership.setup("POST", f"/setup/inbound/{message_id}/replay")).status_code == 409
    assert (await dealership.post(prospect("F-1"))).json()["records"] == replayed["records"]


async def test_a_replayed_document_that_came_in_meanwhile_is_a_duplicate(dealership: Dealership) -> None:
    refused = await dealership.post(prospect("G-1", name=""))
    message_id = refused.headers["X-Inbound-Message"]
    accepted = await dealership.post(prospect("G-1"))
    dealership.world.sql("UPDATE chassis.inbound_message SET content = %s WHERE id = %s", prospect("G-1"), message_id)

    replayed = (await dealership.setup("POST", f"/setup/inbound/{message_id}/replay")).json()

    assert (replayed["status"], replayed["records"]) == ("accepted", accepted.json()["records"])


async def test_one_bad_prospect_keeps_the_whole_document_out(dealership: Dealership) -> None:
    before = dealership.count("lead")
    bad = prospect("H-2", year="9" * 30).removeprefix(b"<adf>")

    answer = await dealership.post(prospect("H-1").replace(b"</adf>", b"\n" + bad))

    assert answer.status_code == 422
    assert answer.json()[0]["message"].startswith("LeadLineItem: ")
    assert answer.json()[0]["line"] == 2
    assert dealership.count("lead") == before


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<adf>", 400, "XML_PARSER_ERROR"),
        (b"", 400, "XML_PARSER_ERROR"),
        (b'{"a":', 400, "JSON_PARSER_ERROR"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><adf>&x;</adf>", 400, "DOCTYPE_NOT_ALLOWED"),
        (b"<other/>", 422, "NOTHING_FOUND"),
    ],
)
async def test_what_can_not_be_read_is_refused_with_its_place(
    dealership: Dealership, content: bytes, status: int, code: str
) -> None:
    answer = await dealership.post(content)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert answer.json()[0]["line"] >= 1
    assert answer.headers["X-Inbound-Message"].startswith("0Ib")


async def test_a_document_over_two_megabytes_is_refused(dealership: Dealership) -> None:
    answer = await dealership.post(b"<adf>" + b" " * (2 * 1024 * 1024))

    assert answer.status_code == 413


async def test_without_a_right_key_nothing_is_accepted(dealership: Dealership) -> None:
    wrong = dealership.key[:-1] + ("0" if dealership.key[-1] != "0" else "1")
    for sent in ("", "Bearer", "Bearer x", f"Bearer {wrong}", f"Bearer {dealership.admin}", f"Basic {dealership.key}"):
        answer = await dealership.client.post("/inbound/adf", content=b"<a/>", headers={"Authorization": sent})
        assert answer.status_code == 401, sent


async def test_a_key_opens_nothing_but_its_door(dealership: Dealership) -> None:
    answer = await dealership.client.get("/setup/inbound", headers={"Authorization": f"Bearer {dealership.key}"})

    assert answer.status_code == 401
    assert (await dealership.post(b"<a/>", "nothing")).status_code == 404


async def test_a_key_writes_only_what_its_user_may(dealership: Dealership) -> None:
    weak = dealership.world.user("weak")
    database, tenant = dealership.world.database, dealership.world.tenant
    key = await create_inbound_key(database, tenant.id, "Weak", weak)

    answer = await dealership.client.post(
        "/inbound/adf", content=prospect("W-1"), headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == 422
    with pytest.raises(Invalid, match="not there or not active"):
        await create_inbound_key(database, tenant.id, "Nobody", "005000000000000AAA")


async def test_setup_needs_the_permission(dealership: Dealership) -> None:
    token = await session(dealership.world.database, dealership.world, "portal")
    for method, path in (("GET", ""), ("GET", "/0Ib1/content"), ("POST", "/0Ib1/replay")):
        answer = await dealership.client.request(
            method, f"/setup/inbound{path}", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 403
    assert (await dealership.setup("GET", "/setup/inbound/0Ib1/content")).status_code == 404


async def test_messages_are_listed_page_by_page(dealership: Dealership) -> None:
    for number in range(55):
        await dealership.post(f"<no-{number}/>".encode())
    seen: list[str] = []
    after = ""
    while True:
        page = (await dealership.setup("GET", f"/setup/inbound?after={after}")).json()
        seen += [each["id"] for each in page["messages"]]
        after = page["next"]
        if after is None:
            break

    [(stored,)] = dealership.world.sql(
        "SELECT count(*) FROM chassis.inbound_message WHERE part_of IS NULL AND tenant_id = %s",
        dealership.world.tenant.id,
    )
    assert len(seen) == len(set(seen)) == stored


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300)
    | st.tuples(st.sampled_from(NAMES), st.integers(0, 900), st.binary(max_size=10)).map(
        lambda cut: document(cut[0])[: cut[1]] + cut[2] + document(cut[0])[cut[1] + len(cut[2]) :]
    )
    | st.text(max_size=200).map(
        lambda text: (
            prospect("Z", name=f"<name><![CDATA[{text.replace(']]>', '')}]]></name>")
            .decode()
            .encode("utf-8", "replace")
        )
    )
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_whatever_is_posted_is_accepted_or_refused(dealership: Dealership, content: bytes) -> None:
    answer = await dealership.post(content)

    assert answer.status_code in (200, 201, 400, 422)
    assert "UNKNOWN_EXCEPTION" not in answer.text


async def test_functions_are_listed_and_called(dealership: Dealership) -> None:
    listed = (await dealership.setup("GET", "/services/data/v62.0/functions")).json()["functions"]
    assert {"vin_check_digit", "vin_decode"} <= {each["name"] for each in listed}

    decoded = await dealership.setup("GET", "/services/data/v62.0/functions/vin_decode?value=2FMDK3GC4BBB02217")
    assert decoded.json()["result"]["Model"] == "Edge"
    checked = await dealership.setup("GET", "/services/data/v62.0/functions/vin_check_digit?value=1HGCM82643A004352")
    assert checked.json()["result"]["valid"] is False
    assert (await dealership.setup("GET", "/services/data/v62.0/functions/nothing?value=1")).status_code == 404
    assert (await dealership.setup("GET", "/services/data/v62.0/functions/vin_decode")).status_code == 400
    assert json.loads(decoded.content)["kind"] == "decoder"
