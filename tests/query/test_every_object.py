"""Every object of the packages can be listed, searched, opened and counted: no statement fails to run."""

from __future__ import annotations

import contextlib

import pytest

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform.plan.listing import ListRequest
from chassis_platform.records import read, search
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world


@pytest.fixture(scope="module")
async def industry(
    owner_dsn: str,
    database: Database,
    snapshots: SnapshotStore,
    make_tenant: object,
) -> World:
    # The package that stands on all others has their objects too.
    tenant = await make_tenant("automotive")  # type: ignore[operator]  # a function of the conftest's
    made = await make_world(owner_dsn, database, snapshots, tenant)
    own = [name for name in made.snapshot.permission_sets if name != "StandardUser"]
    made.user("everything", *own)
    return made


async def test_every_object_is_read_through_every_door(industry: World) -> None:
    context, database = await industry.as_user("everything"), industry.database
    readable = [each for each in industry.snapshot.objects.values() if context.policy.on(each.name).read]
    assert len(readable) > 5
    for obj in readable:
        await read.query(database, context, f"SELECT FIELDS(ALL) FROM {obj.name} LIMIT 1")  # noqa: S608  SOQL
        with pytest.raises(NotFound):
            await read.record_for_ui(database, context, obj.name, new_id(obj.key_prefix))
        views = [*obj.list_views, None]
        for view in views:
            columns = view.columns if view else ("Name", "CreatedDate")
            request = ListRequest(columns, view.filters) if view else ListRequest(columns, (), search="any")
            # A view may show what this user may not read.
            with contextlib.suppress(Invalid):
                await read.list_records(database, context, obj.name, request)
        for child in obj.children:
            if context.policy.on(child.child).read and child.field in context.policy.on(child.child).readable:
                await read.related_list(database, context, obj.name, new_id(obj.key_prefix), child.name)
    await search.search(database, context, "anything")
    await read.recycle_bin(database, context)
