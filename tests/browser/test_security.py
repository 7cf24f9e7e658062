"""Signing in with more than a password: an authenticator app, a passkey, and showing anew who one is."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from browser.conftest import PATIENCE_MS
from browser.desk import USER_MENU, Desk
from chassis_platform.auth.totp import code_at, step_of
from chassis_tenants.bootstrap import DatabaseUrls
from serving import PASSWORD, Address, Person, Site, make_site

PEOPLE = [
    Person("boss", ("SystemAdministrator",)),
    Person("ada", ("SystemAdministrator",)),
    Person("bo", ("SystemAdministrator",)),
]
OpenDoor = Callable[..., Awaitable[Desk]]


@pytest.fixture(scope="module")
async def house(database_urls: DatabaseUrls, address: Address) -> Site:
    """A tenant with nobody but administrators; its address is a name, for passkeys are for names."""
    made = await make_site(database_urls, address, "house", PEOPLE, packages=())
    named = replace(address, http=address.http.replace("127.0.0.1", "localhost"))
    return replace(made, address=named)


@pytest.fixture
async def open_door(house: Site, chromium: Browser) -> AsyncIterator[OpenDoor]:
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    async def open_one() -> Desk:
        context = await chromium.new_context(viewport={"width": 1280, "height": 850}, locale="en-US")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        desks.append(Desk(await context.new_page(), house))
        return desks[-1]

    yield open_one
    for context in contexts:
        await context.close()
    faults = [fault for desk in desks for fault in desk.faults]
    assert not faults, f"The browser reported errors: {faults}"


async def sign_out(desk: Desk) -> None:
    await desk.page.get_by_role("button", name=USER_MENU).click()
    await desk.page.get_by_text("Sign out", exact=True).last.click()
    await desk.page.get_by_role("button", name="Sign in", exact=True).wait_for()


async def open_security(desk: Desk) -> None:
    await desk.page.get_by_role("button", name=USER_MENU).click()
    await desk.page.get_by_text("My security").click()
    await desk.page.get_by_role("heading", name="Second factors").wait_for()


async def test_who_turns_on_an_app_signs_in_with_its_codes(open_door: OpenDoor) -> None:
    desk = await open_door()
    await desk.sign_in_by_form("ada")
    await open_security(desk)
    await desk.click("Add")
    shown = (await desk.page.get_by_test_id("totp-secret").inner_text()).replace(" ", "")
    secret = base64.b32decode(shown + "=" * (-len(shown) % 8))
    await desk.fill("The code that the app shows now", code_at(secret, step_of(datetime.now(UTC))))
    await desk.click("Turn on")
    await expect(desk.page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    await desk.click("I have kept them")
    await expect(desk.page.get_by_text("10 recovery codes left.")).to_be_visible()

    await sign_out(desk)
    await desk.fill("User name", desk.site.username("ada"))
    await desk.fill("Password", PASSWORD)
    await desk.click("Sign in")
    await desk.fill("Code of your app", "000000")
    await desk.click("Continue")
    await expect(desk.page.get_by_role("alert")).to_contain_text("not right")
    await desk.page.reload()
    next_code = code_at(secret, step_of(datetime.now(UTC) + timedelta(seconds=30)))
    await desk.fill("Code of your app", next_code)
    await desk.click("Continue")
    await desk.page.get_by_role("button", name=USER_MENU).wait_for()


async def test_a_passkey_of_the_device_signs_in_alone(open_door: OpenDoor) -> None:
    desk = await open_door()
    protocol = await desk.page.context.new_cdp_session(desk.page)
    await protocol.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await desk.sign_in("bo")
    await open_security(desk)
    await desk.click("Add")
    await desk.page.get_by_text("Passkey", exact=True).click()
    await desk.fill("Name", "My phone")
    await desk.click("Make a passkey")
    await desk.click("I have kept them")
    await expect(desk.page.get_by_text("My phone")).to_be_visible()

    await sign_out(desk)
    await desk.click("Sign in with a passkey")
    await desk.page.get_by_role("button", name=USER_MENU).wait_for()


async def test_a_dangerous_act_asks_who_it_is_and_goes_on_by_itself(
    open_door: OpenDoor, database_urls: DatabaseUrls
) -> None:
    desk = await open_door()
    await desk.sign_in("boss", to="/admin/security-policy")
    with psycopg.connect(database_urls.owner) as connection:
        aged = "UPDATE chassis.session SET verified_at = now() - interval '1 hour' WHERE tenant_id = %s"
        connection.execute(aged, [desk.site.tenant_id])
        renewed = "UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %s"
        connection.execute(renewed, [desk.site.tenant_id])
    await desk.page.get_by_role("spinbutton", name="Shortest length").fill("14")
    await desk.click("Save")

    dialog = desk.page.get_by_role("dialog", name="Is it you?")
    await desk.fill("Password", PASSWORD, within=dialog)
    await desk.click("Continue", within=dialog)

    await expect(desk.page.get_by_text("The policy is saved.")).to_be_visible()
    await desk.page.reload()
    await expect(desk.page.get_by_role("spinbutton", name="Shortest length")).to_have_value("14")
