"""A flow that looks for the record that another matches, and goes on with it."""

from __future__ import annotations

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from matching_desk import Desk

FLOW = {
    "label": "Link known customers",
    "object": "Lead",
    "trigger": {"record": {"when": "after_save", "events": ["create"]}},
    "variables": {"Known": {"type": "id"}},
    "steps": [
        {"match": {"use": "Lead_Known_Customer", "into": "Known"}},
        {"update": {"ConvertedAccountId": "Known"}},
    ],
}


async def test_a_new_lead_is_linked_with_the_account_that_it_matches(desk: Desk, admin: Context) -> None:
    account = await desk.create(admin, "Account", LastName="Flow", PersonMobilePhone="13400000001")
    await desk.declare("flow", "Link_Known_Customers__c", **FLOW)
    admin = await desk.user("admin")

    known = await desk.create(admin, "Lead", LastName="Flow", MobilePhone="+86 134 0000 0001")
    unknown = await desk.create(admin, "Lead", LastName="Flow", MobilePhone="+86 134 0000 0002")

    found = "SELECT converted_account_id FROM data.lead WHERE id = %s"
    assert desk.sql(found, known) == [(account,)]
    assert desk.sql(found, unknown) == [(None,)]


async def test_a_flow_that_names_no_matching_rule_is_refused(desk: Desk) -> None:
    wrong = FLOW | {"steps": [{"match": {"use": "Nothing", "into": "Known"}}]}
    with pytest.raises(ChassisError) as caught:
        await desk.declare("flow", "Wrong__c", **wrong)
    assert caught.value.problems[0].code == "unknown_matching_rule"
