"""A running server with a dealer's tenant, people with different rights, and a neighbour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site
from shared_server import address, urls  # noqa: F401  fixtures

PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser", "CrmAdministrator")),
    Person("admin", ("SystemAdministrator", "AutoAdministrator", "CrmAdministrator", "CrmSensitiveData")),
    Person("agent", ("AutoCallCentre",), {"language": "zh_CN"}),
]
PATH = "openapi.json"


@pytest.fixture(scope="session")
async def site(urls: DatabaseUrls, address: Address) -> Site:  # noqa: F811
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@pytest.fixture(scope="session")
async def neighbour(urls: DatabaseUrls, address: Address) -> Site:  # noqa: F811
    return await make_site(urls, address, "neighbour", PEOPLE[:1], packages=("automotive",))


@pytest.fixture(scope="session")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        yield client


def document_of(client: httpx.Client, **asked: str) -> dict[str, Any]:
    """The document as the client's user may see it."""
    answer = client.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document
