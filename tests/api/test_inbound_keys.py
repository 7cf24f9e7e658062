"""Inbound keys and clients: made in Setup or on the command line, shown once, revoked for good, on the record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from chassis_platform.auth.federation.app_setup import NewApp
from chassis_platform.operator import create_client, doors_of, revoke_client
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.tenant import Tenant
from serving import Site


@pytest.fixture
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.browser("admin") as client:
        yield client


def sign_in(site: Site, made: NewApp) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": made.secret}
    return httpx.post(f"{site.url}/services/oauth2/token", data=form)


def post_document(site: Site, key: str) -> httpx.Response:
    return httpx.post(f"{site.url}/inbound/adf", content="<adf/>", headers={"authorization": f"Bearer {key}"})


def trail(admin: httpx.Client, action: str) -> list[dict[str, str]]:
    wanted = {"columns": ["Action", "Display"], "filters": [{"field": "Action", "operator": "=", "value": action}]}
    answer = admin.post("/ui/objects/SetupAuditTrail/list", json={**wanted, "limit": 10})
    return [each["values"] for each in answer.json()["records"]]


def test_an_inbound_key_opens_the_door_until_it_is_revoked(site: Site, admin: httpx.Client) -> None:
    made = admin.post("/setup/inbound-keys", json={"label": "Portal", "run_as_user_id": site.users["partner"]})
    assert made.status_code == 201
    key = made.json()["key"]
    assert post_document(site, key).status_code != 401

    [listed] = [each for each in admin.get("/setup/inbound-keys").json()["keys"] if each["label"] == "Portal"]
    assert listed["run_as"]["username"] == site.username("partner")
    assert key not in admin.get("/setup/inbound-keys").text

    assert admin.delete(f"/setup/inbound-keys/{listed['id']}").status_code == 204
    assert post_document(site, key).status_code == 401
    assert admin.delete(f"/setup/inbound-keys/{listed['id']}").status_code == 404


def test_making_and_revoking_are_in_the_setup_trail_without_the_key(site: Site, admin: httpx.Client) -> None:
    key = admin.post("/setup/inbound-keys", json={"label": "Traced", "run_as_user_id": site.users["partner"]}).json()
    [listed] = [each for each in admin.get("/setup/inbound-keys").json()["keys"] if each["label"] == "Traced"]
    admin.delete(f"/setup/inbound-keys/{listed['id']}")
    with site.browser("auditor") as auditor:
        acts = ("createdInboundKey", "revokedInboundKey")
        displays = [each["Display"] for act in acts for each in trail(auditor, act)]
    assert "Created the inbound key Traced" in displays
    assert "Revoked the inbound key Traced" in displays
    assert key["key"] not in str(displays)


def test_who_may_not_manage_them_is_refused(site: Site) -> None:
    with site.browser("consultant") as consultant:
        assert consultant.get("/setup/inbound-keys").status_code == 403
        assert consultant.post("/setup/inbound-keys", json={"label": "X", "run_as_user_id": "x"}).status_code == 403


def test_a_key_needs_a_label_and_an_active_user(site: Site, admin: httpx.Client) -> None:
    no_label = admin.post("/setup/inbound-keys", json={"run_as_user_id": site.users["partner"]})
    assert no_label.json()[0]["fields"] == ["label"]
    nobody = admin.post("/setup/inbound-keys", json={"label": "X", "run_as_user_id": "005000000000000AAA"})
    assert (nobody.status_code, nobody.json()[0]["fields"]) == (400, ["run_as_user_id"])


def test_the_command_line_knows_the_same_keys(site: Site, admin: httpx.Client, urls: DatabaseUrls) -> None:
    admin.post("/setup/inbound-keys", json={"label": "Listed", "run_as_user_id": site.users["partner"]})

    async def ask() -> list[str]:
        async with Database(urls.server) as database:
            doors = await doors_of(database, await tenant_of(database, site))
            return [each["label"] for each in doors["keys"]]

    assert "Listed" in asyncio.run(ask())


def test_a_client_made_on_the_command_line_signs_in_until_it_is_revoked(site: Site, urls: DatabaseUrls) -> None:
    async def make() -> NewApp:
        async with Database(urls.server) as database:
            tenant = await tenant_of(database, site)
            return await create_client(database, tenant, "Nightly", site.username("partner"))

    async def revoke(client_id: str) -> list[str]:
        async with Database(urls.server) as database:
            tenant = await tenant_of(database, site)
            await revoke_client(database, tenant, client_id)
            return [each["label"] for each in (await doors_of(database, tenant))["apps"]]

    made = asyncio.run(make())
    assert sign_in(site, made).status_code == 200
    assert "Nightly" not in asyncio.run(revoke(made.client_id))
    assert sign_in(site, made).json()["error"] == "invalid_client"


async def tenant_of(database: Database, site: Site) -> Tenant:
    found = await tenant_by_id(database, site.tenant_id)
    assert found is not None
    return found
