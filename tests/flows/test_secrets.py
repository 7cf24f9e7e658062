"""Settings of the type secret: taken at Setup's door, sealed, shown nowhere, opened for a call; keys over time."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from chassis_metadata.package import read_package
from chassis_platform import clock
from chassis_platform.api import setup_logic
from chassis_platform.api.deps import Server
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.automation.encryption.destruction import destroy_keys, wish_destruction
from chassis_platform.automation.encryption.rotation import rotate
from chassis_platform.outbound import NotAllowedError
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from encryption.conftest import Club
from flows.conftest import Desk, MakeDesk, package_with
from flows.test_messages import Sink, hook

__all__ = ["hook"]

FILES = {
    "settings.yaml": (
        "HookUrl: {type: text, label: Where calls go}\nHookSecret: {type: secret, label: What signs them}\n"
        "Former: {type: text, label: A text that becomes a secret}\n"
    ),
    "flows/Hook.yaml": """
label: Hook
object: Ticket
trigger: {record: {when: after_commit, events: [create], criteria: 'Name = "Hook"'}}
steps:
  - webhook: {url: HookUrl, secret: HookSecret, body: {ticket: Id}}
""",
    "flows/Count.yaml": """
label: Count
object: Ticket
trigger: {record: {when: after_commit, events: [create], criteria: 'Name = "Count"'}}
steps:
  - webhook: {url: HookUrl, secret: HookSecret, attempts: 1, answer: {flow: Answered, about: Id}, body: {ticket: Id}}
""",
    "flows/Answered.yaml": """
label: Answered
object: Ticket
trigger: {sub: {}}
variables:
  Error: {type: text, input: true}
steps:
  - update: {Note: Error}
""",
}
SECRET = "Unspeakable-Signature"


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    made = await make_desk(FILES)
    made.settings = Settings(home=made.home, webhook_hosts="127.0.0.1", webhook_private=True)
    return made


@pytest.fixture
async def office(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """Setup over HTTP, as the administrator."""
    app = Starlette(routes=setup_logic.routes())
    app.state.server = Server(desk.database, desk.snapshots, desk.worker.policies, desk.settings)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here/setup/logic", headers=await signed_in(desk)
    ) as client:
        yield client


async def signed_in(desk: Desk, *, verified_ago: timedelta = timedelta()) -> dict[str, str]:
    token = new_token(desk.world.tenant.organization_id)
    begun = NewSession(desk.world.users["admin"], "api", "tests", verified_at=clock.now() - verified_ago)
    statement = insert_session(desk.world.tenant.id, token, begun, idle_minutes=60, hours=8)
    await desk.database.read(Binding(desk.world.tenant.id), statement)
    return {"authorization": f"Bearer {token}"}


async def put(office: httpx.AsyncClient, desk: Desk, name: str, body: dict[str, Any]) -> None:
    answer = await office.put(f"/setting_value/{name}", json=body)
    assert (answer.status_code, answer.text) == (204, "")
    await refresh(desk)


async def refresh(desk: Desk) -> None:
    tenant = await tenant_by_id(desk.database, desk.world.tenant.id)
    assert tenant is not None
    desk.world.tenant = tenant
    desk.world.snapshot = await desk.snapshots.of(tenant.id, tenant.metadata_version)


def stored(desk: Desk, name: str = "HookSecret") -> Any:
    found = desk.world.sql("SELECT body FROM chassis.component WHERE kind = 'setting_value' AND name = %s", name)
    return found[0][0] if found else None


def places_of(desk: Desk, urls: DatabaseUrls, *words: str) -> set[str]:
    """The tables of the whole database in which one of the words stands."""
    return {place for place, _, _ in Club(desk.world, desk.snapshots, desk.home, urls).places_of(*words)}


def trail(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.world.sql(
        "SELECT action, old_value, new_value FROM data.setup_audit_trail WHERE target_name = 'HookSecret' ORDER BY id"
    )


async def one_round(desk: Desk) -> None:
    """Run the jobs that wait, and none of those that they queue."""
    for kind, payload in desk.world.sql("DELETE FROM chassis.job RETURNING kind, payload"):
        await HANDLERS[kind](desk.worker, desk.world.tenant.id, payload)


async def call(desk: Desk, hook: Sink) -> str | None:
    """With which of the words a call is signed; None: with none."""
    await desk.work()
    hook.posts.clear()
    await desk.make(Name="Hook")
    await desk.work()
    [(headers, body)] = hook.posts
    moment, _, digest = headers.get("x-chassis-signature", "").removeprefix("t=").partition(",v1=")
    words = (SECRET, "Another", "Anew")
    signed = (hmac.new(word.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest() for word in words)
    return next((word for word, each in zip(words, signed, strict=True) if each == digest), None)


async def test_a_secret_is_taken_and_given_to_nobody(
    desk: Desk, office: httpx.AsyncClient, hook: Sink, urls: DatabaseUrls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await put(office, desk, "HookUrl", {"value": f"http://127.0.0.1:{hook.port}/"})
    checked = await office.post("/setting_value/HookSecret/check", json={"value": SECRET})
    await put(office, desk, "HookSecret", {"value": SECRET})
    signed = await call(desk, hook)
    await desk.make(Name="Hook")
    await one_round(desk)
    waiting = desk.world.sql("SELECT payload ->> 'secret' FROM chassis.job WHERE kind = 'call_webhook'")
    answers = [
        await office.get("/setting_value/HookSecret"),
        await office.get("/setting_value?bodies=true"),
        await office.get("/setting/HookSecret"),
        await office.get("/setting?bodies=true"),
    ]

    assert checked.json() == {"problems": []}
    assert answers[0].json()["body"] == {"is_set": True}
    assert signed == SECRET
    assert list(stored(desk)) == ["sealed"]
    assert SECRET not in "".join(each.text for each in answers) + caplog.text + repr(desk.world.snapshot)
    assert stored(desk)["sealed"] not in "".join(each.text for each in answers) + repr(desk.world.snapshot)
    assert trail(desk) == [("createdSettingValue", None, '{"is_set": true}')]
    assert waiting == [("HookSecret",)]
    assert places_of(desk, urls, SECRET) == set()


async def test_a_secret_is_kept_replaced_and_taken_away(desk: Desk, office: httpx.AsyncClient, hook: Sink) -> None:
    await put(office, desk, "HookUrl", {"value": f"http://127.0.0.1:{hook.port}/"})
    await put(office, desk, "HookSecret", {"value": SECRET})
    before, entries = stored(desk), len(trail(desk))
    for unsaid in ({}, {"is_set": True}):
        await put(office, desk, "HookSecret", unsaid)
    kept, untold = stored(desk) == before, len(trail(desk)) == entries
    await put(office, desk, "HookSecret", {"value": "Another"})
    replaced = await call(desk, hook)
    await put(office, desk, "HookSecret", {"value": None})
    shown = (await office.get("/setting_value/HookSecret")).json()["body"]
    cleared = await call(desk, hook)
    await put(office, desk, "HookSecret", {"value": SECRET})
    deleted = await office.delete("/setting_value/HookSecret")

    assert (kept, untold, replaced, shown, cleared) == (True, True, "Another", {"is_set": False}, None)
    assert (deleted.status_code, stored(desk)) == (204, None)
    assert trail(desk)[-4:] == [
        ("changedSettingValue", '{"is_set": true}', '{"is_set": true}'),
        ("changedSettingValue", '{"is_set": true}', '{"is_set": false}'),
        ("changedSettingValue", '{"is_set": false}', '{"is_set": true}'),
        ("deletedSettingValue", '{"is_set": true}', None),
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "A secret is not empty"),
        ("   ", "A secret is not empty"),
        ("Unspeakable" * 500, "at most 4,000 characters; this one has 5,500"),
        (4711_4711, "A secret is a text"),
        (["Unspeakable"], "A list is not a text"),
        ("Unspeakable\0", "no NUL"),
    ],
)
async def test_what_is_no_secret_is_refused_without_repeating_it(
    desk: Desk, office: httpx.AsyncClient, urls: DatabaseUrls, value: Any, said: str
) -> None:
    refused = await office.put("/setting_value/HookSecret", json={"value": value})

    assert (refused.status_code, said in refused.text) == (400, True)
    assert "Unspeakable" not in refused.text
    assert "47114711" not in refused.text
    assert places_of(desk, urls, "Unspeakable", "47114711") == set()


async def test_nobody_sends_a_sealed_text(office: httpx.AsyncClient) -> None:
    refused = await office.put("/setting_value/HookSecret", json={"sealed": "1.1..QUJD"})
    without = await office.put("/setting_value/HookUrl", json={"is_set": True})

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "UNKNOWN_KEY")
    assert (without.status_code, without.json()[0]["errorCode"]) == (400, "REQUIRED_KEY_MISSING")


async def test_who_sets_a_secret_has_shown_lately_who_it_is(desk: Desk, office: httpx.AsyncClient) -> None:
    late = await signed_in(desk, verified_ago=timedelta(hours=7))
    refused = await office.put("/setting_value/HookSecret", json={"value": SECRET}, headers=late)
    await put(office, desk, "HookSecret", {"value": SECRET})
    off = await office.put("/setting_value/HookSecret/active", json={"active": False}, headers=late)
    gone = await office.delete("/setting_value/HookSecret", headers=late)
    allowed = await office.put("/setting_value/HookUrl", json={"value": "http://127.0.0.1/"}, headers=late)

    assert {each.json()[0]["errorCode"] for each in (refused, off, gone)} == {"VERIFICATION_REQUIRED"}
    assert allowed.status_code == 204


async def test_a_text_that_becomes_a_secret_is_sealed(
    desk: Desk, office: httpx.AsyncClient, urls: DatabaseUrls, tmp_path: Path
) -> None:
    await office.put("/setting/Own__c", json={"type": "text", "label": "Own"})
    for name in ("Own__c", "Former"):
        await put(office, desk, name, {"value": SECRET})
    was_read = desk.world.snapshot.settings["Own__c"].value
    made = await office.put("/setting/Own__c", json={"type": "secret", "label": "Own"})
    text = FILES["settings.yaml"].replace("Former: {type: text", "Former: {type: secret")
    package = read_package(package_with(tmp_path / "package", {**FILES, "settings.yaml": text}))
    publish(urls.owner, package, replace=True)
    await refresh(desk)
    before = (await office.get("/setting_value?bodies=true")).text
    await install(desk.snapshots, desk.world.tenant.id, "desk", actor=OPERATOR)
    await refresh(desk)

    assert (was_read, made.status_code) == (SECRET, 204)
    assert SECRET not in before
    assert [list(stored(desk, name)) for name in ("Own__c", "Former")] == [["sealed"], ["sealed"]]
    assert places_of(desk, urls, SECRET) == {"data.setup_audit_trail"}  # what the journal says stays said
    assert desk.world.snapshot.settings["Former"].is_set


async def test_a_secret_goes_with_the_keys(desk: Desk, office: httpx.AsyncClient, hook: Sink) -> None:
    tenant_id = desk.world.tenant.id
    await put(office, desk, "HookUrl", {"value": f"http://127.0.0.1:{hook.port}/"})
    await put(office, desk, "HookSecret", {"value": SECRET})
    before = stored(desk)["sealed"]
    number = await rotate(desk.database, tenant_id, OPERATOR)
    await desk.work()
    after = stored(desk)["sealed"]
    signed = await call(desk, hook)

    await wish_destruction(desk.database, await desk.as_("admin"), "We leave")
    await destroy_keys(desk.database, tenant_id)
    hook.posts.clear()
    await desk.make(Name="Hook")
    with pytest.raises(NotAllowedError, match="HookSecret can't be read any more: its key was destroyed") as failed:
        await desk.work()
    counted = await desk.make(Name="Count")
    await desk.work()
    shown = await office.get("/setting_value/HookSecret")
    unsent = list(hook.posts)
    await put(office, desk, "HookSecret", {"value": "Anew"})

    assert (before.split(".")[1] != str(number), after.split(".")[1]) == (True, str(number))
    assert signed == SECRET
    assert unsent == []
    assert desk.row(counted, "note") == str(failed.value)
    assert (shown.status_code, shown.json()["body"]) == (200, {"is_set": True})
    assert await call(desk, hook) == "Anew"
