"""One Chromium, one server and one tenant for all journeys; each person has a window with cookies of its own."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from browser.dealership import PEOPLE, furnish
from browser.desk import Desk
from chassis_tenants.bootstrap import DatabaseUrls
from serving import ROOT, Address, Site, make_site, running

CHROMIUM_FLAGS = [
    "--no-sandbox",  # root in a container has no other way
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: A slow machine that does other things too; what is there already is not waited for.
PATIENCE_MS = 60_000
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

OpenDesk = Callable[..., Awaitable[Desk]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def web_application() -> None:
    index = ROOT / "admin_ui/dist/index.html"
    assert index.is_file(), "The web application is not built. Run `make admin_ui/dist/index.html` first."


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=own, args=CHROMIUM_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def database_urls(copy_database: Callable[[], DatabaseUrls]) -> DatabaseUrls:
    return copy_database()


@pytest.fixture(scope="session")
def address(
    web_application: None,  # noqa: ARG001  nothing to look at without it
    database_urls: DatabaseUrls,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Address]:
    with running(database_urls, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="session")
async def site(database_urls: DatabaseUrls, address: Address) -> Site:
    """The dealership, furnished."""
    made = await make_site(database_urls, address, "dealer", PEOPLE, packages=("automotive",))
    furnish(made)
    return made


class Windows:
    """Windows of one Chromium: who opens one gets one that was given back, emptied, with the scripts it has loaded."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._free: dict[tuple[bool, str], list[BrowserContext]] = defaultdict(list)

    @asynccontextmanager
    async def lent(self, *, on_phone: bool, locale: str) -> AsyncIterator[BrowserContext]:
        """A window that nobody has signed in with."""
        free = self._free[on_phone, locale]
        context = free.pop() if free else await self._opened(on_phone=on_phone, locale=locale)
        yield context
        await _emptied(context)
        free.append(context)

    async def _opened(self, *, on_phone: bool, locale: str) -> BrowserContext:
        context = await self._chromium.new_context(
            viewport=PHONE if on_phone else DESK,  # type: ignore[arg-type]
            has_touch=on_phone,
            locale=locale,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        return context


async def _emptied(context: BrowserContext) -> None:
    """Nothing is left of who was here."""
    for page in context.pages:
        protocol = await context.new_cdp_session(page)
        origin = {"origin": re.sub(r"^(https?://[^/]+).*", r"\1", page.url), "storageTypes": "all"}
        if origin["origin"].startswith("http"):
            await protocol.send("Storage.clearDataForOrigin", origin)
        await page.close()
    await context.clear_cookies()
    await context.clear_permissions()


@pytest.fixture(scope="session")
async def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture
async def open_desk(site: Site, windows: Windows, request: pytest.FixtureRequest) -> AsyncIterator[OpenDesk]:
    """`await open_desk()` opens a window; `on_phone=True` a small one, `locale="zh-CN"` one of somebody in China."""
    desks: list[Desk] = []
    async with AsyncExitStack() as lent:

        async def open_one(*, on_phone: bool = False, locale: str = "en-US", at: Site = site) -> Desk:
            context = await lent.enter_async_context(windows.lent(on_phone=on_phone, locale=locale))
            desks.append(Desk(await context.new_page(), at))
            return desks[-1]

        yield open_one
        await _keep_pictures(request, desks)
    faults = [fault for desk in desks for fault in desk.faults]
    assert not faults, f"The browser reported errors: {faults}"


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


async def _keep_pictures(request: pytest.FixtureRequest, desks: list[Desk]) -> None:
    """What a failed journey saw last, to look at: .pytest_cache/browser/."""
    if not request.node.stash.get(FAILED, False):
        return
    folder = ROOT / ".pytest_cache/browser"
    folder.mkdir(parents=True, exist_ok=True)
    for number, desk in enumerate(desks, start=1):
        name = re.sub(r"\W+", "_", f"{request.node.name}_{number}")
        await desk.page.screenshot(path=folder / f"{name}.png")
