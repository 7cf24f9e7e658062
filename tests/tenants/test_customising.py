"""What a tenant makes of its own: checked, stored, told in the audit trail, in force at once, gone without a trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import component_id, new_id
from chassis_metadata.snapshot import Snapshot
from chassis_tenants.customise import ComponentKey, delete_component, save_component, stored_body
from chassis_tenants.database import Binding
from chassis_tenants.journal import Actor
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant

ANN = Actor(user_id=None, username="ann@acme.example", source_ip="192.0.2.7")
MOTTO = ComponentKey("field", "Workshop.Motto__c")
TEXT = {"type": "text", "label": "Motto", "length": 80}


class Workbench:
    """One tenant and what can be done to its setup."""

    def __init__(self, snapshots: SnapshotStore, tenant: Tenant) -> None:
        self.snapshots, self.tenant = snapshots, tenant

    async def save(self, key: ComponentKey, body: Mapping[str, Any]) -> None:
        async with self.snapshots.database.transaction(Binding(self.tenant.id)) as tx:
            await save_component(tx, self.snapshots, key, body, ANN)

    async def delete(self, key: ComponentKey) -> None:
        async with self.snapshots.database.transaction(Binding(self.tenant.id)) as tx:
            await delete_component(tx, self.snapshots, key, ANN)

    async def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        values = {"tenant_id": self.tenant.id, **parameters}
        [rows] = await self.snapshots.database.read(Binding(self.tenant.id), Statement(query, values))
        return rows

    async def current(self) -> Tenant:
        found = await tenant_by_id(self.snapshots.database, self.tenant.id)
        assert found is not None
        return found

    async def snapshot(self) -> Snapshot:
        return await self.snapshots.of(self.tenant.id, (await self.current()).metadata_version)


@pytest.fixture
async def bench(snapshots: SnapshotStore, make_tenant: MakeTenant) -> Workbench:
    return Workbench(snapshots, await make_tenant("garage"))


async def test_a_field_is_in_force_with_the_next_request(bench: Workbench) -> None:
    before = await bench.current()

    await bench.save(MOTTO, TEXT)

    field = (await bench.snapshot()).objects["Workshop"].fields["Motto__c"]
    assert (field.column, field.package, field.length) == (None, None, 80)
    assert (await bench.current()).metadata_version == before.metadata_version + 1
    assert (await bench.current()).access_version == before.access_version


async def test_the_audit_trail_has_before_and_after(bench: Workbench) -> None:
    await bench.save(MOTTO, TEXT)
    await bench.save(MOTTO, {**TEXT, "label": "Slogan"})
    await bench.delete(MOTTO)

    told = await bench.rows(
        "SELECT action, section, username, source_ip, old_value::jsonb ->> 'label', new_value::jsonb ->> 'label'"
        " FROM tenant.setup_audit_trail WHERE target_name = 'Workshop.Motto__c' ORDER BY id"
    )
    who = ("Fields", "ann@acme.example", "192.0.2.7")
    assert told == [
        ("createdField", *who, None, "Motto"),
        ("changedField", *who, "Motto", "Slogan"),
        ("deletedField", *who, "Slogan", None),
    ]


async def test_what_means_nothing_is_refused_and_not_stored(bench: Workbench) -> None:
    lookup = {"type": "lookup", "label": "Nothing", "references": "Nothing__c"}

    with pytest.raises(Invalid, match="Nothing__c"):
        await bench.save(ComponentKey("field", "Workshop.Nothing__c"), lookup)

    assert await bench.rows("SELECT name FROM chassis.component") == []
    assert await bench.rows("SELECT id FROM tenant.setup_audit_trail WHERE section = 'Fields'") == []


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (ComponentKey("queue", "Desk__c"), {"label": "Desk"}),
        (ComponentKey("field", "Workshop.Motto__c"), {"type": "hologram", "label": "Motto"}),
        (ComponentKey("field", "Workshop.Motto"), TEXT),
    ],
)
async def test_what_a_tenant_cannot_make_is_refused(bench: Workbench, key: ComponentKey, body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await bench.save(key, body)


async def test_the_type_of_a_field_stays(bench: Workbench) -> None:
    await bench.save(MOTTO, TEXT)

    with pytest.raises(Conflict, match=r"type of Workshop\.Motto__c"):
        await bench.save(MOTTO, {"type": "number", "label": "Motto"})


async def test_a_fields_values_go_with_it(bench: Workbench) -> None:
    place = ComponentKey("field", "Workshop.Home__c")
    await bench.save(MOTTO, TEXT)
    await bench.save(place, {"type": "address", "label": "Home"})
    custom = {"Motto__c": "Ever faster", "Home__City__s": "Ulm", "Other__c": "stays"}
    async with bench.snapshots.database.transaction(Binding(bench.tenant.id)) as tx:
        insert = "INSERT INTO data.workshop (tenant_id, id, custom) VALUES (%(tenant_id)s, %(id)s, %(custom)s::jsonb)"
        values = {"tenant_id": bench.tenant.id, "id": new_id("gW1"), "custom": json.dumps(custom)}
        await tx.fetch(Statement(insert, values))

    await bench.delete(MOTTO)
    await bench.delete(place)

    assert await bench.rows("SELECT custom FROM tenant.workshop") == [({"Other__c": "stays"},)]


async def test_what_something_else_needs_stays(bench: Workbench) -> None:
    await bench.save(MOTTO, TEXT)
    view = {"label": "Mottos", "columns": ["Name", "Motto__c"]}
    await bench.save(ComponentKey("list_view", "Workshop.Mottos__c"), view)

    with pytest.raises(Invalid, match="Motto__c"):
        await bench.delete(MOTTO)

    assert "Motto__c" in (await bench.snapshot()).objects["Workshop"].fields


async def test_an_object_with_records_stays(bench: Workbench) -> None:
    bay = ComponentKey("object", "Bay__c")
    body = {
        "label": "Bay",
        "plural_label": "Bays",
        "key_prefix": "a01",
        "name": {"type": "text", "label": "Bay name"},
    }
    await bench.save(bay, body)
    async with bench.snapshots.database.transaction(Binding(bench.tenant.id)) as tx:
        insert = "INSERT INTO data.custom_record (tenant_id, id, object_name) VALUES (%(tenant_id)s, %(id)s, 'Bay__c')"
        await tx.fetch(Statement(insert, {"tenant_id": bench.tenant.id, "id": new_id("a01")}))

    with pytest.raises(Conflict, match="Bay__c has records"):
        await bench.delete(bay)


async def test_a_permission_set_can_be_assigned_and_is_taken_away_with_its_assignments(bench: Workbench) -> None:
    key = ComponentKey("permission_set", "Painters__c")
    set_id = component_id("0PS", "Painters__c")
    before = await bench.current()

    await bench.save(key, {"label": "Painters", "objects": {"Workshop": ["read"]}})

    assert (await bench.current()).access_version == before.access_version + 1
    made = await bench.rows("SELECT label, is_custom FROM tenant.permission_set WHERE id = %(id)s", id=set_id)
    assert made == [("Painters", True)]
    async with bench.snapshots.database.transaction(Binding(bench.tenant.id)) as tx:
        user = "INSERT INTO data.\"user\" (tenant_id, id, username) VALUES (%(tenant_id)s, '005x', 'ben')"
        assignment = (
            "INSERT INTO data.permission_set_assignment (tenant_id, id, assignee_id, permission_set_id)"
            " VALUES (%(tenant_id)s, '0Pax', '005x', %(set_id)s)"
        )
        values = {"tenant_id": bench.tenant.id, "set_id": set_id}
        await tx.fetch_each([Statement(user, values), Statement(assignment, values)])

    await bench.delete(key)

    assert await bench.rows("SELECT id FROM tenant.permission_set_assignment") == []
    assert await bench.rows("SELECT id FROM tenant.permission_set WHERE id = %(id)s", id=set_id) == []


async def test_a_record_type_becomes_a_record(bench: Workbench) -> None:
    key = ComponentKey("record_type", "Workshop.Mobile__c")

    await bench.save(key, {"label": "Mobile workshop"})
    rows = await bench.rows("SELECT id, name, is_active FROM tenant.record_type WHERE developer_name = 'Mobile__c'")
    await bench.delete(key)

    snapshot_id = component_id("012", "Workshop.Mobile__c")
    assert rows == [(snapshot_id, "Mobile workshop", True)]
    after = await bench.rows("SELECT is_active FROM tenant.record_type WHERE id = %(id)s", id=snapshot_id)
    assert after == [(False,)]


async def test_what_is_stored_can_be_asked_for(bench: Workbench) -> None:
    await bench.save(MOTTO, TEXT)

    async with bench.snapshots.database.transaction(Binding(bench.tenant.id)) as tx:
        assert await stored_body(tx, MOTTO) == TEXT
        with pytest.raises(NotFound, match=r"no field 'Workshop\.Other__c'"):
            await stored_body(tx, ComponentKey("field", "Workshop.Other__c"))


async def test_deleting_what_is_not_there_is_told(bench: Workbench) -> None:
    with pytest.raises(NotFound, match=r"no field 'Workshop\.Motto__c'"):
        await bench.delete(MOTTO)
