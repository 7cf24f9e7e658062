"""An app asks a user for access in a real browser; and a device is let in by its code."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import Route, expect

from browser.conftest import OpenDesk
from connected_app import CALLBACK, call, make_app
from serving import Site


async def test_a_user_lets_an_app_in_and_takes_it_back(open_desk: OpenDesk, site: Site) -> None:
    app = make_app(site, label="Calendar", description="Keeps your days.", scopes=["api", "read_only"])
    consultant = await open_desk()
    await consultant.page.route("https://app.example/**", _answer)
    address = httpx.URL(f"{site.url}/services/oauth2/authorize", params=app.query())
    await consultant.sign_in_by_form("consultant", to=str(address).removeprefix(site.url))

    await consultant.see("Calendar asks for access")
    await consultant.see("Only read, change nothing")
    await consultant.click("Allow")
    await expect(consultant.page).to_have_url(re.compile(f"^{re.escape(CALLBACK)}"))
    code = httpx.URL(consultant.page.url).params["code"]
    token = app.exchange(code).json()["access_token"]
    assert call(site, token, "GET", "/services/data/v66.0/limits").status_code == 200

    await consultant.open("/my-security")
    await consultant.click("End access of Calendar")
    await consultant.see("You have let no app in.")
    assert call(site, token, "GET", "/services/data/v66.0/limits").status_code == 401


async def test_a_device_is_let_in_by_its_code(open_desk: OpenDesk, site: Site) -> None:
    app = make_app(site, label="Wall", public=True, grants=["device_code"], redirect_uris=[], scopes=["api"])
    begun = app.post("device_authorization").json()
    colleague = await open_desk(on_phone=True)
    await colleague.sign_in("colleague", to="/device")
    await colleague.fill("Code", begun["user_code"])
    await colleague.click("Continue")
    await colleague.click("Allow")
    await colleague.see("The device is in. You can close this page.")
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    assert app.post("token", grant_type=grant, device_code=begun["device_code"]).status_code == 200


async def _answer(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/plain", body="Thank you.")
