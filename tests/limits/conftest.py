"""A running server, and tenants of each test's own: their limits are set low where a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site

PEOPLE = [Person("admin", ("SystemAdministrator",)), Person("user", ("GarageUser",))]
MakeSite = Callable[[str], Awaitable[Site]]


@pytest.fixture(scope="module")
def new_site(urls: DatabaseUrls, address: Address) -> MakeSite:
    """A function that makes a tenant of its own, whose limits nobody else minds."""

    async def make(name: str) -> Site:
        return await make_site(urls, address, name, PEOPLE, packages=("garage",))

    return make
