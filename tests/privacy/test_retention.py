"""Retention rules empty or remove what was kept long enough, and only that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chassis_platform.privacy.acts import list_acts
from chassis_platform.privacy.retention import months_before, preview_retention, run_retention

if TYPE_CHECKING:
    from privacy.conftest import Office


async def lead(office: Office, years_old: int) -> str:
    made = await office.make("Lead", LastName="Wang", Company="Wang", MobilePhone="+8613812348001")
    office.desk.sql(
        "UPDATE data.lead SET created_date = now() - make_interval(years => %s) WHERE id = %s", years_old, made
    )
    return made


async def run(office: Office) -> None:
    tenant = office.desk.world.tenant
    await run_retention(office.desk.database, office.desk.snapshots, office.signer, tenant.id)


async def test_old_records_are_emptied_once_and_young_ones_are_left(office: Office) -> None:
    old, young = await lead(office, 3), await lead(office, 1)
    await office.desk.declare(
        "retention_rule", "Old_Leads__c", label="Old leads", object="Lead", age_field="CreatedDate", months=24,
        action="anonymise",
    )  # fmt: skip

    told = await preview_retention(office.desk.database, await office.context("olga"))
    await run(office)
    again = await preview_retention(office.desk.database, await office.context("olga"))

    assert (told["Old_Leads__c"]["records"], told["Old_Leads__c"]["dry_run"]) == (1, True)
    assert again["Old_Leads__c"]["records"] == 0
    emptied, kept = office.row("lead", old), office.row("lead", young)
    assert emptied is not None
    assert kept is not None
    assert emptied["mobile_phone"] is None
    assert "Wang" not in (emptied["last_name"], emptied["name"])
    assert kept["last_name"] == "Wang"
    act = (await list_acts(office.desk.database, await office.context("olga")))[0]
    assert (act["kind"], act["status"]) == ("retention", "done")
    assert act["result"]["rules"]["Old_Leads__c"]["records"] == 1


async def test_a_dry_rule_counts_and_a_deleting_one_removes(office: Office) -> None:
    account = await office.make("Account", Name="Firm")
    case = await office.make("Case", Subject="Old case", AccountId=account)
    office.desk.sql("UPDATE data.case SET created_date = now() - interval '5 years' WHERE id = %s", case)
    rule = {"label": "Old cases", "object": "Case", "age_field": "CreatedDate", "months": 48, "action": "delete"}
    await office.desk.declare("retention_rule", "Dry__c", **rule, dry_run=True)

    await run(office)
    assert office.row("case", case) is not None

    await office.desk.declare("retention_rule", "Wet__c", **rule, criteria='Subject = "Old case"')
    await run(office)
    assert office.row("case", case) is None


def test_months_are_counted_back_to_the_same_day_or_the_last() -> None:
    assert months_before(datetime(2026, 3, 31, tzinfo=UTC), 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert months_before(datetime(2026, 1, 15, tzinfo=UTC), 25) == datetime(2023, 12, 15, tzinfo=UTC)
