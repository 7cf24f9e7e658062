"""The tenant in which the journeys take place: who works there, what they may do, its rules, the leads they find."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx

from browser.house_rules import LOGIC
from serving import Person, Site

PEOPLE = [
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator")),
    Person(
        "manager",
        ("AutoLeadDesk", "AutoLeadManager", "AutoSensitiveView"),
        {"last_name": "陈", "first_name": "志强", "language": "zh_CN", "time_zone": "Asia/Shanghai"},
    ),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive"), {"last_name": "Reed", "first_name": "Casey"}),
    Person("colleague", ("AutoLeadUser",), {"last_name": "Vance", "first_name": "Jordan"}),
    Person("auditor", ("Auditor",)),
    Person("revisor", ("Auditor",), {"language": "zh_CN", "time_zone": "Asia/Shanghai"}),
    Person("clerk", ("AutoLeadUser", "AutoLeadDesk"), {"last_name": "Clerk", "first_name": "Robin"}),
    Person("officer", ("PrivacyOfficer",), {"last_name": "Okafor", "first_name": "Ada"}),
    Person(
        "deputy",
        ("PrivacyOfficer", "AutoCallCentre"),
        {"last_name": "林", "first_name": "静", "language": "zh_CN", "time_zone": "Asia/Shanghai"},
    ),
]

#: What this tenant adds to the packaged permission sets, each for one person.
OWN_SETS: dict[str, dict[str, Any]] = {
    "manager": {"name": "ListExports__c", "label": "List exports", "objects": {}, "system": ["ExportData"]},
    "consultant": {"name": "LeadCleaning__c", "label": "Lead cleaning", "objects": {"Lead": ["read", "delete"]}},
    # Merging deletes.
    "clerk": {
        "name": "Merging__c",
        "label": "Merging",
        "objects": {"Lead": ["create", "read", "update", "delete", "view_all", "modify_all"]},
    },
}
ROLES = {"manager": "Headquarters", "consultant": "SalesConsultant", "colleague": "SalesConsultant"}


def furnish(site: Site) -> None:
    """Roles, permission sets of the tenant's own, and a queue that the consultant works on."""
    with site.browser("admin") as admin:
        roles = {each["name"]: each["id"] for each in admin.get("/setup/roles").json()["roles"]}
        for person, role in ROLES.items():
            _done(admin.patch(f"/setup/users/{site.users[person]}", json={"role_id": roles[role]}))
        for person, own in OWN_SETS.items():
            _done(
                admin.put(f"/setup/permission-sets/{own['name']}", json={"fields": {}, "apps": [], "system": [], **own})
            )
            _done(admin.put(f"/setup/permission-sets/{own['name']}/users/{site.users[person]}"))
        for kind, components in LOGIC.items():
            for name, body in components.items():
                _done(admin.put(f"/setup/logic/{kind}/{name}", json=body))
        # The journeys grade leads by hand.
        _done(admin.put("/setup/logic/scoring_model/Lead_Score/active", json={"active": False}))
        member = {"GroupId": queue(admin), "UserOrGroupId": site.users["consultant"]}
        _done(admin.post("/ui/objects/GroupMember/records", json={"values": member}))


def queue(client: httpx.Client) -> str:
    """The id of the queue in which new leads wait."""
    wanted = {"columns": ["Name"], "filters": [{"field": "DeveloperName", "operator": "=", "value": "OemLeadDesk"}]}
    answer = _done(
        client.post("/ui/objects/Group/list", json={**wanted, "order_by": [], "owner": "everyone", "limit": 1})
    )
    return str(answer.json()["records"][0]["id"])


#: A lead needs a way to be contacted; equal ones would be duplicates.
CONTACTS = ("MobilePhone", "Phone", "Email")
_numbers = count(1)


def lead(site: Site, owner: str, last_name: str, **values: Any) -> str:
    """A lead that somebody makes for themselves; answers its id."""
    if not any(each in values for each in CONTACTS):
        values["Email"] = f"lead{next(_numbers)}@customer.example"
    with site.browser(owner) as client:
        seen = {"sforce-duplicate-rule-header": "allowSave=true"}
        made = {"values": {"LastName": last_name, **values}}
        answer = client.post("/ui/objects/Lead/records", json=made, headers=seen)
        return str(_done(answer).json()["id"])


def _done(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer
