"""One running server with a dealer's tenant on the real packages, shared by the API tests."""

from __future__ import annotations

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site

PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser", "CrmAdministrator")),
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator")),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive")),
    Person("colleague", ("AutoLeadUser",)),
    Person("auditor", ("Auditor",)),
    Person("agent", ("AutoCallCentre",)),
]


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="module")
async def other_site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "other", PEOPLE[:2], packages=("automotive",))
