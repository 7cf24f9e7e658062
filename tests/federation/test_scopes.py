"""Scopes limit a token at every door, and never widen anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis_metadata.errors import Forbidden
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.policy import AccessPolicy, Grants, ObjectAccess
from chassis_platform.access.scopes import SCOPES, comes_from, demand_door, narrowed
from chassis_platform.access.system import as_automation
from chassis_platform.operator import operator_context
from chassis_platform.records.write import write_records
from chassis_tenants.database import Database
from chassis_tenants.registry import tenant_by_id
from connected_app import App, call, codes_of, make_app
from serving import Site

DATA = "/services/data/v66.0"
LEAD = {"LastName": "Scoped", "Phone": "+49 30 123456"}
BASE = ["full", "api", "web", "read_only", "openid", "profile"]


@pytest.fixture(scope="module")
def app(site: Site) -> App:
    return make_app(site, label="Scoped", scopes=[*BASE, "object:Lead", "object:Lead:read", "object:Account:read"])


def token(app: App, scope: str, user: str = "seller") -> str:
    return str(app.tokens(user, scope=scope)["access_token"])


@pytest.fixture(scope="module")
def lead(site: Site) -> str:
    with site.partner("robot") as api:
        return str(api.post("sobjects/Lead", json=LEAD).json()["id"])


@pytest.mark.parametrize(
    ("scope", "method", "path", "body", "status"),
    [
        ("api", "GET", f"{DATA}/sobjects", None, 200),
        ("api", "POST", f"{DATA}/sobjects/Lead", LEAD, 201),
        ("api", "GET", "/ui/bootstrap", None, 403),
        ("api", "GET", "/setup/users", None, 403),
        ("web", "GET", "/ui/bootstrap", None, 200),
        ("web", "GET", f"{DATA}/sobjects", None, 403),
        ("web", "GET", "/ui/me/apps", None, 403),
        ("full", "GET", "/ui/bootstrap", None, 200),
        ("full", "GET", f"{DATA}/sobjects", None, 200),
        ("full", "PATCH", "/ui/me", {"language": "en_US"}, 403),
        ("full", "DELETE", "/ui/session", None, 403),
        ("openid", "GET", "/services/oauth2/userinfo", None, 200),
        ("openid", "GET", f"{DATA}/sobjects", None, 403),
        ("openid profile", "GET", "/ui/bootstrap", None, 403),
        ("read_only", "GET", f"{DATA}/sobjects", None, 403),
        ("api read_only", "GET", f"{DATA}/query?q=SELECT+Id+FROM+Lead", None, 200),
        ("api read_only", "POST", f"{DATA}/sobjects/Lead", LEAD, 403),
        ("api read_only", "POST", f"{DATA}/composite/sobjects", {"records": [{"attributes": {"type": "Lead"}}]}, 403),
        ("full read_only", "POST", "/ui/objects/Lead/list", {"columns": ["Name"]}, 200),
        ("full read_only", "POST", "/ui/objects/Lead/records", {"values": LEAD}, 403),
        ("full read_only", "POST", "/ui/approvals/decide", {}, 403),
        ("full read_only", "POST", "/ui/merge", {}, 403),
        ("object:Lead", "POST", f"{DATA}/sobjects/Lead", LEAD, 201),
        ("object:Lead", "GET", f"{DATA}/query?q=SELECT+Id+FROM+Account", None, 400),
        ("object:Lead", "GET", f"{DATA}/sobjects/Account/describe", None, 404),
        ("object:Lead", "GET", "/ui/bootstrap", None, 403),
        ("object:Lead api", "POST", f"{DATA}/process/approvals", {}, 403),
        ("object:Lead:read", "GET", f"{DATA}/query?q=SELECT+Id+FROM+Lead", None, 200),
        ("object:Lead:read", "POST", f"{DATA}/sobjects/Lead", LEAD, 403),
        ("object:Lead:read", "GET", f"{DATA}/recent", None, 200),
        ("object:Lead:read", "POST", f"{DATA}/ui-api/records", {"apiName": "Lead", "fields": LEAD}, 403),
        ("object:Lead", "POST", f"{DATA}/sobjects/Lead/quickActions/Convert_Lead", {}, 404),
        ("object:Lead", "POST", f"{DATA}/actions/custom/flow/Convert_Lead", {}, 403),
    ],
)
def test_a_token_opens_the_doors_of_its_scopes(
    app: App, scope: str, method: str, path: str, body: Any, status: int
) -> None:
    answer = call(app.site, token(app, scope), method, path, json=body)
    assert answer.status_code == status, answer.text


def test_what_an_object_scope_leaves_out_is_not_there(app: App) -> None:
    found = call(app.site, token(app, "object:Lead:read object:Account:read"), "GET", f"{DATA}/sobjects").json()
    names = {each["name"] for each in found["sobjects"]}
    assert {"Lead", "Account"} <= names
    assert not {"Contact", "Case", "Opportunity"} & names


def test_a_reading_token_changes_and_deletes_nothing(app: App, lead: str) -> None:
    reading = token(app, "api read_only")
    for method, body in (("PATCH", {"LastName": "X"}), ("DELETE", None)):
        refused = call(app.site, reading, method, f"{DATA}/sobjects/Lead/{lead}", json=body)
        assert codes_of(refused) == ["INSUFFICIENT_SCOPE"]


def test_an_administrators_reading_token_sees_setup_and_changes_nothing(app: App) -> None:
    reading = token(app, "full read_only", "admin")
    bootstrap = call(app.site, reading, "GET", "/ui/bootstrap").json()
    assert "ViewSetup" in bootstrap["permissions"]
    assert not {"ManageUsers", "ModifyAllData", "ManageSecurity"} & set(bootstrap["permissions"])
    assert call(app.site, reading, "POST", "/setup/users", json={}).status_code == 403
    assert call(app.site, reading, "GET", "/setup/users").status_code == 403


async def test_the_write_road_itself_refuses_a_reading_token(site: Site, server_dsn: str) -> None:
    async with Database(server_dsn, smallest=1, largest=2) as database:
        tenant = await tenant_by_id(database, site.tenant_id)
        assert tenant is not None
        context = await operator_context(database, tenant, site.users["admin"])
        principal = replace(context.principal, scopes=frozenset({"full", "read_only"}))
        for acting in (replace(context, principal=principal), as_automation(replace(context, principal=principal))):
            with pytest.raises(Forbidden):
                await write_records(database, acting, "Lead", "insert", [LEAD])


ACCESS = ObjectAccess(
    create=True,
    read=True,
    update=True,
    delete=True,
    view_all=True,
    modify_all=True,
    readable=frozenset({"A", "B"}),
    editable=frozenset({"A"}),
)
POLICY = AccessPolicy(
    "u",
    Grants("g", {"Lead": ACCESS, "Account": ACCESS}, frozenset({"ModifyAllData", "ViewSetup", "ApiEnabled"})),
)


class _Snapshot:
    identity = "s"


def _is_less(left: ObjectAccess, right: ObjectAccess) -> bool:
    flags = ("create", "read", "update", "delete", "view_all", "modify_all")
    fewer = all(getattr(right, each) or not getattr(left, each) for each in flags)
    return fewer and left.readable <= right.readable and left.editable <= right.editable


@given(st.frozensets(st.sampled_from([*SCOPES, "object:Lead", "object:Lead:read", "object:Nothing"]), min_size=1))
def test_scopes_only_ever_narrow(scopes: frozenset[str]) -> None:
    found = narrowed(POLICY, scopes, _Snapshot())  # type: ignore[arg-type]
    assert found.grants.system <= POLICY.grants.system
    assert all(_is_less(each, POLICY.on(name)) for name, each in found.grants.objects.items())
    if found.grants != POLICY.grants:
        assert found.grants.identity != POLICY.grants.identity
    if "read_only" in scopes:
        assert not any(
            each.create or each.update or each.delete or each.editable for each in found.grants.objects.values()
        )


@given(
    st.frozensets(st.sampled_from(SCOPES)), st.sampled_from(["/ui/me/x", "/ui/session", "/ui/oauth/a", "/ui/verify"])
)
def test_no_scope_opens_what_is_the_persons_own(scopes: frozenset[str], path: str) -> None:
    principal = Principal("u", "n", "api", scopes=scopes)
    with pytest.raises(Forbidden):
        demand_door(principal, "GET", path)


@pytest.mark.parametrize(
    ("ranges", "address", "inside"),
    [
        ((), None, True),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.0/8",), None, False),
        (("10.0.0.0/8",), "nonsense", False),
        (("2001:db8::/32",), "2001:db8::1", True),
    ],
)
def test_addresses_are_compared_as_addresses(ranges: tuple[str, ...], address: str | None, inside: bool) -> None:  # noqa: FBT001
    assert comes_from(ranges, address) is inside


def test_a_context_without_scopes_is_a_person() -> None:
    assert Principal("u", "n", "browser").scopes is None
    assert "scopes" not in Context.__slots__
