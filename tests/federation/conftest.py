"""A running server with a tenant whose people and apps the tests of federation share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site, running

PEOPLE = [
    Person("robot", ("CrmAdministrator",), {"user_type": "Integration"}),
    Person("admin", ("SystemAdministrator", "CrmAdministrator")),
    Person("seller", ("CrmUser",)),
    Person("colleague", ("CrmUser",)),
]


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with running(urls, tmp_path_factory.mktemp("home"), identity_provider_private=True) as address:
        yield address


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("crm",))


@pytest.fixture(scope="module")
async def other_site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "other", PEOPLE, packages=("crm",))
