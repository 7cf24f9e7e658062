"""Screens for partners and their data: the API tried out, a file imported and taken back, all of it accessible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest
from playwright.async_api import FilePayload, expect

from browser.conftest import OpenDesk
from browser.test_accessibility import violations
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Site, work_import

#: Work through an import's lanes, by the import's id.
Work = Callable[[str], Awaitable[None]]

#: One town that a validation rule knows not to be there. As a spreadsheet in China writes a file.
LEADS = "姓,住在,Email\n安,北京,an@import.example\n白,Nowhere,bai@import.example\n陈,上海,chen@import.example\n"
#: Where to look, and what stands there but not where one comes from. The journeys look at the others in English.
ENGLISH = {
    "/admin/limits": "API requests in 24 hours",
    "/admin/inbound": "Try a document",
    "/admin/imports": "New import",
}
CHINESE = {
    "/admin/limits": "24 小时内的 API 请求数",
    "/admin/inbound": "试用文档",
    "/admin/imports": "新建导入",
    "/admin/imports/new?object=Lead&operation=upsert": "选择文件",
    "/admin/webhooks": "新建 Webhook",
    "/docs": "Records",
}


@pytest.fixture
def work(site: Site, database_urls: DatabaseUrls) -> Work:
    """What the worker does."""
    return partial(work_import, database_urls, site)


@pytest.fixture
def admins_language(site: Site) -> Iterator[Callable[[str], None]]:
    """Changes the language of the administrator, whom other journeys find as before."""
    with site.browser("admin") as client:

        def change(language: str) -> None:
            client.patch("/ui/me", json={"language": language}).raise_for_status()

        yield change
        change("en_US")


async def test_the_documented_api_is_tried_out_by_who_is_signed_in(open_desk: OpenDesk) -> None:
    admin = await open_desk()
    await admin.sign_in("admin", to="/docs")

    await admin.page.locator("#operations-tag-Descriptions").click()
    operation = admin.page.locator(".opblock-get").filter(has_text="/limits").first
    await operation.locator(".opblock-summary-control").click()
    assert await violations(admin) == []
    await operation.get_by_role("button", name="Execute").click()

    await expect(operation.locator(".live-responses-table .response .response-col_status")).to_have_text("200")
    await admin.see("DailyApiRequests", within=operation.locator(".live-responses-table"))


async def test_a_file_is_tried_imported_without_its_bad_row_and_taken_back(open_desk: OpenDesk, work: Work) -> None:
    admin = await open_desk()
    await admin.sign_in("admin", to="/o/Lead")
    await admin.click("More actions")
    await admin.page.get_by_role("menuitem", name="Import", exact=True).click()
    file: FilePayload = {"name": "leads.csv", "mimeType": "text/csv", "buffer": LEADS.encode("gb18030")}
    await admin.page.locator("#import-file").set_input_files(files=[file])
    await admin.choose("Encoding", "Simplified Chinese (GB18030, GBK)")
    await admin.see("陈,上海", within=admin.page.locator(".file-lines"))
    assert await violations(admin) == []
    await admin.click("Upload and go on")

    await admin.see("1 of 3 columns are read")
    await admin.see("Required, and filled by nothing: Last name.")
    await admin.choose("姓", "Last name")
    await admin.choose("住在", "City")
    await admin.see("3 of 3 columns are read")
    assert await violations(admin) == []
    await admin.click("Check all rows")
    await admin.see("Rows are being checked")
    job = admin.page.url.rsplit("/", 1)[1]
    await work(job)

    await admin.see("1 of 3 rows would not be imported.")
    bad = admin.region("Rows that would fail", role="table").get_by_role("row").filter(has_text="Nowhere")
    await admin.see("There is no such town.", within=bad)
    await expect(bad.locator(".cell-wrong")).to_have_text("Nowhere")
    assert await violations(admin) == []
    async with admin.page.expect_download() as download:
        await admin.click("Download these rows")
    assert "Nowhere" in (await (await download.value).path()).read_text(encoding="utf-8-sig")
    await admin.click("Import 2 rows")
    await admin.click("Import 2 rows", within=admin.region("Import 2 rows into Leads?", role="dialog"))
    await admin.see("Rows are being imported")
    await admin.open(f"/admin/imports/{job}")  # whoever comes back goes on where it stands
    await work(job)

    await admin.see("2 rows are imported.")
    await admin.see("1 row was not written.")
    assert await violations(admin) == []
    await admin.click("Undo the import")
    await admin.click("Undo the import", within=admin.region("Undo the import of 2 rows?", role="dialog"))
    await admin.see("The import is being undone")
    await work(job)
    await admin.see("Undone: 2 records are as they were before.")
    await admin.click("To Leads")
    await admin.see_no("上海")


@pytest.mark.parametrize(("language", "screens"), [("en_US", ENGLISH), ("zh_CN", CHINESE)])
async def test_the_screens_are_accessible_in_both_languages(
    open_desk: OpenDesk, admins_language: Callable[[str], None], language: str, screens: dict[str, str]
) -> None:
    admins_language(language)
    admin = await open_desk(locale=language.replace("_", "-"))
    await admin.sign_in("admin", to="/admin/limits")

    found = {}
    for path, text in screens.items():
        await admin.go(path)
        await admin.see(text)
        found[path] = await violations(admin)
    assert found == {path: [] for path in screens}
