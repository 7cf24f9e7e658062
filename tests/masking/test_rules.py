"""What is wrong with a masking rule or an identity check is said where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from chassis_tenants.snapshots import SnapshotStore
from world import World

RULE = {"label": "Phones", "fields": ["Workshop.Phone"], "mask": "phone"}
VERIFICATION = {"object": "Stay", "subject": "WorkshopId"}
FACT = {"name": "Phone", "question": "Which number?", "value": "Phone"}
OTHER = {"name": "Site", "question": "Which code?", "value": "Code"}
RECORD = {"object": "Stay", "subject": "WorkshopId", "result": "Status", "passed": "Done", "failed": "Cancelled"}
CHECK = {
    "label": "Wrong",
    "object": "Workshop",
    "asked_by": {"everyone": True},
    "facts": [FACT, OTHER],
    "record": RECORD,
}


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"fields": ["Workshp.Phone"]}, "fields.0", "unknown_object"),
        ({"fields": ["Workshop.Fone"]}, "fields.0", "unknown_field"),
        ({"fields": ["Workshop.Id"]}, "fields.0", "wrong_type"),
        ({"fields": ["Workshop.City"]}, "fields.0", "wrong_type"),
        ({"fields": ["Customer.LastName"]}, "fields", "name_repeats"),
        ({"masks": {"Workshop.Email": "email"}}, "masks.Workshop.Email", "invalid_value"),
        ({"clear": [{"permission_sets": ["Nobody"]}]}, "clear.0.permission_sets.0", "unknown_permission_set"),
        ({"clear": [{"when": {"owner": True}}]}, "clear.0", "required_key_missing"),
        (
            {"clear": [{"everyone": True, "when": {"criteria": "Reggion = 'x'"}}]},
            "clear.0.when.criteria",
            "unknown_name",
        ),
        ({"clear": [{"everyone": True, "objects": ["Stay"]}]}, "clear.0.objects.0", "unknown_object"),
        ({"reveal": [{"everyone": True, "requires": "approval"}]}, "reveal.0", "required_key_missing"),
        ({"reveal": [{"everyone": True, "requires": "verification"}]}, "reveal.0", "required_key_missing"),
        ({"verification": {**VERIFICATION, "subject": "Who"}}, "verification.subject", "unknown_field"),
        ({"verification": {**VERIFICATION, "subjects": {"Workshop": "Who"}}}, "verification.subjects.Workshop", None),
        ({"mask": "secret"}, "mask", None),
    ],
)
async def test_a_rule_that_means_nothing_is_refused(
    world: World, snapshots: SnapshotStore, body: dict[str, Any], path: str, code: str | None
) -> None:
    with pytest.raises(Invalid) as refused:
        await save(world, snapshots, RULE | body, "masking_rule")

    [problem] = refused.value.problems
    assert problem.path.endswith(path)
    assert code in (None, problem.code)


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"object": "Workshp"}, "object", "unknown_object"),
        ({"asked_by": {"permission_sets": ["Nobody"]}}, "asked_by.permission_sets.0", "unknown_permission_set"),
        ({"offered": 1}, "offered", "invalid_value"),
        ({"offered": 3}, "facts", "invalid_value"),
        ({"facts": [FACT, FACT]}, "facts.1.name", "duplicate_name"),
        ({"facts": [FACT, OTHER | {"value": "Fone"}]}, "facts.1.value", "unknown_name"),
        ({"facts": [FACT, OTHER | {"value": "OpenedOn"}]}, "facts.1.value", None),
        ({"facts": [FACT, OTHER | {"related": "Visits"}]}, "facts.1.related", "unknown_child_relationship"),
        ({"facts": [FACT, OTHER | {"criteria": "TRUE"}]}, "facts.1.criteria", "unused_key"),
        ({"facts": [FACT, OTHER | {"country_code": "86"}]}, "facts.1.country_code", "unused_key"),
        ({"subjects": {"Stay": "CustomerId"}}, "subjects.Stay", "wrong_type"),
        ({"subjects": {"Stay": "Who"}}, "subjects.Stay", "unknown_field"),
        ({"record": RECORD | {"subject": "Who"}}, "record.subject", "unknown_field"),
        ({"record": RECORD | {"passed": "Passed"}}, "record.passed", "unknown_value"),
        ({"record": RECORD | {"failures": "Status"}}, "record.failures", "wrong_type"),
        ({"record": RECORD | {"values": {"Nothing": "x"}}}, "record.values.Nothing", "unknown_field"),
    ],
)
async def test_a_check_that_means_nothing_is_refused(
    world: World, snapshots: SnapshotStore, body: dict[str, Any], path: str, code: str | None
) -> None:
    with pytest.raises(Invalid) as refused:
        await save(world, snapshots, CHECK | body, "identity_check")

    [problem] = refused.value.problems
    assert problem.path.endswith(path)
    assert code in (None, problem.code)


async def save(world: World, snapshots: SnapshotStore, body: dict[str, Any], kind: str) -> None:
    async with world.database.transaction(Binding(world.tenant.id)) as transaction:
        await save_component(transaction, snapshots, ComponentKey(kind, "Wrong__c"), body, OPERATOR)
