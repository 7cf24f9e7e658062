"""Scripts in every text of a tenant, in a real browser under the strict content policy: they show, and never run."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from attacks.trap import MARK, SCRIPTS, Trapped, as_consultant, make_trap, plant, write_checked
from chassis_tenants.bootstrap import DatabaseUrls
from serving import ROOT, Address, work_import

pytestmark = pytest.mark.browser
#: Elements that a script would have become, had it been taken for markup.
PLANTED = "img[src=x], svg[onload], iframe, a[href^='javascript:' i], script:not([src])"
#: Counts in the page itself what the policy had to stop: nothing should come as far as that.
WATCH = """
window.stopped = [];
document.addEventListener('securitypolicyviolation', (met) => stopped.push(met.violatedDirective + ' ' + met.sample));
"""
#: What stands for the parameters of addresses.
JOURNALS = ("access", "logins", "setup", "fields", "alerts", "line", "who", "taken", "keeping")
#: Screens where nothing that people typed is shown before they are signed in, or that ask for more than an address.
OTHERS = frozenset({"", "*", "login/:tenant", "merge"})
#: Where at least one script has to be read; elsewhere there may be nothing to read.
TOLD = (
    *("/o/Trap", "/r/{record}", *(f"/r/{{record}}?tab={tab}" for tab in ("related", "history", "approvals"))),
    *("/approvals", "/search?q=onerror", "/audit/fields", "/audit/setup", "/admin/objects", "/admin/objects/Trap"),
    *("/admin/users", "/admin/permission-sets", "/admin/roles", "/admin/packages", "/admin/groups"),
    *("/admin/groups/{group}", "/admin/webhooks", "/admin/connected-apps", "/admin/identity-providers"),
    *("/admin/scim", "/admin/inbound-keys", "/admin/logic?kind=flow"),
    *(f"/admin/imports/{{{each}}}" for each in ("job", "checked", "imported")),
)
READABLE = "() => document.querySelector('main').innerText.includes('alert(')"
WINDOWS = 3


def screens() -> Iterator[str]:
    """The addresses of the web application's own table of screens."""
    table = (ROOT / "admin_ui/src/frame/routes.tsx").read_text(encoding="utf-8").split("export const router")[0]
    before, _, rest = table.partition("path: 'admin',")
    setup, _, after = rest.partition("{ path: 'audit',")
    for part, prefix in ((before, ""), (setup, "admin/"), ("{ path: 'audit'," + after, "")):
        yield from (prefix + path for path in re.findall(r"path: '([^']*)'", part))
    yield "admin"


def ids_of(trap: Trapped) -> dict[str, str]:
    """What stands for the names in addresses."""
    imports = {"job": trap.job, "checked": trap.checked, "imported": trap.imported}
    return {"record": trap.record, "group": trap.loot["group"], **imports}


def addresses(trap: Trapped) -> list[str]:
    """Every screen with what was planted, and what repeats an address that makes no sense."""
    ids = ids_of(trap)
    nonsense = quote(MARK, safe="")
    client = f"client_id={nonsense}&redirect_uri=javascript:alert(4)&state={nonsense}&response_type=code"
    tabs = ("tab=related", "tab=history", "tab=approvals", "tab=automation", "edit=1")
    lists = ("Trap", "Trap?display=kanban", "Trap?view=Trapped__c", "Lead", "Task", "Pit__c", nonsense)
    rules = ("validation_rule/Trap.Not_This__c", "setting/Bait__c", "masking_rule/Veiled", "email_template/Letter")
    filled: Mapping[str, Iterable[str]] = {
        "o/:object": [f"o/{each}" for each in lists],
        "o/:object/new": ["o/Trap/new"],
        "r/:id": ["r/{record}", *(f"r/{{record}}?{each}" for each in tabs)],
        "search": ["search?q=onerror", f"search?q={nonsense}"],
        "authorize": [f"authorize?{client}"],
        "device": [f"device?user_code={nonsense}"],
        "admin/objects/:object": [f"admin/objects/{each}" for each in ("Trap", "Pit__c", nonsense)],
        "admin/permission-sets/:name": [f"admin/permission-sets/{each}" for each in ("TrapUser", "Attacked__c")],
        "admin/imports/:id": [f"admin/imports/{{{each}}}" for each in ("job", "checked", "imported")],
        "admin/groups/:id": ["admin/groups/{group}"],
        "admin/record-access": ["admin/record-access?record={record}"],
        "admin/logic": [f"admin/logic?kind={each}" for each in ("validation_rule", "flow", "approval", "setting")],
        "admin/logic/:kind/:name": [f"admin/logic/{each}" for each in (*rules, "flow/Shout", "approval/Asked")],
        "audit/:journal": [f"audit/{key}" for key in JOURNALS],
    }
    wanted = [each for path in screens() if path not in OTHERS for each in filled.get(path, (path,))]
    assert not [each for each in wanted if ":" in each.partition("?")[0]], "Say what stands for the parameter."
    return [f"/{each.format(**ids)}" for each in wanted]


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    assert (ROOT / "admin_ui/dist/index.html").is_file(), "The web application is not built."
    async with async_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=own, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def trap(
    attacked_urls: DatabaseUrls, address: Address, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[httpx.Client, Trapped]]:
    """The administrator's window, and what was planted."""
    site = await make_trap(attacked_urls, address, Path(tmp_path_factory.mktemp("trap")))
    with site.browser("admin") as admin:
        planted = plant(site, admin)
        for job in (planted.checked, planted.imported):
            await work_import(attacked_urls, site, job)
        write_checked(admin, planted.imported)
        await work_import(attacked_urls, site, planted.imported)
        yield admin, planted


class Visitor:
    """A tab that goes from screen to screen, and notes what it met."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self.wrong: list[str] = []
        self._waiting = 0
        page.on("dialog", self._met)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("request", lambda _: self._count(1))
        page.on("requestfinished", lambda _: self._count(-1))
        page.on("requestfailed", lambda _: self._count(-1))

    def _met(self, dialog: object) -> None:
        self.wrong.append(f"{self.page.url}: a script ran: {dialog}")

    def _count(self, by: int) -> None:
        self._waiting += by

    async def visit(self, paths: Iterable[str], told: AbstractSet[str] = frozenset()) -> None:
        """Each screen in turn; on those that are told of, a script has to be read."""
        await self.page.goto(f"{self._url}/home")
        await self.page.locator("main h1").first.wait_for()
        for path in paths:
            await self.page.evaluate(
                "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path
            )
            await self._settled()
            if path in told:
                await self.page.wait_for_function(READABLE)
            await self._look(path)

    async def _settled(self) -> None:
        """Until nothing more is fetched for a moment."""
        quiet = 0
        while quiet < 4:
            await asyncio.sleep(0.05)
            quiet = 0 if self._waiting > 0 else quiet + 1

    async def _look(self, path: str) -> None:
        planted = await self.page.locator(PLANTED).count()
        stopped = await self.page.evaluate("stopped.splice(0)")
        if planted or stopped:
            self.wrong.append(f"{path}: {planted} elements, {stopped}")


async def _visitors(browser: Browser, admin: httpx.Client, url: str) -> tuple[BrowserContext, list[Visitor]]:
    context = await browser.new_context(user_agent=admin.headers["user-agent"])
    cookies = [{"name": name, "value": value, "url": url} for name, value in admin.cookies.items()]
    await context.add_cookies(cookies)  # type: ignore[arg-type]  # playwright's own form of a dict
    await context.add_init_script(WATCH)
    return context, [Visitor(await context.new_page(), url) for _ in range(WINDOWS)]


async def test_what_was_typed_into_any_text_is_shown_and_never_run(
    trap: tuple[httpx.Client, Trapped], chromium: Browser
) -> None:
    admin, planted = trap
    context, visitors = await _visitors(chromium, admin, planted.site.url)
    wanted, told = addresses(planted), {each.format(**ids_of(planted)) for each in TOLD}
    assert told <= set(wanted)

    await asyncio.gather(*(each.visit(wanted[number::WINDOWS], told) for number, each in enumerate(visitors)))

    assert [line for each in visitors for line in each.wrong] == []
    await context.close()


async def test_a_notice_shows_its_text(trap: tuple[httpx.Client, Trapped], chromium: Browser) -> None:
    admin, planted = trap
    context, [visitor, *_] = await _visitors(chromium, admin, planted.site.url)
    await visitor.visit([])

    await visitor.page.get_by_role("button", name=re.compile("^Notifications")).click()
    await visitor.page.get_by_role("dialog").get_by_text("alert(").first.wait_for()

    assert await visitor.page.locator(PLANTED).count() == 0
    assert visitor.wrong == []
    await context.close()


async def test_who_signed_in_as_somebody_is_told_so_in_words(
    trap: tuple[httpx.Client, Trapped], chromium: Browser
) -> None:
    _, planted = trap
    with as_consultant(planted.site) as window:
        context, [visitor, *_] = await _visitors(chromium, window, planted.site.url)
        await visitor.visit(["/home", "/o/Trap", "/my-security"])

        await visitor.page.locator(".acting-band").get_by_text("alert(").first.wait_for()
        assert visitor.wrong == []
        await context.close()


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_answer_that_repeats_what_was_asked_is_no_page(trap: tuple[httpx.Client, Trapped], script: str) -> None:
    admin, _ = trap
    word = quote(script, safe="")
    for path in (
        f"/services/data/v66.0/query?q={word}",
        f"/services/data/v66.0/sobjects/{word}",
        f"/ui/records/{word}",
        f"/ui/objects/{word}",
        f"/setup/logic/{word}",
        f"/ui/approval-links/{word}",
    ):
        answer = admin.get(path)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        assert not is_page or script not in answer.text, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "script-src 'self'" in answer.headers["content-security-policy"], path
