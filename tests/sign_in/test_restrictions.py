"""Where and when one may work: address ranges and hours of the tenant and of permission sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from chassis_metadata.components import LoginHours, LoginRestriction
from chassis_platform.access.door import WRONG_ADDRESS, WRONG_HOUR, make_door
from sign_in.conftest import Door, code_of

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
OFFICE = LoginRestriction(hours=LoginHours(("Monday", "Tuesday"), "08:00", "18:00"))
NIGHT = LoginRestriction(hours=LoginHours(("Monday",), "22:00", "06:00"))
HOUSE = LoginRestriction(ip_ranges=("203.0.113.0/24", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("restriction", "zone", "after_monday", "refusal"),
    [
        (OFFICE, "UTC", timedelta(hours=8), None),
        (OFFICE, "UTC", timedelta(hours=7, minutes=59), WRONG_HOUR),
        (OFFICE, "UTC", timedelta(hours=18), WRONG_HOUR),
        (OFFICE, "UTC", timedelta(days=2, hours=9), WRONG_HOUR),
        (OFFICE, "Asia/Shanghai", timedelta(hours=1), None),
        (OFFICE, "Asia/Shanghai", timedelta(hours=11), WRONG_HOUR),
        (OFFICE, "Nowhere/Never", timedelta(hours=8), None),
        (NIGHT, "UTC", timedelta(hours=23), None),
        (NIGHT, "UTC", timedelta(hours=29), None),
        (NIGHT, "UTC", timedelta(hours=5), WRONG_HOUR),
        (NIGHT, "UTC", timedelta(hours=30), WRONG_HOUR),
    ],
)
def test_hours_are_those_of_the_users_time_zone(
    restriction: LoginRestriction, zone: str, after_monday: timedelta, refusal: str | None
) -> None:
    assert make_door(restriction, [], zone).refusal("198.51.100.7", MONDAY + after_monday) == refusal


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        ("203.0.113.9", None),
        ("::ffff:203.0.113.9", None),
        ("2001:db8:1::1", None),
        ("203.0.114.1", WRONG_ADDRESS),
        ("nonsense", WRONG_ADDRESS),
        (None, WRONG_ADDRESS),
    ],
)
def test_an_address_is_within_a_range_or_refused(address: str | None, refusal: str | None) -> None:
    assert make_door(None, [HOUSE], "UTC").refusal(address, MONDAY) == refusal


def test_one_of_several_sets_that_restrict_has_to_allow_and_the_tenant_always() -> None:
    either = make_door(None, [HOUSE, OFFICE], "UTC")
    assert either.refusal("203.0.113.9", MONDAY) is None
    assert either.refusal("198.51.100.7", MONDAY + timedelta(hours=9)) is None
    assert either.refusal("198.51.100.7", MONDAY) == WRONG_ADDRESS

    both = make_door(HOUSE, [OFFICE], "UTC")
    assert both.refusal("203.0.113.9", MONDAY) == WRONG_HOUR
    assert both.refusal("198.51.100.7", MONDAY + timedelta(hours=9)) == WRONG_ADDRESS


def give(door: Door, name: str, login: dict[str, object]) -> None:
    admin = door.enter("admin")
    made = admin.put(f"/setup/permission-sets/For{name.title()}__c", json={"label": name, "login": login})
    assert made.status_code == 204, made.text
    shown = admin.get(f"/setup/permission-sets/For{name.title()}__c").json()["login"]
    assert shown == login
    given = admin.put(f"/setup/permission-sets/For{name.title()}__c/users/{door.site.users[name]}")
    assert given.status_code == 204


def test_the_next_request_of_a_running_session_is_refused_from_a_wrong_address(door: Door) -> None:
    client = door.enter("ada")
    give(door, "ada", {"ip_ranges": ["203.0.113.0/24"]})

    refused = client.get("/ui/bootstrap")
    assert (refused.status_code, code_of(refused)) == (401, "LOGIN_RESTRICTED")
    assert code_of(door.attempt(door.client(), "ada")) == "INVALID_LOGIN"
    assert door.history("ada")[-1] == "Failed: outside of the address ranges"
    give(door, "ada", {"ip_ranges": ["203.0.113.0/24", "127.0.0.0/8"]})
    assert client.get("/ui/bootstrap").status_code == 200


def test_programs_are_held_to_hours_too(door: Door) -> None:
    token = door.site.token("bo")
    now = datetime.now(UTC)
    closed = {"from": f"{(now.hour + 2) % 24:02}:00", "to": f"{(now.hour + 3) % 24:02}:00"}
    give(door, "bo", {"hours": closed})

    answer = httpx.get(f"{door.site.url}/services/data/v66.0/limits", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, code_of(answer)) == (401, "LOGIN_RESTRICTED")


def test_nobody_locks_themselves_out_by_a_policy(door: Door) -> None:
    answer = door.enter("admin").patch("/setup/security-policy", json={"login": {"ip_ranges": ["203.0.113.0/24"]}})

    assert answer.status_code == 400
    assert "lock yourself out" in answer.text


def test_what_is_wrong_with_a_policy_is_said_at_its_place(door: Door) -> None:
    wrong = {
        "password": {"min_length": 4},
        "login": {"ip_ranges": ["300.1.1.0/24"]},
        "session": {"hourz": 2},
        "four_eyes": ["anything"],
    }

    answer = door.enter("admin").patch("/setup/security-policy", json=wrong)

    assert answer.status_code == 400
    assert {each["fields"][0] for each in answer.json()} == {"password.min_length", "session.hourz", "four_eyes.0"}
    ranges = door.enter("admin").patch("/setup/security-policy", json={"login": {"ip_ranges": ["300.1.1.0/24"]}})
    assert ranges.json()[0]["fields"] == ["login.ip_ranges.0"]


def test_the_policy_is_for_who_manages_security_and_its_changes_are_in_the_trail(door: Door) -> None:
    assert door.enter("cai").get("/setup/security-policy").status_code == 403
    admin = door.enter("admin")
    assert admin.patch("/setup/security-policy", json={"session": {"hours": 8}}).json() == {
        "policy": {"session": {"hours": 8}}
    }
    assert admin.patch("/setup/security-policy", json={"session": {"hours": None}}).json() == {"policy": {}}
    shown = admin.get("/setup/security-policy").json()
    assert (shown["policy"], shown["defaults"]["password"]["min_length"]) == ({}, 10)
    assert door.trail("changedPolicy")[-1][0] == door.site.users["admin"]
