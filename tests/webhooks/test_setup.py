"""Webhooks in Setup: who may make them, for whom, what is refused; and the worker that finds what is to be sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import httpx
import pytest

from api.conftest import other_site, site  # noqa: F401  fixtures
from chassis_metadata.errors import Invalid
from chassis_platform import outbound
from chassis_platform.access.context import Context
from chassis_platform.automation.webhook_subscriptions.sending import JOB
from chassis_platform.worker.schedule import queue_webhook_jobs
from serving import Site
from webhooks.conftest import Hooks, Receiver

LEADS = {"label": "Leads", "url": "https://example.com/leads", "objects": [{"object": "Lead"}]}


@pytest.fixture(scope="module")
def admin_browser(site: Site) -> Iterator[httpx.Client]:  # noqa: F811  the fixture
    with site.browser("admin") as client:
        yield client


def test_a_webhook_is_made_shown_changed_and_deleted_and_its_secret_is_told_once(admin_browser: httpx.Client) -> None:
    made = admin_browser.post("/setup/webhooks", json=LEADS)
    assert made.status_code == 201, made.text
    path, secret = f"/setup/webhooks/{made.json()['id']}", made.json()["secret"]

    changed = admin_browser.patch(
        path, json={"label": "New leads", "objects": [{"object": "Lead", "events": ["CREATE"]}]}
    )
    rotated = admin_browser.post(f"{path}/secret").json()
    shown = admin_browser.get(path).json()

    assert changed.status_code == 204
    assert (shown["label"], shown["objects"][0]["events"], shown["is_active"]) == ("New leads", ["CREATE"], True)
    assert secret != rotated["secret"]
    everything = admin_browser.get("/setup/webhooks").text + admin_browser.get("/setup/audit-trail").text
    assert secret not in everything
    assert rotated["secret"] not in everything
    assert admin_browser.delete(path).status_code == 204
    assert admin_browser.get(path).status_code == 404


def test_a_test_call_and_its_end_are_seen(admin_browser: httpx.Client) -> None:
    path = f"/setup/webhooks/{admin_browser.post('/setup/webhooks', json=LEADS).json()['id']}"

    answer = admin_browser.post(f"{path}/test")

    assert answer.status_code == 202
    [delivery] = admin_browser.get(f"{path}/deliveries", params={"status": "waiting"}).json()["deliveries"]
    assert (delivery["id"], delivery["is_test"]) == (answer.json()["delivery"], True)
    assert admin_browser.post(f"{path}/replay", json={}).json() == {"replayed": 0}
    assert admin_browser.get(f"{path}/deliveries", params={"status": "odd"}).status_code == 400


def test_webhooks_are_for_those_who_look_after_connections(site: Site, other_site: Site) -> None:  # noqa: F811
    with site.browser("consultant") as client:
        assert client.get("/setup/webhooks").status_code == 403
        assert client.post("/setup/webhooks", json=LEADS).status_code == 403
    with site.browser("admin") as own, other_site.browser("admin") as stranger:
        path = f"/setup/webhooks/{own.post('/setup/webhooks', json=LEADS).json()['id']}"
        for answer in (
            stranger.get(path),
            stranger.patch(path, json={}),
            stranger.delete(path),
            stranger.post(f"{path}/secret"),
            stranger.post(f"{path}/test"),
            stranger.get(f"{path}/deliveries"),
            stranger.post(f"{path}/replay", json={}),
        ):
            assert answer.status_code == 404
        assert stranger.get("/setup/webhooks").json() == {"webhooks": [], "declared": []}


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/",
        "https://example.com.elsewhere.example/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:5432/",
    ],
)
def test_a_target_that_may_not_be_called_is_refused_when_it_is_named(admin_browser: httpx.Client, url: str) -> None:
    refused = admin_browser.post("/setup/webhooks", json={**LEADS, "url": url})
    made = admin_browser.post("/setup/webhooks", json=LEADS).json()["id"]
    moved = admin_browser.patch(f"/setup/webhooks/{made}", json={"url": url})

    for answer in (refused, moved):
        assert answer.status_code == 400
        [problem] = answer.json()
        assert (problem["errorCode"], problem["fields"]) == ("TARGET_NOT_ALLOWED", ["url"])
        assert "CHASSIS_WEBHOOK_HOSTS" in problem["message"]


def test_all_that_is_wrong_is_said_at_once(admin_browser: httpx.Client) -> None:
    document = {
        "label": "",
        "url": "ftp://example.com",
        "objects": [{"object": "Leed"}, {"object": "FieldHistory"}, {"object": "Lead", "fields": ["Nme"]}],
        "batch_size": 0,
        "colour": "red",
    }

    answer = admin_browser.post("/setup/webhooks", json=document)

    assert answer.status_code == 400
    assert {field for each in answer.json() for field in each["fields"]} == {
        "label",
        "url",
        "objects[0].object",
        "objects[1].object",
        "objects[2].fields",
        "batch_size",
        "colour",
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@example.com/",
        "http://example.com\r\nX-Evil: 1/",
        "http://exa mple.com/",
        "http:///nowhere",
        "http://example.com:99999/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://[::1",
    ],
)
async def test_an_address_that_is_none_is_refused(hooks: Hooks, url: str) -> None:
    with pytest.raises(Invalid, match="An address is"):
        await hooks.make(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_no_spelling_of_a_private_address_is_called(hooks: Hooks, receiver: Receiver, url: str) -> None:
    hooks.settings.webhook_hosts, hooks.settings.webhook_private = "*", False
    webhook_id, _ = await hooks.make(url.format(port=receiver.port))
    await hooks.workshop()

    await hooks.send(webhook_id)

    assert receiver.calls == []
    [delivery] = await hooks.deliveries(webhook_id)
    assert delivery["status"] == "waiting"
    assert "private network" in delivery["error"]


@pytest.mark.parametrize(
    "watched",
    [
        {"criteria": "TaxNumber = '7'"},
        {"fields": ["TaxNumber"]},
        {"changed": ["TaxNumber"]},
        {"criteria": "Name"},
        {"criteria": "Nothing = 1"},
        {"events": ["EVERYTHING"]},
        {"fields": ["Owner.Nothing"]},
        {"fields": [1]},
        {"sql": "true"},
    ],
)
async def test_nothing_is_watched_that_its_user_may_not_read(hooks: Hooks, ann: Context, watched: Any) -> None:
    with pytest.raises(Invalid):
        await hooks.make("https://example.com", ann, objects=[{"object": "Workshop", **watched}])


async def test_the_worker_finds_webhooks_with_something_to_send(hooks: Hooks, receiver: Receiver, rows: Any) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    idle, _ = await hooks.make(receiver.url, is_active=False)
    await hooks.workshop()

    assert await queue_webhook_jobs(hooks.database) >= 1
    assert await queue_webhook_jobs(hooks.database) == 0
    found = await rows("SELECT payload ->> 'webhook' FROM chassis.job WHERE kind = %(kind)s", kind=JOB)

    assert (webhook_id,) in found
    assert (idle,) not in found


async def test_who_never_ends_an_answer_is_hung_up_on(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then: never late with the next, and never done."""
    ended = threading.Event()

    class Dripping(BaseRequestHandler):
        def handle(self) -> None:
            while not ended.wait(0.05):
                try:
                    self.request.sendall(b"H")
                except OSError:
                    return

    del receiver
    monkeypatch.setattr(outbound, "LONGEST_SECONDS", 0.5)
    with ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever).start()
        webhook_id, _ = await hooks.make(f"http://127.0.0.1:{server.server_address[1]}/")
        await hooks.workshop()
        await asyncio.wait_for(hooks.send(webhook_id), 10)
        ended.set()
        server.shutdown()
    [delivery] = await hooks.deliveries(webhook_id)
    assert delivery["attempts"] == 1
    assert delivery["status"] == "waiting"
