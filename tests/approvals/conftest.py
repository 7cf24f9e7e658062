"""One office for each module, with the package of these tests published."""

from __future__ import annotations

import pytest

import chassis_platform.automation.engines  # noqa: F401  approvals act on saves
from approval_office import PACKAGE, Office, make_office
from chassis_metadata.package import read_package
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.publisher import publish
from chassis_tenants.snapshots import SnapshotStore
from conftest import MakeTenant
from records.conftest import counted  # noqa: F401  a fixture


@pytest.fixture(scope="module")
def published(urls: DatabaseUrls) -> DatabaseUrls:
    publish(urls.owner, read_package(PACKAGE))
    return urls


@pytest.fixture(scope="module")
async def office(
    published: DatabaseUrls, make_tenant: MakeTenant, database: Database, snapshots: SnapshotStore
) -> Office:
    return await make_office(published, make_tenant, database, snapshots)
