"""Webhooks that are declared: what is sent is the package's to say, where to is the tenant's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform.automation.webhook_subscriptions.store import declared_webhooks
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from records.conftest import People
from webhooks.conftest import Hooks, Receiver

NAME = "Regions__c"
BODY: dict[str, Any] = {
    "label": "Regions",
    "objects": [{"object": "Workshop", "events": ["UPDATE"], "changed": ["Region"], "fields": ["Name", "Owner.Name"]}],
}


async def declare(hooks: Hooks, body: dict[str, Any], kind: str = "webhook", name: str = NAME) -> None:
    async with hooks.database.transaction(Binding(hooks.admin.tenant.id)) as transaction:
        await save_component(transaction, hooks.snapshots, ComponentKey(kind, name), body, OPERATOR)


async def test_what_is_sent_follows_the_declaration(hooks: Hooks, receiver: Receiver, people: People) -> None:
    await declare(hooks, BODY)
    admin = await people.context(hooks.admin.principal.user_id, "admin")
    hooks = replace(hooks, admin=admin)
    made = await hooks.workshop()
    assert [each["name"] for each in declared_webhooks(admin, ())] == [NAME]
    webhook_id, _ = await hooks.make(receiver.url, declared=NAME)
    assert declared_webhooks(admin, {NAME}) == []

    await hooks.change(made, Notes="new")
    await hooks.change(made, Region="North")
    await hooks.send(webhook_id)
    assert receiver.told == [("UPDATE", [made])]
    assert set(receiver.documents[0]["events"][0]["records"][0]) == {"attributes", "Id", "Name", "Owner"}
    assert (await hooks.show(webhook_id))["objects"][0]["changed"] == ["Region"]

    await declare(hooks, {**BODY, "objects": [{"object": "Workshop", "changed": ["Notes"]}]})
    hooks = replace(hooks, admin=await people.context(admin.principal.user_id, "admin"))
    await hooks.change(made, Notes="newer")
    await hooks.send(webhook_id)
    assert receiver.told[1:] == [("UPDATE", [made])]
    assert receiver.documents[1]["events"][0]["ChangeEventHeader"]["changedFields"] == ["Notes"]

    await declare(hooks, {**BODY, "active": False})
    hooks = replace(hooks, admin=await people.context(admin.principal.user_id, "admin"))
    await hooks.change(made, Region="South")
    await hooks.send(webhook_id)
    assert len(receiver.calls) == 2
    with pytest.raises(Invalid, match="There is no webhook"):
        await hooks.make(receiver.url, declared=NAME)


@pytest.mark.parametrize(
    "watched",
    [
        {"object": "Workshop", "events": ["ALL"]},
        {"object": "Nothing"},
        {"object": "FieldHistory"},
        {"object": "Workshop", "criteria": "Nme = 'x'"},
        {"object": "Workshop", "criteria": "Name"},
        {"object": "Workshop", "fields": ["Owner.Nothing"]},
        {"object": "Workshop", "changed": ["Nothing"]},
    ],
)
async def test_a_declaration_that_means_nothing_is_refused(hooks: Hooks, watched: dict[str, Any]) -> None:
    with pytest.raises(ChassisError):
        await declare(hooks, {"label": "Odd", "objects": [watched]}, name="Odd__c")
