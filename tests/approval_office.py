"""An office that buys things: a clerk with a manager and a director above, an approver, a queue, a tree of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.carry_out import carry_out
from chassis_platform.automation.approvals.requests import Decision, Outcome, Reassignment, Recall, Request, Submission
from chassis_platform.records.write import create_record, update_record, write_records
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from conftest import MakeTenant
from world import World, make_world

PACKAGE = Path(__file__).parent / "approvals/package"


@dataclass
class Office:
    """A tenant with the purchasing package and its people."""

    world: World
    snapshots: SnapshotStore
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.world.database

    async def as_(self, name: str) -> Context:
        return await self.world.as_user(name)

    def user(self, name: str) -> str:
        return self.world.users[name]

    async def purchase(self, by: str = "clerk", **values: Any) -> str:
        """A purchase of a kind, made by a user."""
        values = {"Name": "Printer", "Amount": 500, **values}
        made = await create_record(self.database, await self.as_(by), "Purchase", values)
        return str(made.id)

    async def do(self, by: str, *requests: Request, all_or_none: bool = False) -> list[Outcome]:
        return await carry_out(self.database, await self.as_(by), requests, all_or_none=all_or_none)

    async def submit(self, record_id: str, by: str = "clerk", **more: Any) -> Outcome:
        [outcome] = await self.do(by, Submission(record_id, **more))
        return outcome

    async def submitted(self, by: str = "clerk", **values: Any) -> tuple[str, Outcome]:
        """A purchase in approval."""
        record_id = await self.purchase(by, **values)
        outcome = await self.submit(record_id, by)
        assert outcome.problems == (), outcome
        return record_id, outcome

    async def approve(self, by: str, any_id: str, **more: Any) -> Outcome:
        [outcome] = await self.do(by, Decision(any_id, approves=True, **more))
        return outcome

    async def reject(self, by: str, any_id: str, **more: Any) -> Outcome:
        [outcome] = await self.do(by, Decision(any_id, approves=False, **more))
        return outcome

    async def recall(self, by: str, any_id: str, **more: Any) -> Outcome:
        [outcome] = await self.do(by, Recall(any_id, **more))
        return outcome

    async def reassign(self, by: str, any_id: str, to: str, **more: Any) -> Outcome:
        [outcome] = await self.do(by, Reassignment(any_id, to, **more))
        return outcome

    async def change(self, by: str, record_id: str, **values: Any) -> None:
        await update_record(self.database, await self.as_(by), "Purchase", record_id, values)

    async def write(self, by: str, operation: Any, records: Sequence[dict[str, Any]], **more: Any) -> Any:
        return await write_records(self.database, await self.as_(by), "Purchase", operation, records, **more)

    def row(self, record_id: str, *columns: str) -> Any:
        """The values of a purchase."""
        [values] = self.world.sql(f"SELECT {', '.join(columns)} FROM data.purchase WHERE id = %s", record_id)  # noqa: S608
        return values if len(columns) > 1 else values[0]

    def history(self, record_id: str) -> list[tuple[str, str | None, str | None]]:
        """What happened: status, step, by whom."""
        names = {user_id: name for name, user_id in self.world.users.items()}
        rows = self.world.sql(
            "SELECT s.step_status, s.step_name, s.actor_id FROM data.process_instance_step s"
            " JOIN data.process_instance i ON i.tenant_id = s.tenant_id AND i.id = s.process_instance_id"
            " WHERE i.target_object_id = %s ORDER BY s.id",
            record_id,
        )
        return [(status, step, names.get(actor)) for status, step, actor in rows]

    def asked(self, record_id: str) -> list[str]:
        """Who is asked now."""
        names = {user_id: name for name, user_id in [*self.world.users.items(), *self.ids.items()]}
        rows = self.world.sql(
            "SELECT actor_id FROM data.process_instance_workitem WHERE target_object_id = %s ORDER BY actor_id",
            record_id,
        )
        return sorted(names[actor_id] for (actor_id,) in rows)

    async def refresh(self) -> None:
        """See the metadata as it is now."""
        tenant = await tenant_by_id(self.database, self.world.tenant.id)
        assert tenant is not None
        self.world.tenant = tenant
        self.world.snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)

    async def sql(self, text: str, **parameters: Any) -> list[Any]:
        [rows] = await self.database.read(Binding(self.world.tenant.id), Statement(text, parameters))
        return list(rows)


def people_of(world: World) -> None:
    """director > manager > clerk; the buyer, the approver and two accountants beside them."""
    everybody = ("Buyer",)
    world.user("director", *everybody, role="Director")
    world.user("codirector", *everybody, role="Director")
    world.user("manager", *everybody)
    world.user("clerk", *everybody, role="Clerk")
    world.user("buyer", *everybody)
    world.user("approver", *everybody, "Approver")
    world.user("accountant", *everybody, queues=("Finance",))
    world.user("bookkeeper", *everybody, queues=("Finance",))
    world.user("stranger", *everybody)
    world.user("admin", "PurchasingAdmin", "SystemAdministrator")
    for name, manager in (("clerk", "manager"), ("manager", "director"), ("buyer", "director")):
        world.sql('UPDATE data."user" SET manager_id = %s WHERE id = %s', world.users[manager], world.users[name])


async def make_office(
    urls: DatabaseUrls, make_tenant: MakeTenant, database: Database, snapshots: SnapshotStore
) -> Office:
    tenant = await make_tenant("purchasing")
    world = await make_world(urls.owner, database, snapshots, tenant)
    people_of(world)
    office = Office(world, snapshots)
    office.ids["Finance"] = world.id_of("group", "Finance", "developer_name")
    whole = office.ids["Whole"] = world.record("Region", Name="Whole", HeadId=world.users["director"])
    north = office.ids["North"] = world.record("Region", Name="North", ParentRegionId=whole)
    office.ids["Site"] = world.record("Site", Name="Harbour", RegionId=north, BuyerId=world.users["buyer"])
    office.ids["Bare"] = world.record("Site", Name="Bare", RegionId=north)
    return office
