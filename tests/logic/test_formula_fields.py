"""Formula fields through every door: lists, records, queries with all their clauses, search, export."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import pytest

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_platform.api.describe_objects import describe_object
from chassis_platform.api.ui_objects import object_document
from chassis_platform.plan.listing import ListRequest
from chassis_platform.records.pages import Wanted, compiled, parameters, planned
from chassis_platform.records.read import export_list, list_records, record_for_ui, related_list
from chassis_platform.records.search import search
from chassis_platform.records.write import update_record
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from depot import Depots, make_depots

ALL = "SELECT Name, {} FROM Depot ORDER BY CreatedDate, Id"


@pytest.fixture(scope="module")
async def depots(owner_dsn: str, database: Database, snapshots: SnapshotStore) -> Depots:
    made = await make_depots(owner_dsn, database, snapshots)
    [zone] = await made.make("Zone", {"Name": "East"})
    area, other = await made.make(
        "Area", {"Name": "Harbour", "ZoneId": zone, "Code": "H", "Phone": "139"}, {"Name": "Hill", "Code": "I"}
    )
    one, two, *_ = await made.make(
        "Depot",
        {"Name": "one", "AreaId": area, "Opened": "2026-01-31", "Price": 10, "Quantity": 3, "Kind": "Large"},
        {"Name": "two", "AreaId": area, "Opened": "2026-02-28", "Price": 20, "Quantity": 3, "Kind": "Small"},
        {"Name": "three", "AreaId": other, "Price": 5, "OpenedAt": "2026-05-01T10:00:00Z"},
        {"Name": "four"},
    )
    await made.make(
        "Parcel",
        {"Name": "p1", "DepotId": one, "OriginId": two, "IsUrgent": True, "Weight": 2, "Height": 5},
        {"Name": "p2", "DepotId": one, "Weight": 3},
    )
    made.sql("UPDATE data.depot SET owner_id = %s WHERE tenant_id = %s", made.users["clerk"], made.tenant.id)
    return made


async def column(depots: Depots, name: str, user: str = "admin") -> list[Any]:
    """The field's value in each depot, in the order in which they were made."""
    return [each[name] for each in await depots.rows(user, ALL.format(name))]


async def names(depots: Depots, rest: str, user: str = "admin") -> list[str]:
    return [each["Name"] for each in await depots.rows(user, f"SELECT Name FROM Depot {rest}")]  # noqa: S608  SOQL


async def the_id(depots: Depots, object_name: str, name: str) -> str:
    [found] = await depots.rows("admin", f"SELECT Id FROM {object_name} WHERE Name = '{name}'")  # noqa: S608  SOQL
    return str(found["Id"])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Total", [30, 60, 0, 0]),
        ("TotalOrBlank", [30, 60, None, None]),
        ("Twice", [60, 120, 0, 0]),
        ("PerPiece", [3.333, 6.667, None, None]),
        ("Title", ["one in Harbour", "two in Harbour", "three in Hill", "four"]),
        ("ZoneName", ["East", "East", None, None]),
        ("IsLarge", [True, False, False, False]),
        ("NextYear", ["2027-01-31", "2027-02-28", None, None]),
        ("DayAfter", [None, None, "2026-05-02T10:00:00.000+0000", None]),
        ("Share", [0.015, 0.015, 0, 0]),
        ("UrgentParcels", [1, 0, 0, 0]),
        ("Welcome", ["Welcome"] * 4),
        ("Opens", ["09:30:00.000Z", None, None, None]),
        ("MayClose", [True] * 4),
        ("Label", ["D-one", "D-two", "D-three", "D-four"]),
        ("Value", [300, 600, 0, 0]),
        ("Load", [0.5, 0, 0, 0]),
    ],
)
async def test_a_query_answers_what_the_formula_says(depots: Depots, name: str, values: list[Any]) -> None:
    assert await column(depots, name) == values


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("WHERE Total > 20 ORDER BY Total DESC", ["two", "one"]),
        ("WHERE Total IN (30, 5) ORDER BY Name", ["one"]),
        ("WHERE TotalOrBlank = null ORDER BY Title", ["four", "three"]),
        ("WHERE PerPiece != null ORDER BY PerPiece DESC", ["two", "one"]),
        ("WHERE Title LIKE '%HARBOUR' ORDER BY Title DESC", ["two", "one"]),
        ("WHERE Title = 'ONE in harbour'", ["one"]),
        ("WHERE IsLarge = true", ["one"]),
        ("WHERE IsLarge = false ORDER BY Name LIMIT 1", ["four"]),
        ("WHERE NextYear = 2027-02-28", ["two"]),
        ("WHERE DayAfter > 2026-05-02T00:00:00Z", ["three"]),
        ("WHERE UrgentParcels = 1", ["one"]),
        ("WHERE ZoneName != 'East' ORDER BY Name", ["four", "three"]),
        ("WHERE NOT (Share > 0.01) ORDER BY Name", ["four", "three"]),
        ("WHERE Label = 'd-ONE'", ["one"]),
        ("WHERE Value >= 300 ORDER BY Value", ["one", "two"]),
        ("ORDER BY TotalOrBlank NULLS LAST, Title DESC", ["one", "two", "three", "four"]),
        ("WHERE Id IN (SELECT DepotId FROM Parcel WHERE Volume > 9)", ["one"]),
    ],
)
async def test_conditions_and_order_take_formula_fields(depots: Depots, rest: str, found: list[str]) -> None:
    assert await names(depots, rest) == found


async def test_groups_and_aggregates_take_formula_fields(depots: Depots) -> None:
    text = (
        "SELECT ZoneName zone, COUNT(Id) depots, SUM(Total) total, MAX(NextYear) latest, AVG(Share) share FROM Depot"
        " GROUP BY ZoneName HAVING SUM(Total) >= 0 ORDER BY SUM(Total) DESC"
    )

    found = await depots.rows("admin", text)

    assert found == [
        {"zone": "East", "depots": 2, "total": 90, "latest": "2027-02-28", "share": 0.015},
        {"zone": None, "depots": 2, "total": 0, "latest": None, "share": 0},
    ]
    by_flag = await depots.rows("admin", "SELECT IsLarge, COUNT(Id) n FROM Depot GROUP BY IsLarge ORDER BY IsLarge")
    assert by_flag == [{"IsLarge": False, "n": 3}, {"IsLarge": True, "n": 1}]
    assert await depots.rows("admin", "SELECT COUNT_DISTINCT(Title) n, MIN(Title) t FROM Depot") == [
        {"n": 4, "t": "four"}
    ]


async def test_children_and_parents_show_formula_fields(depots: Depots) -> None:
    text = "SELECT Name, (SELECT Name, Total, Title FROM Depots WHERE Total > 20 ORDER BY Total DESC) FROM Area"
    harbour, hill, *_ = await depots.rows("admin", text + " ORDER BY Name")

    assert [each["Total"] for each in harbour["Depots"]["records"]] == [60, 30]
    assert harbour["Depots"]["records"][1]["Title"] == "one in Harbour"
    assert hill["Depots"] is None
    parcels = await depots.rows(
        "admin",
        "SELECT Depot.Title, Depot.Total, Depot.ZoneName, Origin.Welcome FROM Parcel ORDER BY Depot.Total, Name",
    )
    assert parcels == [
        {"Depot": {"Title": "one in Harbour", "Total": 30, "ZoneName": "East"}, "Origin": {"Welcome": "Welcome"}},
        {"Depot": {"Title": "one in Harbour", "Total": 30, "ZoneName": "East"}, "Origin": None},
    ]
    assert [
        each["Name"] for each in await depots.rows("admin", "SELECT Name FROM Parcel WHERE Origin.Welcome = null")
    ] == ["p2"]


async def test_a_record_has_all_of_them(depots: Depots) -> None:
    record_id = await the_id(depots, "Depot", "one")

    found = await depots.get("Depot", record_id)

    assert (found["Total"], found["Title"], found["IsLarge"], found["Weight"]) == (30, "one in Harbour", True, 5)
    shown = orjson.loads(await record_for_ui(depots.database, await depots.as_user("admin"), "Depot", record_id))
    assert shown["values"]["NextYear"] == "2027-01-31"
    assert shown["values"]["UrgentParcels"] == 1


async def test_a_list_pages_by_a_formula(depots: Depots) -> None:
    context = await depots.as_user("admin")
    request = ListRequest(columns=("Name", "TotalOrBlank", "Title"), order_by=(("TotalOrBlank", False),), limit=1)
    found, after = [], None
    while True:
        page = orjson.loads(
            await list_records(depots.database, context, "Depot", ListRequest(**_plain(request) | {"after": after}))
        )
        found += [each["values"]["Name"] for each in page["records"]]
        after = page["next"]
        if after is None:
            break

    assert found[2:] == ["one", "two"]
    assert sorted(found[:2]) == ["four", "three"]


def _plain(request: ListRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ("columns", "order_by", "limit")}


@pytest.mark.parametrize("term", ["Title", "PerPiece", "DayAfter", "IsLarge", "Opens", "NextYear", "Label", "Value"])
@pytest.mark.parametrize("descending", [False, True])
async def test_every_type_of_formula_pages(depots: Depots, term: str, descending: bool) -> None:  # noqa: FBT001
    direction = "DESC" if descending else "ASC"
    whole = await names(depots, f"ORDER BY {term} {direction}, Name")
    context, found, after = await depots.as_user("admin"), [], None
    for _ in whole:
        request = ListRequest(("Name",), order_by=((term, descending), ("Name", False)), limit=1, after=after)
        page = orjson.loads(await list_records(depots.database, context, "Depot", request))
        found += [each["values"]["Name"] for each in page["records"]]
        after = page["next"]

    assert found == whole
    assert after is None


async def test_export_search_and_related_lists_show_them(depots: Depots) -> None:
    context = await depots.as_user("admin")
    request = ListRequest(("Name", "Total", "IsLarge"), order_by=(("Total", True), ("Name", False)))
    text = b"".join([each async for each in export_list(depots.database, context, "Depot", request)]).decode(
        "utf-8-sig"
    )
    assert list(csv.reader(io.StringIO(text)))[:2] == [["Name", "Total", "Large"], ["two", "60.00", "false"]]

    hits = orjson.loads(await search(depots.database, context, "one", objects=["Depot"]))
    assert hits["groups"][0]["records"][0]["details"] == [{"label": "Title", "value": "one in Harbour"}]

    area = await the_id(depots, "Area", "Harbour")
    listed = orjson.loads(await related_list(depots.database, context, "Area", area, "Depots", columns=["Total"]))
    assert sorted(each["values"]["Total"] for each in listed["records"]) == [30, 60]


async def test_today_is_the_user_s_day_on_the_movable_clock(depots: Depots) -> None:
    with clock.moved_to(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        assert (await column(depots, "DaysOpen"))[:2] == [29, 1]
        assert (await column(depots, "DaysOpen", "far"))[:2] == [30, 2]
        assert await names(depots, "WHERE DaysOpen = 1") == ["two"]
    with clock.moved_to(datetime(2026, 3, 3, 12, tzinfo=UTC)):
        assert (await column(depots, "DaysOpen"))[:2] == [31, 3]


async def test_the_statement_stays_while_time_and_user_change(depots: Depots) -> None:
    text = "SELECT DaysOpen, IsMine FROM Depot WHERE DaysOpen > 3"
    found = []
    for user in ("admin", "far"):
        context = await depots.as_user(user)
        found.append(compiled(context, planned(context, text, include_deleted=False), Wanted("query")))

    assert found[0] is found[1]
    assert await column(depots, "IsMine") == [True] * 4
    assert await column(depots, "IsMine", "far") == [False] * 4


async def test_who_may_not_read_a_formula_does_not_know_it_and_may_read_what_rests_on_it(depots: Depots) -> None:
    with pytest.raises(Invalid, match="No such column 'Total'"):
        await column(depots, "Total", "clerk")
    for rest in ("WHERE Total > 1", "ORDER BY Total"):
        with pytest.raises(Invalid, match="No such column 'Total'"):
            await names(depots, rest, "clerk")

    assert await column(depots, "Twice", "clerk") == [60, 120, 0, 0]


async def test_a_formula_asks_for_the_permissions_of_who_reads(depots: Depots) -> None:
    assert await column(depots, "MayClose", "clerk") == [False] * 4
    assert await names(depots, "WHERE MayClose = true", "clerk") == []


async def test_a_link_is_answered_as_it_is(depots: Depots) -> None:
    [link, *_] = await column(depots, "Link")

    assert '"/d/one"' in link


async def test_a_formula_that_shows_personal_values_is_logged(depots: Depots) -> None:
    depots.forget_log()

    assert (await column(depots, "AreaPhone", "clerk"))[:3] == ["139", "139", None]
    assert [(each["object"], each["fields"], each["count"]) for each in depots.access_log()] == [
        ("Depot", ["AreaPhone"], 4)
    ]


async def test_nobody_writes_a_calculated_field(depots: Depots) -> None:
    record_id = await the_id(depots, "Depot", "four")
    for name in ("Total", "Label", "Weight"):
        with pytest.raises(Invalid) as refused:
            await update_record(depots.database, await depots.as_user("admin"), "Depot", record_id, {name: 5})
        assert refused.value.problems[0].code == "invalid_field_for_insert_update"


async def test_descriptions_tell_that_a_field_is_calculated(depots: Depots) -> None:
    context = await depots.as_user("admin")
    obj = depots.snapshot.objects["Depot"]
    fields: Any = describe_object(context, obj, "66.0")["fields"]
    by_name = {each["name"]: each for each in fields}

    assert by_name["Total"]["type"] == "currency"
    assert by_name["Total"]["calculated"]
    assert by_name["Total"]["calculatedFormula"] == "Price * Quantity"
    assert by_name["Total"]["formulaTreatNullNumberAsZero"]
    assert not by_name["TotalOrBlank"]["formulaTreatNullNumberAsZero"]
    assert by_name["Weight"]["calculated"]
    assert not by_name["Weight"]["createable"]
    assert not by_name["Price"]["calculated"]
    shown = object_document(context, obj, context.policy.on("Depot"))["fields"]
    assert shown["Total"]["calculated"]
    assert not shown["Total"]["updateable"]
    assert not shown["Price"]["calculated"]


async def test_a_stored_formula_follows_its_record(depots: Depots) -> None:
    [made] = await depots.make("Depot", {"Name": "five", "Price": 1.5, "Quantity": 2})
    assert await depots.get("Depot", made, "Label", "Value") == {"Id": made, "Label": "D-five", "Value": 30}

    await depots.set("Depot", made, Name="six", Quantity=4)

    stored = depots.sql("SELECT label, value FROM data.depot WHERE id = %s", made)
    assert stored == [("D-six", 60)]
    await depots.delete("Depot", made)


async def test_a_stored_formula_that_does_not_fit_is_blank(depots: Depots) -> None:
    [made] = await depots.make("Depot", {"Name": "huge", "Price": 9_999_999_999_999, "Quantity": 999_999_999})

    assert await depots.get("Depot", made, "Value") is None
    await depots.delete("Depot", made)


async def explained(depots: Depots, text: str) -> str:
    context = await depots.as_user("admin")
    plan = planned(context, text, include_deleted=False)
    wanted = Wanted("query")
    read = compiled(context, plan, wanted)
    bound = read.statement.bind(
        **parameters(context, plan, wanted, read.entry_count), fetch=wanted.batch + 1, batch=wanted.batch, offset=0
    )
    [rows] = await depots.database.read(
        context.binding, Statement("EXPLAIN (COSTS OFF) " + bound.text, bound.parameters)
    )
    return "\n".join(row[0] for row in rows)


async def test_a_stored_indexed_formula_is_found_by_its_index(depots: Depots) -> None:
    with psycopg.connect(depots.owner_dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO data.depot (tenant_id, id, name, label, value, owner_id, is_deleted, parcel_count)"
            " SELECT %s, 'dD1' || lpad(n::text, 12, '0') || 'CAA', 'n' || n, 'D-n' || n, n, 'x', true, n"
            " FROM generate_series(1, 20000) AS n",
            [depots.tenant.id],
        )
        connection.execute("VACUUM ANALYZE data.depot")
    try:
        for condition, index in (
            ("Label = 'D-n77'", "depot__label__lower__idx"),
            ("Value > 19990", "depot__value__float__idx"),
            ("ParcelCount = 77", "depot__parcel_count__float__idx"),
        ):
            assert index in await explained(depots, f"SELECT Id FROM Depot WHERE {condition}")  # noqa: S608  SOQL
        assert "depot__value__float__idx" in await explained(depots, "SELECT Id FROM Depot ORDER BY Value DESC LIMIT 9")
    finally:
        depots.sql("DELETE FROM data.depot WHERE name LIKE 'n%%' AND is_deleted AND tenant_id = %s", depots.tenant.id)
