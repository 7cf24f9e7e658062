"""The garage with masking rules: a keeper sees the own workshops, a head those of the keeper, an administrator all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from world import World, make_world

ADMINISTRATORS = {"permission_sets": ["GarageAdmin"]}
USERS = {"permission_sets": ["GarageUser"]}
FORMULA = {"type": "formula", "classification": "personal"}
TEXT = FORMULA | {"returns": "text", "length": 200}
RULES: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Workshop.Line__c"): TEXT | {"label": "Line", "formula": "Code & ' ' & Phone"},
    ("field", "Workshop.HasPhone__c"): FORMULA
    | {"label": "Has a phone", "returns": "checkbox", "formula": "NOT(ISBLANK(Phone))"},
    ("field", "Stay.Number__c"): TEXT | {"label": "Number", "formula": "Workshop.Phone"},
    ("masking_rule", "Phone__c"): {
        "label": "Phone",
        "fields": ["Workshop.Phone"],
        "clear": [ADMINISTRATORS, {**USERS, "when": {"owner": True}}],
        "reveal": [{**USERS, "minutes": 10}],
        "lookup": True,
    },
    ("masking_rule", "Email__c"): {
        "label": "E-mail",
        "fields": ["Workshop.Email"],
        "clear": [ADMINISTRATORS, {**USERS, "when": {"owner": True}}],
        "never": [{"roles": ["GarageForeman"]}],
    },
    ("masking_rule", "Figures__c"): {
        "label": "Figures",
        "fields": ["Workshop.Budget", "Workshop.OpenedOn", "Workshop.Address", "Workshop.Place", "Workshop.IsActive"],
        "masks": {
            "Workshop.Budget": "range",
            "Workshop.OpenedOn": "year",
            "Workshop.Address": "address",
            "Workshop.Place": "location",
        },
        "clear": [ADMINISTRATORS, {**USERS, "when": {"criteria": "Region = 'North'"}}],
    },
    ("masking_rule", "Serial__c"): {
        "label": "Serial number",
        "fields": ["Workshop.SerialNumber"],
        "clear": [ADMINISTRATORS],
        "reveal": [{**USERS, "requires": "verification"}],
        "verification": {"object": "Stay", "subject": "WorkshopId", "criteria": "Status = 'Done'"},
    },
    ("masking_rule", "Website__c"): {
        "label": "Website",
        "fields": ["Workshop.Website"],
        "clear": [ADMINISTRATORS],
        "reveal": [{**USERS, "requires": "approval", "approvers": {"roles": ["GarageHead"]}, "when": {"owner": True}}],
    },
    ("masking_rule", "Names__c"): {
        "label": "Names",
        "fields": ["Customer.Name", "Customer.LastName", "Customer.FirstName", "Customer.Email"],
        "mask": "name",
        "masks": {"Customer.Email": "email"},
        "clear": [ADMINISTRATORS],
    },
    ("identity_check", "Caller__c"): {
        "label": "Caller",
        "object": "Workshop",
        "subjects": {"Stay": "WorkshopId"},
        "asked_by": USERS,
        "required": 2,
        "tries": 2,
        "facts": [
            {"name": "Opened", "question": "Opened when?", "value": "TEXT(OpenedOn)", "normalise": ["date"]},
            {"name": "Phone", "question": "Last digits?", "value": "Phone", "normalise": ["digits"], "last": 4},
            {
                "name": "Stay",
                "question": "Who stayed?",
                "related": "Stays",
                "value": "Name",
                "criteria": "Status = 'Planned'",
            },
            {"name": "Site", "question": "Which code?", "value": "IF(Code = 'K', 'Kappa', NULL)"},
        ],
        "record": {
            "object": "Stay",
            "subject": "WorkshopId",
            "result": "Status",
            "passed": "Done",
            "failed": "Cancelled",
            "failures": "Amount",
        },
    },
    ("masking_rule", "Links__c"): {
        "label": "Who stays",
        "fields": ["Stay.CustomerId"],
        "clear": [ADMINISTRATORS, {**USERS, "when": {"criteria": "Status = 'Done'"}}],
    },
}  # fmt: skip


async def ruled(database: Database, snapshots: SnapshotStore, tenant: Tenant) -> Tenant:
    """The tenant with the rules."""
    async with database.transaction(Binding(tenant.id)) as transaction:
        for (kind, name), body in RULES.items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
    current = await tenant_by_id(database, tenant.id)
    assert current is not None
    return current


@pytest.fixture(scope="module")
async def world(owner_dsn: str, database: Database, snapshots: SnapshotStore, tenant: Tenant) -> World:
    made = await make_world(owner_dsn, database, snapshots, await ruled(database, snapshots, tenant))
    made.user("admin", "GarageAdmin")
    made.user("head", "GarageUser", role="GarageHead")
    made.user("keeper", "GarageUser", role="GarageForeman")
    made.user("other", "GarageUser", role="GarageForeman")
    made.user("clerk", "GarageUser")
    return made


@pytest.fixture(scope="module")
def garage(world: World) -> World:
    """Workshops of the keeper and of the clerk, all of which the clerk sees; a customer who stays."""
    common = {
        "IsActive": True,
        "Website": "https://a.example.com",
        "Email": "anna@example.com",
        "Budget": 123456,
        "OpenedOn": "1985-06-30",
        "PlaceLatitude": 31.2304,
    }
    where = {"City": "杭州市", "Street": "文三路1号", "PostalCode": "310000"}
    ids = {}
    for code, owner, region, phone in (
        ("K", "keeper", "South", "13812345678"),
        ("C", "clerk", "North", "13987654321"),
    ):
        ids[code] = world.record(
            "Workshop", Name=f"Workshop {code}", Code=code, SerialNumber=f"S-{code}-12345",
            OwnerId=world.users[owner], Region=region, Phone=phone,
            **common, **where,
        )  # fmt: skip
    customer = world.record("Customer", Name="张三丰", LastName="张", FirstName="三丰", OwnerId=world.users["admin"])
    for status in ("Planned", "Done"):
        world.record("Stay", Name=status, WorkshopId=ids["K"], CustomerId=customer, Status=status)
    world.users |= {"workshop_k": ids["K"], "workshop_c": ids["C"], "customer": customer}
    return replace(world)
