"""Logic at work on the screen: approvals, buttons of flows, clocks, notifications, rules and duplicates in forms."""

from __future__ import annotations

import re
from datetime import date

from playwright.async_api import Locator, expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from browser.test_accessibility import violations
from serving import Site


async def test_a_record_is_submitted_and_rejected_with_a_reason(open_desk: OpenDesk, site: Site) -> None:
    offer = _lead(site, "Frost", Company="Frost Works")
    consultant, manager = await open_desk(), await open_desk(on_phone=True, locale="zh-CN")
    await consultant.sign_in("consultant", to=f"/r/{offer}")
    await _submit(consultant, "please")

    await manager.sign_in("manager", to="/approvals")
    await manager.see("please")
    assert await violations(manager) == []
    await manager.click("拒绝 Frost")
    question = manager.region("拒绝“Frost”？", role="dialog")
    await manager.click("拒绝", within=question)
    await manager.see("此处必须填写意见。", within=question)
    await manager.fill("审批意见", "太贵", within=question)
    await manager.click("拒绝", within=question)
    await manager.see("没有等待您审批的申请")

    await consultant.open(f"/r/{offer}?tab=approvals")
    await consultant.see("太贵")
    await consultant.see("Rejected")


async def test_an_approver_decides_on_the_record_and_fills_in_a_field(open_desk: OpenDesk, site: Site) -> None:
    offer = _lead(site, "Grove", Company="Grove Works")
    consultant, manager = await open_desk(), await open_desk()
    await consultant.sign_in("consultant", to=f"/r/{offer}")
    await _submit(consultant, "")
    await consultant.see("Locked")
    await expect(consultant.button("Edit")).to_have_count(0)
    await consultant.see(re.compile("陈志强, asked"), within=_band(consultant))

    await manager.sign_in("manager", to=f"/r/{offer}")
    assert await violations(manager) == []
    await manager.click("批准", within=_band(manager))
    question = manager.region("批准“Grove”？", role="dialog")
    await manager.fill("备注", "with winter tyres", within=question)
    await manager.click("批准", within=question)
    await expect(_band(manager)).to_have_count(0)
    await manager.see("with winter tyres")


async def test_many_requests_are_approved_at_once(open_desk: OpenDesk, site: Site) -> None:
    for name in ("Hale", "Hill"):
        offer = _lead(site, name, Company=f"{name} Works")
        with site.browser("consultant") as client:
            assert client.post(f"/ui/records/{offer}/approvals", json={}).is_success
    manager = await open_desk()
    await manager.sign_in("manager", to="/approvals")

    await manager.see("2", within=manager.region("导航", role="navigation"))
    await manager.page.get_by_role("checkbox", name="全选").check()
    await manager.click("批准所选")
    await manager.click("批准", within=manager.region("批准 2 项申请？", role="dialog"))

    await manager.see("没有等待您审批的申请")


async def test_who_submitted_recalls_it(open_desk: OpenDesk, site: Site) -> None:
    offer = _lead(site, "Ivers", Company="Ivers Works")
    consultant = await open_desk()
    await consultant.sign_in("consultant", to=f"/r/{offer}")
    await _submit(consultant, "")

    await consultant.click("Recall", within=_band(consultant))
    await consultant.click("Recall", within=consultant.region("Take “Special offer” back?", role="dialog"))

    await expect(_band(consultant)).to_have_count(0)
    await consultant.button("Submit for approval").wait_for()
    await consultant.click("Approvals", role="tab")
    await consultant.see("Recalled")


async def test_a_delegate_decides_for_who_is_away(open_desk: OpenDesk, site: Site) -> None:
    manager, colleague = await open_desk(), await open_desk()
    await manager.sign_in("manager", to="/approvals")
    await manager.click("我的代理人")
    naming = manager.region("我的代理人", role="dialog")
    await manager.choose("代理人", "Jordan Vance", within=naming)
    for day in ("开始日期", "结束日期"):
        await manager.fill(day, date.today().isoformat(), within=naming)  # noqa: DTZ011  near enough to the tenant's day
        await manager.page.keyboard.press("Enter")
    await manager.click("添加", within=naming)
    await manager.button("终止Jordan Vance的代理").wait_for()
    assert await violations(manager) == []
    offer = _lead(site, "Jarvis", Company="Jarvis Works")
    with site.browser("consultant") as client:
        assert client.post(f"/ui/records/{offer}/approvals", json={}).is_success

    await colleague.sign_in("colleague", to="/home")
    await colleague.click("1 approval waits for you", role="link")
    await colleague.switch("As delegate")
    await colleague.click("Approve Jarvis")
    await colleague.click("Approve", within=colleague.page.get_by_role("dialog"))
    await colleague.see("Nothing waits for you")


async def test_a_button_runs_its_flow_and_the_bell_tells_of_it(open_desk: OpenDesk, site: Site) -> None:
    called = _lead(site, "Jessop", FirstName="Kit")
    consultant, admin = await open_desk(), await open_desk()
    await consultant.sign_in("consultant", to=f"/r/{called}")

    await consultant.click("Call back later")
    question = consultant.region("Call back later", role="dialog")
    await consultant.see("The owner is reminded.", within=question)
    await consultant.fill("Reason", "after lunch", within=question)
    await consultant.click("Run", within=question)
    await consultant.see("after lunch")

    await consultant.page.get_by_role("button", name=re.compile("^Notifications, . unread")).click()
    told = consultant.region("Notifications", role="dialog")
    assert await violations(consultant) == []
    await told.get_by_role("button", name=re.compile("Call Jessop back")).click()
    await expect(told).to_be_hidden()

    await admin.sign_in("admin", to=f"/r/{called}?tab=automation")
    await admin.see("Call_Back__c")
    await admin.see("Succeeded")


async def test_a_clock_shows_what_is_left(open_desk: OpenDesk, site: Site) -> None:
    timed = _lead(site, "Kemp", Company="Kemp Works")
    consultant = await open_desk()
    await consultant.sign_in("consultant", to=f"/r/{timed}")

    clocks = consultant.region("Milestones")
    await consultant.see("First answer", within=clocks)
    await consultant.see("Running", within=clocks)
    await consultant.see(re.compile("1 hour 5. minutes left"), within=clocks)
    assert await violations(consultant) == []

    with site.browser("consultant") as client:
        assert client.patch(f"/ui/records/{timed}", json={"values": {"City": "Agreed"}}).is_success
    await consultant.page.reload()
    await consultant.see("Met", within=clocks)


async def test_a_refused_field_is_told_beside_it_and_a_duplicate_asked_about(open_desk: OpenDesk, site: Site) -> None:
    _lead(site, "Lund", Company="Lund Works", MobilePhone="13700137007")
    consultant = await open_desk()
    await consultant.sign_in("consultant", to="/o/Lead/new")

    await consultant.fill("Last name", "Lunde")
    await consultant.fill("Company", "Lund Works")
    await consultant.fill("E-mail", "lunde@dealer.example")
    await consultant.fill("City", "Nowhere")
    await consultant.click("Save")
    city = consultant.page.locator(".field-wrong").filter(has_text="City")
    await consultant.see("There is no such town.", within=city)

    await consultant.fill("City", "Springs")
    await consultant.click("Save")
    question = consultant.region("This may be there already", role="dialog")
    await consultant.see("There is a lead of this company.", within=question)
    await consultant.see("Lund", within=question)
    assert await violations(consultant) == []
    await consultant.click("Save anyway", within=question)
    await consultant.see_heading("Lunde")


async def test_a_secret_is_typed_replaced_and_taken_away_and_never_shown(open_desk: OpenDesk, site: Site) -> None:
    with site.browser("admin") as client:
        setting = {"type": "secret", "label": "What signs"}
        assert client.put("/setup/logic/setting/HookKey__c", json=setting).is_success
    admin = await open_desk()
    await admin.sign_in("admin", to="/admin/logic/setting_value/new")
    await admin.page.get_by_placeholder("Lead.NeedsPhone").fill("HookKey__c")
    await admin.page.get_by_label("Secret", exact=True).fill("Unspeakable")
    await admin.click("Save")
    await admin.click("HookKey c", role="link")

    typed = admin.page.get_by_label("Secret", exact=True)
    await expect(typed).to_have_attribute("type", "password")
    await expect(typed).to_have_value("")
    await admin.see("Set", within=admin.page.locator(".logic-name"))
    await expect(admin.button("Save")).to_be_disabled()
    assert "Unspeakable" not in await admin.page.content()
    assert await violations(admin) == []
    await admin.click("Take away")
    await admin.click("OK")
    await admin.click("HookKey c", role="link")
    await admin.see("Not set")


def _lead(site: Site, name: str, **values: str) -> str:
    return lead(site, "consultant", name, **values)


async def _submit(desk: Desk, comments: str) -> None:
    await desk.click("Submit for approval")
    question = desk.page.get_by_role("dialog")
    await desk.fill("Comments", comments, within=question)
    await desk.click("Submit", within=question)
    await _band(desk).wait_for()


def _band(desk: Desk) -> Locator:
    return desk.page.get_by_role("region", name=re.compile("^(Waiting for approval|审批中)"))
