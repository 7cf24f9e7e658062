"""Roll-up summaries: exact whatever happens to the children, in bulk, and when several write at once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.package import read_package
from chassis_platform.automation.unattended import unattended
from chassis_platform.records.purge import purge_deleted
from chassis_platform.records.recalculation import recalculate
from chassis_platform.records.write import update_record, write_records
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.snapshots import SnapshotStore
from depot import FOLDER, Depots, make_depots

SUMS = ("ParcelCount", "Weight", "Lightest", "Heaviest", "AverageWeight", "UrgentCount", "Volume", "LastSent")


@pytest.fixture(scope="module")
async def depots(owner_dsn: str, database: Database, snapshots: SnapshotStore) -> Depots:
    return await make_depots(owner_dsn, database, snapshots)


async def depot(depots: Depots, **values: Any) -> str:
    [made] = await depots.make("Depot", {"Name": "depot", **values})
    return made


async def sums(depots: Depots, record_id: str, *names: str) -> tuple[Any, ...]:
    found = await depots.get("Depot", record_id, "Name", *(names or SUMS))
    return tuple(found[name] for name in names or SUMS)


async def test_nothing_sums_up_to_zero_and_has_no_least(depots: Depots) -> None:
    made = await depot(depots)

    assert await sums(depots, made) == (0, 0, None, None, None, 0, 0, None)


async def test_new_children_are_summed_up(depots: Depots) -> None:
    made = await depot(depots)

    await depots.make(
        "Parcel",
        {"Name": "a", "DepotId": made, "Weight": 1.25, "Height": 2, "SentOn": "2026-01-01"},
        {"Name": "b", "DepotId": made, "Weight": 2, "Height": 3, "IsUrgent": True, "SentOn": "2026-03-01"},
        {"Name": "c", "DepotId": made, "Weight": 1, "Height": 9, "IsUrgent": True},
        {"Name": "d", "DepotId": made},
    )

    assert await sums(depots, made) == (4, 4.25, 1, 2, 1.42, 2, 8.5, "2026-03-01")


async def test_a_changed_child_is_summed_up_anew(depots: Depots) -> None:
    made = await depot(depots)
    [a, b] = await depots.make(
        "Parcel", {"Name": "a", "DepotId": made, "Weight": 5}, {"Name": "b", "DepotId": made, "Weight": 7}
    )

    await depots.set("Parcel", a, Weight=1)
    assert await sums(depots, made, "Weight", "Lightest", "Heaviest") == (8, 1, 7)
    await depots.set("Parcel", b, IsUrgent=True)
    assert await sums(depots, made, "UrgentCount") == (1,)
    await depots.set("Parcel", b, Height=2)
    assert await sums(depots, made, "Volume") == (14,)
    await depots.set("Parcel", b, Weight=None)
    assert await sums(depots, made, "Weight", "Heaviest", "Volume") == (1, 1, 0)


async def test_a_child_that_moves_leaves_one_parent_and_joins_another(depots: Depots) -> None:
    first, second = await depot(depots), await depot(depots)
    [a] = await depots.make("Parcel", {"Name": "a", "DepotId": first, "OriginId": second, "Weight": 3})
    assert await sums(depots, second, "SentCount") == (1,)

    await depots.set("Parcel", a, DepotId=second, OriginId=None)

    assert await sums(depots, first, "ParcelCount", "Weight") == (0, 0)
    assert await sums(depots, second, "ParcelCount", "Weight", "SentCount") == (1, 3, 0)


async def test_deleted_children_do_not_count_and_count_again_when_restored(depots: Depots) -> None:
    made = await depot(depots)
    [a, b] = await depots.make(
        "Parcel", {"Name": "a", "DepotId": made, "Weight": 5}, {"Name": "b", "DepotId": made, "Weight": 7}
    )

    await depots.delete("Parcel", a)
    assert await sums(depots, made, "ParcelCount", "Weight") == (1, 7)
    await depots.undelete("Parcel", a)
    assert await sums(depots, made, "ParcelCount", "Weight") == (2, 12)
    await depots.delete("Parcel", b)
    assert await sums(depots, made, "ParcelCount", "Weight") == (1, 5)


async def test_children_go_with_their_parent_and_come_back_with_it(depots: Depots) -> None:
    home, origin = await depot(depots), await depot(depots)
    await depots.make("Parcel", {"Name": "a", "DepotId": home, "OriginId": origin, "Weight": 5})

    await depots.delete("Depot", home)
    assert await sums(depots, origin, "SentCount") == (0,)
    await depots.undelete("Depot", home)
    assert await sums(depots, origin, "SentCount") == (1,)
    assert await sums(depots, home, "ParcelCount", "Weight") == (1, 5)


async def test_what_is_purged_was_not_counted_any_more(depots: Depots) -> None:
    home = await depot(depots)
    [a, _] = await depots.make(
        "Parcel", {"Name": "a", "DepotId": home, "Weight": 5}, {"Name": "b", "DepotId": home, "Weight": 1}
    )
    await depots.delete("Parcel", a)

    later = datetime.now(UTC) + timedelta(days=1)
    await purge_deleted(depots.database, Binding(depots.tenant.id), depots.snapshot, older_than=later)

    assert await sums(depots, home, "ParcelCount", "Weight") == (1, 1)


async def test_summaries_of_summaries_follow(depots: Depots) -> None:
    [zone] = await depots.make("Zone", {"Name": "zone"})
    here, there = await depots.make("Area", {"Name": "here", "ZoneId": zone}, {"Name": "there"})
    one, two = await depots.make("Depot", {"Name": "one", "AreaId": here}, {"Name": "two", "AreaId": here})
    [a, _] = await depots.make(
        "Parcel", {"Name": "a", "DepotId": one, "Weight": 5}, {"Name": "b", "DepotId": two, "Weight": 1.5}
    )

    assert await depots.get("Area", here, "DepotCount", "Weight") == {"DepotCount": 2, "Weight": 6.5, "Id": here}
    assert await depots.get("Zone", zone, "Weight") == 6.5
    assert await sums(depots, one, "Load") == (0.5,)
    await depots.set("Parcel", a, Weight=10)
    assert await depots.get("Zone", zone, "Weight") == 11.5
    assert await sums(depots, one, "Load") == (1,)
    await depots.set("Depot", one, AreaId=there)
    assert await depots.get("Zone", zone, "Weight") == 1.5
    assert await depots.get("Area", there, "Weight") == 10


async def test_a_summary_leaves_the_parent_s_version_and_moves_its_stamp(depots: Depots) -> None:
    made = await depot(depots)
    before = depots.sql("SELECT row_version, last_modified_date, system_modstamp FROM data.depot WHERE id = %s", made)

    [a] = await depots.make("Parcel", {"Name": "a", "DepotId": made, "Weight": 5})

    after = depots.sql("SELECT row_version, last_modified_date, system_modstamp FROM data.depot WHERE id = %s", made)
    assert after[0][:2] == before[0][:2]
    assert after[0][2] > before[0][2]
    await depots.set("Parcel", a, Note="says nothing to the depot")
    assert depots.sql("SELECT system_modstamp FROM data.depot WHERE id = %s", made) == [after[0][2:]]


async def test_a_refused_record_is_not_counted(depots: Depots) -> None:
    made = await depot(depots)
    context = await depots.as_user("admin")
    records: list[dict[str, Any]] = [
        {"Name": "a", "DepotId": made, "Weight": 1},
        {"Name": "b", "DepotId": made, "Weight": "heavy"},
    ]

    await write_records(depots.database, context, "Parcel", "insert", records)
    assert await sums(depots, made, "ParcelCount") == (1,)
    await write_records(depots.database, context, "Parcel", "insert", records, all_or_none=True)
    assert await sums(depots, made, "ParcelCount") == (1,)


async def test_those_who_write_to_one_parent_at_once_are_all_counted(depots: Depots) -> None:
    made = await depot(depots)
    context = await depots.as_user("admin")

    async def add(number: int) -> None:
        records = [{"Name": f"p{number}", "DepotId": made, "Weight": 1} for _ in range(3)]
        results = await write_records(depots.database, context, "Parcel", "insert", records)
        assert all(each.success for each in results)

    await asyncio.gather(*map(add, range(12)))

    assert await sums(depots, made, "ParcelCount", "Weight") == (36, 36)


async def test_those_who_move_children_to_and_fro_at_once_leave_exact_sums(depots: Depots) -> None:
    [zone] = await depots.make("Zone", {"Name": "zone"})
    areas = await depots.make("Area", *({"Name": "area", "ZoneId": zone} for _ in range(2)))
    homes = await depots.make("Depot", *({"Name": "home", "AreaId": areas[n % 2]} for n in range(4)))
    parcels = await depots.make("Parcel", *({"Name": "p", "DepotId": homes[0], "Weight": n} for n in range(1, 9)))
    context = await depots.as_user("admin")

    async def move(number: int) -> None:
        for turn in range(3):
            home = homes[(number + turn) % 4]
            await update_record(depots.database, context, "Parcel", parcels[number], {"DepotId": home})

    await asyncio.gather(*map(move, range(8)))

    weights = [await depots.get("Depot", home, "Weight") for home in homes]
    counted = depots.sql(
        "SELECT depot_id, sum(weight) FROM data.parcel WHERE depot_id = ANY(%s) GROUP BY depot_id", homes
    )
    assert dict(zip(homes, weights, strict=True)) == dict.fromkeys(homes, 0) | {
        home: float(weight) for home, weight in counted
    }
    assert await depots.get("Zone", zone, "Weight") == 36


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of the round trips that transactions make."""
    trips: list[int] = []
    with monkeypatch.context() as patch:
        for name in ("fetch_each", "commit_with"):
            original = getattr(Transaction, name)

            async def run(self: Transaction, statements: Any = (), original: Any = original) -> Any:
                trips.append(len(statements))
                return await original(self, statements)

            patch.setattr(Transaction, name, run)
        yield trips


async def test_two_hundred_children_of_fifty_parents_cost_as_many_statements_as_one(
    depots: Depots, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = await depots.make("Depot", *({"Name": f"hub {n}"} for n in range(50)))
    context = await depots.as_user("admin")
    found = []
    for count in (2, 200):
        records = [{"Name": "p", "DepotId": homes[n % 50], "Weight": 1, "Height": 1} for n in range(count)]
        with watched(monkeypatch) as trips:
            results = await write_records(depots.database, context, "Parcel", "insert", records)
        assert all(each.success for each in results)
        found.append(list(trips))

    assert found[0] == found[1]
    assert await depots.rows("admin", "SELECT SUM(ParcelCount) n, SUM(Weight) w FROM Depot WHERE Name LIKE 'hub%'") == [
        {"n": 202, "w": 202}
    ]


async def test_a_write_that_changes_no_summary_asks_nothing_more(
    depots: Depots, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await depot(depots)
    [a] = await depots.make("Parcel", {"Name": "a", "DepotId": made, "Weight": 5})
    context = await depots.as_user("admin")
    found = []
    for values in ({"Note": "x"}, {"Weight": 6}):
        with watched(monkeypatch) as trips:
            await update_record(depots.database, context, "Parcel", a, values)
        found.append(len(trips))

    plain, summed = found
    assert plain < summed


CUSTOM: dict[tuple[str, str], dict[str, Any]] = {
    ("object", "Pallet__c"): {
        "label": "Pallet",
        "plural_label": "Pallets",
        "key_prefix": "a07",
        "name": {"type": "text", "label": "Name"},
        "sharing": "public_read_write",
    },
    ("field", "Pallet__c.Depot__c"): {
        "type": "lookup",
        "label": "Depot",
        "references": "Depot",
        "child_relationship_name": "Pallets__r",
    },
    ("field", "Pallet__c.Boxes__c"): {"type": "number", "label": "Boxes"},
    ("field", "Pallet__c.Packed__c"): {"type": "date", "label": "Packed"},
    ("field", "Pallet__c.Twice__c"): {
        "type": "formula",
        "returns": "number",
        "label": "Twice",
        "formula": "Boxes__c * 2",
    },
    ("field", "Pallet__c.Sign__c"): {
        "type": "formula",
        "returns": "text",
        "label": "Sign",
        "formula": '"S-" & Name',
        "stored": True,
        "indexed": True,
    },
    ("field", "Pallet__c.Last__c"): {
        "type": "formula",
        "returns": "date",
        "label": "Last",
        "formula": "Packed__c + 1",
        "stored": True,
        "indexed": True,
    },
    ("field", "Depot.Pallets__c"): {
        "type": "rollup_summary",
        "label": "Pallets",
        "child": "Pallets__r",
        "function": "count",
        "indexed": True,
    },
    ("field", "Depot.Boxes__c"): {
        "type": "rollup_summary",
        "label": "Boxes",
        "child": "Pallets__r",
        "function": "sum",
        "field": "Twice__c",
        "filter": "Boxes__c > 1",
    },
    ("field", "Depot.Packed__c"): {
        "type": "rollup_summary",
        "label": "Packed",
        "child": "Pallets__r",
        "function": "max",
        "field": "Packed__c",
        "indexed": True,
    },
    ("field", "Depot.PerPallet__c"): {
        "type": "formula",
        "returns": "number",
        "scale": 1,
        "label": "Boxes per pallet",
        "formula": "Boxes__c / Pallets__c",
    },
    ("permission_set", "Pallets__c"): {
        "label": "Pallets",
        "objects": {"Pallet__c": "all"},
        "fields": {"Pallet__c.*": "edit", "Depot.*": "edit"},
    },
}


async def test_a_tenant_s_own_formulas_and_summaries(
    owner_dsn: str, database: Database, snapshots: SnapshotStore
) -> None:
    depots = await make_depots(owner_dsn, database, snapshots, "pallets")
    await depots.customise(snapshots, CUSTOM)
    depots.user("packer", "DepotAdmin", "Pallets__c")
    [empty, full] = await depots.make("Depot", {"Name": "empty"}, {"Name": "full"}, user="packer")
    context = await depots.as_user("packer")
    pallets = [
        {"Name": "a", "Depot__c": full, "Boxes__c": 4, "Packed__c": "2026-05-01"},
        {"Name": "b", "Depot__c": full, "Boxes__c": 1},
        {"Name": "c", "Depot__c": full, "Boxes__c": 3, "Packed__c": "2026-04-01"},
    ]
    results = await write_records(depots.database, context, "Pallet__c", "insert", pallets)
    assert all(each.success for each in results), results

    assert await depots.rows(
        "packer", "SELECT Name, Pallets__c, Boxes__c, Packed__c, PerPallet__c FROM Depot ORDER BY Name"
    ) == [
        {"Name": "empty", "Pallets__c": 0, "Boxes__c": 0, "Packed__c": None, "PerPallet__c": None},
        {"Name": "full", "Pallets__c": 3, "Boxes__c": 14, "Packed__c": "2026-05-01", "PerPallet__c": 4.7},
    ]
    for condition, name in (
        ("Pallets__c = 0", "empty"),
        ("Pallets__c > 2", "full"),
        ("Packed__c = 2026-05-01", "full"),
        ("Boxes__c = 14", "full"),
    ):
        found = await depots.rows("packer", f"SELECT Name FROM Depot WHERE {condition}")  # noqa: S608  SOQL
        assert [each["Name"] for each in found] == [name], condition
    found = await depots.rows("packer", "SELECT Name, Twice__c, Last__c FROM Pallet__c WHERE Sign__c = 's-A'")
    assert found == [{"Name": "a", "Twice__c": 8, "Last__c": "2026-05-02"}]
    assert await depots.rows("packer", "SELECT Name FROM Pallet__c WHERE Last__c < 2026-05-01") == [{"Name": "c"}]

    first = str(results[0].id)
    await update_record(database, context, "Pallet__c", first, {"Name": "z", "Depot__c": empty, "Packed__c": None})
    assert await depots.rows("packer", "SELECT Pallets__c, Packed__c FROM Depot ORDER BY Name") == [
        {"Pallets__c": 1, "Packed__c": None},
        {"Pallets__c": 2, "Packed__c": "2026-04-01"},
    ]
    assert await depots.rows("packer", "SELECT Name FROM Depot WHERE Pallets__c = 1") == [{"Name": "empty"}]
    assert await depots.rows("packer", "SELECT Name FROM Depot WHERE Packed__c = 2026-05-01") == []
    assert await depots.rows("packer", "SELECT Name FROM Pallet__c WHERE Sign__c = 'S-z'") == [{"Name": "z"}]


async def queued(depots: Depots) -> list[str]:
    """The fields that the tenant's jobs are to work out; the queue is empty then."""
    found = depots.sql(
        "DELETE FROM chassis.job WHERE tenant_id = %s AND kind = 'recalculate' RETURNING payload", depots.tenant.id
    )
    return sorted(name for (payload,) in found for name in payload["fields"])


async def test_records_that_were_there_before_a_field_are_worked_out_by_a_job(
    owner_dsn: str, database: Database, snapshots: SnapshotStore
) -> None:
    depots = await make_depots(owner_dsn, database, snapshots, "late")
    homes = await depots.make("Depot", *({"Name": f"depot {n}", "Price": n, "Quantity": 1} for n in range(7)))
    await depots.make("Parcel", *({"Name": "p", "DepotId": home, "Weight": 2} for home in homes[:3]))
    assert await queued(depots) == ["Area.Sign", "Zone.Weight"]  # by the package's reference data
    context = await unattended(database, snapshots, depots.tenant.id)
    assert context is not None
    await recalculate(database, context, ["Area.Sign"])
    assert await depots.rows("admin", "SELECT Code FROM Area WHERE Sign = 'A-REF'") == [{"Code": "REF"}]

    count = {"type": "rollup_summary", "label": "Heavy", "child": "Parcels", "function": "count", "indexed": True}
    twice = {"type": "formula", "returns": "number", "label": "Twice", "formula": "Price * 2", "stored": True}
    fields = {("field", "Depot.Heavy__c"): count, ("field", "Depot.Twice__c"): twice}
    granted = {"label": "More", "fields": {"Depot.*": "edit"}}
    await depots.customise(snapshots, {**fields, ("permission_set", "More__c"): granted})
    depots.user("packer", "DepotAdmin", "More__c")
    assert await queued(depots) == ["Depot.Heavy__c", "Depot.Twice__c"]
    context = await unattended(database, snapshots, depots.tenant.id)
    assert context is not None
    assert await recalculate(database, context, ["Depot.Heavy__c", "Depot.Twice__c"], batch=2) == 7

    found = await depots.rows("packer", "SELECT Heavy__c, Twice__c FROM Depot ORDER BY Name")
    assert [each["Heavy__c"] for each in found] == [1, 1, 1, 0, 0, 0, 0]
    assert [each["Twice__c"] for each in found] == [0, 2, 4, 6, 8, 10, 12]
    assert len(await depots.rows("packer", "SELECT Id FROM Depot WHERE Heavy__c = 0")) == 4

    await depots.customise(snapshots, {("field", "Depot.Heavy__c"): {**count, "function": "max", "field": "SentOn"}})
    assert await depots.rows("packer", "SELECT Id FROM Depot WHERE Heavy__c != null") == []
    assert await queued(depots) == ["Depot.Heavy__c"]


async def test_an_upgrade_and_a_replaced_version_queue_the_work(
    owner_dsn: str, database: Database, snapshots: SnapshotStore, tmp_path: Path
) -> None:
    depots = await make_depots(owner_dsn, database, snapshots, "upgraded")
    folder = shutil.copytree(FOLDER, tmp_path / "depot")
    fields = folder / "objects/Depot/fields.yaml"
    more = "\nMost: {type: rollup_summary, label: Most, child: Parcels, function: max, field: Height}\n"
    fields.write_text(fields.read_text() + more)
    manifest = folder / "package.yaml"
    manifest.write_text(manifest.read_text().replace("1.0.0", "1.1.0"))
    [home] = await depots.make("Depot", {"Name": "home"})
    await depots.make("Parcel", {"Name": "p", "DepotId": home, "Height": 9})

    publish(owner_dsn, read_package(folder))
    await install(snapshots, depots.tenant.id, "depot", "1.1.0", actor=OPERATOR)
    await depots.refresh(snapshots)

    names = await queued(depots)
    assert "Depot.Most" in names
    context = await unattended(database, snapshots, depots.tenant.id)
    assert context is not None
    await recalculate(database, context, names)
    assert await depots.get("Depot", home, "Most") == 9
    fields.write_text(fields.read_text().replace("function: max, field: Height", "function: min, field: Height"))
    publish(owner_dsn, read_package(folder), replace=True)
    assert "Depot.Most" in await queued(depots)
