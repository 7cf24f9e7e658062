"""List views, actions and the resources of user interfaces; and that the docs list every resource."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from chassis_platform.app import api_routes
from chassis_platform.records import counts
from serving import Site

ROOT = Path(__file__).parents[2]
DATA = "/services/data/v66.0"
START = "/services/data/v{version}"


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    """Paths begin at the server: descriptions name whole ones."""
    headers = {"authorization": f"Bearer {site.token('consultant')}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=30) as client:
        yield client


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def lead(partner: httpx.Client) -> str:
    values = {"LastName": "Listed", "MobilePhone": "13800099001"}
    return str(done(partner.post(f"{DATA}/sobjects/Lead", json=values), 201)["id"])


# The docs


def _resources(routes: Any) -> set[tuple[str, str]]:
    """(method, path without names) of what lies below a version."""
    return {
        (method, _nameless(each.path.removeprefix(START)))
        for each in routes
        if isinstance(each, Route) and each.path.startswith(f"{START}/")
        for method in (each.methods or set()) - {"HEAD"}
    }


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _listed() -> set[tuple[str, str]]:
    """The same as the docs' tables have it."""
    page = (ROOT / "docs/reference/rest.md").read_text()
    rows = re.findall(r"^\| (`/[^|]*) \| ([A-Z, ]+) \|", page, re.MULTILINE)
    return {
        (method, _nameless(path))
        for paths, methods in rows
        for path in re.findall(r"`([^`]+)`", paths)
        for method in methods.split(", ")
    }


def _elsewhere(path: str) -> bool:
    """Whether the page names a page of its own for the resource."""
    page = (ROOT / "docs/reference/rest.md").read_text()
    starts = re.findall(r"^\| `(/[^`]*)`( and below)? \| (?:\[|All)", page, re.MULTILINE)
    return any(path == _nameless(each) or (below and path.startswith(_nameless(each))) for each, below in starts)


def test_every_resource_is_in_the_docs_and_every_one_in_the_docs_exists() -> None:
    there, refused = _resources(api_routes()), {("POST", "/process/rules")}
    assert {each for each in there - _listed() - refused if not _elsewhere(each[1])} == set()
    assert _listed() - there == set()


# List views


def test_a_list_view_tells_its_query_and_shows_its_records(partner: httpx.Client, lead: str) -> None:
    views = done(partner.get(f"{DATA}/sobjects/Lead/listviews"))
    assert (views["size"], views["done"]) == (len(views["listviews"]), True)
    every = next(each for each in views["listviews"] if each["developerName"] == "AllLeads")
    described = done(partner.get(every["describeUrl"]))
    shown = done(partner.get(every["resultsUrl"], params={"limit": 2000}))
    asked = done(partner.get(f"{DATA}/query", params={"q": described["query"]}))

    assert set(described["columns"][0]) == set(shown["columns"][0])
    paths = [each["fieldNameOrPath"] for each in described["columns"]]
    rows = [{one["fieldNameOrPath"]: one["value"] for one in each["columns"]} for each in shown["records"]]
    assert all(list(each) == paths for each in rows)
    assert [each["Id"] for each in rows] == [each["Id"] for each in asked["records"]]
    assert lead in {each["Id"] for each in rows}


def test_a_list_view_is_answered_in_pages(partner: httpx.Client, lead: str) -> None:
    url = f"{DATA}/sobjects/Lead/listviews/AllLeads/results"
    done(partner.post(f"{DATA}/sobjects/Lead", json={"LastName": "Second", "MobilePhone": "13800099002"}), 201)
    first = done(partner.get(url, params={"limit": 1}))
    second = done(partner.get(url, params={"limit": 1, "offset": 1}))
    assert lead
    assert (first["size"], first["done"], first["id"]) == (1, False, second["id"])
    assert first["records"] != second["records"]
    wrong: list[dict[str, Any]] = [{"limit": 0}, {"limit": 2001}, {"offset": 2001}, {"limit": "all"}]
    assert [partner.get(url, params=each).status_code for each in wrong] == [400] * len(wrong)


def test_a_view_that_goes_by_what_is_masked_is_not_there(site: Site) -> None:
    masked = {
        "columns": ["Name"],
        "label": "By phone",
        "filters": [{"field": "MobilePhone", "operator": "LIKE", "value": "138%"}],
    }
    with site.browser("admin") as admin:
        assert admin.put("/ui/objects/Lead/list_views/ByPhone", json=masked).status_code == 201
    with site.partner("consultant") as partner:
        names = {each["developerName"] for each in done(partner.get("sobjects/Lead/listviews"))["listviews"]}
        assert "ByPhone__c" not in names
        assert partner.get("sobjects/Lead/listviews/ByPhone__c/results").status_code == 404


# Actions


def test_a_quick_action_makes_a_record_below_another(partner: httpx.Client, lead: str) -> None:
    actions = {each["name"]: each for each in done(partner.get(f"{DATA}/sobjects/Lead/quickActions"))}
    task = actions["NewTask"]
    described = done(partner.get(task["urls"]["describe"]))
    template = task["urls"]["defaultValuesTemplate"].replace("{ID}", lead)
    defaults = done(partner.get(template))
    made = done(partner.post(task["urls"]["quickAction"], json={"contextId": lead, "record": {"Name": "Call"}}), 201)

    assert (described["targetSobjectType"], described["contextSobjectType"]) == ("Task", "Lead")
    assert defaults["attributes"] == {"type": "Task"}
    assert defaults[described["targetParentField"]] == lead
    assert (made["success"], made["created"], made["errors"]) == (True, True, [])
    record = done(partner.get(f"{DATA}/sobjects/Task/{made['id']}"))
    assert record[described["targetParentField"]] == lead
    refused = [
        partner.post(task["urls"]["quickAction"], json={"record": {"Name": "Call"}}),
        partner.post(task["urls"]["quickAction"], json={"contextId": "x", "record": {"Name": "Call"}}),
        partner.post(task["urls"]["quickAction"], json={"contextId": lead, "record": []}),
        partner.post(task["urls"]["quickAction"], json={"contextId": lead, "record": {}}),
        partner.get(f"{DATA}/sobjects/Lead/quickActions/Nothing"),
    ]
    assert [each.status_code for each in refused] == [400, 400, 400, 400, 404]


def test_global_actions_make_what_the_user_may_make(partner: httpx.Client, site: Site) -> None:
    names = {each["name"] for each in done(partner.get(f"{DATA}/quickActions"))}
    assert "NewLead" in names
    values = {"record": {"LastName": "Global", "MobilePhone": "13800099003"}}
    made = [
        done(partner.post(f"{DATA}/quickActions/NewLead", json=values, headers={"idempotency-key": "global"}), 201)
        for _ in range(2)
    ]
    assert made[0]["success"]
    assert made[0] == made[1]
    with site.partner("auditor") as auditor:
        assert "NewLead" not in {each["name"] for each in done(auditor.get("quickActions"))}
        assert auditor.post("quickActions/NewLead", json=values).status_code == 404


def test_flows_are_started_by_name_each_input_on_its_own(partner: httpx.Client, lead: str) -> None:
    flows = {each["name"]: each for each in done(partner.get(f"{DATA}/actions/custom/flow"))["actions"]}
    url = flows["Convert_Lead"]["url"]
    described = done(partner.get(url))
    assert described["inputs"][0]["name"] == "recordId"
    answer = partner.post(url, json={"inputs": [{"recordId": lead}, {"recordId": "x"}]})
    assert answer.status_code == 400
    assert [each["isSuccess"] for each in answer.json()] == [True, False]
    assert answer.json()[1]["errors"][0]["statusCode"] == "MALFORMED_ID"
    converted = done(partner.get(f"{DATA}/sobjects/Lead/{lead}", params={"fields": "Status"}))
    assert converted["Status"] == "Converted"
    assert partner.post(url, json={"inputs": []}).status_code == 400
    assert partner.post(f"{DATA}/actions/custom/flow/Nothing", json={"inputs": [{}]}).status_code == 404


def test_rules_are_listed_and_follow_changes_alone(partner: httpx.Client) -> None:
    rules = done(partner.get(f"{DATA}/process/rules"))["rules"]
    [first, *_] = rules["Lead"]
    assert set(first) == {"actions", "description", "id", "name", "namespacePrefix", "object"}
    assert done(partner.get(f"{DATA}/process/rules/Lead/{first['id']}")) == first
    assert done(partner.get(f"{DATA}/process/rules/Lead"))["rules"] == {"Lead": rules["Lead"]}
    refused = partner.post(f"{DATA}/process/rules", json={"contextIds": []})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


def test_tabs_are_those_of_the_users_applications(partner: httpx.Client) -> None:
    found = done(partner.get(f"{DATA}/tabs"))
    assert {"standard-home", "standard-Lead"} <= {each["name"] for each in found}
    assert "standard-setup" not in {each["name"] for each in found}
    assert {each["name"] for each in done(partner.get(f"{DATA}/theme"))["themeItems"]} >= {"Lead"}


def test_menus_lead_to_the_users_applications_and_tabs(partner: httpx.Client) -> None:
    menus = done(partner.get(f"{DATA}/appMenu"))
    assert set(menus) == {"AppSwitcher", "Salesforce1"}
    items = {name: done(partner.get(address))["appMenuItems"] for name, address in menus.items()}
    assert all(
        set(each) == {"type", "content", "icons", "colors", "label", "url"} for name in items for each in items[name]
    )
    assert {each["type"] for each in items["AppSwitcher"]} == {"Tabset"}
    tabs = {each["url"] for each in done(partner.get(f"{DATA}/tabs"))}
    assert {each["url"] for each in items["Salesforce1"]} == tabs
    assert {each["url"] for each in items["AppSwitcher"]} <= tabs


# Counts


def counted(client: httpx.Client, *names: str) -> dict[str, int]:
    asked = {"sObjects": ",".join(names)} if names else {}
    found = done(client.get(f"{DATA}/limits/recordCount", params=asked))["sObjects"]
    assert all(set(each) <= {"count", "name", "isLowerBound"} for each in found)
    return {each["name"]: each["count"] for each in found}


def test_records_are_counted_as_far_as_the_user_sees_them(partner: httpx.Client, site: Site, lead: str) -> None:
    asked = {"q": "SELECT COUNT() FROM Lead"}
    seen = done(partner.get(f"{DATA}/query", params=asked))["totalSize"]
    everything = counted(partner)
    described = done(partner.get(f"{DATA}/sobjects"))["sobjects"]
    assert lead
    assert counted(partner, "Lead", " user", "Nothing", "'; --") == {"Lead": seen, "User": everything["User"]}
    assert set(everything) == {each["name"] for each in described}
    with site.partner("auditor") as auditor:
        asked_too = auditor.get("limits/recordCount", params={"sObjects": "Lead,Account"})
        assert sum(each["count"] for each in done(asked_too)["sObjects"]) == 0
    assert counted(partner, "Nothing") == {}


def test_a_count_has_a_bound(partner: httpx.Client, monkeypatch: pytest.MonkeyPatch, lead: str) -> None:
    monkeypatch.setattr(counts, "MOST_COUNTED", 2)
    found = done(partner.get(f"{DATA}/limits/recordCount", params={"sObjects": "Lead,User"}))["sObjects"]
    assert lead
    assert found == [{"count": 1, "name": each, "isLowerBound": True} for each in ("Lead", "User")]


# User interfaces


def test_a_record_is_answered_with_what_is_shown_of_its_values(partner: httpx.Client) -> None:
    values = {"LastName": "Shown", "MobilePhone": "13800099004"}
    made = done(partner.post(f"{DATA}/ui-api/records", json={"apiName": "Lead", "fields": values}), 201)
    url = f"{DATA}/ui-api/records/{made['id']}"
    asked = {"fields": "Lead.Name,Lead.Status,Lead.Owner.Name,Lead.CreatedDate", "optionalFields": "Lead.Nothing"}
    found = done(partner.get(url, params=asked))

    assert set(found) == {
        *("apiName", "childRelationships", "eTag", "fields", "id", "lastModifiedById", "lastModifiedDate"),
        *("recordTypeId", "recordTypeInfo", "systemModstamp", "weakEtag"),
    }
    assert set(found["fields"]) == {"Name", "Status", "Owner", "CreatedDate"}
    assert found["fields"]["Name"] == {"displayValue": None, "value": "Shown"}
    assert found["fields"]["Status"]["displayValue"] == "New"
    assert found["fields"]["Owner"]["value"]["apiName"] == "User"
    assert found["fields"]["CreatedDate"]["value"].endswith("Z")
    full = done(partner.get(url, params={"layoutTypes": "Full"}))["fields"]
    compact = done(partner.get(url, params={"layoutTypes": "Compact"}))["fields"]
    assert set(compact) < {*full, "Name"}
    wrong = [{}, {"fields": "Name"}, {"fields": "Lead.Nothing"}, {"layoutTypes": "Sideways"}]
    assert [partner.get(url, params=each).status_code for each in wrong] == [400] * len(wrong)


def test_a_record_is_changed_and_deleted_as_it_is_expected_to_be(site: Site) -> None:
    with site.partner("admin") as admin:
        values = {"Name": "Yard", "LocationCode": "UI-1", "LocationType": "Van"}
        made = done(admin.post("ui-api/records", json={"apiName": "Location", "fields": values}), 201)
        url = f"ui-api/records/{made['id']}"
        changed = done(admin.patch(url, json={"fields": {"Name": "Yard 2"}}, headers={"if-match": made["eTag"]}))
        stale = admin.patch(url, json={"fields": {"Name": "Yard 3"}}, headers={"if-match": made["eTag"]})
        gone = admin.delete(url, headers={"if-match": changed["eTag"]})
        assert changed["fields"]["Name"]["value"] == "Yard 2"
        assert (stale.status_code, gone.status_code) == (412, 204)
        assert admin.get(url, params={"layoutTypes": "Compact"}).status_code == 404
        assert admin.post("ui-api/records", json={"apiName": "Nothing", "fields": {}}).status_code == 404
        assert admin.post("ui-api/records", json={"fields": {}}).status_code == 400


def test_objects_layouts_and_values_fit_each_other(partner: httpx.Client) -> None:
    info = done(partner.get(f"{DATA}/ui-api/object-info/Lead"))
    kind = info["defaultRecordTypeId"]
    layout = done(partner.get(f"{DATA}/ui-api/layout/Lead", params={"recordTypeId": kind}))
    values = done(partner.get(f"{DATA}/ui-api/object-info/Lead/picklist-values/{kind}"))["picklistFieldValues"]
    defaults = done(partner.get(f"{DATA}/ui-api/record-defaults/create/Lead"))

    items = [item for section in layout["sections"] for row in section["layoutRows"] for item in row["layoutItems"]]
    assert {one["apiName"] for item in items for one in item["layoutComponents"]} <= set(info["fields"])
    assert info["fields"]["Status"]["dataType"] == "Picklist"
    assert info["fields"]["OwnerId"]["referenceToInfos"][0]["apiName"] == "User"
    assert done(partner.get(values["Status"]["url"])) == values["Status"]
    assert (
        done(partner.get(f"{DATA}/ui-api/picklist-values/Lead/{kind}/Status"))["values"] == values["Status"]["values"]
    )
    assert values["Status"]["defaultValue"]["value"] == "New"
    assert defaults["record"]["recordTypeId"] == kind
    assert defaults["record"]["fields"]["Status"]["value"] == "New"
    assert done(partner.get(f"{DATA}/ui-api/object-info"))["objects"]["Lead"]["keyPrefix"] == "00Q"
    wrong = [f"picklist-values/Lead/{kind}/Name", "picklist-values/Lead/nothing", "object-info/Nothing"]
    assert [partner.get(f"{DATA}/ui-api/{each}").status_code for each in wrong] == [404, 400, 404]


def test_another_tenants_records_are_not_there(site: Site, other_site: Site) -> None:
    with site.partner("admin") as admin, other_site.partner("admin") as stranger:
        values = {"Name": "Ours", "LocationCode": "OURS", "LocationType": "Van"}
        location = done(admin.post("sobjects/Location", json=values), 201)["id"]
        stranger.get("query", params={"q": f"SELECT Id FROM Location WHERE Id = '{location}' FOR VIEW"})  # noqa: S608
        span = {"start": "2026-11-01T00:00:00Z", "end": "2036-01-01T00:00:00Z"}
        answers = [
            stranger.get(f"ui-api/records/{location}", params={"layoutTypes": "Full"}),
            stranger.get("recent"),
            stranger.get("sobjects/Location/updated", params=span),
            stranger.get("sobjects/Location/listviews/AllLocations/results"),
        ]
    assert answers[0].status_code == 404
    assert all(location not in each.text for each in answers)
