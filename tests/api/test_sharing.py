"""Sharing by hand, explanations of access, public groups and sharing rules, over HTTP: each counts at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from serving import Site


@pytest.fixture(scope="module")
def account(site: Site) -> str:
    """An account of the consultant's; the colleague has nothing to do with it."""
    values = {"LastName": "Shared", "PersonMobilePhone": "13800000991"}
    with as_person(site, "consultant") as client:
        answer = client.post("/services/data/v66.0/sobjects/Account", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def as_person(site: Site, name: str) -> httpx.Client:
    return httpx.Client(base_url=site.url, headers={"authorization": f"Bearer {site.token(name)}"}, timeout=30)


def sees(client: httpx.Client, account: str) -> bool:
    return client.get(f"/services/data/v66.0/sobjects/Account/{account}?fields=Id").status_code == 200


def access(client: httpx.Client, site: Site, account: str, name: str) -> dict[str, Any]:
    answer = client.get("/setup/explain-access", params={"record": account, "user": site.users[name]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_owner_shares_a_record_and_takes_it_back(site: Site, account: str) -> None:
    with as_person(site, "consultant") as owner, as_person(site, "colleague") as colleague:
        assert not sees(colleague, account)
        shared = owner.post(
            f"/ui/records/{account}/shares", json={"with": site.users["colleague"], "reason": "Holiday"}
        )
        assert shared.status_code == 201, shared.text
        assert sees(colleague, account)
        listed = colleague.get(f"/ui/records/{account}/shares").json()
        assert [(each["with"], each["access"], each["reason"]) for each in listed["shares"]] == [
            (site.users["colleague"], "Read", "Holiday")
        ]
        assert not listed["may_share"]
        change = colleague.patch(f"/services/data/v66.0/sobjects/Account/{account}", json={"Phone": "02155550002"})
        assert change.status_code == 403, change.text
        assert owner.delete(f"/ui/records/{account}/shares/{shared.json()['id']}").status_code == 204
        assert not sees(colleague, account)


def test_a_team_member_with_edit_changes_the_record(site: Site, account: str) -> None:
    with as_person(site, "consultant") as owner, as_person(site, "colleague") as colleague:
        document = {"with": site.users["colleague"], "access": "Edit", "cause": "Team", "team_role": "Deputy"}
        shared = owner.post(f"/ui/records/{account}/shares", json=document)
        change = colleague.patch(f"/services/data/v66.0/sobjects/Account/{account}", json={"Phone": "02155550003"})
        assert change.status_code == 204, change.text
        refused = colleague.post(f"/ui/records/{account}/shares", json={"with": site.users["partner"]})
        assert refused.status_code == 403, refused.text
        owner.delete(f"/ui/records/{account}/shares/{shared.json()['id']}")


def test_who_does_not_see_a_record_learns_nothing_of_its_shares(site: Site, account: str) -> None:
    with as_person(site, "colleague") as colleague:
        for answer in (
            colleague.get(f"/ui/records/{account}/shares"),
            colleague.post(f"/ui/records/{account}/shares", json={"with": site.users["colleague"]}),
        ):
            assert answer.status_code == 404, answer.text


def test_everything_wrong_with_a_share_is_told_at_once(site: Site, account: str) -> None:
    with as_person(site, "consultant") as owner:
        document = {"with": "00Q", "access": "Own", "until": "2020-01-01T00:00:00Z", "because": "x"}
        answer = owner.post(f"/ui/records/{account}/shares", json=document)
        assert answer.status_code == 400
        assert len(answer.json()) == 4, answer.text


def test_every_grant_and_the_first_refusal_are_told(site: Site, account: str) -> None:
    with as_person(site, "admin") as admin:
        owner = access(admin, site, account, "consultant")
        assert owner["access"] == "edit"
        assert {"kind": "owner", "name": None, "access": "edit"} in owner["grants"]
        assert access(admin, site, account, "colleague")["refusal"] == {"kind": "no_grant", "name": None}
        assert access(admin, site, account, "auditor")["refusal"] == {"kind": "object_permission", "name": "read"}
        everything = access(admin, site, account, "admin")
        assert ("object_permission", "modify_all") in {(each["kind"], each["name"]) for each in everything["grants"]}
        seen = admin.get("/setup/explain-access/users", params={"record": account}).json()["users"]
        assert {each["id"] for each in seen} >= {site.users["consultant"], site.users["admin"]}
        assert site.users["colleague"] not in {each["id"] for each in seen}


def test_only_who_manages_sharing_is_told(site: Site, account: str) -> None:
    with as_person(site, "consultant") as owner:
        assert owner.get("/setup/explain-access", params={"record": account}).status_code == 403
        assert owner.get("/setup/explain-access/users", params={"record": account}).status_code == 403


def test_a_sharing_rule_with_a_public_group_counts_with_the_next_request(site: Site, account: str) -> None:
    with as_person(site, "admin") as admin, as_person(site, "colleague") as colleague:
        assert not sees(colleague, account)
        group = {"Name": "Shared accounts", "DeveloperName": "SharedAccounts", "Type": "Regular"}
        group_id = admin.post("/services/data/v66.0/sobjects/Group", json=group).json()["id"]
        rule = {
            "label": "Shared accounts",
            "share_with": {"groups": ["SharedAccounts"]},
            "records": {"criteria": "LastName = 'Shared'"},
        }
        made = admin.put("/setup/logic/sharing_rule/Account.Shared_Accounts__c", json=rule)
        assert made.status_code in (200, 201, 204), made.text
        assert not sees(colleague, account)
        member = {"GroupId": group_id, "UserOrGroupId": site.users["colleague"]}
        member_id = admin.post("/services/data/v66.0/sobjects/GroupMember", json=member).json()["id"]
        assert sees(colleague, account)
        told = access(admin, site, account, "colleague")
        assert told["grants"] == [{"kind": "sharing_rule", "name": "Shared_Accounts__c", "access": "read"}]
        assert admin.delete(f"/services/data/v66.0/sobjects/GroupMember/{member_id}").status_code == 204
        assert not sees(colleague, account)


def test_a_restriction_rule_narrows_even_who_sees_all(site: Site, account: str) -> None:
    with as_person(site, "admin") as admin:
        rule = {"label": "None", "applies_to": {"permission_sets": ["SystemAdministrator"]}}
        rule["records"] = {"criteria": "LastName <> 'Shared'"}
        path = "/setup/logic/restriction_rule/Account.No_Shared__c"
        assert admin.put(path, json=rule).status_code in (200, 201, 204)
        assert not sees(admin, account)
        assert access(admin, site, account, "admin")["refusal"] == {"kind": "restriction_rule", "name": "No_Shared__c"}
        assert admin.delete(path).status_code == 204
        assert sees(admin, account)


def test_an_org_wide_default_counts_with_the_next_request_and_is_taken_back(site: Site, account: str) -> None:
    path = "/setup/sharing-defaults/Account"
    with site.browser("admin") as admin, as_person(site, "colleague") as colleague:
        before = admin.get(path).json()
        assert (before["internal"], before["own"], before["by_parent"]) == ("private", False, False)
        assert before["readers"]["internal"] >= len(("admin", "consultant", "colleague"))
        assert before["sharing_rules"] > 0
        assert not sees(colleague, account)
        assert admin.put(path, json={"internal": "public_read", "external": "private"}).status_code == 204
        assert sees(colleague, account)
        listed = {each["name"]: each for each in admin.get("/setup/sharing-defaults").json()["objects"]}
        assert (listed["Account"]["internal"], listed["Account"]["own"]) == ("public_read", True)
        assert "AccessLog" not in listed
        assert admin.put(path, json={"internal": "open"}).status_code == 400
        assert admin.delete(path).status_code == 204
        assert not sees(colleague, account)
        assert colleague.put(path, json={"internal": "public_read"}).status_code == 403
        assert admin.get("/setup/sharing-defaults/AccessLog").status_code == 404


def test_a_group_of_roles_and_groups_counts_and_is_kept_while_a_rule_names_it(site: Site) -> None:
    with site.browser("admin") as admin:
        role = admin.post("/setup/roles", json={"name": "Planners", "label": "Planners"}).json()["id"]
        below = admin.post("/setup/roles", json={"name": "Planner", "label": "Planner", "parent_id": role}).json()["id"]
        assert admin.patch(f"/setup/users/{site.users['colleague']}", json={"role_id": below}).status_code == 204
        outer, inner = (
            admin.post("/setup/groups", json={"name": name, "label": name}).json()["id"] for name in ("Outer", "Inner")
        )
        members = f"/setup/groups/{inner}/members"
        by_role = admin.post(members, json={"member": role, "with_below": True})
        assert by_role.status_code == 201, by_role.text
        assert admin.post(members, json={"member": role}).status_code == 409
        assert admin.post(f"/setup/groups/{outer}/members", json={"member": inner}).status_code == 201
        assert admin.post(f"/setup/groups/{outer}/members", json={"member": outer}).status_code == 400
        assert admin.post(members, json={"member": outer}).status_code == 400
        assert admin.post(members, json={"member": "001000000000001AAA"}).status_code == 400
        found = admin.get(f"/setup/groups/{outer}").json()
        assert (found["users"], [each["kind"] for each in found["members"]]) == (1, ["Group"])
        inside = admin.get(f"/setup/groups/{inner}").json()["members"]
        assert [(each["kind"], each["name"], each["with_below"]) for each in inside] == [("Role", "Planners", True)]

        rule = {"label": "Outer", "share_with": {"groups": ["Outer"]}, "records": {}}
        assert admin.put("/setup/logic/sharing_rule/Lead.Outer__c", json=rule).is_success
        assert admin.get(f"/setup/groups/{outer}").json()["rules"] == [
            {"kind": "sharing_rule", "name": "Lead.Outer__c"}
        ]
        assert admin.delete(f"/setup/groups/{outer}").status_code == 409
        assert admin.delete("/setup/logic/sharing_rule/Lead.Outer__c").status_code == 204
        assert admin.patch(f"/setup/groups/{outer}", json={"label": "Planning"}).status_code == 204
        listed = {each["name"]: each for each in admin.get("/setup/groups").json()["groups"]}
        assert (listed["Outer"]["label"], listed["Inner"]["members"]) == ("Planning", 1)
        assert listed["OemLeadDesk"]["type"] == "Queue"
        assert admin.delete(f"/setup/groups/{listed['OemLeadDesk']['id']}").status_code == 400
        assert admin.delete(f"{members}/{inside[0]['id']}").status_code == 204
        assert admin.get(f"/setup/groups/{outer}").json()["users"] == 0
        assert admin.delete(f"/setup/groups/{outer}").status_code == 204
        assert admin.get(f"/setup/groups/{outer}").status_code == 404


def test_only_who_manages_sharing_changes_groups(site: Site) -> None:
    with site.browser("consultant") as consultant:
        answers = [
            consultant.get("/setup/groups"),
            consultant.post("/setup/groups", json={"name": "Mine"}),
            consultant.patch("/setup/groups/00G000000000001AAA", json={"label": "Mine"}),
            consultant.delete("/setup/groups/00G000000000001AAA"),
            consultant.post("/setup/groups/00G000000000001AAA/members", json={"member": site.users["consultant"]}),
            consultant.delete("/setup/groups/00G000000000001AAA/members/011000000000001AAA"),
            consultant.get("/setup/sharing-defaults"),
            consultant.delete("/setup/sharing-defaults/Lead"),
        ]
    assert {each.status_code for each in answers} == {403}
