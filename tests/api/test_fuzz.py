"""Whatever is sent: never a 500, never another tenant's row."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving import Site

SECRET = "Zaphod Beeblebrox"
FEW = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

NAMES = st.sampled_from(
    ["Id", "Name", "LastName", "Status", "OwnerId", "Owner.Name", "BudgetMin", "CreatedDate", "FocusPoints", "IsValid",
     "Campaign.Owner.Name", "Nope", "tenant_id", "custom", "SystemModstamp", "BranchUnit.Location", "Description"]
)  # fmt: skip
OPERATORS = st.sampled_from(["=", "!=", "<", ">=", "LIKE", "IN", "NOT IN", "INCLUDES", "EXCLUDES"])
VALUES = st.one_of(
    st.sampled_from(
        ["null", "true", "TODAY", "LAST_N_DAYS:99999999999", "2026-02-30", "1e400", "''", "('a', null)", "()"]
    ),
    st.text(max_size=12).map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["(SELECT Id FROM Account)", "(SELECT LeadId FROM Nope)", "' OR 1=1 --", "'%(tenant_id)s'", "'%'"]),
)
CONDITIONS = st.builds("{} {} {}".format, NAMES, OPERATORS, VALUES)
QUERIES = st.builds(
    "SELECT {} FROM {} WHERE {} {} {} ORDER BY {} LIMIT {}".format,
    st.lists(NAMES, min_size=1, max_size=4).map(", ".join),
    st.sampled_from(["Lead", "Account", "User", "AccessLog", "Lead l", "Nope", "pg_class"]),
    CONDITIONS,
    st.sampled_from(["AND", "OR", "AND NOT"]),
    CONDITIONS,
    NAMES,
    st.integers(0, 10**12),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(["\x00", "012000000000000AAA"]),
)
PAYLOADS = st.dictionaries(
    st.one_of(NAMES, st.sampled_from(["Email", "Phone", "Score", "RecordTypeId", "CampaignId", "attributes"])),
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def partner(site: Site, other_site: Site) -> Iterator[httpx.Client]:
    with other_site.partner("partner") as other:
        assert other.post("sobjects/Lead", json={"LastName": SECRET, "Phone": "555 0100"}).status_code == 201
    with site.partner("partner") as client:
        yield client


def _is_safe(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert SECRET not in answer.text
    if answer.status_code >= 400:
        assert all({"message", "errorCode"} <= each.keys() for each in answer.json())


@FEW
@given(query=st.one_of(QUERIES, st.text(max_size=60)))
def test_no_query_breaks_the_server_or_leaves_the_tenant(partner: httpx.Client, query: str) -> None:
    _is_safe(partner.get("query", params={"q": query}))


@FEW
@given(payload=PAYLOADS)
def test_no_payload_breaks_the_server(partner: httpx.Client, payload: dict[str, object]) -> None:
    body = json.dumps(payload | {"LastName": "Fuzz"})
    _is_safe(partner.post("sobjects/Lead", content=body, headers={"content-type": "application/json"}))


@FEW
@given(path=st.text(alphabet="abcLead/?%{}'\"\\.\x01é", min_size=1, max_size=30))
def test_no_path_breaks_the_server(partner: httpx.Client, path: str) -> None:
    try:
        url = httpx.URL(str(partner.base_url) + "sobjects/Lead/" + path)
    except httpx.InvalidURL:
        return
    _is_safe(partner.get(url))


def test_another_tenants_record_is_not_found_by_any_door(site: Site, other_site: Site, partner: httpx.Client) -> None:
    with other_site.partner("partner") as other:
        lead = other.get("query", params={"q": "SELECT Id FROM Lead LIMIT 1"}).json()["records"][0]["Id"]
    answers = [
        partner.get(f"sobjects/Lead/{lead}"),
        partner.patch(f"sobjects/Lead/{lead}", json={"LastName": "Mine"}),
        partner.delete(f"sobjects/Lead/{lead}"),
    ]
    assert [each.status_code for each in answers] == [404, 404, 404]
    query = f"SELECT Id FROM Lead WHERE Id = '{lead}'"  # noqa: S608  SOQL, from an id that the server made
    assert partner.get("query", params={"q": query}).json()["totalSize"] == 0
    with site.browser("admin") as browser:
        assert browser.get(f"/ui/records/{lead}").status_code == 404
        assert browser.post("/ui/search", json={"q": "Zaphod"}).json() == {"groups": []}
