"""A desk at which tests of duplicates work: users, rules and records through the write road."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError, Problem
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import RecordResult
from chassis_platform.records.write import create_record, update_record, write_records
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from world import World


@dataclass
class Desk:
    """What tests do: as a user, through the write road."""

    database: Database
    snapshots: SnapshotStore
    world: World

    async def user(self, name: str, *, language: str = "en_US", kind: str = "api", allow: bool = False) -> Context:
        """A user's Context as it is now."""
        context = await self.world.as_user(name)
        principal = replace(context.principal, language=language, kind=kind)
        return replace(context, principal=principal, allow_duplicates=allow)

    async def create(self, context: Context, object_name: str, **values: object) -> str:
        """A new record's id."""
        made = await create_record(self.database, context, object_name, values)
        return str(made.id)

    async def update(self, context: Context, object_name: str, record_id: str, **values: object) -> None:
        """Change a record."""
        await update_record(self.database, context, object_name, record_id, values)

    async def refused(self, context: Context, object_name: str, **values: object) -> Problem:
        """What is wrong with a new record."""
        with pytest.raises(ChassisError) as caught:
            await create_record(self.database, context, object_name, values)
        return caught.value.problems[0]

    async def insert(self, context: Context, object_name: str, *records: Mapping[str, Any]) -> list[RecordResult]:
        """Several new records."""
        return await write_records(self.database, context, object_name, "insert", list(records))

    async def declare(self, kind: str, name: str, /, **body: object) -> None:
        """A rule of the tenant's own."""
        key = ComponentKey(kind, name)
        async with self.database.transaction(Binding(self.world.tenant.id)) as transaction:
            await save_component(transaction, self.snapshots, key, body, OPERATOR)
        await self.renew()

    async def switch_off_validation_rules(self) -> None:
        """What records must hold is the business of other tests; here they hold what is compared, and no more."""
        names = sorted(self.world.snapshot.logic_of("validation_rule"))
        if not names:
            return
        await self.declare("switch", f"validation_rule.{names[0]}", active=False)
        copied = "INSERT INTO chassis.component SELECT (jsonb_populate_record(c, jsonb_build_object('name', n))).*"
        copied += " FROM chassis.component c, unnest(%s::text[]) n WHERE c.kind = 'switch' AND c.name = %s"
        self.sql(copied, [f"validation_rule.{each}" for each in names[1:]], f"validation_rule.{names[0]}")
        self.sql(
            "UPDATE chassis.tenant SET metadata_version = metadata_version + 1 WHERE id = %s", self.world.tenant.id
        )
        await self.renew()

    async def renew(self) -> None:
        """See the definitions that are in force by now."""
        tenant = await tenant_by_id(self.database, self.world.tenant.id)
        assert tenant is not None
        self.world.tenant = tenant
        self.world.snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)

    def sql(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement run as the owner."""
        return self.world.sql(text, *values)


def matches(problem: Problem) -> list[str]:
    """The ids of the records that a problem tells."""
    results = problem.details["duplicateResult"]["matchResults"]
    return [each["record"]["Id"] for result in results for each in result["matchRecords"]]


def wide(text: str) -> str:
    """Letters and digits in their full-width form, as Chinese keyboards type them."""
    return "".join(chr(ord(each) + 0xFEE0) for each in text)
