"""One running server with a small tenant; people who sign in, each with cookies of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import PASSWORD, Address, Person, Site, make_site

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
NAMES = ("ada", "bo", "cai", "dan", "eva", "fei", "gil", "hua", "ida", "jun", "kim", "lea", "max", "nia", "ola", "pia")
PEOPLE = [
    Person("admin", ("SystemAdministrator", "Auditor")),
    Person("helper", ("SystemAdministrator",)),
    Person("robot", (), {"user_type": "Integration"}),
    *(Person(name, ()) for name in NAMES),
]


@dataclass
class Door:
    """A tenant's door."""

    site: Site
    owner_dsn: str
    opened: list[httpx.Client] = field(default_factory=list)

    def client(self, user_agent: str = CHROME, **headers: str) -> httpx.Client:
        """A browser nobody has signed in with."""
        client = httpx.Client(base_url=self.site.url, timeout=30, headers={"user-agent": user_agent, **headers})
        self.opened.append(client)
        return client

    def attempt(self, client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in; the page's token is kept where it worked."""
        answer = client.post("/ui/session", json={"username": self.site.username(name), "password": password})
        return keep_token(client, answer)

    def enter(self, name: str, password: str = PASSWORD, user_agent: str = CHROME) -> httpx.Client:
        """A browser in which somebody has signed in."""
        client = self.client(user_agent)
        answer = self.attempt(client, name, password)
        assert answer.status_code == 200, answer.text
        return client

    def sql(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement run as the owner."""
        with psycopg.connect(self.owner_dsn) as connection:
            cursor = connection.execute(text.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def history(self, name: str) -> list[str]:
        """What the login history says of a user, oldest first."""
        found = self.sql(
            "SELECT status FROM data.login_history WHERE tenant_id = %s AND user_id = %s ORDER BY login_time, id",
            self.site.tenant_id,
            self.site.users[name],
        )
        return [row[0] for row in found]

    def trail(self, action: str) -> list[tuple[Any, ...]]:
        """(who, who really, target, display) of the setup trail's entries of an action."""
        return self.sql(
            "SELECT user_id, acting_user_id, target_name, display FROM data.setup_audit_trail"
            " WHERE tenant_id = %s AND action = %s ORDER BY created_date, id",
            self.site.tenant_id,
            action,
        )

    def age_verification(self, name: str, minutes: int = 60) -> None:
        """As if the user's sessions had been verified so long ago."""
        self.sql(
            "UPDATE chassis.session SET verified_at = verified_at - make_interval(mins => %s)"
            " WHERE tenant_id = %s AND user_id = %s",
            minutes,
            self.site.tenant_id,
            self.site.users[name],
        )
        self.renew_contexts()

    def renew_contexts(self) -> None:
        """Nothing of what the server holds about users is believed any more."""
        self.sql("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %s", self.site.tenant_id)

    @contextmanager
    def policy(self, **changes: Any) -> Iterator[None]:
        """The tenant's policy has these changes while the block runs."""
        admin = self.enter("admin")
        answer = admin.patch("/setup/security-policy", json=changes)
        assert answer.status_code == 200, answer.text
        try:
            yield
        finally:
            self.sql("DELETE FROM chassis.security_policy WHERE tenant_id = %s", self.site.tenant_id)
            self.renew_contexts()


def keep_token(client: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """The page's token goes with what the client sends from now on."""
    if answer.is_success and "csrf_token" in answer.text:
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
    return answer


def code_of(answer: httpx.Response) -> str:
    """The first problem's code."""
    code: str = answer.json()[0]["errorCode"]
    return code


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "garden", PEOPLE, packages=())


@pytest.fixture
def door(site: Site, urls: DatabaseUrls) -> Iterator[Door]:
    opened = Door(site, urls.owner)
    yield opened
    for client in opened.opened:
        client.close()


MakeDoor = Callable[[], Door]
