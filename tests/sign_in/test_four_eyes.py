"""Acts that wait for a second administrator: left as requests, approved by another, done once."""

from __future__ import annotations

from typing import Any

import httpx

from sign_in.conftest import Door, code_of

SET = "/setup/permission-sets/Guarded__c"


def waiting(client: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/setup/administration-requests").json()["requests"]
    return [each for each in found if each["status"] == "Waiting"]


def decide(client: httpx.Client, request_id: object, decision: str = "approve") -> httpx.Response:
    return client.post(f"/setup/administration-requests/{request_id}/{decision}", json={"comments": "seen"})


def test_an_act_waits_until_another_administrator_has_approved_it_and_is_done_once(door: Door) -> None:
    with door.policy(four_eyes=["permission_set"]):
        first, second = door.enter("admin"), door.enter("helper")
        refused = first.put(SET, json={"label": "Guarded"})
        assert (refused.status_code, code_of(refused)) == (403, "APPROVAL_REQUIRED")
        assert code_of(first.put(SET, json={"label": "Guarded"})) == "APPROVAL_REQUIRED"
        [request] = waiting(second)
        assert (request["path"], request["own"]) == (SET, False)

        assert code_of(decide(first, request["id"])) == "INSUFFICIENT_ACCESS", "never one's own"
        assert decide(second, request["id"]).status_code == 204
        assert code_of(decide(second, request["id"])) == "ALREADY_DECIDED"
        assert code_of(first.put(SET, json={"label": "Another"})) == "APPROVAL_REQUIRED", "not what was approved"
        assert code_of(second.put(SET, json={"label": "Guarded"})) == "APPROVAL_REQUIRED", "not who was approved"
        assert first.put(SET, json={"label": "Guarded"}).status_code == 204
        assert code_of(first.put(SET, json={"label": "Guarded"})) == "APPROVAL_REQUIRED", "once"
    assert [each[0] for each in door.trail("approvedAct")] == [door.site.users["helper"]]


def test_an_approved_act_that_fails_may_be_tried_again(door: Door) -> None:
    with door.policy(four_eyes=["permission_set"]):
        first, second = door.enter("admin"), door.enter("helper")
        wrong = {"label": "Guarded", "objects": {"Nowhere": ["read"]}}
        first.put("/setup/permission-sets/Wrong__c", json=wrong)
        [request] = [each for each in waiting(second) if each["path"] == "/setup/permission-sets/Wrong__c"]
        decide(second, request["id"])

        for _ in range(2):
            assert first.put("/setup/permission-sets/Wrong__c", json=wrong).status_code == 400


def test_what_was_refused_stays_refused(door: Door) -> None:
    with door.policy(four_eyes=["login_as"]):
        first, second = door.enter("admin"), door.enter("helper")
        path = f"/setup/users/{door.site.users['ada']}/login-as"
        assert code_of(first.post(path, json={"reason": "Ticket 1"})) == "APPROVAL_REQUIRED"
        [request] = [each for each in waiting(second) if each["act"] == "login_as"]
        assert decide(second, request["id"], "refuse").status_code == 204
        assert code_of(first.post(path, json={"reason": "Ticket 1"})) == "APPROVAL_REQUIRED"


def test_the_policy_that_asks_for_four_eyes_is_itself_guarded(door: Door) -> None:
    with door.policy(four_eyes=["package"]):
        assert code_of(door.enter("admin").patch("/setup/security-policy", json={"four_eyes": None})) == (
            "APPROVAL_REQUIRED"
        )


def test_permissions_are_given_by_no_other_door(door: Door) -> None:
    record = {"AssigneeId": door.site.users["ada"], "PermissionSetId": "0PS000000000000000"}
    path = "/services/data/v66.0/sobjects/PermissionSetAssignment"
    assert door.enter("admin").post(path, json=record).status_code in (400, 403, 404, 405)
    headers = {"authorization": f"Bearer {door.site.token('admin')}"}
    with door.policy(four_eyes=["permission_set"]):
        admin = door.enter("admin")
        user = f"/setup/users/{door.site.users['ada']}"
        assert code_of(admin.patch(user, json={"permission_sets": ["Auditor"]})) == "APPROVAL_REQUIRED"
        refused = httpx.post(f"{door.site.url}{path}", json=record, headers=headers)
        assert refused.status_code in (400, 403, 404, 405)
        assert "permission" in refused.text.lower() or "access" in refused.text.lower()


def test_sending_the_journal_elsewhere_waits_for_approval_and_its_secret_is_kept_nowhere(door: Door) -> None:
    sink = {"kind": "storage", "label": "Archive", "url": "https://s3.example/journal", "secret": "very-secret-key"}
    with door.policy(four_eyes=["journal_export"]):
        first, second = door.enter("admin"), door.enter("helper")
        assert code_of(first.post("/setup/journal-exports", json=sink)) == "APPROVAL_REQUIRED"
        assert code_of(first.post("/audit/archives", json={})) == "APPROVAL_REQUIRED"
        assert code_of(first.get("/audit/export")) == "APPROVAL_REQUIRED"

        requests = {each["path"]: each for each in waiting(second)}
        assert {"/setup/journal-exports", "/audit/archives", "/audit/export"} <= set(requests)
        shown = requests["/setup/journal-exports"]
        assert "s3.example" in str(shown["body"])
        kept = door.sql(
            "SELECT body FROM data.administration_request UNION SELECT new_value FROM data.setup_audit_trail"
        )
        assert "very-secret-key" not in f"{kept} {requests}"

        assert decide(second, shown["id"]).status_code == 204
        other = sink | {"secret": "another-secret"}
        assert code_of(first.post("/setup/journal-exports", json=other)) == "APPROVAL_REQUIRED", "not what was approved"
        made = first.post("/setup/journal-exports", json=sink)
        assert made.status_code == 201
        assert code_of(first.delete(f"/setup/journal-exports/{made.json()['id']}")) == "APPROVAL_REQUIRED"


def test_a_programs_token_gives_permissions_away_only_for_a_while_after_its_user_was_seen(door: Door) -> None:
    [(set_id,)] = door.sql(
        "SELECT id FROM data.permission_set WHERE tenant_id = %s AND name = 'Auditor'", door.site.tenant_id
    )
    record = {"AssigneeId": door.site.users["bo"], "PermissionSetId": set_id}
    path = f"{door.site.url}/services/data/v66.0/sobjects/PermissionSetAssignment"
    headers = {"authorization": f"Bearer {door.site.token('admin')}"}

    door.age_verification("admin")
    assert code_of(httpx.post(path, json=record, headers=headers)) == "VERIFICATION_REQUIRED"
    headers = {"authorization": f"Bearer {door.site.token('admin')}"}
    made = httpx.post(path, json=record, headers=headers)
    assert made.status_code == 201, made.text
    assert httpx.delete(f"{path}/{made.json()['id']}", headers=headers).status_code == 204


def test_an_inbound_key_is_made_by_who_was_seen_lately(door: Door) -> None:
    admin = door.enter("admin")
    wanted = {"label": "Partner", "run_as_user_id": door.site.users["admin"]}
    door.age_verification("admin")
    assert code_of(admin.post("/setup/inbound-keys", json=wanted)) == "VERIFICATION_REQUIRED"


def test_nobody_turns_four_eyes_on_who_could_not_be_approved(door: Door) -> None:
    door.sql(
        'UPDATE data."user" SET is_active = false WHERE tenant_id = %s AND id = %s',
        door.site.tenant_id,
        door.site.users["helper"],
    )
    answer = door.enter("admin").patch("/setup/security-policy", json={"four_eyes": ["package"]})
    assert answer.json()[0]["fields"] == ["four_eyes"]


def administrator(door: Door, name: str, *system: str) -> httpx.Client:
    """A browser of somebody who holds some of an administrator's permissions."""
    admin, path = door.enter("admin"), f"/setup/permission-sets/Part{name.title()}__c"
    made = admin.put(path, json={"label": "Part", "system": ["ViewSetup", *system]})
    assert made.status_code == 204, made.text
    assert admin.put(f"{path}/users/{door.site.users[name]}").status_code == 204
    return door.enter(name)


def test_who_manages_users_takes_over_nobody_who_may_do_more(door: Door) -> None:
    desk = administrator(door, "bo", "ManageUsers", "ManageConnections", "ManageSecurity")
    strong, weak = door.site.users["helper"], door.site.users["cai"]
    app = {"label": "Nightly", "grants": ["client_credentials"], "scopes": ["api"], "run_as_user_id": strong}
    acts: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", f"/setup/users/{strong}/reset-password", None),
        ("DELETE", f"/setup/users/{strong}/factors", None),
        ("PATCH", f"/setup/users/{strong}", {"email": "bo@example.com"}),
        ("PATCH", f"/setup/users/{strong}", {"username": "bo2@example.com"}),
        ("POST", "/setup/inbound-keys", {"label": "Key", "run_as_user_id": strong}),
        ("POST", "/setup/connected-apps", app),
    ]
    for method, path, body in acts:
        refused = desk.request(method, path, json=body)
        assert (refused.status_code, code_of(refused)) == (403, "INSUFFICIENT_ACCESS"), path
    assert desk.post(f"/setup/users/{weak}/reset-password").status_code == 200
    assert desk.patch(f"/setup/users/{weak}", json={"email": "cai2@example.com"}).status_code == 204
    assert door.enter("admin").patch(f"/setup/users/{strong}", json={"email": "helper2@example.com"}).is_success


RULE: dict[str, Any] = {"label": "All", "share_with": {"everyone": True}, "records": {}}
GUARDED: dict[str, dict[str, Any]] = {
    "org_wide_default/Group": {"internal": "public_read_write"},
    "sharing_rule/Group.Mine__c": RULE,
    "restriction_rule/Group.Less__c": {"label": "Less", "applies_to": {"everyone": True}, "records": {}},
    "access_set/Mine__c": {"label": "Mine", "object": "User", "sources": [{"object": "User", "field": "Id"}]},
    "masking_rule/Mine__c": {"label": "Mine", "fields": ["User.Email"], "mask": "email"},
    "alert_rule/Mine__c": {"label": "Mine", "journal": "AccessLog"},
    "switch/alert_rule.Mass_Reading": {"active": False},
    "switch/sharing_rule.Group.Mine__c": {"active": False},
}


def test_who_manages_metadata_decides_nothing_of_who_sees_what(door: Door) -> None:
    builder = administrator(door, "dan", "ManageMetadata")
    for path, body in GUARDED.items():
        refused = builder.put(f"/setup/logic/{path}", json=body)
        assert (refused.status_code, code_of(refused)) == (403, "INSUFFICIENT_ACCESS"), path
    assert builder.put("/setup/logic/setting/Mine__c", json={"label": "Mine", "type": "text"}).is_success
    turned = builder.put("/setup/logic/alert_rule/Mass_Reading/active", json={"active": False})
    assert code_of(turned) == "INSUFFICIENT_ACCESS"


def test_what_decides_who_sees_what_asks_anew_who_it_is_by_every_road(door: Door) -> None:
    admin = door.enter("admin")
    made = {"name": "Wish__c", "label": "Wish", "plural_label": "Wishes", "sharing": "private"}
    assert admin.post("/setup/objects", json=made).status_code == 201
    door.age_verification("admin")
    asked = [admin.put(f"/setup/logic/{path}", json=body) for path, body in GUARDED.items() if "alert" not in path]
    asked += [
        admin.put("/setup/sharing-defaults/Group", json={"internal": "public_read_write"}),
        admin.patch("/setup/objects/Wish__c", json={"sharing": "public_read_write"}),
        admin.post("/setup/packages/crm/install", json={}),
    ]
    assert {(each.status_code, code_of(each)) for each in asked} == {(403, "VERIFICATION_REQUIRED")}
    assert admin.patch("/setup/objects/Wish__c", json={"description": "What somebody wants"}).status_code == 204


def test_a_new_field_opens_no_object_and_gives_its_maker_nothing_else(door: Door) -> None:
    builder = administrator(door, "eva", "ManageMetadata")
    before = builder.get("/ui/bootstrap").json()["apps"]
    field = {"name": "Shade", "label": "Shade", "type": "text", "length": 20}
    assert builder.post("/setup/objects/AdministrationRequest/fields", json=field).status_code == 201
    assert builder.get("/ui/objects/AdministrationRequest").status_code == 404
    assert builder.get("/ui/bootstrap").json()["apps"] == before
