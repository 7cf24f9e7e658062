"""A tenant on the crm package with people in it, two officers for privacy, and a sealed journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer, load_signer, trusted_keys
from chassis_platform.audit.report import VerificationReport
from chassis_platform.audit.seal import seal_journal
from chassis_platform.audit.verify import verify
from chassis_platform.privacy.acts import Wish, ask, decide, read_act, run_act
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import Actor
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from matching_desk import Desk
from world import make_world

MakeTenant = Callable[..., Awaitable[Tenant]]


@dataclass
class Office:
    """What officers do, and what the worker does for them."""

    desk: Desk
    home: Path
    owner_dsn: str

    @property
    def signer(self) -> Signer:
        return load_signer(self.home)

    async def context(self, name: str) -> Context:
        return await self.desk.user(name)

    async def make(self, object_name: str, **values: object) -> str:
        return await self.desk.create(await self.desk.user("olga", allow=True), object_name, **values)

    def actor(self, context: Context) -> Actor:
        return Actor(context.principal.user_id, context.principal.username)

    async def ask(self, kind: str, *subjects: str, **more: Any) -> str:
        context = await self.context("olga")
        return await ask(self.desk.database, context, self.actor(context), Wish(kind, subjects, **more))

    async def decide(self, act_id: str, by: str, *, agree: bool = True) -> None:
        context = await self.context(by)
        await decide(self.desk.database, context, self.actor(context), act_id, agree=agree)

    async def work(self, act_id: str) -> dict[str, Any]:
        """What the worker does; answers what came of it."""
        tenant = self.desk.world.tenant
        await run_act(self.desk.database, self.desk.snapshots, self.signer, tenant.id, act_id)
        return await read_act(self.desk.database, await self.context("olga"), act_id)

    async def erase(self, *subjects: str) -> dict[str, Any]:
        """Asked for by one officer, agreed to by the other, and done."""
        act_id = await self.ask("erasure", *subjects, reason="The person asked for it")
        await self.decide(act_id, "paul")
        return await self.work(act_id)

    async def seal(self) -> None:
        await seal_journal(self.desk.database, self.desk.world.tenant, self.signer)

    def verify(self) -> VerificationReport:
        return verify(self.owner_dsn, self.desk.world.tenant, trusted_keys(self.home))

    def kept(self, table: str, record_id: str) -> dict[str, Any]:
        """The same of a row that has to be there."""
        found = self.row(table, record_id)
        assert found is not None
        return found

    def row(self, table: str, record_id: str) -> dict[str, Any] | None:
        """The stored row, whole."""
        text = f"SELECT to_jsonb(t) FROM data.{table} t WHERE id = %s"  # noqa: S608  a test's own name
        found = self.desk.sql(text, record_id)
        return dict(found[0][0]) if found else None


@pytest.fixture(scope="module")
async def office(
    urls: DatabaseUrls,
    database: Database,
    snapshots: SnapshotStore,
    make_tenant: MakeTenant,
    tmp_path_factory: pytest.TempPathFactory,
) -> Office:
    tenant = await make_tenant("crm")
    world = await make_world(urls.owner, database, snapshots, tenant)
    for name in ("olga", "paul"):
        world.user(name, "SystemAdministrator", "CrmAdministrator", "CrmSensitiveData", "PrivacyOfficer")
    world.user("sam", "CrmUser")
    desk = Desk(database, snapshots, world)
    await desk.renew()
    await desk.switch_off_validation_rules()
    return Office(desk, tmp_path_factory.mktemp("home"), urls.owner)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context manager that counts statements inside transactions."""

    @contextmanager
    def count() -> Iterator[list[int]]:
        counts: list[int] = []
        original = Transaction.fetch_each

        async def fetch_each(self: Transaction, statements: Any) -> Any:
            counts.append(len(statements))
            return await original(self, statements)

        with monkeypatch.context() as patch:
            patch.setattr(Transaction, "fetch_each", fetch_each)
            yield counts

    return count
