"""One running server for all attacks: a tenant worth robbing, a stranger inside it, and a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from attacks.loot import Loot, gather
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site, running

PEOPLE = [
    Person("robot", ("AutoIntegration", "AutoLeadUser"), {"user_type": "Integration"}),
    Person(
        "admin",
        ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator", "Auditor", "AutoIntegration"),
    ),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive")),
    Person("stranger", ()),
]


@pytest.fixture(scope="session")
def attacked_urls(copy_database: Callable[[], DatabaseUrls]) -> DatabaseUrls:
    return copy_database()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(attacked_urls: DatabaseUrls, home: Path) -> Iterator[Address]:
    with running(attacked_urls, home) as address:
        yield address


@pytest.fixture(scope="session")
async def site(attacked_urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(attacked_urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="session")
async def neighbour(attacked_urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(attacked_urls, address, "neighbour", PEOPLE[:2], packages=("automotive",))


@pytest.fixture(scope="session")
def windows(site: Site, neighbour: Site) -> Iterator[dict[str, httpx.Client]]:
    """Browsers that stay signed in: of the tenant by name, and the neighbour's administrator."""
    with ExitStack() as stack:
        opened = {name: stack.enter_context(site.browser(name)) for name in ("admin", "consultant", "stranger")}
        opened["neighbour"] = stack.enter_context(neighbour.browser("admin"))
        yield opened


@pytest.fixture(scope="session")
def admin(windows: dict[str, httpx.Client]) -> httpx.Client:
    return windows["admin"]


@pytest.fixture(scope="session")
def consultant(windows: dict[str, httpx.Client]) -> httpx.Client:
    return windows["consultant"]


@pytest.fixture(scope="session")
def loot(site: Site, windows: dict[str, httpx.Client]) -> Loot:
    """Real things of the tenant, by the parameter of a route that names them."""
    return gather(site, windows["admin"], windows["consultant"])
