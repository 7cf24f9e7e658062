"""The document: valid, of the user's own rights and language, and of the resources that the application has."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from chassis_platform.api.openapi_document import address_of
from chassis_platform.api.openapi_resources import RESOURCES
from chassis_platform.app import api_routes
from openapi.conftest import PATH, document_of
from serving import Site

#: For partners: all below these, but what describes itself (SCIM) or speaks XML alone (SOAP).
_FOR_PARTNERS = ("/services/", "/id/", "/.well-known/", "/inbound/")
_APART = ("/services/Soap/",)


def _resources_of_the_application() -> set[tuple[str, str]]:
    found = set()
    for each in api_routes():
        assert isinstance(each, Route)
        if each.path.startswith(_FOR_PARTNERS) and not each.path.startswith(_APART):
            found |= {(method, each.path) for method in each.methods or () if method != "HEAD"}
    return found - {(method, "/inbound/{mapping}") for method in ("GET", "PUT", "PATCH", "DELETE")}


def test_the_table_has_the_resources_that_the_application_has() -> None:
    told = {(each.method.upper(), address_of(each, "{version}")) for each in RESOURCES}
    assert told == _resources_of_the_application()


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [each.name for each in RESOURCES]
    assert sorted(set(names)) == sorted(names)


@pytest.fixture(scope="module")
def document(partner: httpx.Client) -> dict[str, Any]:
    return document_of(partner, objects="Lead,Account")


def _schemas(document: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = document["components"]["schemas"]
    return schemas


def test_a_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_fields_have_their_types_choices_and_lengths(document: dict[str, Any]) -> None:
    new, record = (_schemas(document)[f"Lead{each}"] for each in ("Create", "Record"))
    assert new["required"] == ["LastName"]
    assert new["properties"]["LastName"] == {"description": "Last name", "type": "string", "maxLength": 80}
    assert new["properties"]["OwnerId"]["type"] == ["string", "null"]
    assert new["properties"]["FirstResponseDue"]["format"] == "date-time"
    assert "Website" in _schemas(document)["Lead.LeadSource.Value"]["enum"]
    assert record["properties"]["Id"]["readOnly"] is True
    assert "Id" not in new["properties"]


def test_an_object_has_the_addresses_of_its_external_ids(document: dict[str, Any]) -> None:
    own = {path: set(each) for path, each in document["paths"].items() if "/sobjects/Lead" in path}
    root = "/services/data/v66.0/sobjects/Lead"
    assert own[root] == {"post"}
    assert {"get", "patch"} <= own[f"{root}/{{id}}"]
    assert {"get", "patch"} <= own[f"{root}/ExternalLeadId/{{value}}"]


def test_what_a_user_may_not_see_is_not_in_the_users_document(site: Site) -> None:
    with site.partner("agent") as agent, site.partner("admin") as admin:
        seen, everything = document_of(agent), document_of(admin)
        assert agent.get(PATH, params={"objects": "Competitor"}).status_code == 404
    assert "CompetitorRecord" in _schemas(everything)
    assert not [each for each in (*_schemas(seen), *seen["paths"]) if "Competitor" in each]
    assert "→ Competitor" in str(everything)
    assert "→ Competitor" not in str(seen)
    assert "delete" not in seen["paths"]["/services/data/v66.0/sobjects/Lead/{id}"]
    hidden = _schemas(everything)["LeadRecord"]["properties"].keys() - _schemas(seen)["LeadRecord"]["properties"].keys()
    assert not hidden & set(_schemas(seen)["LeadUpdate"]["properties"])


def test_a_document_speaks_the_users_language(site: Site) -> None:
    with site.partner("agent") as client:
        document = document_of(client, objects="Lead")
    assert _schemas(document)["LeadRecord"]["properties"]["LastName"]["description"] == "姓"
    assert document["paths"]["/services/data/v66.0/sobjects/Lead/{id}"]["get"]["summary"] == "按 Id 获取潜在客户"


def test_a_masked_field_promises_no_form(site: Site) -> None:
    with site.partner("agent") as client:
        phone = _schemas(document_of(client, objects="Lead"))["LeadRecord"]["properties"]["MobilePhone"]
    assert phone == {"description": phone["description"], "type": ["string", "null"]}


def test_who_has_the_document_is_not_sent_it_again(partner: httpx.Client, neighbour: Site) -> None:
    tag = partner.get(PATH, params={"objects": ""}).headers["etag"]
    again = partner.get(PATH, params={"objects": ""}, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    with neighbour.partner("partner") as other:
        answer = other.get(PATH, params={"objects": ""}, headers={"if-none-match": tag})
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Chassis: Neighbour")


def test_without_a_session_there_is_no_document(site: Site) -> None:
    assert httpx.get(f"{site.url}/services/data/v66.0/{PATH}").status_code == 401
