"""Signing in as somebody else: only where the user or the policy allows it, for a while, and marked everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.automation.break_glass import Glass, issue
from chassis_platform.operator import operator_context
from chassis_tenants.database import Database
from chassis_tenants.registry import tenant_by_id
from serving import PASSWORD
from sign_in.conftest import Door, code_of, keep_token


def login_as(door: Door, client: httpx.Client, name: str, reason: str = "Ticket 4711") -> httpx.Response:
    path = f"/setup/users/{door.site.users[name]}/login-as"
    return keep_token(client, client.post(path, json={"reason": reason}))


def test_nobody_signs_in_as_a_user_who_has_not_let_them(door: Door) -> None:
    assert login_as(door, door.enter("admin"), "ada").status_code == 403
    assert login_as(door, door.enter("bo"), "ada").status_code == 403


def test_who_was_let_in_is_the_user_with_a_mark_on_everything(door: Door) -> None:
    user, admin = door.enter("ada"), door.enter("admin")
    before = dict(admin.cookies)
    assert user.put("/ui/me/login-grant", json={"hours": 2}).status_code == 200

    assert login_as(door, admin, "ada").status_code == 200

    shown = admin.get("/ui/bootstrap").json()
    assert shown["user"]["username"] == door.site.username("ada")
    assert shown["acting"]["id"] == door.site.users["admin"]
    assert admin.patch("/ui/me", json={"language": "zh_CN"}).status_code == 204
    changed = door.trail("changed")[-1]
    assert changed[:2] == (door.site.users["ada"], door.site.users["admin"])
    assert "Ticket 4711" in door.trail("loggedInAs")[-1][3]
    acting = door.sql(
        "SELECT acting_user_id FROM data.login_history WHERE tenant_id = %s AND user_id = %s"
        " ORDER BY login_time DESC, id DESC LIMIT 1",
        door.site.tenant_id,
        door.site.users["ada"],
    )
    assert acting == [(door.site.users["admin"],)]
    thief = door.client()
    thief.cookies.update(before)
    assert thief.get("/ui/bootstrap").status_code == 401, "the administrator's own session has ended"
    mine = user.get("/ui/me/sessions").json()["sessions"]
    assert [each["acting"]["id"] for each in mine if each["acting"]] == [door.site.users["admin"]]


def test_what_is_the_users_own_affair_can_not_be_done_for_them(door: Door) -> None:
    user, admin = door.enter("cai"), door.enter("admin")
    user.put("/ui/me/login-grant", json={"hours": 1})
    login_as(door, admin, "cai")

    change = {"password": PASSWORD, "new_password": "etwas-ganz-anderes"}
    assert admin.post("/ui/me/password", json=change).status_code == 403
    assert admin.put("/ui/me/login-grant", json={"hours": 24}).status_code == 403
    assert admin.post("/ui/me/factors/totp").status_code == 403
    assert admin.post("/ui/verify", json={"method": "password", "password": PASSWORD}).status_code == 403


def test_a_grant_that_is_withdrawn_ends_the_sessions_begun_by_it(door: Door) -> None:
    user, admin = door.enter("dan"), door.enter("admin")
    user.put("/ui/me/login-grant", json={"hours": 1})
    login_as(door, admin, "dan")

    assert user.delete("/ui/me/login-grant").status_code == 204

    assert admin.get("/ui/bootstrap").status_code == 401
    assert user.get("/ui/bootstrap").status_code == 200


def test_a_grant_ends_with_its_time_and_lasts_a_day_at_most(door: Door) -> None:
    user = door.enter("eva")
    assert user.put("/ui/me/login-grant", json={"hours": 25}).status_code == 400
    assert user.put("/ui/me/login-grant", json={"hours": "2"}).status_code == 400
    user.put("/ui/me/login-grant", json={"hours": 24})
    door.sql("UPDATE chassis.login_grant SET expires_at = now() WHERE tenant_id = %s", door.site.tenant_id)

    assert login_as(door, door.enter("admin"), "eva").status_code == 403


def test_by_the_policy_one_signs_in_as_who_may_do_no_more(door: Door) -> None:
    with door.policy(login_as={"allowed": "always", "longest_minutes": 5}):
        admin = door.enter("admin")
        assert login_as(door, admin, "fei").status_code == 200
        helper = door.enter("helper")
        refused = login_as(door, helper, "admin")
        assert (refused.status_code, code_of(refused)) == (403, "INSUFFICIENT_ACCESS")
        assert login_as(door, helper, "robot").status_code == 403
        assert login_as(door, helper, "helper").status_code == 403
        assert login_as(door, helper, "gil", reason=" ").status_code == 400
    with door.policy(login_as={"allowed": "no"}):
        door.enter("gil").put("/ui/me/login-grant", json={"hours": 1})
        assert login_as(door, door.enter("admin"), "gil").status_code == 403


@contextmanager
def only_single_sign_on(door: Door) -> Iterator[None]:
    """Nobody signs in by password while the block runs."""
    door.sql(
        "INSERT INTO chassis.identity_provider (tenant_id, id, name, kind, label, body, created_at, changed_at)"
        " VALUES (%s, '0IdP', 'down', 'oidc', 'Down', '{}', now(), now())",
        door.site.tenant_id,
    )
    door.sql(
        "INSERT INTO chassis.sso_policy (tenant_id, only_sso, changed_at) VALUES (%s, true, now())", door.site.tenant_id
    )
    try:
        yield
    finally:
        for table in ("sso_policy", "identity_provider"):
            door.sql(f"DELETE FROM chassis.{table} WHERE tenant_id = %s", door.site.tenant_id)  # noqa: S608  as above


async def let_in(door: Door, database: Database, name: str = "admin", minutes: int = 30) -> str:
    """A break-glass token of the operator's."""
    tenant = await tenant_by_id(database, door.site.tenant_id)
    assert tenant is not None
    glass = Glass(door.site.users[name], "The provider is down, ticket 815", minutes)
    return await issue(database, await operator_context(database, tenant, None), glass)


def come_in(door: Door, token: str) -> tuple[httpx.Client, httpx.Response]:
    client = door.client()
    return client, keep_token(client, client.post("/ui/session/break-glass", json={"token": token}))


async def test_the_operator_lets_somebody_in_once_where_single_sign_on_is_down(door: Door, database: Database) -> None:
    with only_single_sign_on(door):
        assert door.attempt(door.client(), "admin").status_code == 401
        token = await let_in(door, database)

        client, answer = come_in(door, token)
        assert answer.status_code == 200, answer.text
        assert come_in(door, token)[1].status_code == 404, "once"
        assert come_in(door, token[:-4] + "0000")[1].status_code == 404
        assert client.patch("/setup/sso-policy", json={"only_sso": False}).status_code in (200, 204)

    shown = client.get("/ui/bootstrap").json()
    assert shown["acting"]["name"].strip() == "Platform operator"
    operator = shown["acting"]["id"]
    assert client.post("/ui/me/password", json={"password": PASSWORD, "new_password": "x" * 20}).status_code == 403
    acts = door.trail("issuedBreakGlass") + door.trail("usedBreakGlass")
    assert [each[:2] for each in acts] == [(None, None), (door.site.users["admin"], operator)]
    assert all("ticket 815" in each[3] for each in acts)
    assert [each[1] for each in door.trail("changedSsoPolicy")] in ([operator], [])
    entry = door.sql(
        "SELECT application, acting_user_id FROM data.login_history WHERE tenant_id = %s ORDER BY id DESC LIMIT 1",
        door.site.tenant_id,
    )
    assert entry == [("Break-glass", operator)]
    told = door.sql(
        "SELECT DISTINCT user_id FROM data.notification WHERE tenant_id = %s AND source = 'break_glass'",
        door.site.tenant_id,
    )
    assert {each[0] for each in told} == {door.site.users["admin"], door.site.users["helper"]}
    assert door.attempt(door.client(), f"operator@{door.site.tenant_id}").status_code == 401


async def test_a_break_glass_link_and_its_session_end_with_their_time(door: Door, database: Database) -> None:
    token = await let_in(door, database, minutes=5)
    door.sql("UPDATE chassis.door_token SET expires_at = now() - interval '1 second' WHERE purpose = 'break_glass'")
    assert come_in(door, token)[1].status_code == 404

    client, _ = come_in(door, await let_in(door, database, minutes=5))
    [(minutes,)] = door.sql(
        "SELECT round(extract(epoch FROM ends_at - created_at) / 60) FROM chassis.session"
        " WHERE client_name = 'Break-glass' ORDER BY created_at DESC LIMIT 1"
    )
    assert minutes == 5
    assert client.get("/ui/bootstrap").status_code == 200
    for name in ("robot", "nobody"):
        door.site.users.setdefault("nobody", "005000000000000AAA")
        with pytest.raises(ChassisError):
            await let_in(door, database, name)
