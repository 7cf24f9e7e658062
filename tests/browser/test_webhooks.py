"""An administrator has changes sent elsewhere: what is sent, the secret, the calls."""

from __future__ import annotations

import re

from playwright.async_api import expect

from browser.conftest import OpenDesk
from browser.test_accessibility import violations


async def test_a_webhook_is_made_its_secret_shown_once_and_a_test_call_seen(open_desk: OpenDesk) -> None:
    admin = await open_desk()
    await admin.sign_in("admin", to="/admin/webhooks")
    await admin.see("There are no webhooks yet")

    await admin.click("New webhook")
    form = admin.region("New webhook", role="dialog")
    await admin.fill("Label", "Data lake", within=form)
    await admin.fill("Address", "ftp://lake.example.com", within=form)
    await admin.choose("Runs as", "Robin Clerk", within=form)
    await admin.choose("Object", "Lead", within=form)
    await admin.click("Save", within=form)
    await admin.see("An address is as in https://example.com/changes", within=form)
    await admin.fill("Address", "https://lake.example.com", within=form)
    await admin.click("Save", within=form)
    await expect(admin.page.get_by_test_id("secret")).to_have_text(re.compile("^whsec_"))
    await admin.click("Close", within=admin.region("Data lake", role="dialog"))

    await admin.see("Nothing sent yet")
    assert await violations(admin) == []
    await admin.click("Data lake: 0 waiting, 0 dead")
    calls = admin.region("Calls of Data lake", role="dialog")
    await admin.see("No calls", within=calls)
    await admin.click("Test call", within=calls)
    await admin.click("Test call", within=admin.region("Make a test call?", role="dialog"))
    await admin.see("Waiting", within=calls.get_by_role("table"))
    assert await violations(admin) == []
