"""EXISTS, COUNT and their like look their rows up by an index where they compare an indexed field."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from chassis_platform.records.pages import Wanted, compiled, parameters, planned
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from depot import Depots, make_depots

FORMULAS = {
    "Urgent__c": ("number", 'COUNT("Parcel", DepotId = $This.Id && IsUrgent)'),
    "Busy__c": ("checkbox", 'EXISTS("Parcel", $This.Id = DepotId)'),
    "Weigh__c": ("number", 'SUM("Parcel", Weight, DepotId = $This.Id AND Weight > 1)'),
    "Beside__c": ("number", 'COUNT("Depot", AreaId = $This.AreaId && Id <> $This.Id)'),
    "Known__c": ("checkbox", 'EXISTS("Area", Code = $This.Name)'),
    "Boxes__c": ("number", 'COUNT("Box__c", Depot__c = $This.Id)'),
}
BOX: dict[tuple[str, str], dict[str, Any]] = {
    ("object", "Box__c"): {
        "label": "Box",
        "plural_label": "Boxes",
        "key_prefix": "a0b",
        "name": {"type": "text", "label": "Name"},
        "sharing": "public_read_write",
    },
    ("field", "Box__c.Depot__c"): {"type": "lookup", "label": "Depot", "references": "Depot"},
    ("permission_set", "Boxes__c"): {
        "label": "Boxes",
        "objects": {"Box__c": "all"},
        "fields": {"Box__c.*": "edit", "Depot.*": "edit"},
    },
}


@pytest.fixture(scope="module")
async def depots(owner_dsn: str, database: Database, snapshots: SnapshotStore) -> Depots:
    made = await make_depots(owner_dsn, database, snapshots)
    fields: dict[tuple[str, str], dict[str, Any]] = {
        ("field", f"Depot.{name}"): {"type": "formula", "returns": returns, "label": name, "formula": formula}
        for name, (returns, formula) in FORMULAS.items()
    }
    await made.customise(snapshots, BOX | fields)
    made.user("packer", "DepotAdmin", "Boxes__c")
    return made


async def test_the_answers_are_those_of_the_criteria(depots: Depots) -> None:
    here, _ = await depots.make("Area", {"Name": "here", "Code": "one"}, {"Name": "there"})
    one, two, *_ = await depots.make(
        "Depot",
        {"Name": "one", "AreaId": here},
        {"Name": "ONE", "AreaId": here},
        {"Name": "three"},
        {"Name": "four"},
    )
    await depots.make(
        "Parcel",
        {"Name": "p", "DepotId": one, "Weight": 2, "IsUrgent": True},
        {"Name": "p", "DepotId": one, "Weight": 3},
        {"Name": "p", "DepotId": two, "Weight": 1},
    )
    await depots.make("Box__c", {"Name": "b", "Depot__c": one}, {"Name": "b", "Depot__c": one}, user="packer")
    names = list(FORMULAS)

    rows = await depots.rows("packer", f"SELECT {', '.join(names)} FROM Depot ORDER BY CreatedDate, Id")  # noqa: S608

    assert [[each[name] for name in names] for each in rows] == [
        [1, True, 5, 1, True, 2],
        [0, True, 0, 1, False, 0],
        [0, False, 0, 1, False, 0],  # blank compares with blank: the other depot without an area
        [0, False, 0, 1, False, 0],
    ]


@pytest.mark.parametrize("name", FORMULAS)
async def test_an_index_serves_them(depots: Depots, name: str) -> None:
    with psycopg.connect(depots.owner_dsn, autocommit=True) as connection:
        for table in ("parcel", "depot", "area", "custom_record", "custom_index"):
            connection.execute(f"ANALYZE data.{table}".encode())
    context = await depots.as_user("packer")
    plan, wanted = planned(context, f"SELECT {name} FROM Depot LIMIT 1", include_deleted=False), Wanted("query")  # noqa: S608
    read = compiled(context, plan, wanted)
    bound = read.statement.bind(
        **parameters(context, plan, wanted, read.entry_count), fetch=2, batch=wanted.batch, offset=0
    )

    [_, rows] = await depots.database.read(
        context.binding,
        Statement("SET LOCAL enable_seqscan = off"),
        Statement("EXPLAIN (COSTS OFF) " + bound.text, bound.parameters),
    )

    explained = "\n".join(row[0] for row in rows)
    index = {
        "Beside__c": "depot__area_id__idx",
        "Known__c": "area__code__lower__idx",
        "Boxes__c": "custom_index",
    }.get(name, "parcel__depot_id__idx")
    assert index in explained, explained
