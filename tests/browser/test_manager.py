"""An OEM's manager works through a long list, in Chinese."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import Locator, expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from serving import Site

CITY = "明州"


async def test_a_manager_filters_sorts_edits_moves_and_exports_leads(open_desk: OpenDesk, site: Site) -> None:
    for name, grade in (("安", "B"), ("白", "A"), ("蔡", "C")):
        lead(site, "colleague", name, FirstName="试", City=CITY, ScoreGrade=grade)
    lead(site, "colleague", "别处", City="武城")
    manager = await open_desk(locale="zh-CN")

    await manager.sign_in_by_form("manager")
    await manager.click("潜在客户", role="link", within=manager.region("导航", role="navigation"))
    await _filter_by_city(manager)
    await _sort_by_grade(manager)
    await _edit_a_phone_number(manager)
    await _export(manager)
    await _move_a_card(manager)
    await _switch_to_english_and_back(manager)


async def _filter_by_city(manager: Desk) -> None:
    await manager.see("别处")
    await manager.click("筛选")
    condition = manager.region("条件 1", role="listitem")
    await manager.choose("字段", "城市", within=condition)
    await manager.fill("值", CITY, within=condition)
    await manager.click("应用")
    await manager.see("安试")
    await manager.see_no("别处")


async def _sort_by_grade(manager: Desk) -> None:
    header = manager.page.get_by_role("columnheader", name="评分等级")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "ascending")
    await expect(manager.page.get_by_role("gridcell").get_by_role("link", name="试")).to_have_text(
        ["白试", "安试", "蔡试"]
    )


async def _edit_a_phone_number(manager: Desk) -> None:
    row = _row(manager, "安试")
    await row.get_by_role("button", name="编辑手机").click(force=True)
    await manager.fill("手机", "13900139000")
    await manager.page.keyboard.press("Enter")
    await manager.see("139 0013 9000", within=row)


async def _export(manager: Desk) -> None:
    await manager.click("更多操作")
    async with manager.page.expect_download() as started:
        await manager.click("导出 CSV", role="menuitem")
    path = Path(await (await started.value).path())
    text = await asyncio.to_thread(path.read_text, encoding="utf-8-sig")
    lines = text.splitlines()
    assert [re.search("[安白蔡]试", line) is not None for line in lines] == [False, True, True, True]
    assert "13900139000" in text


async def _move_a_card(manager: Desk) -> None:
    await manager.switch("看板")
    received, contacted = manager.region("已收到/已创建", role="listitem"), manager.region("首次联系", role="listitem")
    await manager.see("白试", within=received)
    card = received.get_by_role("article").filter(has_text="白试")
    await card.drag_to(contacted.get_by_role("heading"))
    await manager.see("白试", within=contacted)
    await manager.page.reload()
    await manager.see("白试", within=contacted)


async def _switch_to_english_and_back(manager: Desk) -> None:
    await manager.click("语言")
    await manager.click("English", role="menuitem")
    await manager.see("First contact")
    await manager.see("Filters")
    await manager.click("Language")
    await manager.click("中文", role="menuitem")
    await manager.see("首次联系")


def _row(desk: Desk, name: str) -> Locator:
    return desk.page.get_by_role("row").filter(has_text=name)
