"""Several records at once on the screen: merging, submitting many, task plans; and what runs beside them."""

from __future__ import annotations

import re

import psycopg
from playwright.async_api import Locator, expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from browser.house_rules import DEPUTYS_TOWN
from browser.test_accessibility import violations
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Site


async def test_duplicates_of_a_record_are_found_compared_and_merged(open_desk: OpenDesk, site: Site) -> None:
    stays = _lead(site, "Ames", Company="Ames Works", City="Ulm")
    goes = _lead(site, "Aimes", Company="Ames Works", City="Bonn")
    with site.browser("clerk") as client:
        note = {"Name": "Call Aimes", "WhoId": goes}
        assert client.post("/ui/objects/Task/records", json={"values": note}).is_success
    clerk = await open_desk()
    await clerk.sign_in("clerk", to=f"/r/{stays}")

    await _action(clerk, "Find duplicates")
    found = clerk.region("Records like this one", role="dialog")
    await found.get_by_role("checkbox", name="Merge with Aimes").check()
    assert await violations(clerk) == []
    await clerk.click("Compare and merge", within=found)

    await clerk.see_heading("Merge 2 records")
    await clerk.page.get_by_role("radio", name="City of Aimes").check()
    await clerk.see(re.compile("Tasks"), within=clerk.region("Related records"))
    await clerk.fill("Reason", "wrote twice")
    assert await violations(clerk) == []
    await clerk.click("Merge")
    await clerk.click("Merge", within=clerk.page.get_by_role("dialog"))

    await clerk.see_heading("Ames")
    await clerk.see("Bonn")
    await clerk.open(f"/r/{goes}")
    await clerk.see("Aimes")
    with site.browser("clerk") as client:
        assert client.get(f"/ui/records/{goes}").json()["is_deleted"] is True


async def test_records_of_a_list_are_merged_in_chinese_on_a_small_screen(open_desk: OpenDesk, site: Site) -> None:
    stays = _lead(site, "毕", FirstName="一", City="武汉")
    goes = _lead(site, "毕", FirstName="二", City="上海")
    manager = await open_desk(on_phone=True, locale="zh-CN")
    await manager.sign_in("manager", to=f"/merge?ids={stays},{goes}")
    await manager.see_heading("合并 2 条记录")
    await manager.page.get_by_role("radio", name="保留毕二").click()
    await expect(manager.page.get_by_role("radio", name="保留毕二")).to_be_checked()
    assert await violations(manager) == []
    await manager.click("合并")
    await manager.click("合并", within=manager.page.get_by_role("dialog"))
    await manager.see_heading("毕二")


async def test_who_may_not_delete_may_not_merge(open_desk: OpenDesk, site: Site) -> None:
    pair = [_lead(site, "Boyd", FirstName=name) for name in ("Al", "Bo")]
    colleague = await open_desk()
    await colleague.sign_in("colleague", to=f"/merge?ids={','.join(pair)}")
    await colleague.see("You do not have access to this")
    await colleague.open("/o/Lead")
    await expect(colleague.button("Merge")).to_have_count(0)


async def test_many_records_are_submitted_and_each_refusal_is_told(open_desk: OpenDesk, site: Site) -> None:
    for name, company in (("Cole", "Cole Works"), ("Cope", "Cope Works"), ("Cray", None)):
        _lead(site, name, **({"Company": company} if company else {}), City=DEPUTYS_TOWN)
    clerk = await open_desk()
    await clerk.sign_in("clerk", to="/o/Lead")
    for name in ("Cole", "Cope", "Cray"):
        row = clerk.page.get_by_role("row").filter(has=clerk.page.get_by_role("link", name=name, exact=True))
        await row.get_by_role("checkbox").check()

    await clerk.click("Submit for approval")
    question = clerk.region("Submit 3 records for approval?", role="dialog")
    await clerk.click("Submit", within=question)

    left = clerk.region("Submit 1 record for approval?", role="dialog")
    await clerk.see("1 record could not be submitted", within=left)
    await clerk.see(re.compile("No approval process fits the record"), within=left)
    assert await violations(clerk) == []
    await clerk.click("Cancel", within=left)
    await clerk.see("1 selected")

    deputy = await open_desk()
    await deputy.sign_in("deputy", to="/approvals")
    await deputy.button("批准 Cole").wait_for()
    await deputy.button("批准 Cope").wait_for()


async def test_a_task_plan_is_started_seen_and_ended(open_desk: OpenDesk, site: Site) -> None:
    planned = _lead(site, "Dale")
    clerk = await open_desk()
    await clerk.sign_in("clerk", to=f"/r/{planned}")

    await _action(clerk, "Start task plan")
    question = clerk.region("Start task plan", role="dialog")
    await question.get_by_role("radio", name=re.compile("^Welcome")).check()
    await clerk.click("Start", within=question)

    plan = _plan(clerk, "Welcome")
    await clerk.see(re.compile("0 of 2 done"), within=plan)
    await clerk.click("Tasks of Welcome", within=plan)
    await clerk.see("Call to greet", within=plan)
    await clerk.see("Invite to the showroom", within=plan)
    assert await violations(clerk) == []

    await clerk.click("End plan Welcome", within=plan)
    await clerk.click("End plan", within=clerk.page.get_by_role("dialog"))
    await expect(plan).to_have_count(0)
    await clerk.click("1 plan that is over")
    await clerk.see(re.compile("Ended"), within=_plan(clerk, "Welcome"))


async def test_a_paused_clock_stands_still(open_desk: OpenDesk, site: Site) -> None:
    timed = _lead(site, "Ebb", Company="Ebb Works")
    with site.browser("clerk") as client:
        assert client.patch(f"/ui/records/{timed}", json={"values": {"City": "Away"}}).is_success
    clerk = await open_desk()
    await clerk.sign_in("clerk", to=f"/r/{timed}")

    clocks = clerk.region("Milestones")
    await clerk.see("Paused", within=clocks)
    await clerk.see(re.compile("left"), within=clocks)
    assert await violations(clerk) == []


async def test_a_run_that_failed_is_run_again(open_desk: OpenDesk, site: Site, database_urls: DatabaseUrls) -> None:
    _lead(site, "Frey", City="Broken")
    with psycopg.connect(database_urls.owner, autocommit=True) as connection:
        failed = connection.execute(
            "UPDATE data.flow_run SET status = 'Failed', error = 'The other side was away.'"
            " WHERE flow_name = 'Note_Later__c' RETURNING id"
        ).fetchall()
    assert failed
    admin = await open_desk()
    await admin.sign_in("admin", to="/admin/flow-runs?show=failed")

    await admin.see("The other side was away.")
    assert await violations(admin) == []
    await admin.click("Run again: Note_Later__c")
    await admin.see("It runs again in a moment")


async def test_an_inbound_key_is_made_shown_once_and_revoked(open_desk: OpenDesk) -> None:
    admin = await open_desk()
    await admin.sign_in("admin", to="/admin/inbound-keys")
    await admin.see("No inbound keys")

    await admin.click("New key")
    form = admin.region("New key", role="dialog")
    await admin.click("Save", within=form)
    await admin.see("Please fill in this field.", within=form)
    await admin.fill("Name", "Portal", within=form)
    await admin.choose("Runs as", "Robin Clerk", within=form)
    await admin.click("Save", within=form)
    await expect(admin.page.get_by_test_id("secret")).to_have_text(re.compile("^00D.{15}!"))
    assert await violations(admin) == []
    await admin.click("Close", within=admin.region("Portal", role="dialog"))

    await admin.see("clerk@dealer.example")
    await admin.click("Revoke Portal")
    await admin.click("Revoke", within=admin.page.get_by_role("dialog"))
    await admin.see("No inbound keys")


async def test_an_auditor_reads_the_access_log_in_chinese(open_desk: OpenDesk, site: Site) -> None:
    _lead(site, "Gale", MobilePhone="13700137011")
    with site.browser("clerk") as client:
        wanted = {"columns": ["Name", "MobilePhone"], "limit": 5}
        assert client.post("/ui/objects/Lead/list", json=wanted).is_success
    auditor = await open_desk(locale="zh-CN")
    await auditor.sign_in("revisor", to="/audit")

    row = auditor.page.get_by_role("row").filter(has_text="列表").first
    await auditor.see("潜在客户", within=row)
    await auditor.see("手机", within=row)


def _lead(site: Site, name: str, **values: str) -> str:
    return lead(site, "clerk", name, **values)


async def _action(desk: Desk, name: str) -> None:
    """What one does with a record stands as a button, or in the menu where others come first."""
    button = desk.button(name)
    menu = desk.button("More actions")
    await expect(menu).to_be_enabled()
    if await button.count() == 0:
        await menu.click()
        await desk.click(name, role="menuitem")
    else:
        await button.click()


def _plan(desk: Desk, name: str) -> Locator:
    return desk.region(name, role="article")
