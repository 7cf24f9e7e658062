"""Two people change one record at the same time: nobody's words are lost."""

from __future__ import annotations

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from serving import Site


async def test_who_saves_second_sees_both_values_and_chooses(open_desk: OpenDesk, site: Site) -> None:
    shared = lead(site, "consultant", "Torn", FirstName="Alex", Company="Before", City="Old Town")
    consultant, manager = await open_desk(), await open_desk()
    await consultant.sign_in("consultant", to=f"/r/{shared}")
    await manager.sign_in("admin", to=f"/r/{shared}")

    await consultant.click("Edit")
    await consultant.see("Save")
    await _save(manager, Company="Theirs", City="New Town")
    await _type(consultant, Company="Mine", District="West")
    await consultant.click("Save")

    question = consultant.region("Somebody else saved this record meanwhile", role="dialog")
    await consultant.see("Mine", within=question)
    await consultant.see("Theirs", within=question)
    await consultant.click("Save the choice", within=question)
    for kept in ("Mine", "New Town", "West"):
        await consultant.see(kept)


async def _save(desk: Desk, **values: str) -> None:
    await desk.click("Edit")
    await _type(desk, **values)
    await desk.click("Save")
    await desk.see("Saved")


async def _type(desk: Desk, **values: str) -> None:
    for label, text in values.items():
        await desk.fill(label, text)
