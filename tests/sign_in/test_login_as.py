"""Signing in as somebody else: only where the user or the policy allows it, for a while, and marked everywhere."""

from __future__ import annotations

import httpx

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
