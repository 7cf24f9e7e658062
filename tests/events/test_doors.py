"""The stream over HTTP: asked for, waited for, streamed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.conftest import other_site, site  # noqa: F401  fixtures
from serving import Site


def lead(client: httpx.Client, **values: Any) -> str:
    """A lead that is nobody's duplicate."""
    own = uuid4().hex
    document = {"LastName": f"Li {own}", "Company": own, "Email": f"{own}@lead.example", **values}
    answer = client.post("sobjects/Lead", json=document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def events(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = client.get("chassis/events", params={"objects": "Lead", **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def created(answer: dict[str, Any]) -> list[str]:
    """The new records that an answer tells of."""
    headers = [each["ChangeEventHeader"] for each in answer["events"]]
    return [each for header in headers if header["changeType"] == "CREATE" for each in header["recordIds"]]


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:  # noqa: F811  the fixture
    with site.partner("partner") as client:
        yield client


def test_who_asks_gets_what_came_since_the_last_answer(partner: httpx.Client) -> None:
    start = events(partner)
    made = lead(partner, Description="Köln")
    answer = events(partner, after=start["replayId"])

    event = answer["events"][0]  # what automation does with a new lead comes behind it
    header = event["ChangeEventHeader"]
    assert (header["entityName"], header["changeType"], header["recordIds"]) == ("Lead", "CREATE", [made])
    assert event["records"][0]["Description"] == "Köln"
    assert event["records"][0]["attributes"]["url"] == f"/services/data/v66.0/sobjects/Lead/{made}"
    assert created(events(partner, after=event["replayId"])) == []
    assert events(partner, after=answer["replayId"])["replayId"] == answer["replayId"]


def test_who_waits_is_woken_by_a_change(partner: httpx.Client, site: Site) -> None:  # noqa: F811
    start = events(partner)["replayId"]
    answers: list[dict[str, Any]] = []

    def wait() -> None:
        with site.partner("admin") as client:
            answers.append(events(client, after=start, wait=25))

    waiting = threading.Thread(target=wait)
    waiting.start()
    made = lead(partner)
    waiting.join(timeout=28)

    assert created(answers[0]) == [made]


def test_nothing_is_an_answer_too(partner: httpx.Client) -> None:
    answer = events(partner, wait=1)
    assert (answer["events"], answer["more"]) == ([], False)


def test_a_stream_tells_of_changes_as_they_come_and_goes_on_behind_the_last_one(partner: httpx.Client) -> None:
    start = events(partner)["replayId"]
    with partner.stream("GET", "chassis/events/stream", params={"objects": "Lead"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        made = [lead(partner), lead(partner)]
        told = list(_told(stream.iter_lines(), 2))
    with partner.stream("GET", "chassis/events/stream", headers={"last-event-id": told[0][0]}) as stream:
        [again] = _told(stream.iter_lines(), 1)

    assert [each["ChangeEventHeader"]["recordIds"] for _, each in told] == [[each] for each in made]
    assert again == told[1]
    assert created(events(partner, after=start)) == made


def _told(lines: Iterator[str], most: int) -> Iterator[tuple[str, Any]]:
    """The first new records of a stream: the replay id and the document of the event."""
    replay_id = ""
    for line in lines:
        if line.startswith("id: "):
            replay_id = line.removeprefix("id: ")
        if line.startswith("data: ") and '"CREATE"' in line:
            yield replay_id, json.loads(line.removeprefix("data: "))
            most -= 1
            if not most:
                return


def test_a_stream_ends_with_its_session(site: Site, partner: httpx.Client) -> None:  # noqa: F811
    with site.partner("admin") as client:
        token = client.headers["authorization"].removeprefix("Bearer ")
        with client.stream("GET", "chassis/events/stream", params={"objects": "Lead"}) as stream:
            lines = stream.iter_lines()
            next(lines)
            httpx.post(f"{site.url}/services/oauth2/revoke", data={"token": token}).raise_for_status()
            lead(partner)  # it would be told, and is not
            rest = list(lines)
    assert "event: end" in rest
    assert "event: change" not in rest
    assert "INVALID_SESSION_ID" in "".join(rest)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"objects": "Nothing"}, "INVALID_TYPE"),
        ({"after": "x"}, "INVALID_REPLAY_ID"),
        ({"wait": "soon"}, "INVALID_QUERY_PARAMETER"),
        ({"limit": "-1"}, "INVALID_QUERY_PARAMETER"),
    ],
)
def test_what_can_not_be_asked_is_refused(partner: httpx.Client, asked: dict[str, str], code: str) -> None:
    for path in ("chassis/events", "chassis/events/stream"):
        answer = partner.get(path, params=asked)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_the_stream_is_nobody_s_without_a_session(site: Site) -> None:  # noqa: F811
    for path in ("events", "events/stream"):
        assert httpx.get(f"{site.url}/services/data/v66.0/chassis/{path}").status_code == 401


def test_one_user_waits_in_so_many_places_only(partner: httpx.Client) -> None:
    answers: list[int] = []

    def wait() -> None:
        answers.append(partner.get("chassis/events", params={"wait": 2}).status_code)

    waiting = [threading.Thread(target=wait) for _ in range(12)]
    for each in waiting:
        each.start()
    for each in waiting:
        each.join()

    assert sorted(answers) == [200] * 10 + [429] * 2


def test_another_tenant_is_told_nothing(partner: httpx.Client, other_site: Site) -> None:  # noqa: F811
    with other_site.partner("admin") as stranger:
        start = events(stranger)["replayId"]
        lead(partner)
        assert events(stranger, after=start) == {"events": [], "replayId": start, "more": False}
        assert events(stranger, after="-2")["events"] == []
