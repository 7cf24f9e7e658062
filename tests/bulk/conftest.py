"""The garage's people, and the desk at which their bulk jobs are worked on."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bulk.desk import Bulk
from chassis_platform.access.context import Context
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.sealing import KEY_BYTES
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from records.conftest import admin, ann, ben, counted, people, rows  # noqa: F401  fixtures
from serving import Address, running


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A running server that can seal what is uploaded."""
    keys = SecretStr(base64.b64encode(bytes(KEY_BYTES)).decode())
    with running(urls, tmp_path_factory.mktemp("home"), key_encryption_keys=keys) as address:
        yield address


@pytest.fixture
async def bulk(database: Database, snapshots: SnapshotStore, tenant: Tenant, ann: Context, admin: Context) -> Bulk:  # noqa: F811
    """With people who are active: what they began goes on without them, as long as they are."""
    everybody = Statement('UPDATE data."user" SET is_active = true WHERE id = ANY (%(ids)s)')
    ids = [each.principal.user_id for each in (ann, admin)]
    await database.read(Binding(tenant.id), everybody.bind(ids=ids))
    return Bulk(database, snapshots)
