"""What a definition may not do with an encrypted field, and what describe says of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.api.describe_objects import describe_object

if TYPE_CHECKING:
    from encryption.conftest import Club

VIEW = {"label": "Some", "columns": ["Name", "Phone"]}
RULE = {"label": "Alike", "object": "Member"}
FLOW = {"label": "Sets", "object": "Member"}
REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "saved filter": (
        "list_view",
        "Member.Some__c",
        VIEW | {"filters": [{"field": "Phone", "operator": "=", "value": "1"}]},
        "encrypted_field",
    ),
    "order": ("list_view", "Member.Some__c", VIEW | {"order_by": [{"field": "Phone"}]}, "not_sortable"),
    "likeness": (
        "matching_rule",
        "Alike__c",
        RULE | {"keys": [{"name": "A", "compare": [{"field": "Phone", "method": "similar", "at_least": 0.8}]}]},
        "encrypted_field",
    ),
    "before the save": (
        "flow",
        "Sets__c",
        FLOW
        | {
            "trigger": {"record": {"events": ["create"], "when": "before_save"}},
            "steps": [{"update": {"Story": '"x"'}}],
        },
        "encrypted_field",
    ),
    "rule": (
        "validation_rule",
        "Member.Reads__c",
        {"label": "Reads", "formula": 'BEGINS(Phone, "1")', "message": "No"},
        "unknown_name",
    ),
    "before a change": (
        "validation_rule",
        "Member.Reads__c",
        {"label": "Reads", "formula": "ISBLANK(PRIORVALUE(Phone))", "message": "No"},
        "unknown_name",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_would_need_the_value_is_refused(club: Club, name: str) -> None:
    kind, component, body, code = REFUSED[name]
    with pytest.raises(ChassisError) as refused:
        await club.save(kind, component, body)

    assert [each.code for each in refused.value.problems] == [code]


async def test_describe_says_what_can_be_asked(club: Club) -> None:
    context = await club.world.as_user("admin")
    described = describe_object(context, context.snapshot.objects["Member"], "66.0")
    listed: Any = described["fields"]
    fields = {each["name"]: each for each in listed}
    asked = ("encrypted", "filterable", "sortable", "groupable", "aggregatable", "unique", "externalId")

    assert [fields["Email"][each] for each in asked] == [True, True, False, False, False, False, True]
    assert [fields["Website"][each] for each in asked] == [True, False, False, False, False, False, False]
    assert [fields["Town"][each] for each in asked] == [False, True, True, True, True, False, False]
