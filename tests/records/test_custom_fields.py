"""What a tenant added: fields in the `custom` column, objects in the shared table, both with their index rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.purge import purge_deleted
from chassis_platform.records.write import (
    create_record,
    delete_record,
    undelete_record,
    update_record,
    upsert_record,
    write_records,
)
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant

Rows = Callable[..., Awaitable[list[Row]]]

COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("object", "LoanCar__c"): {
        "label": "Loan car",
        "plural_label": "Loan cars",
        "key_prefix": "a01",
        "name": {"type": "auto_number", "label": "Number", "format": "LC-{000}"},
        "sharing": "public_read_write",
    },
    ("field", "LoanCar__c.Plate__c"): {"type": "text", "label": "Plate", "unique": True, "external_id": True},
    ("field", "LoanCar__c.Workshop__c"): {"type": "lookup", "label": "Workshop", "references": "Workshop"},
    ("field", "LoanCar__c.Replaces__c"): {"type": "lookup", "label": "Replaces", "references": "LoanCar__c"},
    ("field", "LoanCar__c.Seats__c"): {"type": "number", "label": "Seats", "indexed": True},
    ("field", "LoanCar__c.Since__c"): {"type": "date", "label": "Since", "indexed": True, "tracked": True},
    ("field", "LoanCar__c.Extras__c"): {"type": "multi_picklist", "label": "Extras", "values": ["Hook", "Radio"]},
    ("field", "Workshop.Motto__c"): {"type": "text", "label": "Motto", "tracked": True},
    ("field", "Workshop.IsGreen__c"): {"type": "checkbox", "label": "Green"},
}


@pytest.fixture(scope="module")
async def owner(database: Database, snapshots: SnapshotStore, tenant: Tenant, admin: Context) -> Context:
    """A user with all rights on loan cars and workshops."""
    async with database.transaction(Binding(tenant.id)) as transaction:
        for (kind, name), body in COMPONENTS.items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
    current = await tenant_by_id(database, tenant.id)
    assert current is not None
    snapshot = await snapshots.of(current.id, current.metadata_version)
    context = replace(admin, tenant=current, snapshot=snapshot, binding=Binding(current.id, current.metadata_version))
    return as_system(context, "LoanCar__c", "Workshop")


async def index_of(rows: Rows, record_id: str) -> dict[str, tuple[object, ...]]:
    found = await rows(
        "SELECT field_name, coalesce(text_value, number_value::text, time_value::date::text), unique_value"
        " FROM data.custom_index WHERE record_id = %(id)s",
        id=record_id,
    )
    return {name: tuple(values) for name, *values in found}


async def test_a_record_of_a_tenants_object_is_kept_with_its_index_rows(
    database: Database, owner: Context, rows: Rows
) -> None:
    made = await create_record(
        database,
        owner,
        "LoanCar__c",
        {"Plate__c": "B-XY 1", "Seats__c": 4, "Since__c": "2026-01-02", "Extras__c": "Radio;Hook"},
    )

    [(name, custom)] = await rows("SELECT name, custom FROM tenant.custom_record WHERE id = %(id)s", id=made.id)
    assert name == "LC-001"
    assert custom == {"Plate__c": "B-XY 1", "Seats__c": "4", "Since__c": "2026-01-02", "Extras__c": "Hook;Radio"}
    assert await index_of(rows, str(made.id)) == {
        "Plate__c": ("b-xy 1", "b-xy 1"),
        "Seats__c": ("4", None),
        "Since__c": ("2026-01-02", None),
    }

    await update_record(
        database, owner, "LoanCar__c", str(made.id), {"Seats__c": None, "Plate__c": "B-XY 2", "Extras__c": "Hook"}
    )

    [(custom,)] = await rows("SELECT custom FROM tenant.custom_record WHERE id = %(id)s", id=made.id)
    assert custom == {"Plate__c": "B-XY 2", "Since__c": "2026-01-02", "Extras__c": "Hook"}
    assert (await index_of(rows, str(made.id))).keys() == {"Plate__c", "Since__c"}


async def test_custom_fields_of_a_packaged_object_keep_those_that_are_not_sent(
    database: Database, owner: Context, rows: Rows
) -> None:
    made = await create_record(
        database, owner, "Workshop", {"Name": "c", "Code": "custom", "Motto__c": "swift", "IsGreen__c": True}
    )

    await update_record(database, owner, "Workshop", str(made.id), {"Motto__c": "slow", "Region": "North"})

    [(custom, region)] = await rows("SELECT custom, region FROM tenant.workshop WHERE id = %(id)s", id=made.id)
    assert (custom, region) == ({"Motto__c": "slow", "IsGreen__c": True}, "North")
    history = (
        "SELECT old_value, new_value FROM tenant.field_history WHERE record_id = %(id)s AND field_name = 'Motto__c'"
    )
    assert await rows(history, id=made.id) == [("swift", "slow")]


async def test_a_unique_custom_value_is_refused_freed_and_claimed_again(
    database: Database, owner: Context, rows: Rows
) -> None:
    first = await create_record(database, owner, "LoanCar__c", {"Plate__c": "U-1"})
    with pytest.raises(Invalid) as refused:
        await create_record(database, owner, "LoanCar__c", {"Plate__c": "u-1"})
    assert refused.value.problems[0].code == "duplicate_value"
    again = await upsert_record(database, owner, "LoanCar__c", {"Plate__c": "u-1", "Seats__c": 7}, key="Plate__c")
    assert (again.id, again.created) == (first.id, False)

    await delete_record(database, owner, "LoanCar__c", str(first.id))
    second = await create_record(database, owner, "LoanCar__c", {"Plate__c": "U-1"})
    with pytest.raises(Invalid):
        await undelete_record(database, owner, "LoanCar__c", str(first.id))
    await delete_record(database, owner, "LoanCar__c", str(second.id))
    await undelete_record(database, owner, "LoanCar__c", str(first.id))

    assert (await index_of(rows, str(first.id)))["Plate__c"] == ("u-1", "u-1")
    assert (await index_of(rows, str(second.id)))["Plate__c"] == ("u-1", None)


async def test_a_custom_reference_must_not_lead_in_a_circle(database: Database, owner: Context) -> None:
    first = await create_record(database, owner, "LoanCar__c", {})
    second = await create_record(database, owner, "LoanCar__c", {"Replaces__c": first.id})

    with pytest.raises(Invalid) as refused:
        await update_record(database, owner, "LoanCar__c", str(first.id), {"Replaces__c": second.id})

    assert refused.value.problems[0].code == "circular_dependency"


async def test_purging_removes_what_is_old_enough_and_clears_references_to_it(
    database: Database, owner: Context, rows: Rows
) -> None:
    made = await create_record(database, owner, "Workshop", {"Name": "p", "Code": "purged"})
    cars = await write_records(
        database, owner, "LoanCar__c", "insert", [{"Workshop__c": made.id}, {"Workshop__c": made.id, "Plate__c": "P-2"}]
    )
    await write_records(database, owner, "Workshop", "delete", [{"Id": made.id}])
    await delete_record(database, owner, "LoanCar__c", str(cars[1].id))
    kept = await rows("SELECT custom->>'Workshop__c' FROM tenant.custom_record WHERE id = %(id)s", id=cars[0].id)
    assert kept == [(made.id,)]

    none = await purge_deleted(
        database, owner.binding, owner.snapshot, older_than=datetime.now(UTC) - timedelta(days=30)
    )
    some = await purge_deleted(
        database, owner.binding, owner.snapshot, older_than=datetime.now(UTC) + timedelta(days=1)
    )

    assert none == 0
    assert some >= 2
    assert await rows("SELECT FROM tenant.workshop WHERE id = %(id)s", id=made.id) == []
    assert await rows("SELECT custom FROM tenant.custom_record WHERE id = %(id)s", id=cars[0].id) == [({},)]
    assert (
        await rows("SELECT FROM data.custom_index WHERE record_id = ANY (%(ids)s)", ids=[each.id for each in cars])
        == []
    )
