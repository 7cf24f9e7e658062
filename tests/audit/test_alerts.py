"""Alert rules look at each sealed entry once, sum up windows, and tell those who watch, once a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.conftest import Journal, dated
from chassis_metadata.ids import new_id
from chassis_platform.auth.users import create_user
from chassis_platform.automation.alerts import check_alerts
from chassis_platform.operator import operator_context
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR, Access, Actor, access_entry, login_entry
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

if TYPE_CHECKING:
    from chassis_tenants.snapshots import SnapshotStore


class Watch:
    """A journal with an auditor and two who read."""

    def __init__(self, journal: Journal, snapshots: SnapshotStore) -> None:
        self.journal, self.snapshots = journal, snapshots
        self.users: dict[str, str] = {}
        self.now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)

    async def begin(self) -> None:
        for name, family, sets in (("audrey", "Watch", ["Auditor"]), ("ann", "Li", []), ("ben", "Wang", [])):
            tenant = await tenant_by_id(self.journal.database, self.journal.tenant.id)
            assert tenant is not None
            context = await operator_context(self.journal.database, tenant, None)
            username = f"{name}@{tenant.name}.example"
            document = {"username": username, "last_name": family, "email": username}
            self.users[name] = await create_user(self.journal.database, context, document, sets)
        self.journal.as_owner("DELETE FROM data.setup_audit_trail WHERE tenant_id = {tenant}")

    async def read(self, name: str, records: int, *, minutes: float = 0, **said: Any) -> None:
        """A read through a list, so many minutes after the day's noon."""
        ids = [new_id("003") for _ in range(records)]
        access = Access("Contact", ids, ["Phone"], said.pop("door", "list"), **said)
        actor = Actor(self.users[name], name, "10.0.0.1")
        await self.put(access_entry(self.journal.tenant.id, actor, access), minutes)

    async def refuse(self, address: str, *, minutes: float = 0) -> None:
        entry = login_entry(
            self.journal.tenant.id,
            user_id=None,
            username="ann",
            status="Invalid password",
            login_type="Application",
            application="Browser",
            source_ip=address,
        )
        await self.put(entry, minutes)

    async def put(self, entry: Statement, minutes: float) -> None:
        """Write an entry as of so many minutes after the day's noon."""
        await self.journal.database.read(
            Binding(self.journal.tenant.id), dated(entry, self.now + timedelta(minutes=minutes))
        )

    async def look(self) -> int:
        await self.journal.seal(overlap=timedelta(days=9))
        return await check_alerts(self.journal.database, self.snapshots, self.journal.tenant.id)

    def alerts(self) -> list[tuple[Any, ...]]:
        return self.journal.as_owner(
            "SELECT rule_name, user_id, count::int FROM data.journal_alert WHERE tenant_id = {tenant} ORDER BY id"
        )

    def told(self) -> list[tuple[Any, ...]]:
        return self.journal.as_owner(
            "SELECT user_id, title, source FROM data.notification WHERE tenant_id = {tenant} ORDER BY id"
        )


@pytest.fixture
async def watch(journal: Journal, snapshots: SnapshotStore) -> Watch:
    made = Watch(journal, snapshots)
    await made.begin()
    return made


async def test_many_records_in_little_time_are_told_once_to_who_watches(watch: Watch) -> None:
    for minute in range(5):
        await watch.read("ann", 50, minutes=minute)
        await watch.read("ben", 50, minutes=10 * minute)

    made = [await watch.look(), await watch.look()]

    assert made == [1, 0]
    assert watch.alerts() == [("Mass_Reading", watch.users["ann"], 250)]
    title = "More than 200 records in 10 minutes"
    assert watch.told() == [(watch.users["audrey"], title, "alert_rule.Mass_Reading")]


async def test_a_window_may_span_seals_and_another_window_is_told_anew(watch: Watch) -> None:
    await watch.read("ann", 150)
    first = await watch.look()
    await watch.read("ann", 100, minutes=5)
    second = await watch.look()
    await watch.read("ann", 100, minutes=8)
    quiet = await watch.look()
    await watch.read("ann", 300, minutes=30)
    again = await watch.look()

    assert (first, second, quiet, again) == (0, 1, 0, 1)
    assert [count for _, _, count in watch.alerts()] == [250, 300]


async def test_what_an_export_says_at_its_end_is_not_counted_again(watch: Watch) -> None:
    await watch.read("ann", 150, door="export")
    await watch.read("ann", 150, door="export_total")

    assert await watch.look() == 0


async def test_reads_at_night_of_the_tenants_time_zone_are_told(watch: Watch) -> None:
    await watch.read("ann", 1, minutes=9 * 60)
    await watch.read("ben", 1, minutes=11 * 60)

    await watch.look()

    assert watch.alerts() == [("Outside_Hours", watch.users["ben"], 1)]


async def test_many_reveals_are_told(watch: Watch) -> None:
    for number in range(21):
        await watch.read("ann", 1, minutes=number, door="reveal", reason="asked for")

    await watch.look()

    assert watch.alerts() == [("Many_Reveals", watch.users["ann"], 21)]


async def test_refused_sign_ins_are_counted_by_address(watch: Watch) -> None:
    for number in range(11):
        await watch.refuse("10.0.0.9", minutes=number / 2)
        await watch.refuse(f"10.0.1.{number}", minutes=number / 2)

    await watch.look()

    assert watch.alerts() == [("Refused_Sign_Ins", None, 11)]
    assert watch.journal.as_owner("SELECT subject FROM data.journal_alert WHERE tenant_id = {tenant}") == [
        ("10.0.0.9",)
    ]


async def test_a_tenants_own_rule_counts_what_it_says_of_whom_it_says(watch: Watch) -> None:
    body = {
        "label": "Wang reads phones",
        "journal": "AccessLog",
        "criteria": 'User.LastName = "Wang" && INCLUDES(Fields, "Phone")',
        "within_minutes": 60,
        "notify": [{"username": f"ann@{watch.journal.tenant.name}.example"}],
    }
    async with watch.journal.database.transaction(Binding(watch.journal.tenant.id)) as transaction:
        await save_component(transaction, watch.snapshots, ComponentKey("alert_rule", "Wang__c"), body, OPERATOR)
    await watch.read("ann", 1)
    await watch.read("ben", 1)
    await watch.read("ben", 1, minutes=5)

    await watch.look()

    assert watch.alerts() == [("Wang__c", watch.users["ben"], 1)]
    assert [user for user, _, _ in watch.told()] == [watch.users["ann"]]


async def test_who_reads_people_of_their_own_family_name_is_told_of(watch: Watch) -> None:
    tenant_id = watch.journal.tenant.id
    await install(watch.snapshots, tenant_id, "crm", actor=OPERATOR, with_dependencies=True)
    relative, stranger = new_id("003"), new_id("003")
    for contact, family in ((relative, "Wang"), (stranger, "Zhao")):
        watch.journal.as_owner(
            "INSERT INTO data.contact (tenant_id, id, name, last_name, owner_id) VALUES ({tenant}, %s, %s, %s, %s)",
            *(contact, family, family, watch.users["ann"]),
        )
    for name in ("ann", "ben"):
        access = Access("Contact", [stranger, relative], ["Phone"], "list")
        await watch.put(access_entry(tenant_id, Actor(watch.users[name], name, "10.0.0.1"), access), 0)

    await watch.look()

    assert watch.alerts() == [("Own_Family", watch.users["ben"], 1)]
