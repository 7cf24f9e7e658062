"""The rest of the language on real records: functions, totals, kinds of parents, scopes, subqueries in subqueries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.plan.fiscal import NAMED_BY_START, START_MONTH
from chassis_platform.records.query_columns import query_columns
from chassis_platform.records.query_explain import explain
from chassis_platform.records.read import query, query_more
from chassis_platform.records.search_parameters import parameters_of, read_parameters
from chassis_platform.records.sosl import find, find_by_parameters
from world import World


@pytest.fixture(scope="module")
def garage(world: World) -> World:
    """Four workshops in a row of days, three of them under the first, with stays that are about this and that."""
    world.user("eastern", "GarageAdmin", time_zone="Asia/Shanghai")
    foreman, desk = world.users["foreman"], world.id_of("group", "GarageDesk", "developer_name")
    ulm = world.record(
        "Workshop", Name="Ulm", Code="A1", OwnerId=foreman, Region="North", Budget=1234.5, Rating=4.5,
        OpenedOn=date(2024, 2, 29), LastAudit=datetime(2025, 12, 31, 20, 30, tzinfo=UTC), Services=["Repair", "Paint"],
        PlaceLatitude=48.4, PlaceLongitude=9.99,
    )  # fmt: skip
    world.record(
        "Workshop", Name="Augsburg", Code="B2", OwnerId=foreman, Region="North", Budget=100, ParentWorkshopId=ulm,
        OpenedOn=date(2024, 11, 5), LastAudit=datetime(2026, 1, 1, 3, tzinfo=UTC),
        PlaceLatitude=48.37, PlaceLongitude=10.9,
    )  # fmt: skip
    world.record(
        "Workshop", Name="Hamburg", Code="C3", OwnerId=desk, Region="South", Budget=50, ParentWorkshopId=ulm,
        OpenedOn=date(2025, 3, 1), PlaceLatitude=53.55, PlaceLongitude=10.0, Rating=2,
    )  # fmt: skip
    world.record("Workshop", Name="Nowhere", Code="D4", OwnerId=desk, ParentWorkshopId=ulm)
    customer = world.record("Customer", Name="Li Wei", LastName="Li", FirstName="Wei", OwnerId=foreman)
    for number in range(5):
        about = customer if number else ulm
        world.record("Stay", Name=f"V-{number}", WorkshopId=ulm, Status="Done", Amount=number * 10, CustomerId=customer,
                     AboutId=about)  # fmt: skip
    world.ids = {"ulm": ulm, "customer": customer}  # type: ignore[attr-defined]  # for the tests below
    return world


async def codes(world: World, rest: str, user: str = "admin") -> str:
    """The first letters of the workshops' codes that a query finds."""
    found = await world.rows(user, f"SELECT Code FROM Workshop {rest}")  # noqa: S608  SOQL
    return "".join(each["Code"][0] for each in found)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("WHERE CALENDAR_YEAR(OpenedOn) = 2024 ORDER BY Code", "AB"),
        ("WHERE CALENDAR_YEAR(LastAudit) = 2025 ORDER BY Code", "A"),
        ("WHERE DAY_IN_MONTH(OpenedOn) IN (29, 5) ORDER BY Code", "AB"),
        ("WHERE DAY_IN_WEEK(OpenedOn) = 5", "A"),
        ("WHERE WEEK_IN_MONTH(OpenedOn) = 5", "A"),
        ("WHERE WEEK_IN_YEAR(OpenedOn) = 9 ORDER BY Code", "AC"),
        ("WHERE CALENDAR_QUARTER(OpenedOn) = 4", "B"),
        ("WHERE FISCAL_QUARTER(OpenedOn) != 4 ORDER BY Code", "ACD"),
        ("WHERE HOUR_IN_DAY(LastAudit) = 20", "A"),
        ("WHERE DAY_ONLY(LastAudit) = 2025-12-31", "A"),
        ("WHERE DAY_ONLY(LastAudit) < TODAY OR Code = 'D4' ORDER BY Code DESC", "DBA"),
        ("WHERE DISTANCE(Place, GEOLOCATION(48.4, 9.99), 'km') < 100 ORDER BY Code", "AB"),
        ("WHERE DISTANCE(Place, GEOLOCATION(48.4, 9.99), 'mi') > 100 ORDER BY Code", "C"),
        ("WHERE Place != null ORDER BY Code", None),
        ("WHERE PlaceLatitude != null ORDER BY DISTANCE(Place, GEOLOCATION(53.5, 10), 'km')", "CAB"),
        ("ORDER BY DISTANCE(Place, GEOLOCATION(53.5, 10), 'km') DESC NULLS LAST", "BACD"),
        ("WHERE OpenedOn != null ORDER BY CALENDAR_MONTH(OpenedOn) DESC", "BCA"),
        ("WHERE FORMULA('Budget + Rating') > 1000", "A"),
        ("WHERE Budget - Rating < 50", "C"),
        ("WHERE toLabel(Region) = 'NORTH' AND Code > 'A2'", "B"),
        ("WHERE toLabel(Region) LIKE 'n%' ORDER BY Code", "AB"),
        ("w WHERE w.Code = 'A1'", "A"),
        ("w, w.ParentWorkshop p WHERE p.Code = 'A1' AND p.Owner.Name = 'foreman' ORDER BY w.Code", "BCD"),
        ("USING SCOPE everything WHERE Code = 'A1'", "A"),
        ("WHERE Budget > EUR200", None),
        ("WHERE Code = 'A1' FOR VIEW", "A"),
        ("WHERE Code = 'A1' FOR REFERENCE FOR UPDATE", "A"),
        ("WHERE Code = 'A1' WITH USER_MODE", "A"),
    ],
)
async def test_a_clause_finds_what_it_should(garage: World, rest: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(Invalid):
            await codes(garage, rest)
    else:
        assert await codes(garage, rest) == expected


async def test_a_day_is_the_user_s_where_the_query_says_so(garage: World) -> None:
    rest = "WHERE CALENDAR_YEAR(convertTimezone(LastAudit)) = 2026 ORDER BY Code"

    assert [await codes(garage, rest), await codes(garage, rest, "eastern")] == ["B", "AB"]


async def test_amounts_are_compared_in_the_tenant_s_own_currency(garage: World) -> None:
    assert await codes(garage, f"WHERE Budget > {garage.tenant.currency}200") == "A"


async def test_functions_are_answered_under_their_alias_or_where_their_field_would_stand(garage: World) -> None:
    [found] = await garage.rows(
        "admin",
        "SELECT toLabel(Region), FORMAT(Budget) money, FORMAT(OpenedOn), convertCurrency(Budget),"
        " CALENDAR_YEAR(OpenedOn), DISTANCE(Place, GEOLOCATION(48.4, 9.99), 'km') far, toLabel(Services) does,"
        " FORMAT(LastAudit) audited FROM Workshop WHERE Code = 'A1'",
    )

    assert found == {
        "Region": "North", "money": "1,234.50", "OpenedOn": "02/29/2024", "Budget": 1234.5, "expr0": 2024, "far": 0,
        "does": "Repair; Paint", "audited": "12/31/2025 8:30 PM",
    }  # fmt: skip


async def test_a_parent_s_label_stands_in_the_parent(garage: World) -> None:
    [found] = await garage.rows("admin", "SELECT toLabel(ParentWorkshop.Region) FROM Workshop WHERE Code = 'B2'")

    assert found["ParentWorkshop"]["Region"] == "North"


# Groups


async def groups(world: World, text: str) -> list[dict[str, Any]]:
    found = await world.query("admin", text)
    return [{key: value for key, value in each.items() if key != "attributes"} for each in found["records"]]


async def test_groups_are_made_of_parts_of_days(garage: World) -> None:
    assert await groups(
        garage,
        "SELECT CALENDAR_YEAR(OpenedOn) y, COUNT(Id) n, SUM(convertCurrency(Budget)) s FROM Workshop"
        " WHERE OpenedOn != null GROUP BY CALENDAR_YEAR(OpenedOn) HAVING COUNT(Id) > 0"
        " ORDER BY CALENDAR_YEAR(OpenedOn) DESC",
    ) == [{"y": 2025, "n": 1, "s": 50.0}, {"y": 2024, "n": 2, "s": 1334.5}]


async def test_fiscal_years_are_those_of_the_tenant_s_settings(garage: World) -> None:
    context = await garage.as_user("admin")
    said = {START_MONTH: Decimal(4), NAMED_BY_START: False}
    settings = {name: replace(context.snapshot.settings[name], value=value) for name, value in said.items()}
    snapshot = replace(context.snapshot, settings={**context.snapshot.settings, **settings}, identity="another year")
    grants = replace(context.policy.grants, identity="another year")
    other = replace(context, snapshot=snapshot, policy=replace(context.policy, grants=grants))
    year = "SELECT FISCAL_YEAR(OpenedOn) y, FISCAL_QUARTER(OpenedOn) q, FISCAL_MONTH(OpenedOn) m FROM Workshop"
    text = f"{year} WHERE OpenedOn != null AND Code < 'D' ORDER BY Code"

    found = orjson.loads(await query(garage.database, other, text))["records"]
    usual = await garage.rows("admin", text)

    assert [(each["y"], each["q"], each["m"]) for each in found] == [(2024, 4, 11), (2025, 3, 8), (2025, 4, 12)]
    assert usual[0] == {"y": 2024, "q": 1, "m": 2}


async def test_hours_are_grouped_on_the_user_s_clock(garage: World) -> None:
    text = (
        "SELECT HOUR_IN_DAY(convertTimezone(LastAudit)) h, COUNT(Id) FROM Workshop WHERE LastAudit != null"
        " GROUP BY HOUR_IN_DAY(convertTimezone(LastAudit))"
    )
    found = await garage.query("eastern", text)

    assert [each["h"] for each in found["records"]] == [4, 11]


async def test_totals_are_rolled_up(garage: World) -> None:
    found = await groups(
        garage,
        "SELECT Region r, GROUPING(Region) all, COUNT(Id) n, SUM(Budget) s FROM Workshop WHERE Region != null"
        " GROUP BY ROLLUP(Region) ORDER BY GROUPING(Region), Region",
    )

    assert [tuple(each.values()) for each in found] == [
        ("North", 0, 2, 1334.5),
        ("South", 0, 1, 50.0),
        (None, 1, 3, 1384.5),
    ]


async def test_totals_are_made_of_every_set_of_groups(garage: World) -> None:
    found = await groups(
        garage,
        "SELECT Region, CALENDAR_YEAR(OpenedOn) y, COUNT(Id) n FROM Workshop WHERE Region != null"
        " GROUP BY CUBE(Region, CALENDAR_YEAR(OpenedOn))",
    )

    assert len(found) == 2 + 2 + 2 + 1
    assert {"Region": None, "y": None, "n": 3} in found


async def test_groups_and_aggregates_have_other_forms(garage: World) -> None:
    assert await groups(
        garage,
        "SELECT toLabel(Region) r, FORMAT(MIN(OpenedOn)) opened, FORMAT(SUM(Budget)) FROM Workshop"
        " WHERE Region = 'North' GROUP BY Region",
    ) == [{"r": "North", "opened": "02/29/2024", "expr0": "1,334.50"}]


# Kinds


async def test_a_reference_to_several_objects_shows_each_kind_s_own_fields(garage: World) -> None:
    found = await garage.query(
        "admin",
        "SELECT Name, TYPEOF About WHEN Workshop THEN Code, Owner.Name WHEN Customer THEN LastName ELSE Name END"
        " FROM Stay ORDER BY Name LIMIT 2",
    )
    first, second = (each["About"] for each in found["records"])

    assert (first["attributes"]["type"], first["Code"], first["Owner"]["Name"]) == ("Workshop", "A1", "foreman")
    assert (second["attributes"]["type"], second["LastName"]) == ("Customer", "Li")
    assert "Code" not in second


async def test_else_shows_what_a_kind_has(garage: World) -> None:
    found = await garage.rows(
        "admin", "SELECT TYPEOF About WHEN Customer THEN LastName ELSE Name, Code END FROM Stay ORDER BY Name LIMIT 1"
    )

    assert {key: found[0]["About"][key] for key in ("Name", "Code")} == {"Name": "Ulm", "Code": "A1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT TYPEOF About WHEN Account THEN Name END FROM Stay", "sObject type 'Account' is not supported"),
        ("SELECT TYPEOF About WHEN Workshop THEN Nonsense END FROM Stay", "No such column 'Nonsense'"),
        ("SELECT TYPEOF About WHEN Workshop THEN Name ELSE Nonsense END FROM Stay", "No such column 'Nonsense'"),
        (
            "SELECT About.Name, TYPEOF About WHEN Workshop THEN Code END FROM Stay",
            "duplicate field selected: About.Name",
        ),
        ("SELECT TYPEOF Workshop WHEN Workshop THEN Name END FROM Stay", "takes a reference to several objects"),
        ("SELECT Id FROM Workshop USING SCOPE team", "USING SCOPE team (there are"),
        ("SELECT Id FROM Workshop WITH SYSTEM_MODE", "WITH SYSTEM_MODE"),
        ("SELECT Id FROM Workshop UPDATE TRACKING", "UPDATE TRACKING"),
        ("SELECT Id FROM Workshop WHERE HOUR_IN_DAY(OpenedOn) = 1", "it takes a dateTime field"),
        ("SELECT Id FROM Workshop WHERE CALENDAR_YEAR(Name) = 1", "it takes a date or dateTime field"),
        ("SELECT toLabel(Budget) FROM Workshop", "it takes a picklist"),
        ("SELECT FORMAT(Name) FROM Workshop", "it takes a number, a date or a time"),
        ("SELECT convertCurrency(Rating) FROM Workshop", "it takes a currency field"),
        ("SELECT DISTANCE(Name, GEOLOCATION(1, 2), 'km') FROM Workshop", "it takes a geolocation field"),
        ("SELECT convertTimezone(LastAudit) FROM Workshop", "stands inside a date function"),
        ("SELECT Region, GROUPING(Region) FROM Workshop GROUP BY Region", "GROUPING() takes one of the fields"),
        ("SELECT CALENDAR_YEAR(OpenedOn), COUNT(Id) FROM Workshop GROUP BY Region", "must be grouped or aggregated"),
        ("SELECT Id FROM Workshop WHERE Rating + Name > 1", "it takes a number"),
        ("SELECT COUNT(Id) FROM Stay GROUP BY CUBE(Name, Status, Amount, CustomerId)", "CUBE takes at most 3 fields"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_the_reason(garage: World, text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        await garage.query("admin", text)

    assert message in caught.value.problems[0].message


# Scopes and the bin


async def test_a_scope_leaves_the_user_s_own_records(garage: World) -> None:
    mine = "SELECT Code FROM Workshop USING SCOPE mine ORDER BY Code"
    ours = "SELECT Code FROM Workshop USING SCOPE mineAndMyGroups ORDER BY Code"

    assert [each["Code"] for each in await garage.rows("foreman", mine)] == ["A1", "B2"]
    assert [each["Code"] for each in await garage.rows("clerk", mine)] == []
    assert [each["Code"] for each in await garage.rows("clerk", ours)] == ["C3", "D4"]


async def test_all_rows_are_those_in_the_bin_too(garage: World) -> None:
    garage.record("Customer", Name="Gone", LastName="Gone", deleted=True)

    text = "SELECT Id FROM Customer WHERE Name = 'Gone'"
    assert len(await garage.rows("admin", text)) == 0
    assert len(await garage.rows("admin", text, include_deleted=True)) == 1
    with pytest.raises(Invalid, match="ALL ROWS not allowed"):
        await garage.rows("admin", f"{text} ALL ROWS")


# Subqueries in subqueries, and pages of children


NESTED = (
    "SELECT Code, (SELECT Code, (SELECT Name FROM Stays ORDER BY Name) FROM Branches ORDER BY Code),"
    " (SELECT Name, Amount FROM Stays WHERE Amount >= 10 ORDER BY Amount DESC) FROM Workshop WHERE Code = 'A1'"
)


async def test_children_have_children(garage: World) -> None:
    augsburg = garage.sql("SELECT id FROM data.workshop WHERE code = 'B2' AND tenant_id = %s", garage.tenant.id)[0][0]
    garage.record("Stay", Name="V-b", WorkshopId=augsburg, Status="Done", CustomerId=garage.ids["customer"])  # type: ignore[attr-defined]

    [first] = (await garage.query("admin", NESTED))["records"]

    assert [each["Code"] for each in first["Branches"]["records"]] == ["B2", "C3", "D4"]
    assert [each["Name"] for each in first["Branches"]["records"][0]["Stays"]["records"]] == ["V-b"]
    assert first["Branches"]["records"][1]["Stays"] is None
    assert [each["Amount"] for each in first["Stays"]["records"]] == [40, 30, 20, 10]


async def test_more_children_are_behind_an_address_of_their_own(garage: World) -> None:
    context = await garage.as_user("admin")
    answer = await garage.query("admin", NESTED, batch_size=2)
    branches, stays = (answer["records"][0][name] for name in ("Branches", "Stays"))
    assert (stays["totalSize"], stays["done"], len(stays["records"])) == (4, False, 2)
    assert (branches["totalSize"], branches["done"], len(branches["records"])) == (3, False, 2)
    assert branches["records"][0]["Stays"]["done"] is True

    more = orjson.loads(await query_more(garage.database, context, stays["nextRecordsUrl"].rpartition("/")[2]))
    assert [each["Amount"] for each in more["records"]] == [20, 10]
    assert (more["totalSize"], more["done"]) == (4, True)

    last = orjson.loads(await query_more(garage.database, context, branches["nextRecordsUrl"].rpartition("/")[2]))
    assert [each["Code"] for each in last["records"]] == ["D4"]


async def test_children_behind_an_offset_are_the_first_ones(garage: World) -> None:
    stays = "SELECT Name FROM Stays WHERE Amount != null ORDER BY Name LIMIT 3 OFFSET 1"
    text = f"SELECT Id, ({stays}) FROM Workshop WHERE Code = 'A1'"  # noqa: S608  SOQL
    answer = await garage.query("admin", text, batch_size=2)
    first = answer["records"][0]["Stays"]
    more = await query_more(garage.database, await garage.as_user("admin"), first["nextRecordsUrl"].rpartition("/")[2])

    assert [each["Name"] for each in first["records"] + orjson.loads(more)["records"]] == ["V-1", "V-2", "V-3"]


async def test_a_page_of_children_goes_on_behind_the_last_one_whatever_came_meanwhile(garage: World) -> None:
    context = await garage.as_user("admin")
    answer = await garage.query(
        "admin", "SELECT Code, (SELECT Name FROM Stays ORDER BY Name) FROM Workshop WHERE Code = 'A1'", batch_size=2
    )
    stays = answer["records"][0]["Stays"]
    garage.record("Stay", Name="V-", WorkshopId=garage.ids["ulm"], Status="Done", CustomerId=garage.ids["customer"])  # type: ignore[attr-defined]

    seen = [each["Name"] for each in stays["records"]]
    while not stays["done"]:
        stays = orjson.loads(await query_more(garage.database, context, stays["nextRecordsUrl"].rpartition("/")[2]))
        seen += [each["Name"] for each in stays["records"]]
    assert seen == ["V-0", "V-1", "V-2", "V-3", "V-4"]


async def test_a_locator_is_its_user_s_alone_and_grows_old(garage: World) -> None:
    answer = await garage.query("admin", "SELECT Id FROM Stay", batch_size=2)
    locator = answer["nextRecordsUrl"].rpartition("/")[2]
    with pytest.raises(Invalid):
        await query_more(garage.database, await garage.as_user("foreman"), locator)
    garage.sql("UPDATE chassis.query_locator SET created_at = now() - interval '13 hours' WHERE id = %s", locator[:18])
    with pytest.raises(Invalid):
        await query_more(garage.database, await garage.as_user("admin"), locator)


@pytest.mark.parametrize("key", ["WyJ4Il0", "WyJ4IiwgIngiLCAieCIsICJ4Il0", "WyJ!", "WyJ4IiwgIjk5OTk5OTk5OTk5OSJd"])
async def test_a_forged_key_is_no_locator(garage: World, key: str) -> None:
    answer = await garage.query("admin", NESTED, batch_size=2)
    locator = answer["records"][0]["Stays"]["nextRecordsUrl"].rpartition("/")[2][:18]

    with pytest.raises(Invalid) as caught:
        await query_more(garage.database, await garage.as_user("admin"), f"{locator}-{key}")
    assert caught.value.problems[0].code == "invalid_query_locator"


# About queries


async def test_the_columns_of_a_query_are_told_without_its_answer(garage: World) -> None:
    context = await garage.as_user("admin")
    text = "SELECT Id, Owner.Name, Owner.Id, (SELECT Name FROM Stays) FROM Workshop"

    found = orjson.loads(query_columns(context, text))

    assert [each["columnName"] for each in found["columnMetadata"]] == ["Id", "Owner", "Stays"]
    owner, stays = found["columnMetadata"][1:]
    assert ([each["columnName"] for each in owner["joinColumns"]], owner["aggregate"]) == (["Name", "Id"], False)
    assert ([each["columnName"] for each in stays["joinColumns"]], stays["aggregate"]) == (["Name"], True)
    assert (found["entityName"], found["idSelected"], found["keyPrefix"]) == ("Workshop", True, "gW1")


async def test_explain_says_what_leads_to_the_records(garage: World) -> None:
    context = await garage.as_user("admin")

    found = orjson.loads(await explain(garage.database, context, "SELECT Id FROM Workshop WHERE Code = 'A1'"))["plans"][
        0
    ]

    assert (found["cardinality"], found["sobjectCardinality"], found["sobjectType"]) == (1, 4, "Workshop")
    assert found["leadingOperationType"] in ("Index", "TableScan")
    counted = await explain(garage.database, context, "SELECT COUNT(Id) FROM Workshop GROUP BY Region")
    assert orjson.loads(counted)["plans"][0]["cardinality"] == 4


# Searches


@pytest.fixture(scope="module")
def people(garage: World) -> World:
    owner = garage.users["foreman"]
    for last, first, phone in (
        ("张伟", None, "+86 138-0001-2345"), ("欧阳", "娜娜", "13900002222"), ("Mueller", "Joe", "(415) 555-0100"),
    ):  # fmt: skip
        name = f"{first} {last}" if first and first.isascii() else f"{last}{first or ''}"
        garage.record("Customer", Name=name, LastName=last, FirstName=first, OwnerId=owner)
        garage.record("Workshop", Name=f"{name} 汽车", Code=f"P{phone[-4:]}", Phone=phone, OwnerId=owner)
    return garage


async def names_found(world: World, text: str, user: str = "admin") -> list[str]:
    context = await world.as_user(user)
    found = orjson.loads(await find(world.database, context, text))
    return [each["Name"] for each in found["searchRecords"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{张伟}", ["张伟 汽车"]),
        ("{阳娜}", ["欧阳娜娜 汽车"]),
        ("{汽车 AND NOT 张伟}", ["Joe Mueller 汽车", "欧阳娜娜 汽车"]),
        ("{joe mueller}", ["Joe Mueller 汽车"]),
        ("{Mueler}", ["Joe Mueller 汽车"]),
        ("{13800012345}", ["张伟 汽车"]),
        ("{+86 13800012345}", ["张伟 汽车"]),
        ('{"0086 138 0001 2345"} IN PHONE FIELDS', ["张伟 汽车"]),
        ("{+86 139 0000 2222} IN PHONE FIELDS", ["欧阳娜娜 汽车"]),
        ("{139-0000-2222} IN PHONE FIELDS", ["欧阳娜娜 汽车"]),
        ("{4155550100}", ["Joe Mueller 汽车"]),
        ("{P2345} IN NAME FIELDS", []),
        ("{Jo? Muel*}", ["Joe Mueller 汽车"]),
        ("{Ulm OR Hamburg} IN NAME FIELDS", ["Hamburg", "Ulm"]),
        ('{"joe mueller" AND (汽车 OR x9)}', ["Joe Mueller 汽车"]),
    ],
)
async def test_a_search_finds_words_numbers_and_ideographs(people: World, text: str, expected: list[str]) -> None:
    find_text = text if " FIELDS" in text else f"{text} IN ALL FIELDS"

    found = await names_found(people, f"FIND {find_text} RETURNING Workshop(Name ORDER BY Name)")

    assert sorted(found) == sorted(expected)


async def test_a_search_returns_what_each_object_is_asked_for(people: World) -> None:
    context = await people.as_user("admin")
    text = "FIND {欧阳} RETURNING Customer(LastName, toLabel(Owner.Name)), Workshop(Code WHERE Code LIKE 'P%' LIMIT 1)"

    customer, workshop = orjson.loads(await find(people.database, context, text))["searchRecords"]

    assert (customer["attributes"]["type"], customer["LastName"]) == ("Customer", "欧阳")
    assert (workshop["attributes"]["type"], workshop["Code"]) == ("Workshop", "P2222")


async def test_a_misspelled_word_is_found_only_where_that_is_wanted(people: World) -> None:
    text = "FIND {Mueler} RETURNING Workshop(Name) WITH SPELL_CORRECTION = false"

    assert await names_found(people, text) == []


async def test_a_search_shows_where_it_found_its_words(people: World) -> None:
    context = await people.as_user("admin")
    people.record("Workshop", Name="Tom & <Jerry>", Email="tj@cat.example", OwnerId=people.users["foreman"])
    marked = (
        "FIND {\"Tom & <\" OR jerry AND NOT x9} RETURNING Workshop(Name, Code) WITH HIGHLIGHT WITH METADATA = 'LABELS'"
    )
    quoted = "FIND {cat.example} RETURNING Workshop(Name) WITH SNIPPET (target_length=80)"
    wild = "FIND {Jerr*} RETURNING Workshop(Name) WITH HIGHLIGHT"

    answer = orjson.loads(await find(people.database, context, marked))
    [by_email] = orjson.loads(await find(people.database, context, quoted))["searchRecords"]
    [unmarked] = orjson.loads(await find(people.database, context, wild))["searchRecords"]

    [record] = answer["searchRecords"]
    assert record["highlight.Name"] == "<mark>Tom &amp; &lt;</mark><mark>Jerry</mark>&gt;"
    assert "highlight.Code" not in record
    [labels] = answer["metadata"]["entityMetadata"]
    assert (labels["entityName"], labels["fieldMetadata"][0]["name"]) == ("Workshop", "Name")
    assert {key: by_email[key] for key in by_email.keys() - {"attributes"}} == {
        "Name": "Tom & <Jerry>",
        "snippet.text": "tj@<mark>cat.example</mark>",
    }
    assert unmarked.keys() == {"attributes", "Name"}


async def test_a_search_with_parameters_is_the_same(people: World) -> None:
    context = await people.as_user("admin")
    asked = {
        "q": ["张伟"],
        "sobject": ["Workshop", "Customer"],
        "fields": ["Name"],
        "Workshop.where": ["Code LIKE 'P%'"],
    }
    posted = {
        "q": "张伟",
        "in": "NAME",
        "sobjects": [{"name": "Customer", "fields": ["LastName"]}],
        "metadata": "LABELS",
    }

    by_address = orjson.loads(await find_by_parameters(people.database, context, parameters_of(asked)))
    by_body = orjson.loads(await find_by_parameters(people.database, context, read_parameters(posted)))

    assert [each["Name"] for each in by_address["searchRecords"]] == ["张伟 汽车", "张伟"]
    assert [each["LastName"] for each in by_body["searchRecords"]] == ["张伟"]
    assert [each["entityName"] for each in by_body["metadata"]["entityMetadata"]] == ["Customer"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FIND {x", "malformed_search"),
        ("FIND {x}", "malformed_search"),
        ("FIND {xy} RETURNING Nonsense", "invalid_type"),
        ("FIND {xy} RETURNING Workshop(Nonsense)", "invalid_field"),
        ("FIND {xy} RETURNING Workshop WITH DIVISION = 'Global'", "malformed_query"),
        ("FIND {xy} RETURNING Workshop WITH METADATA = 'ALL'", "malformed_query"),
        ("FIND {xy} RETURNING Workshop(Id USING ListView=Mine)", "malformed_query"),
        ("SELECT Id FROM Workshop", "malformed_search"),
    ],
)
async def test_a_search_that_cannot_be_done_is_refused(people: World, text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        await names_found(people, text)
    assert caught.value.problems[0].code == code
