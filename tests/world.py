"""A small world for tests of reading: users with their sets, roles and queues, and records put there by SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg import sql

from chassis_metadata.ids import new_id
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.records.read import query
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant


@dataclass
class CountingDatabase(Database):
    """A Database that counts round trips and statements; it shares the pool of the one it wraps."""

    inner: Database
    trips: int = 0
    statements: list[str] = field(default_factory=list)

    async def read(self, binding: Binding, *statements: Statement) -> list[list[Row]]:
        self.trips += 1
        self.statements += [each.text for each in statements]
        return await self.inner.read(binding, *statements)


@dataclass
class World:
    """One tenant, seen by its users."""

    owner_dsn: str
    database: Database
    tenant: Tenant
    snapshot: Snapshot
    users: dict[str, str] = field(default_factory=dict)

    def sql(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement run as the owner."""
        with psycopg.connect(self.owner_dsn) as connection:
            cursor = connection.execute(text.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def user(
        self, name: str, *sets: str, role: str | None = None, queues: Iterable[str] = (), time_zone: str = "UTC"
    ) -> str:
        """A user with permission sets, in a role, in queues; all by name."""
        user_id = self.users[name] = self.record(
            "User",
            Name=name,
            LastName=name,
            Username=f"{name}@{self.tenant.name}.example",
            Email=f"{name}@example.com",
            IsActive=True,
            UserRoleId=role and self.id_of("user_role", role, "developer_name"),
            TimeZoneSidKey=time_zone,
        )
        for each in ("StandardUser", *sets):
            set_id = self.id_of("permission_set", each, "name")
            self.record("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=set_id)
        for queue in queues:
            self.record("GroupMember", GroupId=self.id_of("group", queue, "developer_name"), UserOrGroupId=user_id)
        self.sql("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %s", self.tenant.id)
        return user_id

    def id_of(self, table: str, name: str, column: str) -> str:
        """The id of a platform record by its name."""
        text = sql.SQL("SELECT id FROM data.{} WHERE tenant_id = %s AND {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with psycopg.connect(self.owner_dsn) as connection:
            found = connection.execute(text, [self.tenant.id, name]).fetchone()
        assert found is not None, f"no {table} {name}"
        return str(found[0])

    def record(self, object_name: str, **values: object) -> str:
        """Insert a record; `deleted=True` puts it into the recycle bin."""
        obj = self.snapshot.objects[object_name]
        record_id = str(values.pop("Id", None) or new_id(obj.key_prefix))
        row: dict[str, Any] = {"tenant_id": self.tenant.id, "id": record_id, "is_deleted": values.pop("deleted", False)}
        custom: dict[str, Any] = {}
        for name, value in values.items():
            column = obj.fields[name].column
            if column is None:
                custom[name] = value
            else:
                row[column] = value
        row["custom"] = orjson.dumps(custom).decode()
        if obj.table is None:
            row["object_name"] = obj.name
        self._insert(obj.table or "custom_record", row)
        return record_id

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        text = sql.SQL("INSERT INTO data.{} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        )
        with psycopg.connect(self.owner_dsn) as connection:
            connection.execute(text, list(row.values()))

    async def as_user(self, name: str) -> Context:
        """The user's Context, as a request would have it."""
        user_id = self.users[name]
        [(access_version, zone)] = self.sql(
            "SELECT t.access_version, u.time_zone_sid_key FROM chassis.tenant t"
            ' JOIN data."user" u ON u.tenant_id = t.id WHERE t.id = %s AND u.id = %s',
            self.tenant.id,
            user_id,
        )
        policy = await PolicyStore(self.database).of(self.tenant, user_id, self.snapshot, access_version)
        principal = Principal(user_id, name, "api", session_id="session", client_name="tests", time_zone=zone or "UTC")
        binding = Binding(self.tenant.id, self.tenant.metadata_version, access_version)
        return Context(self.tenant, principal, self.snapshot, policy, binding)

    async def query(self, user: str, text: str, **options: Any) -> dict[str, Any]:
        """The answer to a query as the user."""
        answer: dict[str, Any] = orjson.loads(await query(self.database, await self.as_user(user), text, **options))
        return answer

    async def rows(self, user: str, text: str, **options: Any) -> list[dict[str, Any]]:
        """The records of a query as the user, without their attributes."""
        return [plain(each) for each in (await self.query(user, text, **options))["records"]]

    def access_log(self) -> list[dict[str, Any]]:
        """The entries of the access log, oldest first."""
        found = self.sql(
            "SELECT object_name, door, fields, record_ids, record_count, user_id, client_name FROM data.access_log"
            " WHERE tenant_id = %s ORDER BY created_date, id",
            self.tenant.id,
        )
        names = ("object", "door", "fields", "ids", "count", "user", "client")
        return [dict(zip(names, each, strict=True)) for each in found]

    def forget_log(self) -> None:
        """Empty the access log, so that a test sees its own entries."""
        self.sql("DELETE FROM data.access_log WHERE tenant_id = %s", self.tenant.id)


def plain(record: Any) -> Any:
    """A record without attributes, parents and children too."""
    if isinstance(record, list):
        return [plain(each) for each in record]
    if not isinstance(record, dict):
        return record
    return {name: plain(value) for name, value in record.items() if name != "attributes"}


async def make_world(owner_dsn: str, database: Database, snapshots: SnapshotStore, tenant: Tenant) -> World:
    """The world of a tenant as it is installed."""
    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)
    return World(owner_dsn, database, tenant, snapshot)


@asynccontextmanager
async def counting(world: World) -> AsyncIterator[CountingDatabase]:
    """Count what the world's users ask the database while the block runs."""
    counted = CountingDatabase.__new__(CountingDatabase)
    counted.inner, counted.trips, counted.statements = world.database, 0, []
    world.database, original = counted, world.database
    try:
        yield counted
    finally:
        world.database = original
