"""A tenant with a journal of some entries, sealed; and the owner, who can do what the server may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chassis_platform.audit import seal
from chassis_platform.audit.keys import Signer, load_signer, trusted_keys
from chassis_platform.audit.report import Anchor, VerificationReport
from chassis_platform.audit.seal import OVERLAP, Sealed, seal_journal
from chassis_platform.audit.verify import verify
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import (
    OPERATOR,
    Access,
    Actor,
    SetupChange,
    access_entry,
    login_entry,
    setup_entry,
)
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

MakeTenant = Callable[..., Any]


@dataclass
class Journal:
    """A tenant's journal, from all sides."""

    tenant: Tenant
    database: Database
    owner_dsn: str
    home: Path

    @property
    def signer(self) -> Signer:
        return load_signer(self.home)

    async def write(self, count: int = 10, *, ago: timedelta = timedelta(seconds=10)) -> list[str]:
        """`count` entries of each kind, dated back so that they need not settle. Answers the access entries' ids."""
        statements = [each for number in range(count) for each in self._entries(number)]
        async with self.database.transaction(Binding(self.tenant.id)) as transaction:
            now: datetime = (await transaction.fetch(Statement("SELECT now()")))[0][0]
            moved = [dated(each, now - ago + timedelta(microseconds=n)) for n, each in enumerate(statements)]
            await transaction.fetch_each(moved)
        return [each.parameters["id"] for each in statements if "access_log" in each.text]

    def _entries(self, number: int) -> list[Statement]:
        ann = Actor(user_id=None, username="ann@example.com", source_ip="10.0.0.1")
        record = f"003{number:015d}"
        return [
            access_entry(self.tenant.id, ann, Access("Contact", [record, "x"], ["Phone", 'Na"me'], "list")),
            setup_entry(
                self.tenant.id, OPERATOR, SetupChange("createdField", "Fields", f"F{number}", "变更\n", {"a": 1.50})
            ),
            login_entry(
                self.tenant.id,
                user_id=None,
                username="ann@example.com",
                status="Success",
                login_type="Application",
                application="Browser",
            ),
        ]

    async def seal(self, overlap: timedelta = OVERLAP) -> Sealed | None:
        return await seal_journal(self.database, self.tenant, self.signer, overlap=overlap)

    def verify(self, anchor: Anchor | None = None) -> VerificationReport:
        return verify(self.owner_dsn, self.tenant, trusted_keys(self.home), anchor=anchor)

    def as_owner(self, text: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What an intruder with the owner's rights could do."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            cursor = connection.execute(text.replace("{tenant}", str(self.tenant.id)), parameters)
            return cursor.fetchall() if cursor.description else []


def dated(statement: Statement, created: datetime) -> Statement:
    names, values = statement.text.split(") VALUES (")
    return Statement(
        f"{names}, created_date) VALUES ({values.removesuffix(')')}, %(created)s)",
        {**statement.parameters, "created": created},
    )


@pytest.fixture
async def journal(make_tenant: MakeTenant, database: Database, owner_dsn: str, tmp_path: Path) -> Journal:
    """An empty one: what making the tenant wrote is taken away."""
    made = Journal(await make_tenant(), database, owner_dsn, tmp_path)
    made.as_owner("DELETE FROM data.setup_audit_trail WHERE tenant_id = {tenant}")
    return made


@pytest.fixture
async def mixed(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A seal of 30 entries in format 1, and one in format 2."""
    await journal.write(10, ago=timedelta(minutes=30))
    with monkeypatch.context() as earlier:
        earlier.setattr(seal, "FORMAT", 1)
        assert await journal.seal()
    await journal.write(10, ago=timedelta(minutes=20))
    assert await journal.seal(overlap=timedelta(hours=1))
    return journal


@pytest.fixture
async def sealed(journal: Journal) -> Journal:
    """Three seals of 30 entries each."""
    for minutes in (30, 20, 10):
        await journal.write(10, ago=timedelta(minutes=minutes))
        assert await journal.seal(overlap=timedelta(hours=1))
    return journal
