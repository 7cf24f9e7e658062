"""A person at a browser: does and sees what a person can, by what is written on the screen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ConsoleMessage, Locator, Page, expect

from serving import PASSWORD, Site

#: What a person who reads this language looks for to sign in.
SIGN_IN = {"en_US": ("User name", "Password", "Sign in"), "zh_CN": ("用户名", "密码", "登录")}
USER_MENU = re.compile("User menu of|的用户菜单")
#: The browser tells of every refused request; whether it should have been refused is the test's matter.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Desk:
    """One browser window with cookies of its own. `within` narrows where to look."""

    page: Page
    site: Site
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSED.match(message.text):
            self.faults.append(message.text)

    async def open(self, path: str) -> None:
        """Go to an address of the web application."""
        await self.page.goto(f"{self.site.url}{path}")

    async def go(self, path: str) -> None:
        """Go on inside the application, as a link does: a fifth of the work of `open`. What is known stays known."""
        await self.page.evaluate(
            "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path
        )

    async def sign_in(self, name: str, *, to: str = "/") -> None:
        """Begin a session as the sign-in page does, without looking at that page, and wait for the application."""
        credentials = {"username": self.site.username(name), "password": PASSWORD}
        answer = await self.page.context.request.post(f"{self.site.url}/ui/session", data=credentials)
        assert answer.ok, await answer.text()
        await self.open(to)
        await self._stands()

    async def sign_in_by_form(
        self,
        name: str,
        *,
        username: str | None = None,
        password: str = PASSWORD,
        new_password: str | None = None,
        to: str = "/",
    ) -> None:
        """Fill in the sign-in page and wait until the application stands; it may be English or Chinese.

        Who was given a password to begin with is asked for another one.
        """
        await self.open(to)
        submit = self.page.get_by_role("button", name=re.compile(f"^({SIGN_IN['en_US'][2]}|{SIGN_IN['zh_CN'][2]})$"))
        await submit.wait_for()
        is_chinese = await self.page.get_by_label(SIGN_IN["zh_CN"][0]).count() > 0
        user_label, password_label, _ = SIGN_IN["zh_CN" if is_chinese else "en_US"]
        await self.fill(user_label, username or self.site.username(name))
        await self.fill(password_label, password)
        await submit.click()
        if new_password is not None:
            await self.page.locator("#new-password").fill(new_password)
            await self.page.locator("#new-password").press("Enter")
        await self._stands()

    async def _stands(self) -> None:
        await self.page.get_by_role("button", name=USER_MENU).wait_for()
        # The start leads on to the app's first tab; what is clicked before would be clicked away.
        await expect(self.page).not_to_have_url(f"{self.site.url}/")

    def button(self, name: str, *, within: Locator | None = None) -> Locator:
        """The button that says this."""
        return self._in(within).get_by_role("button", name=name, exact=True)

    async def click(self, name: str, *, role: Any = "button", within: Locator | None = None) -> None:
        """Click what has this name."""
        await self._in(within).get_by_role(role, name=name, exact=True).first.click()

    async def fill(self, label: str, text: str, *, within: Locator | None = None) -> None:
        """Type into the field with this label, in place of what is there."""
        part = self._in(within)
        number = part.get_by_role("spinbutton", name=label, exact=True)
        await part.get_by_role("textbox", name=label, exact=True).or_(number).fill(text)

    async def search_for(self, label: str, text: str) -> None:
        """Type into the search field with this label and press Enter."""
        box = self.page.get_by_role("searchbox", name=label, exact=True)
        await box.fill(text)
        await box.press("Enter")

    async def choose(self, label: str, option: str, *, within: Locator | None = None) -> None:
        """Open the list of choices with this label and take one."""
        box = self._in(within).get_by_role("combobox", name=label, exact=True)
        await box.click()
        if await box.is_editable():
            await box.press_sequentially(option)
        # The list's accessible twin holds only some of the options; the visible ones have no role.
        shown = self.page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option")
        await shown.get_by_text(option, exact=True).first.click()

    async def switch(self, name: str, *, within: Locator | None = None) -> None:
        """Choose one of the segments of a switch."""
        await self._in(within).get_by_role("radio", name=name, exact=True).first.locator("xpath=..").click()

    async def see(self, text: str | re.Pattern[str], *, within: Locator | None = None) -> None:
        """The text shows, or will in a moment."""
        await expect(self._in(within).get_by_text(text).filter(visible=True).first).to_be_visible()

    async def see_no(self, text: str | re.Pattern[str], *, within: Locator | None = None) -> None:
        """The text does not show, or will be gone in a moment."""
        await expect(self._in(within).get_by_text(text).filter(visible=True)).to_have_count(0)

    async def see_heading(self, name: str) -> None:
        """A heading says this."""
        await expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    def region(self, name: str, *, role: Any = "region") -> Locator:
        """The part of the page that has this name."""
        return self.page.get_by_role(role, name=name, exact=True)

    def _in(self, within: Locator | None) -> Page | Locator:
        return self.page if within is None else within
