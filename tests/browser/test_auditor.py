"""An auditor finds out who saw and changed what, and sees no customer."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from serving import Site


@pytest.fixture(scope="module")
def seen_lead(site: Site) -> str:
    """A lead of the consultant's, opened by its owner and by nobody else."""
    made = lead(site, "consultant", "Seen", FirstName="Lou", MobilePhone="13700137003")
    with site.browser("consultant") as client:
        assert client.get(f"/ui/records/{made}").status_code == 200
    return made


async def test_an_auditor_finds_out_who_saw_the_phone_number_of_a_lead(
    open_desk: OpenDesk, site: Site, seen_lead: str
) -> None:
    auditor = await open_desk()

    await auditor.sign_in("auditor")
    await auditor.click("Audit", role="link")
    await auditor.search_for("Record id or link", f"{site.url}/r/{seen_lead}")

    entries = auditor.region("Access log", role="grid")
    rows = entries.get_by_role("row").filter(has_text=seen_lead)
    await expect(rows.first).to_be_visible()
    await expect(rows.filter(has_text="Casey Reed")).to_have_count(await rows.count())
    opened = rows.filter(has_text="opened").filter(has_text="Mobile").first
    await opened.get_by_role("gridcell").first.dblclick()
    entry = auditor.region("Entry", role="dialog")
    await auditor.see("Mobile", within=entry)


async def test_an_auditor_reads_who_signed_in_and_what_was_set_up(open_desk: OpenDesk, site: Site) -> None:
    with site.browser("admin") as admin:
        made = admin.post("/setup/objects/Lead/fields", json={"name": "Trim", "label": "Trim", "type": "text"})
        assert made.status_code == 201, made.text
    auditor = await open_desk()
    await auditor.sign_in("auditor", to="/audit")

    await auditor.click("Login history", role="tab")
    await auditor.see(site.username("auditor"), within=auditor.region("Login history", role="grid"))
    await auditor.click("Setup audit trail", role="tab")
    await auditor.see("Trim__c", within=auditor.region("Setup audit trail", role="grid"))


async def test_an_auditor_sees_no_customers(open_desk: OpenDesk, seen_lead: str) -> None:
    auditor = await open_desk()
    await auditor.sign_in("auditor")

    assert await _tabs(auditor) == ["Audit", "Approvals", "Recycle bin"]
    for address in (f"/r/{seen_lead}", "/o/Lead"):
        await auditor.open(address)
        await auditor.see("It does not exist, or your permissions do not cover it.")
        await auditor.see_no("Lou Seen")


async def _tabs(auditor: Desk) -> list[str]:
    links = auditor.region("Navigation", role="navigation").get_by_role("link")
    await links.first.wait_for()
    return await links.all_inner_texts()
