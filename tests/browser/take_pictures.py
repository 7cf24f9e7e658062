"""Takes the README's pictures of a running demo: `python tests/browser/take_pictures.py [.chassis/demo.json]`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/pictures"
DESK = (1440, 900)
PHONE = (390, 844)
MOST_BYTES = 200_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A screen as one of the demo's people sees it. `opening` goes on to the first record of the list."""

    name: str
    username: str
    path: str
    size: tuple[int, int] = DESK
    opening: bool = False


SCREENS = [
    Picture("list", "group.sales@harbor.example", "/o/Vehicle"),
    Picture("record", "sales.consultant@aurora.example", "/o/Lead", opening=True),
    Picture("kanban", "sales.manager@aurora.example", "/o/Lead?display=kanban"),
    Picture("setup", "oem.admin@aurora.example", "/admin/objects/Lead"),
    Picture("audit", "auditor@aurora.example", "/audit"),
    Picture("zh", "sales.operations.cn@aurora.example", "/o/Lead"),
    Picture("phone", "sales.consultant@aurora.example", "/o/Lead", size=PHONE, opening=True),
]


def main(demo_file: Path) -> None:
    """All pictures, each from a fresh window."""
    demo = json.loads(demo_file.read_text(encoding="utf-8"))
    passwords = {user["username"]: user["password"] for tenant in demo["tenants"] for user in tenant["users"]}
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=own, args=FLAGS)
        for picture in SCREENS:
            with signed_in(browser, demo["url"], picture, passwords[picture.username]) as page:
                take(page, demo["url"], picture)
        browser.close()


@contextmanager
def signed_in(browser: Browser, url: str, picture: Picture, password: str) -> Iterator[Page]:
    """A window of the picture's size, with the session's cookie."""
    width, height = picture.size
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=picture.size == PHONE)
    answer = context.request.post(f"{url}/ui/session", data={"username": picture.username, "password": password})
    if not answer.ok:
        sys.exit(f"{picture.username} could not sign in: {answer.text()}")
    yield context.new_page()
    context.close()


def take(page: Page, url: str, picture: Picture) -> None:
    """Go there, wait until nothing is loading any more, and keep what shows."""
    page.goto(f"{url}{picture.path}")
    if picture.opening:
        page.locator("main a[href^='/r/']").first.click()
        page.locator(".record-page").wait_for()  # the address changes before the screen does
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".skeleton, .page-skeleton, .record-page button:disabled")).to_have_count(0)
    page.mouse.move(0, 0)
    file = PICTURES / f"{picture.name}.png"
    page.screenshot(path=file)
    size = shrink(file)
    sys.stdout.write(f"{file.relative_to(ROOT)}: {size // 1000} kB\n")


def shrink(file: Path) -> int:
    """Fewer colours where pngquant is there to choose them; answers the size."""
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--strip", "--output", file, "256", file], check=True)
    size = file.stat().st_size
    if size > MOST_BYTES:
        sys.stdout.write(f"{file.name} is larger than {MOST_BYTES // 1000} kB: install pngquant.\n")
    return size


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".chassis/demo.json")
