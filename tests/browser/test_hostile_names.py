"""What somebody typed is text, wherever it shows."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from serving import Site

HOSTILE = "<img src=x onerror=alert(1)>"


async def test_markup_in_a_name_shows_as_text_on_every_screen(open_desk: OpenDesk, site: Site) -> None:
    made = lead(site, "consultant", HOSTILE, Company=HOSTILE)
    consultant = await open_desk()
    consultant.page.on("dialog", lambda dialog: pytest.fail(f"A script ran: {dialog.message}"))
    await consultant.sign_in("consultant")

    for address in (
        "/o/Lead?search=onerror",
        "/o/Lead?display=kanban",
        "/search?q=onerror",
        f"/r/{made}",
        f"/r/{made}?edit=1",
    ):
        await consultant.open(address)
        if "edit" in address:
            await expect(consultant.page.get_by_role("textbox", name="Last name")).to_have_value(HOSTILE)
        else:
            await consultant.see(re.compile(re.escape(HOSTILE)))
        assert await consultant.page.locator("img[src=x]").count() == 0


async def test_the_page_forbids_scripts_that_are_not_its_own(open_desk: OpenDesk) -> None:
    visitor = await open_desk()
    answer = await visitor.page.goto(f"{visitor.site.url}/")

    assert answer is not None
    policy = await answer.header_value("content-security-policy") or ""
    assert "script-src 'self'" in policy
    assert "'unsafe-eval'" not in policy
    assert "frame-ancestors 'none'" in policy
