"""An implementer shapes the tenant in Setup, and it is there at once."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from browser.conftest import OpenDesk
from browser.desk import Desk
from browser.test_accessibility import violations
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, make_site

#: Who sets up a tenant that has no package yet.
ADMINISTRATOR = Person("admin", ("SystemAdministrator",))


async def test_a_new_object_with_five_fields_is_used_at_once(open_desk: OpenDesk) -> None:
    implementer = await open_desk()
    await implementer.sign_in("admin", to="/admin/objects")

    await _make_the_object(implementer)
    await _make_a_field(implementer, "Text", "Plate")
    await _make_a_field(implementer, "Number", "Mileage")
    await _make_a_field(implementer, "Date", "Ready on")
    await _make_a_field(implementer, "Checkbox", "Insured")
    await _make_a_field(implementer, "Picklist", "Condition", values=("Good", "Scratched"))
    await _fill_it(implementer)


async def test_a_new_user_signs_in_and_sees_what_was_granted(open_desk: OpenDesk) -> None:
    implementer, newcomer = await open_desk(), await open_desk()
    await implementer.sign_in("admin", to="/admin/users")

    password = await _make_a_user(implementer, "robin.vale@dealer.example")

    await newcomer.sign_in_by_form(
        "newcomer", username="robin.vale@dealer.example", password=password, new_password=f"{password}-own"
    )
    navigation = newcomer.region("Navigation", role="navigation")
    await newcomer.see("Leads", within=navigation)
    await newcomer.see_no("Setup", within=navigation)


async def test_a_packaged_permission_set_is_cloned_and_a_right_changed(open_desk: OpenDesk) -> None:
    implementer = await open_desk()
    await implementer.sign_in("admin", to="/admin/permission-sets/AutoTestDrive")

    await implementer.see(re.compile("cannot be changed here. Clone it"))
    await implementer.click("Clone")
    await implementer.click("Save")
    await implementer.see_heading("Copy of Test drive")
    delete_leads = _right(implementer, "Lead: Delete")
    await expect(delete_leads).not_to_be_checked()
    await delete_leads.check()
    await implementer.click("Save")
    await expect(implementer.button("Save")).to_be_disabled()
    await implementer.page.reload()
    await expect(_right(implementer, "Lead: Delete")).to_be_checked()


async def test_a_group_of_groups_and_a_wider_default_are_set_up(open_desk: OpenDesk) -> None:
    implementer = await open_desk()
    await implementer.sign_in("admin", to="/admin/groups")
    await _make_a_group(implementer, "Night shift")
    await implementer.page.get_by_role("radio", name="Role and below").locator("xpath=..").click()
    await implementer.choose("Role", "Sales consultant")
    await implementer.click("Add")
    await implementer.see("Role and below", within=implementer.region("Members", role="table"))
    await implementer.see("2 active users in all")
    await implementer.open("/admin/groups")
    await _make_a_group(implementer, "All shifts")
    await implementer.page.get_by_role("radio", name="Group", exact=True).locator("xpath=..").click()
    await implementer.choose("Group", "Night shift")
    await implementer.click("Add")
    await implementer.see("2 active users in all")
    assert await violations(implementer) == []

    await implementer.open("/admin/sharing")
    await implementer.choose("Campaign: Own people", "Public, read and write")
    question = implementer.region("Change the default of Campaign?", role="dialog")
    await implementer.see(re.compile("users may read this object and will see records of others"), within=question)
    assert await violations(implementer) == []
    await implementer.click("Change", within=question)
    await implementer.click("Back to the package: Campaign")
    await implementer.see(re.compile("will no longer see all of it"), within=question)
    await implementer.click("Change", within=question)
    await expect(implementer.button("Back to the package: Campaign")).to_have_count(0)


async def test_the_automotive_package_is_installed_into_a_tenant_without_it(
    open_desk: OpenDesk, database_urls: DatabaseUrls, address: Address
) -> None:
    bare = await make_site(database_urls, address, "bare", [ADMINISTRATOR], packages=())
    implementer = await open_desk(at=bare)
    await implementer.sign_in("admin", to="/admin/packages")

    card = implementer.page.get_by_role("article", name="Automotive cloud", exact=True)
    await implementer.click("Install Automotive cloud 1.6.0", within=card)
    await implementer.see("Installed in", within=card)
    await implementer.click("Leads", role="link", within=implementer.region("Navigation", role="navigation"))
    await implementer.see("No Leads here")


async def _make_a_group(implementer: Desk, label: str) -> None:
    await implementer.click("New group")
    form = implementer.region("New group", role="dialog")
    await implementer.fill("Label", label, within=form)
    await implementer.click("Save", within=form)
    await implementer.see_heading(label)


async def _make_the_object(implementer: Desk) -> None:
    await implementer.click("New object")
    form = implementer.region("New object", role="dialog")
    await implementer.fill("Label", "Loan car", within=form)
    await implementer.fill("Plural label", "Loan cars", within=form)
    await implementer.click("Save", within=form)
    await implementer.see_heading("Loan car")


async def _make_a_field(implementer: Desk, kind: str, label: str, *, values: tuple[str, ...] = ()) -> None:
    await implementer.click("New field")
    form = implementer.region("New field of Loan car", role="dialog")
    await implementer.choose("Type", kind, within=form)
    await implementer.fill("Label", label, within=form)
    for number, value in enumerate(values, start=1):
        if number > 1:
            await implementer.click("Add value", within=form)
        await implementer.fill(f"Label of value {number}", value, within=form)
    await implementer.click("Save", within=form)
    await expect(form).to_be_hidden()
    await implementer.see(label, within=implementer.region("Fields", role="table"))


async def _fill_it(implementer: Desk) -> None:
    await implementer.click("Open the list")
    await implementer.click("New")
    await implementer.fill("Name", "Demo 7")
    await implementer.fill("Plate", "沪A 12345")
    await implementer.fill("Mileage", "4200")
    await implementer.fill("Ready on", "2026-12-01")
    await implementer.page.keyboard.press("Enter")
    await implementer.page.get_by_role("checkbox", name="Insured").check()
    await implementer.choose("Condition", "Scratched")
    await implementer.click("Save")
    await implementer.see_heading("Demo 7")
    for shown in ("沪A 12345", "4,200", "Dec 1, 2026", "Scratched"):
        await implementer.see(shown)
    await implementer.click("Loan car", role="link")
    await implementer.see("Demo 7", within=implementer.region("Loan cars", role="grid"))


async def _make_a_user(implementer: Desk, username: str) -> str:
    await implementer.click("New user")
    form = implementer.region("New user", role="dialog")
    await implementer.fill("Last name", "Vale", within=form)
    await implementer.fill("First name", "Robin", within=form)
    await implementer.fill("User name", username, within=form)
    await implementer.fill("E-mail", username, within=form)
    await implementer.choose("Permission sets", "Lead user", within=form)
    await implementer.page.keyboard.press("Escape")
    await implementer.click("Save", within=form)
    shown = implementer.region("Password of Robin Vale", role="dialog")
    password = await shown.get_by_test_id("one-time-password").inner_text()
    await implementer.click("Close", within=shown)
    await implementer.see(username)
    return password


def _right(implementer: Desk, name: str) -> Locator:
    return implementer.page.get_by_role("checkbox", name=name, exact=True)
