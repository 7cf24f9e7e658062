"""What is wrong with a masking rule is said where it stands."""

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
        await save(world, snapshots, RULE | body)

    [problem] = refused.value.problems
    assert problem.path.endswith(path)
    assert code in (None, problem.code)


async def save(world: World, snapshots: SnapshotStore, body: dict[str, Any]) -> None:
    async with world.database.transaction(Binding(world.tenant.id)) as transaction:
        await save_component(transaction, snapshots, ComponentKey("masking_rule", "Wrong__c"), body, OPERATOR)
