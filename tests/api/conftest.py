"""One running server with a dealer's tenant on the real packages, shared by the API tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site, running

PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser")),
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator")),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive")),
    Person("colleague", ("AutoLeadUser",)),
    Person("auditor", ("Auditor",)),
    Person("agent", ("AutoCallCentre",)),
]


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="module")
async def other_site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "other", PEOPLE[:2], packages=("automotive",))
