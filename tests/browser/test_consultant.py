"""A dealer's consultant in the showroom, with a phone in hand."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import expect

from browser.conftest import OpenDesk
from browser.dealership import lead, queue
from browser.desk import Desk
from serving import Site


async def test_a_consultant_works_on_leads_on_a_phone(open_desk: OpenDesk, site: Site) -> None:
    lead(site, "consultant", "Marlow", FirstName="Ines", MobilePhone="13800138001")
    lead(site, "colleague", "Foreign", FirstName="Kim")
    with site.browser("manager") as manager:
        lead(site, "manager", "Waiting", FirstName="Sol", OwnerId=queue(manager))
    consultant = await open_desk(on_phone=True)

    await consultant.sign_in_by_form("consultant")
    await _see_only_own_and_waiting_leads(consultant)
    await _move_along_the_path(consultant)
    await _mend_a_wrong_address(consultant)


async def test_a_consultant_deletes_a_lead_brings_it_back_and_finds_it(open_desk: OpenDesk, site: Site) -> None:
    consultant = await open_desk(on_phone=True)
    await consultant.sign_in("consultant", to="/o/Lead")

    await _create_a_lead(consultant)
    await _delete_it(consultant)
    await _restore_it(consultant)
    await _find_it(consultant)
    assert _owner(site, "Quill") == "Casey Reed"


async def _see_only_own_and_waiting_leads(consultant: Desk) -> None:
    await _go_to(consultant, "Leads")
    cards = consultant.region("Leads", role="list")
    await consultant.see("Ines Marlow", within=cards)
    await consultant.see("Sol Waiting", within=cards)
    await consultant.see_no("Kim Foreign")


async def _move_along_the_path(consultant: Desk) -> None:
    await consultant.click("Ines Marlow", role="link")
    await consultant.see_heading("Ines Marlow")
    await consultant.see("Call within 15 minutes. Confirm name, model and the wish for a test drive.")
    await consultant.click("Move to “First contact”")
    await consultant.see("Now at “First contact”")
    step = consultant.region("Path: Stage").get_by_role("button", name="First contact", exact=True)
    await expect(step).to_have_attribute("aria-current", "step")


async def _mend_a_wrong_address(consultant: Desk) -> None:
    await consultant.click("Edit")
    form = consultant.region("Edit record", role="form")
    await consultant.fill("E-mail", "ines.marlow", within=form)
    await consultant.click("Save", within=form)
    address = form.get_by_role("textbox", name="E-mail", exact=True)
    await expect(address).to_have_attribute("aria-invalid", "true")
    await expect(address).to_have_accessible_description(re.compile("invalid email address: ines.marlow"))
    await consultant.fill("E-mail", "ines@marlow.example", within=form)
    await consultant.click("Save", within=form)
    await consultant.see("Saved")
    await consultant.see("ines@marlow.example")


async def _create_a_lead(consultant: Desk) -> None:
    await consultant.click("New")
    await consultant.fill("Last name", "Quill")
    await consultant.fill("First name", "Avery")
    await consultant.fill("Mobile", "13900139002")
    await consultant.click("Save")
    await consultant.see_heading("Avery Quill")


async def _delete_it(consultant: Desk) -> None:
    await consultant.click("More actions")
    await consultant.click("Delete", role="menuitem")
    await consultant.click("Delete", within=consultant.page.get_by_role("dialog"))
    await consultant.see("“Avery Quill” is in the recycle bin")
    await consultant.see_no("Avery Quill", within=consultant.region("Leads", role="list"))


async def _restore_it(consultant: Desk) -> None:
    await _go_to(consultant, "Recycle bin")
    await consultant.click("Restore Avery Quill")
    await consultant.see("“Avery Quill” is back")
    await consultant.see("The recycle bin is empty")


async def _find_it(consultant: Desk) -> None:
    await consultant.click("Search")
    box = consultant.page.get_by_role("combobox", name="Search", exact=True)
    await box.fill("13900139002")
    await consultant.page.get_by_role("option", name="Avery Quill").first.click()
    await consultant.see_heading("Avery Quill")


async def _go_to(consultant: Desk, tab: str) -> None:
    await consultant.click("Open navigation")
    await consultant.click(tab, role="link", within=consultant.page.get_by_role("dialog"))


def _owner(site: Site, last_name: str) -> str:
    with site.browser("manager") as client:
        found: httpx.Response = client.post(
            "/ui/objects/Lead/list",
            json={
                "columns": ["Owner.Name"],
                "filters": [{"field": "LastName", "operator": "=", "value": last_name}],
                "order_by": [],
                "owner": "everyone",
                "limit": 2,
            },
        )
    [record] = found.json()["records"]
    return str(record["values"]["Owner.Name"])
