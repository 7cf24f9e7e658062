"""Documents whose units are accepted each for itself, and what changes records that are there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chassis_platform.inbound import by_unit
from chassis_platform.inbound.keys import create_inbound_key
from inbound.conftest import Dealership
from inbound.test_intake import prospect


def leads(*numbers: str, **more: Any) -> bytes:
    usual = {"customer": {"lastName": "Doe", "email": "doe@example.com"}, "source": "test"}
    return json.dumps({"leads": [{**usual, "externalId": number, **more} for number in numbers]}).encode()


async def test_what_is_fine_is_accepted_and_the_rest_told_and_kept_for_a_replay(dealership: Dealership) -> None:
    document = json.loads(leads("U-1", "U-2", "U-3"))
    document["leads"][1]["customer"].pop("email")
    before = dealership.count("lead")

    answer = await dealership.post(json.dumps(document).encode(), "lead_json")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (207, "partial")
    assert [unit["status"] for unit in body["prospects"]] == ["accepted", "refused", "accepted"]
    assert body["prospects"][1]["errors"][0]["message"].startswith("The customer can't be reached")
    assert dealership.count("lead") == before + 2
    listed = (await dealership.setup("GET", "/setup/inbound?status=partial")).json()["messages"]
    assert [each["id"] for each in listed] == [body["id"]]
    assert len(listed[0]["problems"]) == 1
    assert (await dealership.post(json.dumps(document).encode(), "lead_json")).json()["id"] == body["id"]

    document["leads"][1]["customer"]["phone"] = "+8613800000000"
    dealership.world.sql(
        "UPDATE chassis.inbound_message SET content = %s WHERE id = %s", json.dumps(document).encode(), body["id"]
    )  # as if the mapping had learnt to read it
    replayed = (await dealership.setup("POST", f"/setup/inbound/{body['id']}/replay")).json()

    assert (replayed["status"], replayed["problems"]) == ("accepted", [])
    assert dealership.count("lead") == before + 3


async def test_a_document_that_was_accepted_unit_by_unit_is_a_duplicate_when_it_comes_again(
    dealership: Dealership,
) -> None:
    first = await dealership.post(leads("D-1", "D-2"), "lead_json")
    again = await dealership.post(leads("D-1", "D-2"), "lead_json")
    alone = await dealership.post(leads("D-2"), "lead_json")

    assert (first.status_code, again.status_code, alone.status_code) == (201, 200, 200)
    assert again.json()["records"] == first.json()["records"]
    assert alone.json()["records"] == first.json()["prospects"][1]["records"]


async def test_what_a_crash_cut_off_is_finished_by_sending_it_again(
    dealership: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_unit, "PART", 1)
    document = json.loads(leads("K-1", "K-2"))
    document["leads"][1]["customer"] = "none"
    broken = json.dumps(document).encode()

    partly = await dealership.post(broken, "lead_json")
    whole = await dealership.post(leads("K-1", "K-2"), "lead_json")

    assert [unit["status"] for unit in partly.json()["prospects"]] == ["accepted", "refused"]
    assert [unit["status"] for unit in whole.json()["prospects"]] == ["duplicate", "accepted"]


async def test_a_rule_that_refuses_one_record_stops_no_other_unit(dealership: Dealership) -> None:
    document = json.loads(leads("V-1", "V-2"))
    document["leads"][0]["vehicles"] = [{"make": "Kia", "year": "9" * 30}]

    answer = await dealership.post(json.dumps(document).encode(), "lead_json")

    first, second = answer.json()["prospects"]
    assert (first["status"], second["status"]) == ("refused", "accepted")
    assert first["errors"][0]["message"].startswith("LeadLineItem: ")


async def test_a_resend_changes_the_lead_and_makes_none(dealership: Dealership) -> None:
    first = (await dealership.post(prospect("RS-1", email="old@example.com"))).json()["records"]
    before = dealership.count("lead"), dealership.count("lead_line_item")
    resend = prospect("RS-1", email="new@example.com").replace(b"<prospect>", b'<prospect status="resend">')

    changed = await dealership.post(resend)
    again = await dealership.post(resend)

    assert (changed.status_code, changed.json()["records"]) == (201, first[:1])
    assert again.json()["status"] == "duplicate"
    [(email,)] = dealership.world.sql("SELECT email FROM data.lead WHERE id = %s", first[0])
    assert email == "new@example.com"
    assert (dealership.count("lead"), dealership.count("lead_line_item")) == before


async def test_a_key_may_have_a_limit_of_its_own(dealership: Dealership) -> None:
    world = dealership.world
    key = await create_inbound_key(world.database, world.tenant.id, "Small", world.users["portal"], max_bytes=200)
    headers = {"Authorization": f"Bearer {key}"}

    answer = await dealership.client.post("/inbound/lead_json", content=leads("L-1", "L-2", "L-3"), headers=headers)

    assert answer.status_code == 413


async def test_a_unit_more_costs_no_statement_more(dealership: Dealership, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    count = 0
    from chassis_tenants import wire  # noqa: PLC0415

    send = wire.Wire.send

    async def counting(self: Any, statements: Any) -> Any:
        nonlocal count
        count += len(statements)
        return await send(self, statements)

    monkeypatch.setattr(wire.Wire, "send", counting)
    for numbers in (("N-1", "N-2"), tuple(f"N-{number}" for number in range(3, 43))):
        count = 0
        answer = await dealership.post(leads(*numbers), "lead_json")
        assert answer.status_code == 201
        counted.append(count)

    assert counted[1] <= counted[0] + 2
