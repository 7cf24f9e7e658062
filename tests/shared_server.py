"""One server for all tests of a folder: its conftest takes these fixtures in place of the module's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, running


@pytest.fixture(scope="session")
def urls(copy_database: Callable[[], DatabaseUrls]) -> DatabaseUrls:
    """One database for the whole folder: nothing here is disturbed by its neighbours' records."""
    return copy_database()


@pytest.fixture(scope="session")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A running server over the folder's database."""
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield address
