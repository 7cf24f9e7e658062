"""The calculated fields of our own packages, on records that they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.records.write import create_record, update_record
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world


@pytest.fixture(scope="module")
async def crm(owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: Any) -> World:
    made = await make_world(owner_dsn, database, snapshots, await make_tenant("crm"))
    made.user("admin", "CrmAdministrator")
    return made


@pytest.fixture(scope="module")
async def automation(crm: World) -> Context:
    return as_automation(await crm.as_user("admin"))


async def make(crm: World, context: Context, object_name: str, **values: Any) -> str:
    return str((await create_record(crm.database, context, object_name, values)).id)


async def test_a_campaign_counts_its_leads_and_members(crm: World, automation: Context) -> None:
    campaign = await make(
        crm, automation, "Campaign", Name="Spring", StartDate="2026-03-01", EndDate="2026-03-31", BudgetedCost=1
    )
    lead = await make(
        crm, automation, "Lead", LastName="Li", MobilePhone="13800138000", LeadSource="Website", CampaignId=campaign
    )
    account = await make(crm, automation, "Account", LastName="Wang", FirstName="Fang", PersonMobilePhone="13900139000")
    contact = await make(crm, automation, "Contact", LastName="Wang", AccountId=account)
    await make(crm, automation, "CampaignMember", CampaignId=campaign, LeadId=lead)
    member = await make(crm, automation, "CampaignMember", CampaignId=campaign, ContactId=contact)
    await update_record(crm.database, automation, "CampaignMember", member, {"HasResponded": True})

    text = "SELECT LeadCount, ContactCount, ResponseCount FROM Campaign"

    assert await crm.rows("admin", text) == [{"LeadCount": 1, "ContactCount": 1, "ResponseCount": 1}]


async def test_a_task_is_overdue_until_it_is_done(crm: World, automation: Context) -> None:
    task = await make(crm, automation, "Task", Name="Call", DueDate="2026-03-01T10:00:00Z")
    await make(crm, automation, "Task", Name="Some day")
    text = "SELECT Name FROM Task WHERE IsOverdue = true"

    with clock.moved_to(datetime(2026, 3, 1, 9, tzinfo=UTC)):
        assert await crm.rows("admin", text) == []
    with clock.moved_to(datetime(2026, 3, 1, 11, tzinfo=UTC)):
        assert await crm.rows("admin", text) == [{"Name": "Call"}]
        await update_record(crm.database, automation, "Task", task, {"Status": "Completed"})
        assert await crm.rows("admin", text) == []
