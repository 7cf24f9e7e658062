"""The automotive cloud's declarations at work: an owner is erased, an open contract is kept, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chassis_platform.privacy.acts import preview
from chassis_platform.privacy.retention import preview_retention
from matching_desk import Desk
from privacy.conftest import Office
from world import make_world

if TYPE_CHECKING:
    from chassis_tenants.bootstrap import DatabaseUrls
    from chassis_tenants.database import Database
    from chassis_tenants.snapshots import SnapshotStore
    from privacy.conftest import MakeTenant


@pytest.fixture(scope="module")
async def office(
    urls: DatabaseUrls,
    database: Database,
    snapshots: SnapshotStore,
    make_tenant: MakeTenant,
    tmp_path_factory: pytest.TempPathFactory,
) -> Office:
    tenant = await make_tenant("automotive")
    world = await make_world(urls.owner, database, snapshots, tenant)
    for name in ("olga", "paul"):
        world.user(name, "SystemAdministrator", "AutoAdministrator", "CrmAdministrator", "PrivacyOfficer")
    desk = Desk(database, snapshots, world)
    await desk.renew()
    return Office(desk, tmp_path_factory.mktemp("home"), urls.owner)


async def test_an_owner_is_erased_with_the_vehicle_s_link_and_an_open_order_is_kept(office: Office) -> None:
    world = office.desk.world
    account = world.record("Account", Name="Wang Fang", LastName="Wang", PersonMobilePhone="+8613812340001")
    vehicle = world.record("Vehicle", Name="LSV1", CurrentOwnerId=account, VehicleRegistrationNumber="京A12345")
    order = world.record("Order", AccountId=account, Status="Effective", DeliveryStreet="1 Long Road")
    former = world.record("Task", Name="A former owner's", WhatId=vehicle)
    done = world.record("Order", AccountId=account, Status="Closed", DeliveryStreet="1 Long Road")

    told = await preview(office.desk.database, await office.context("olga"), [account])
    act = await office.erase(account)

    assert told["objects"]["Order"] == {
        "action": "anonymise",
        "records": 2,
        "held": 1,
        "held_because": "The contract is not fulfilled yet.",
    }
    assert act["status"] == "done", act["result"]
    streets = [(office.row("order", each) or {})["delivery_street"] for each in (order, done)]
    assert streets == ["1 Long Road", None]
    found = office.row("vehicle", vehicle)
    assert found is not None
    assert (found["current_owner_id"], found["vehicle_registration_number"]) == (None, None)
    assert office.row("task", former) is not None
    person = office.row("account", account)
    assert person is not None
    assert "Wang" not in str(person)
    assert act["result"]["objects"] == told["objects"]


async def test_every_retention_rule_can_be_asked(office: Office) -> None:
    found = await preview_retention(office.desk.database, await office.context("olga"))

    assert sorted(found) == [
        "Former_Branches",
        "Integration_Messages",
        "Leads_Never_Followed_Up",
        "Leads_Not_Converted",
        "Monitoring_Samples",
        "Test_Drive_Licences",
    ]
