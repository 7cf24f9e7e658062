"""The screens that everybody uses, for those who do not see them or use no mouse: axe-core finds nothing serious."""

from __future__ import annotations

import re
from typing import Any

import pytest

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.desk import Desk
from serving import ROOT, Site

AXE = ROOT / "admin_ui/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")

#: Where to look, one after the other, and what stands there but not where one comes from. {lead} is a lead's id.
SCREENS: dict[str, tuple[str, str | re.Pattern[str]]] = {
    "list": ("/o/Lead", "Noor Patel"),
    "record": ("/r/{lead}", "Move to “First contact”"),
    "form": ("/o/Lead/new", "Save and new"),
    "recycle bin": ("/recycle-bin", "Deleted records are kept for 30 days"),
    "board": ("/o/Lead?display=kanban", "Noor Patel"),
    "editing": ("/r/{lead}?edit=1", re.compile("^Save$")),
}


@pytest.fixture(scope="module")
def patel(site: Site) -> str:
    return lead(site, "consultant", "Patel", FirstName="Noor", MobilePhone="13600136004", Email="noor@patel.example")


async def test_the_sign_in_page_is_accessible(open_desk: OpenDesk) -> None:
    visitor = await open_desk()
    await visitor.open("/")
    await visitor.button("Sign in").wait_for()

    assert await violations(visitor) == []


@pytest.mark.parametrize("on_phone", [False, True], ids=["desk", "phone"])
async def test_the_screens_of_daily_work_are_accessible(open_desk: OpenDesk, patel: str, *, on_phone: bool) -> None:
    consultant = await open_desk(on_phone=on_phone)
    await consultant.sign_in("consultant")

    found = {}
    for screen, (path, text) in SCREENS.items():
        await consultant.go(path.format(lead=patel))
        await consultant.see(text)
        found[screen] = await violations(consultant)

    assert found == {screen: [] for screen in SCREENS}


async def test_setup_and_audit_are_accessible(open_desk: OpenDesk) -> None:
    implementer, auditor = await open_desk(), await open_desk()

    await implementer.sign_in("admin", to="/admin/objects/Lead")
    await implementer.see("Lead source")
    await auditor.sign_in("auditor", to="/audit/logins")
    await auditor.see("Login history")

    assert await violations(implementer) == []
    assert await violations(auditor) == []


async def violations(desk: Desk) -> list[dict[str, Any]]:
    """What axe-core finds serious on the page as it stands."""
    assert AXE.is_file(), "axe-core is missing: npm --prefix admin_ui ci"
    # By the protocol, not as an element of the page: its policy rightly forbids foreign scripts.
    if not await desk.page.evaluate("'axe' in window"):
        await desk.page.evaluate(AXE.read_text(encoding="utf-8"))
    results = await desk.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        {"rule": each["id"], "help": each["help"], "nodes": [node["html"][:160] for node in each["nodes"][:3]]}
        for each in results["violations"]
        if each["impact"] in SERIOUS
    ]
