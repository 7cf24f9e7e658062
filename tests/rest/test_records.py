"""Conditional requests, what was changed and deleted, and what was looked at last."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import psycopg
import pytest

from chassis_metadata.ids import new_id
from serving import Site

LEAD = {"LastName": "Sample", "MobilePhone": "13800012345"}


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("consultant") as client:
        yield client


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.partner("admin") as client:
        yield client


def made(client: httpx.Client, name: str, **values: Any) -> str:
    answer = client.post(f"sobjects/{name}", json=values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


LONG_AGO, FAR_AHEAD = (date(datetime.now(UTC) + timedelta(days=each)) for each in (-400, 400))


_codes = itertools.count(1)


def yard(client: httpx.Client, **values: Any) -> str:
    """A location with a code of its own."""
    return made(client, "Location", Name="Yard", LocationType="BranchYard", LocationCode=f"Y{next(_codes)}", **values)


# Conditions


@pytest.fixture
def branch(admin: httpx.Client) -> str:
    return yard(admin)


def test_a_record_is_not_sent_again_to_whoever_has_it(admin: httpx.Client, branch: str) -> None:
    first = admin.get(f"sobjects/Location/{branch}")
    tag = first.headers["etag"]
    asked = [
        ({"if-none-match": tag}, 304),
        ({"if-none-match": f'"999", {tag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"999"'}, 200),
        ({"if-modified-since": first.headers["last-modified"]}, 304),
        ({"if-modified-since": LONG_AGO}, 200),
        ({"if-none-match": '"999"', "if-modified-since": FAR_AHEAD}, 200),
        ({"if-match": tag}, 200),
        ({"if-match": '"999"'}, 412),
        ({"if-unmodified-since": FAR_AHEAD}, 200),
        ({"if-unmodified-since": LONG_AGO}, 412),
        ({"if-match": tag, "if-unmodified-since": LONG_AGO}, 200),
        ({"if-modified-since": "last Tuesday"}, 400),
        ({"if-unmodified-since": "32 Nov 2026"}, 400),
        ({"if-none-match": 'a "b'}, 400),
    ]
    found = [admin.get(f"sobjects/Location/{branch}", headers=headers).status_code for headers, _ in asked]
    assert found == [status for _, status in asked]


def test_a_write_holds_to_what_is_expected(admin: httpx.Client, branch: str) -> None:
    url, tag = f"sobjects/Location/{branch}", admin.get(f"sobjects/Location/{branch}").headers["etag"]
    asked = [
        ({"if-match": '"999"'}, 412),
        ({"if-match": '"a"'}, 400),
        ({"if-none-match": "*"}, 412),
        ({"if-unmodified-since": LONG_AGO}, 412),
        ({"if-unmodified-since": "soon"}, 400),
        ({"if-match": "*"}, 204),
        ({"if-match": tag}, 412),
        ({"if-unmodified-since": FAR_AHEAD}, 204),
    ]
    found = [
        admin.patch(url, json={"Name": f"Hall {place}"}, headers=headers).status_code
        for place, (headers, _) in enumerate(asked)
    ]
    assert found == [status for _, status in asked]
    assert admin.delete(url, headers={"if-match": tag}).status_code == 412
    assert admin.delete(url, headers={"if-match": admin.get(url).headers["etag"]}).status_code == 204


def test_external_ids_know_conditions_too(admin: httpx.Client) -> None:
    url = "sobjects/Location/LocationCode/EXT-1"
    absent = admin.patch(url, json={"Name": "One"}, headers={"if-match": "*"})
    created = admin.patch(url, json={"Name": "One", "LocationType": "Van"}, headers={"if-none-match": "*"})
    again = admin.patch(url, json={"Name": "Two"}, headers={"if-none-match": "*"})
    first = admin.get(url)
    kept = admin.get(url, headers={"if-none-match": first.headers["etag"]})
    changed = admin.patch(url, json={"Name": "Three"}, headers={"if-match": first.headers["etag"]})
    stale = admin.patch(url, json={"Name": "Four"}, headers={"if-match": first.headers["etag"]})
    gone = [admin.delete(url, headers={"if-match": tag}).status_code for tag in (first.headers["etag"], "*")]

    statuses = [each.status_code for each in (absent, created, again, kept, changed, stale)]
    assert statuses == [412, 201, 412, 304, 200, 412]
    assert (created.json()["created"], changed.json()["created"]) == (True, False)
    assert gone == [412, 204]


def test_an_upsert_may_be_told_to_change_only(admin: httpx.Client) -> None:
    url, only = "sobjects/Location/LocationCode/EXT-2", {"updateOnly": "true"}
    absent = admin.patch(url, json={"Name": "None"}, params=only)
    created = admin.patch(url, json={"Name": "One", "LocationType": "Van"}, params={"updateOnly": "false"})
    changed = admin.patch(url, json={"Name": "Two"}, params=only)

    assert [each.status_code for each in (absent, created, changed)] == [404, 201, 200]
    assert (changed.json()["created"], admin.get(url).json()["Name"]) == (False, "Two")


def test_a_post_may_stand_for_another_method(admin: httpx.Client) -> None:
    url = "sobjects/Location/LocationCode/EXT-3"
    made = admin.post(url, json={"Name": "One", "LocationType": "Van"}, params={"_HttpMethod": "PATCH"})
    refused = admin.post(f"sobjects/Location/{made.json()['id']}", json={}, params={"_HttpMethod": "CONNECT"})
    gone = admin.post(url, params={"_HttpMethod": "delete"})

    assert [each.status_code for each in (made, refused, gone)] == [201, 405, 204]
    assert admin.get(url).status_code == 404


def test_several_records_with_the_same_external_id_are_named(admin: httpx.Client) -> None:
    models = [made(admin, "Product2", Name="Model", ProductCode=f"M-{place}") for place in range(2)]
    ids = {
        made(admin, "VehicleDefinition", Name="One", ProductId=each, ExternalReferenceNumber="TWICE") for each in models
    }
    url = "sobjects/VehicleDefinition/ExternalReferenceNumber/TWICE"
    answers = [
        admin.get(url),
        admin.patch(url, json={"Name": "Two"}),
        admin.patch(url, json={"Name": "Two"}, headers={"if-match": "*"}),
        admin.delete(url),
    ]
    assert [each.status_code for each in answers] == [300] * 4
    assert all({url.rpartition("/")[2] for url in each.json()} == ids for each in answers)


def test_a_roll_up_makes_what_a_caller_has_old_without_anybodys_change(
    admin: httpx.Client, branch: str, owner_dsn: str
) -> None:
    first = admin.get(f"sobjects/Location/{branch}")
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("UPDATE data.location SET system_modstamp = now() WHERE id = %s", [branch])
    again = admin.get(f"sobjects/Location/{branch}", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]
    url = f"sobjects/Location/{branch}"
    assert admin.patch(url, json={"Name": "New"}, headers={"if-match": again.headers["etag"]}).status_code == 204


# What was changed and deleted


def span(days: float = 1, *, ahead: float = 1) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "start": (now - timedelta(days=days)).isoformat(timespec="seconds"),
        "end": (now + timedelta(days=ahead)).isoformat(timespec="seconds"),
    }


def test_changes_and_deletions_are_told_with_how_far_they_are_known(admin: httpx.Client) -> None:
    kept, gone = yard(admin), yard(admin)
    admin.delete(f"sobjects/Location/{gone}")
    updated = admin.get("sobjects/Location/updated", params=span()).json()
    deleted = admin.get("sobjects/Location/deleted", params=span()).json()

    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    [record] = [each for each in deleted["deletedRecords"] if each["id"] == gone]
    assert record["deletedDate"].endswith("+0000")
    assert kept not in {each["id"] for each in deleted["deletedRecords"]}
    covered = datetime.fromisoformat(updated["latestDateCovered"])
    assert covered < datetime.now(UTC)
    assert datetime.fromisoformat(deleted["earliestDateAvailable"]) < covered


def test_what_is_under_way_is_not_told_to_be_covered(admin: httpx.Client, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        [[begun]] = connection.execute("SELECT now() - interval '1 second'").fetchall()
        answers = [admin.get("sobjects/Location/updated", params=span()).json() for _ in range(2)]
    assert all(datetime.fromisoformat(each["latestDateCovered"]) <= begun for each in answers)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"start": "2026-11-22T08:00:00Z"},
        {"start": "yesterday", "end": "today"},
        span(1, ahead=-2),
        span(31),
        {"start": "2026-11-22T08:00:10Z", "end": "2026-11-22T08:00:50Z"},
    ],
)
def test_a_span_that_can_not_be_answered_is_refused(partner: httpx.Client, asked: dict[str, str]) -> None:
    for resource in ("updated", "deleted"):
        answer = partner.get(f"sobjects/Lead/{resource}", params=asked)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_a_plus_that_was_not_encoded_is_understood(partner: httpx.Client) -> None:
    text = span()["start"].replace("+00:00", "") + "+00:00"
    answer = partner.get(f"sobjects/Lead/updated/?start={text}&end={span()['end']}")
    assert answer.status_code == 200


def test_nobody_learns_of_changes_that_they_may_not_see(site: Site, admin: httpx.Client) -> None:
    secret, gone = made(admin, "Lead", **LEAD), made(admin, "Lead", **LEAD | {"MobilePhone": "13800012346"})
    admin.delete(f"sobjects/Lead/{gone}")
    with site.partner("colleague") as colleague:
        updated = colleague.get("sobjects/Lead/updated", params=span()).json()["ids"]
        deleted = colleague.get("sobjects/Lead/deleted", params=span()).json()["deletedRecords"]
    assert secret not in updated
    assert gone not in {each["id"] for each in deleted}


# What was looked at


def test_what_a_page_or_a_query_shows_is_recent_and_what_a_program_reads_is_not(site: Site) -> None:
    with site.partner("consultant") as partner, site.browser("consultant") as browser:
        seen, read, queried = (
            made(partner, "Lead", LastName=f"Recent {place}", MobilePhone=f"1380001111{place}") for place in range(3)
        )
        browser.get(f"/ui/records/{seen}")
        partner.get(f"sobjects/Lead/{read}")
        partner.get("query", params={"q": f"SELECT Name FROM Lead WHERE Id = '{queried}' FOR VIEW"})  # noqa: S608
        recent = partner.get("recent").json()
        items = partner.get("sobjects/Lead").json()["recentItems"]
        one = partner.get("recent", params={"limit": 1}).json()
        browser.get(f"/ui/records/{seen}")
        again = partner.get("recent", params={"limit": 1}).json()

    assert [each["Id"] for each in recent[:2]] == [queried, seen]
    assert read not in {each["Id"] for each in recent}
    assert set(recent[0]) == {"attributes", "Id", "Name"}
    assert [each["Id"] for each in items[:2]] == [queried, seen]
    assert ([each["Id"] for each in one], [each["Id"] for each in again]) == ([queried], [seen])


def test_what_is_not_to_be_seen_any_more_is_not_recent(site: Site, admin: httpx.Client) -> None:
    with site.partner("colleague") as colleague:
        lead = made(colleague, "Lead", **LEAD | {"MobilePhone": "13800012347"})
        colleague.get("query", params={"q": f"SELECT Id FROM Lead WHERE Id = '{lead}' FOR REFERENCE"})  # noqa: S608
        before = [each["Id"] for each in colleague.get("recent").json()]
        admin.patch(f"sobjects/Lead/{lead}", json={"OwnerId": site.users["admin"]})
        after = [each["Id"] for each in colleague.get("recent").json()]
    assert lead in before
    assert lead not in after


def test_the_oldest_are_forgotten(site: Site, admin: httpx.Client, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(
            "INSERT INTO chassis.recently_viewed SELECT %s, %s, id, 'Lead', now() - n * interval '1 day'"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS seen (id, n)",
            [site.tenant_id, site.users["admin"], [new_id("00Q") for _ in range(300)]],
        )
    location = yard(admin)
    admin.get("query", params={"q": f"SELECT Id FROM Location WHERE Id = '{location}' FOR VIEW"})  # noqa: S608
    with psycopg.connect(owner_dsn) as connection:
        kept = connection.execute(
            "SELECT record_id FROM chassis.recently_viewed WHERE user_id = %s ORDER BY seen_at DESC",
            [site.users["admin"]],
        ).fetchall()
    assert len(kept) == 200
    assert kept[0] == (location,)
    assert [each["Id"] for each in admin.get("recent").json()][:1] == [location]


def test_recent_takes_a_number(partner: httpx.Client) -> None:
    assert [partner.get("recent", params={"limit": each}).status_code for each in ("0", "x", "5000")] == [400, 400, 200]
