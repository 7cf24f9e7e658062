"""Keys over their life: rotated while records are read and written, wrapped anew, missing, destroyed."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from chassis_metadata.errors import Conflict, Unavailable
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.security_policy import store_policy
from chassis_platform.api import setup_encryption, setup_four_eyes
from chassis_platform.api.deps import Server
from chassis_platform.app import make_app, make_server
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.automation.encryption.destruction import destroy_keys, wish_destruction, withdraw_wish
from chassis_platform.automation.encryption.rotation import rotate, state_of_keys
from chassis_platform.automation.encryption.wrapping_anew import wrap_anew
from chassis_platform.key_encryption import KEY_FILE, LocalKeys, Wrappers, key_problem, new_line, wrapper_of
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR

if TYPE_CHECKING:
    from pathlib import Path

    from encryption.conftest import Club

COUNT = 30


@pytest.fixture(scope="module")
async def members(club: Club) -> list[str]:
    return [
        await club.make(Name=f"Member {n}", IdNumber=f"ID-{n}", Email=f"m{n}@example.com", Story=f"Story {n}")
        for n in range(COUNT)
    ]


def versions(club: Club) -> list[tuple[Any, ...]]:
    return club.world.sql(
        "SELECT DISTINCT split_part(v, '.', 2) FROM data.member, unnest(ARRAY[id_number, email, phone, story]) v"
        " WHERE v IS NOT NULL ORDER BY 1"
    )


async def test_a_new_key_is_used_while_the_club_works(club: Club, members: list[str]) -> None:
    found = [row[0] for row in club.world.sql("SELECT email__found FROM data.member ORDER BY id")]
    number = await rotate(club.database, club.world.tenant.id, OPERATOR)
    await club.change(members[0], Story="Sealed by the new key")
    mixed = versions(club)
    reading = asyncio.gather(*(club.where("admin", f"Email = 'm{n}@example.com'", "Story") for n in range(1, COUNT)))
    writing = asyncio.gather(*(club.change(members[n], Story=f"Changed {n}") for n in range(20, COUNT)))
    await asyncio.gather(reading, writing, club.work())
    await club.work()

    assert (mixed, versions(club)) == ([("1",), (str(number),)], [(str(number),)])
    assert [row[0] for row in club.world.sql("SELECT email__found FROM data.member ORDER BY id")] == found
    stories = {row["Story"] for row in await club.where("admin", "Name != null", "Story")}
    assert stories == {
        "Sealed by the new key",
        *(f"Story {n}" for n in range(1, 20)),
        *(f"Changed {n}" for n in range(20, COUNT)),
    }
    state = await state_of_keys(club.database, club.world.tenant.id)
    assert state["rotation"]["finished"]
    assert state["rotation"]["sealed_anew"] >= 3 * 20


async def test_a_rotation_goes_on_where_it_stopped(club: Club, members: list[str]) -> None:
    number = await rotate(club.database, club.world.tenant.id, OPERATOR)
    club.world.sql(
        "UPDATE chassis.key_rotation SET object_name = 'Member.IdNumber', last_id = %s WHERE number = %s",
        members[9],
        number,
    )
    versions_before = club.world.sql("SELECT count(*) FROM data.member WHERE row_version > 1")
    await club.work()

    assert versions(club) == [(str(number),)]
    assert club.world.sql("SELECT count(*) FROM data.member WHERE row_version > 1") == versions_before


async def health(club: Club, home: Path) -> httpx.Response:
    server = make_server(Settings(home=home, web=home), club.urls.server)
    async with server.database, httpx.AsyncClient(transport=httpx.ASGITransport(make_app(server))) as client:
        return await client.get("http://here/health")


async def test_without_the_installations_key_nothing_opens_and_health_tells(
    club: Club, members: list[str], tmp_path: Path
) -> None:
    wrong = wrapper_of(Settings(home=tmp_path), tmp_path)
    async with Database(club.urls.server, smallest=1, largest=2, wrapper=wrong) as database:
        stranger = club.over(database)
        with pytest.raises(Unavailable) as refused:
            await stranger.where("admin", "Email = 'm1@example.com'", "Story")
        with pytest.raises(Unavailable):
            await stranger.change(members[1], Story="x")
        assert await stranger.where("admin", "Name = 'Member 1'", "Name") == [{"Name": "Member 1"}]
    well, ill = await health(club, club.home), await health(club, tmp_path)

    assert refused.value.problems[0].code == "encryption_key_unavailable"
    assert (well.status_code, well.text[:2], ill.status_code) == (200, "ok", 503)
    assert str(tmp_path / "keys" / KEY_FILE) in ill.text


@pytest.mark.usefixtures("members")
async def test_keys_are_wrapped_anew_by_another_key(club: Club) -> None:
    old = (club.home / "keys" / KEY_FILE).read_bytes()
    fresh = secrets.token_bytes(32)
    former = LocalKeys([base64.b64decode(old)], "the file")
    both = Wrappers([LocalKeys([fresh], "the test"), former])

    assert await wrap_anew(club.urls.owner, both) >= 4
    async with Database(club.urls.server, smallest=1, largest=2, wrapper=LocalKeys([fresh], "the test")) as database:
        assert len(await club.over(database).where("admin", "Email = 'm1@example.com'")) == 1
    (club.home / "keys" / KEY_FILE).write_bytes(new_line(fresh) + old)
    async with club.another_process() as database:
        story = await club.over(database).where("admin", "Email = 'm1@example.com'", "Story")
        assert story == [{"Story": "Story 1"}]
        assert await key_problem(database) is None


@pytest.fixture
async def office(club: Club) -> AsyncIterator[httpx.AsyncClient]:
    """Setup over HTTP; `by` is who asks."""
    app = Starlette(routes=[*setup_encryption.routes(), *setup_four_eyes.routes()])
    app.state.server = Server(club.database, club.snapshots, PolicyStore(club.database), Settings(home=club.home))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here/setup") as client:
        yield client


async def by(club: Club, user: str) -> dict[str, str]:
    token = new_token(club.world.tenant.organization_id)
    begun = NewSession(club.world.users[user], "api", "tests")
    statement = insert_session(club.world.tenant.id, token, begun, idle_minutes=60, hours=8)
    await club.database.read(Binding(club.world.tenant.id), statement)
    return {"authorization": f"Bearer {token}"}


@pytest.mark.usefixtures("members")
async def test_setup_shows_keys_and_two_administrators_want_them_gone(club: Club, office: httpx.AsyncClient) -> None:
    admin, second, desk = [await by(club, name) for name in ("admin", "second", "desk")]
    wish: Any = {"json": {"reason": "We leave"}, "headers": admin}
    refused = [(await office.get("/encryption", headers=desk)).status_code]
    refused += [(await office.post("/encryption/rotate", headers=desk)).status_code]
    shown = (await office.get("/encryption", headers=admin)).json()
    asked = await office.post("/encryption/destruction", **wish)
    request = asked.json()[0]["request"]
    approved = await office.post(f"/administration-requests/{request}/approve", json={}, headers=second)
    done = await office.post("/encryption/destruction", **wish)
    state = (await office.get("/encryption", headers=admin)).json()
    kept = await office.request("DELETE", "/encryption/destruction", headers=second)

    assert refused == [403, 403]
    fields = {each["field"]: (each["object_label"], each["found"], each["own"]) for each in shown["fields"]}
    assert fields["Member.IdNumber"] == ("Member", True, False)
    assert fields["Attendance.Remark"] == ("Attendance", False, False)
    assert {each["kind"] for each in shown["keys"]} == {"data", "index"}
    assert "wrapped" not in shown["keys"][0]
    assert (asked.status_code, asked.json()[0]["errorCode"]) == (403, "APPROVAL_REQUIRED")
    assert (approved.status_code, done.status_code, kept.status_code) == (204, 201, 204)
    assert (state["wish"]["reason"], state["wish"]["asked_by"]) == ("We leave", "admin")


@pytest.mark.usefixtures("members")
async def test_laying_a_field_in_clear_waits_for_a_second_administrator_where_the_tenant_wants_that(
    club: Club, office: httpx.AsyncClient
) -> None:
    await club.save_field("Member.Code__c", type="text", label="Code")
    [offered] = (await office.get("/encryption", headers=await by(club, "admin"))).json()["encryptable"]
    await club.save_field("Member.Code__c", type="text", label="Code", encrypted=True)
    await club.make(Name="Coded", Website="c.example.com", Code__c="Code in clear")
    await club.work()
    policy = {"four_eyes": ["field_decryption"]}
    kept = store_policy(club.world.tenant.id, policy, club.world.users["admin"], clock.now())
    await club.database.read(Binding(club.world.tenant.id), kept)
    club.world.sql("UPDATE chassis.tenant SET access_version = access_version + 1")
    await club.refresh()
    admin, second, desk = [await by(club, name) for name in ("admin", "second", "desk")]
    wish: Any = {"json": {"field": "Member.Code__c"}}
    refused = await office.post("/encryption/decryption", **wish, headers=desk)
    asked = await office.post("/encryption/decryption", **wish, headers=admin)
    request = asked.json()[0]["request"]
    await office.post(f"/administration-requests/{request}/approve", json={}, headers=second)
    packaged = await office.post("/encryption/decryption", json={"field": "Member.Email"}, headers=admin)
    done = await office.post("/encryption/decryption", **wish, headers=admin)
    await club.refresh()
    running = (await office.get("/encryption", headers=admin)).json()
    await club.work()
    await club.refresh()
    after = (await office.get("/encryption", headers=admin)).json()

    assert offered["field"] == "Member.Code__c"
    assert (refused.status_code, asked.status_code, packaged.status_code, done.status_code) == (403, 403, 403, 204)
    assert "APPROVAL_REQUIRED" in asked.text
    assert [(each["seals"], each["finished"]) for each in running["conversions"]] == [(False, None)]
    assert [each["field"] for each in after["encryptable"]] == ["Member.Code__c"]
    assert club.places_of("Code in clear") != []
    club.world.sql("DELETE FROM chassis.security_policy")
    await club.refresh()


async def test_destroyed_keys_leave_blanks_and_the_club_goes_on(club: Club, members: list[str]) -> None:
    tenant_id, context = club.world.tenant.id, await club.world.as_user("admin")
    async with club.another_process() as database, club.another_process() as second:
        one, other = club.over(database), club.over(second)
        with pytest.raises(Conflict):
            await destroy_keys(database, tenant_id)
        await wish_destruction(database, context, "We leave")
        await withdraw_wish(database, context)
        with pytest.raises(Conflict):
            await destroy_keys(database, tenant_id)
        assert await other.where("admin", "Email = 'm2@example.com'", "Story") == [{"Story": "Story 2"}]
        await wish_destruction(database, context, "We leave")
        assert await destroy_keys(database, tenant_id) >= 4
        gone = [await each.of(members[2], "admin", "Name, Email, Story, IdNumber") for each in (other, one)]
        masked = await other.of(members[2], "desk", "Email, Story")
        found = await other.where("admin", "Email = 'm2@example.com'")
        await other.change(members[2], Email="m2@example.com", IdNumber="ID-3", Story="Anew")
        anew = await one.where("admin", "Email = 'M2@example.com'", "Email, Story")
        assert await other.where("admin", "Email = 'm2@example.com'", "Story") == [{"Story": "Anew"}]

    assert gone == [[{"Name": "Member 2", "Email": None, "Story": None, "IdNumber": None}]] * 2
    assert masked == [{"Email": None, "Story": None}]
    assert (found, anew) == ([], [{"Email": "m2@example.com", "Story": "Anew"}])
    assert club.world.sql("SELECT count(*) FROM chassis.tenant_key WHERE wrapped IS NOT NULL") == [(2,)]
    [entry] = club.world.sql("SELECT old_value FROM data.setup_audit_trail WHERE action = 'destroyedKeys'")
    assert "We leave" in entry[0]
