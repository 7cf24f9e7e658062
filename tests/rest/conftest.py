"""One running server with a tenant on the real packages, shared by the tests of REST's resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site, running

PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser")),
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator")),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive")),
    Person("colleague", ("AutoLeadUser",), {"language": "zh_CN"}),
    Person("auditor", ("Auditor",)),
]


@pytest.fixture(scope="session")
def urls(copy_database: Callable[[], DatabaseUrls]) -> DatabaseUrls:
    """One database for the whole folder: nothing here is disturbed by its neighbours' records."""
    return copy_database()


@pytest.fixture(scope="session")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="session")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="session")
async def other_site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "other", PEOPLE[:2], packages=("automotive",))
