"""One running server with a tenant on the real packages, shared by the tests of REST's resources."""

from __future__ import annotations

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site
from shared_server import address, urls  # noqa: F401  fixtures

PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser", "CrmAdministrator")),
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator")),
    Person("consultant", ("AutoLeadUser", "AutoTestDrive")),
    Person("colleague", ("AutoLeadUser",), {"language": "zh_CN"}),
    Person("auditor", ("Auditor",)),
]


@pytest.fixture(scope="session")
async def site(urls: DatabaseUrls, address: Address) -> Site:  # noqa: F811
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="session")
async def other_site(urls: DatabaseUrls, address: Address) -> Site:  # noqa: F811
    return await make_site(urls, address, "other", PEOPLE[:2], packages=("automotive",))
