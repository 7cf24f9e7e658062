"""Queries against real records: operators, nulls, order, pages, parents, children, groups."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import orjson
import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.access.compile import Recent
from chassis_platform.records import pages
from chassis_platform.records.read import query_more
from chassis_platform.sql import page, roads
from world import World


@pytest.fixture(scope="module")
def garage(world: World) -> World:
    """Five workshops, some of them under the first, with stays."""
    owner = world.users["stranger"]
    first = world.record(
        "Workshop", Name="Alpha", Code="A1", OwnerId=world.users["foreman"], Region="North", Budget=100, Rating=4.5,
        Services=["Repair", "Paint"], OpenedOn=date(2020, 2, 29), LastAudit=datetime(2026, 1, 1, 12, tzinfo=UTC),
        OpensAt=time(8, 30), IsActive=True, Email="Alpha@Example.com", City="Ulm", Street="Main 1",
        PlaceLatitude=48.4, PlaceLongitude=9.99, Margin=0.35, Notes="long text", SerialNumber="abC",
    )  # fmt: skip
    world.record(
        "Workshop", Name="beta_100%", Code="B2", OwnerId=owner, Region="South", Budget=50, ParentWorkshopId=first,
        Services=["Paint"], OpenedOn=date(2021, 1, 1), IsActive=False, SerialNumber="ABC",
    )  # fmt: skip
    world.record("Workshop", Name="Gamma", Code="C3", OwnerId=world.id_of("group", "GarageDesk", "developer_name"),
                 Region="North", ParentWorkshopId=first, ForemanId=world.users["foreman"])  # fmt: skip
    world.record("Workshop", Name="O'Delta", Code="D4", OwnerId=owner, Budget=50, Services=["Tyres"])
    world.record("Workshop", Code="E5", OwnerId=owner, Region="West")
    world.record("Workshop", Name="Gone", Code="F6", OwnerId=owner, Region="West", deleted=True)
    customer = world.record("Customer", Name="Li Wei", LastName="Li", FirstName="Wei", OwnerId=owner)
    for number in range(3):
        world.record("Stay", Name=f"V-{number}", WorkshopId=first, Status="Done", Amount=number * 10,
                     CustomerId=customer, AboutId=customer if number else first)  # fmt: skip
    return world


async def codes(world: World, condition: str, user: str = "admin") -> str:
    """The first letters of the workshops that meet a condition, in the order of their codes."""
    found = await world.rows(user, f"SELECT Code FROM Workshop WHERE {condition} ORDER BY Code")  # noqa: S608  SOQL
    return "".join(each["Code"][0] for each in found)


CONDITIONS = [
    ("Name = 'ALPHA'", "A"),
    ("Name != 'alpha'", "BCDE"),
    ("Name = null", "E"),
    ("Name = ''", "E"),
    ("Name != null", "ABCD"),
    ("NOT Name = 'alpha'", "BCDE"),
    ("NOT (NOT Name = 'alpha')", "A"),
    ("Name = 'O\\'Delta'", "D"),
    ("Name LIKE 'al%'", "A"),
    ("Name LIKE '%A'", "ACD"),
    ("Name LIKE '%\\_100\\%'", "B"),
    ("Name LIKE 'b_ta%'", "B"),
    ("(NOT Name LIKE '%a')", "BE"),
    ("Name > 'b'", "BCD"),
    ("Name IN ('alpha', 'GAMMA')", "AC"),
    ("Name IN ('alpha', null)", "AE"),
    ("Name NOT IN ('alpha', 'gamma')", "BDE"),
    ("Name NOT IN ('alpha', null)", "BCD"),
    ("SerialNumber = 'abC'", "A"),
    ("SerialNumber IN ('abC', 'x')", "A"),
    ("Budget = 50", "BD"),
    ("Budget != 50", "ACE"),
    ("Budget >= 50.5", "A"),
    ("Budget < 100", "BD"),
    ("Budget = null", "CE"),
    ("Budget IN (50, 100)", "ABD"),
    ("Rating = 4.5", "A"),
    ("Margin > 0.3", "A"),
    ("IsActive = true", "A"),
    ("IsActive = false", "BCDE"),
    ("IsActive != true", "BCDE"),
    ("OpenedOn = 2020-02-29", "A"),
    ("OpenedOn > 2020-02-29", "B"),
    ("OpenedOn < LAST_N_YEARS:2", "AB"),
    ("LastAudit = 2026-01-01T13:00:00+01:00", "A"),
    ("LastAudit != null", "A"),
    ("CreatedDate = TODAY", "ABCDE"),
    ("CreatedDate > TODAY", ""),
    ("CreatedDate < TODAY", ""),
    ("CreatedDate >= LAST_N_DAYS:1", "ABCDE"),
    ("CreatedDate IN (TODAY, LAST_N_DAYS:9)", "ABCDE"),
    ("CreatedDate != TODAY", ""),
    ("OpensAt = 08:30:00.000Z", "A"),
    ("Services INCLUDES ('Paint')", "AB"),
    ("Services INCLUDES ('Paint;Repair', 'Tyres')", "AD"),
    ("Services EXCLUDES ('Paint')", "CDE"),
    ("Services = 'Paint;Repair'", "A"),
    ("Services != 'Paint'", "ACDE"),
    ("Services = null", "CE"),
    ("Region = 'north' AND Budget > 1", "A"),
    ("Region = 'south' OR (Budget = 50 AND Name != null)", "BD"),
    ("ParentWorkshop.Name = 'alpha'", "BC"),
    ("ParentWorkshop.Name = null", "ADE"),
    ("ParentWorkshop.Owner.Name = 'foreman'", "BC"),
    ("Owner.Name = 'Garage desk'", "C"),
    ("Owner.Type = 'Queue'", "C"),
    ("Owner.Type = 'User' AND Budget > 60", "A"),
    ("Foreman.Username != null", "C"),
    ("Id IN (SELECT WorkshopId FROM Stay WHERE Amount >= 10)", "A"),
    ("Id NOT IN (SELECT WorkshopId FROM Stay)", "BCDE"),
    ("Id IN (SELECT ParentWorkshopId FROM Workshop WHERE Region = 'South')", "A"),
    ("City = 'ulm'", "A"),
    ("PlaceLatitude > 48", "A"),
    ("Name LIKE '%' AND OwnerId = '{stranger}'", "BD"),
    ("OwnerId = '{stranger15}'", "BDE"),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
async def test_a_condition_finds_what_it_says(garage: World, condition: str, expected: str) -> None:
    stranger = garage.users["stranger"]
    text = condition.replace("{stranger}", stranger).replace("{stranger15}", stranger[:15])

    assert await codes(garage, text) == expected


ORDERS = [
    ("Name", "EABCD"),
    ("Name DESC", "DCBAE"),
    ("Name NULLS LAST", "ABCDE"),
    ("Name DESC NULLS FIRST", "EDCBA"),
    ("Budget, Name", "ECBDA"),
    ("Budget DESC, Name DESC", "ADBCE"),
    ("Budget DESC NULLS FIRST, Name NULLS LAST", "CEABD"),
    ("Region, Code DESC", "DCABE"),
    ("ParentWorkshop.Name DESC, Code", "BCADE"),
    ("Owner.Name, Code", "ACBDE"),
    ("Id DESC, Name", "EDCBA"),
]


@pytest.mark.parametrize(("order", "expected"), ORDERS)
async def test_records_come_in_order_and_pages_join_without_a_seam(garage: World, order: str, expected: str) -> None:
    text = f"SELECT Code FROM Workshop ORDER BY {order}"  # noqa: S608  SOQL

    whole = await garage.rows("admin", text)
    paged = await all_pages(garage, text, 1)
    in_twos = await all_pages(garage, text, 2)

    assert "".join(each["Code"][0] for each in whole) == expected
    assert paged == whole
    assert in_twos == whole


async def all_pages(world: World, text: str, size: int, user: str = "admin") -> list[Any]:
    context = await world.as_user(user)
    answer = await world.query(user, text, batch_size=size)
    total, records = len(await world.rows(user, text)), list(answer["records"])
    while not answer["done"]:
        locator = answer["nextRecordsUrl"].rpartition("/")[2]
        answer = orjson.loads(await query_more(world.database, context, locator))
        assert answer["totalSize"] == total
        records += answer["records"]
    return [{"Code": each["Code"]} for each in records]


@pytest.mark.parametrize("few", [roads.FEW, 1])
@pytest.mark.parametrize("order", [order for order, _ in ORDERS])
async def test_few_records_and_many_come_in_the_same_order(
    garage: World, order: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sees few of the records gets them another way than who sees many."""
    monkeypatch.setattr(page, "FEW", few)
    monkeypatch.setattr(pages, "_reads", Recent(100))
    text = f"SELECT Code FROM Workshop ORDER BY {order}"  # noqa: S608  SOQL
    seen = "BDE" if order.startswith("ParentWorkshop") else dict(ORDERS)[order]
    expected = "".join(code for code in seen if code in "BDE")

    whole = await garage.rows("stranger", text)
    paged = await all_pages(garage, text, 1, user="stranger")

    assert "".join(each["Code"][0] for each in whole) == expected
    assert paged == whole


async def test_limit_and_offset_cut_the_whole_across_pages(garage: World) -> None:
    text = "SELECT Code FROM Workshop ORDER BY Code LIMIT 3 OFFSET 1"

    assert [each["Code"][0] for each in await garage.rows("admin", text)] == ["B", "C", "D"]
    assert [each["Code"][0] for each in await all_pages(garage, text, 2)] == ["B", "C", "D"]
    assert (await garage.query("admin", text, batch_size=2))["totalSize"] == 3
    assert (await garage.query("admin", "SELECT Id FROM Workshop LIMIT 0"))["records"] == []


async def test_a_locator_is_its_users_alone_and_may_be_asked_twice(garage: World) -> None:
    answer = await garage.query("admin", "SELECT Id FROM Workshop", batch_size=2)
    locator = answer["nextRecordsUrl"].rpartition("/")[2]
    admin, head = await garage.as_user("admin"), await garage.as_user("head")

    once = orjson.loads(await query_more(garage.database, admin, locator))
    again = orjson.loads(await query_more(garage.database, admin, locator))

    assert once["records"] == again["records"]
    for context, wrong in ((head, locator), (admin, "01g-1"), (admin, locator.replace("-2", "-3"))):
        with pytest.raises(Invalid) as caught:
            await query_more(garage.database, context, wrong)
        assert caught.value.problems[0].code == "invalid_query_locator"


async def test_values_are_written_as_the_api_writes_them(garage: World) -> None:
    text = (
        "SELECT Id, Name, Budget, Rating, Margin, OpenedOn, LastAudit, OpensAt, IsActive, Services, Address, Place,"
        " Notes, Owner.Name, Owner.Type, ParentWorkshop.Name FROM Workshop WHERE Code = 'A1'"
    )
    answer = await garage.query("admin", text, version="61.0")

    [record] = answer["records"]
    address = {"street": "Main 1", "district": None, "city": "Ulm", "state": None, "postalCode": None, "country": None}
    owner_url = f"/services/data/v61.0/sobjects/User/{garage.users['foreman']}"
    url = f"/services/data/v61.0/sobjects/Workshop/{record['Id']}"
    assert (answer["totalSize"], answer["done"]) == (1, True)
    assert record == {
        "attributes": {"type": "Workshop", "url": url},
        "Id": record["Id"],
        "Name": "Alpha",
        "Budget": 100.0,
        "Rating": 4.5,
        "Margin": 0.35,
        "OpenedOn": "2020-02-29",
        "LastAudit": "2026-01-01T12:00:00.000+0000",
        "OpensAt": "08:30:00.000Z",
        "IsActive": True,
        "Services": "Repair;Paint",
        "Address": address,
        "Place": {"latitude": 48.4, "longitude": 9.99},
        "Notes": "long text",
        "Owner": {"attributes": {"type": "User", "url": owner_url}, "Name": "foreman", "Type": "User"},
        "ParentWorkshop": None,
    }


async def test_a_parent_that_the_user_may_not_see_is_null_in_every_clause(garage: World) -> None:
    text = "SELECT Code, ParentWorkshopId, ParentWorkshop.Name FROM Workshop WHERE Code = 'B2'"

    [record] = await garage.rows("stranger", text)

    assert record["ParentWorkshopId"] is not None
    assert record["ParentWorkshop"] is None
    assert await codes(garage, "ParentWorkshop.Name = 'Alpha'", "stranger") == ""
    assert await codes(garage, "Owner.Name = 'stranger'", "stranger") == "BDE"


async def test_children_are_results_of_their_own_or_null(garage: World) -> None:
    text = (
        "SELECT Code, (SELECT Name, Amount, Customer.LastName FROM Stays WHERE Amount > 0"
        " ORDER BY Amount DESC LIMIT 1) FROM Workshop ORDER BY Code"
    )
    rows = await garage.rows("admin", text)

    stay = {"Name": "V-2", "Amount": 20.0, "Customer": {"LastName": "Li"}}
    assert rows[0] == {"Code": "A1", "Stays": {"totalSize": 1, "done": True, "records": [stay]}}
    assert [each["Stays"] for each in rows[1:]] == [None] * 4


async def test_polymorphic_parents_answer_what_they_share(garage: World) -> None:
    rows = await garage.rows("admin", "SELECT Name, About.Name, About.Type FROM Stay ORDER BY Name")

    assert [(each["About"]["Name"], each["About"]["Type"]) for each in rows] == [
        ("Alpha", "Workshop"), ("Li Wei", "Customer"), ("Li Wei", "Customer"),
    ]  # fmt: skip


async def test_the_recycle_bin_is_seen_by_query_all_alone(garage: World) -> None:
    text = "SELECT Code, IsDeleted FROM Workshop WHERE Region = 'West' ORDER BY Code"

    assert await garage.rows("admin", text) == [{"Code": "E5", "IsDeleted": False}]
    assert await garage.rows("admin", text, include_deleted=True) == [
        {"Code": "E5", "IsDeleted": False}, {"Code": "F6", "IsDeleted": True},
    ]  # fmt: skip


async def test_counting(garage: World) -> None:
    assert await garage.query("admin", "SELECT COUNT() FROM Workshop") == {"totalSize": 5, "done": True, "records": []}
    assert (await garage.query("admin", "SELECT COUNT() FROM Workshop LIMIT 2"))["totalSize"] == 2
    assert (await garage.query("stranger", "SELECT COUNT() FROM Workshop"))["totalSize"] == 3


async def test_groups(garage: World) -> None:
    text = (
        "SELECT Region, COUNT(Id) n, SUM(Budget), AVG(Rating) r, MIN(OpenedOn) opened, COUNT_DISTINCT(Budget)"
        " FROM Workshop GROUP BY Region HAVING COUNT(Id) > 0 ORDER BY COUNT(Id) DESC, Region"
    )
    rows = await garage.rows("admin", text)

    assert rows == [
        {"Region": "North", "n": 2, "expr0": 100.0, "r": 4.5, "opened": "2020-02-29", "expr1": 1},
        {"Region": None, "n": 1, "expr0": 50.0, "r": None, "opened": None, "expr1": 1},
        {"Region": "South", "n": 1, "expr0": 50.0, "r": None, "opened": "2021-01-01", "expr1": 1},
        {"Region": "West", "n": 1, "expr0": None, "r": None, "opened": None, "expr1": 0},
    ]
    assert await garage.rows("admin", "SELECT COUNT(Id) FROM Workshop") == [{"expr0": 5}]
    assert await garage.rows("admin", "SELECT Owner.Name o, COUNT(Id) FROM Workshop GROUP BY Owner.Name LIMIT 1") == [
        {"o": "foreman", "expr0": 1}
    ]


async def test_groups_are_chosen_by_lists_of_counts_and_limited_to_none(garage: World) -> None:
    by_region = "SELECT Region, COUNT(Id) n FROM Workshop GROUP BY Region"

    assert await garage.rows("admin", f"{by_region} HAVING COUNT(Id) IN (2, 3)") == [{"Region": "North", "n": 2}]
    others = await garage.rows("admin", f"{by_region} HAVING COUNT(Id) NOT IN (2, 3) ORDER BY Region")
    assert [each["Region"] for each in others] == [None, "South", "West"]
    assert await garage.rows("admin", f"{by_region} LIMIT 0") == []


async def test_fields_all_is_every_field_that_the_user_may_read(garage: World) -> None:
    [record] = await garage.rows("clerk", "SELECT FIELDS(ALL) FROM Workshop LIMIT 1")
    [standard] = await garage.rows("clerk", "SELECT FIELDS(STANDARD) FROM Workshop LIMIT 1")

    assert set(record) == set(garage.snapshot.objects["Workshop"].fields) - {"TaxNumber"}
    assert standard == record
    assert await garage.rows("clerk", "SELECT FIELDS(CUSTOM), Id FROM Workshop LIMIT 1") == [{"Id": record["Id"]}]


async def test_names_and_aliases_are_read_in_any_case(garage: World) -> None:
    rows = await garage.rows("admin", "select w.NAME, W.parentWORKSHOP.code from workshop w where w.code = 'b2'")

    assert rows == [{"Name": "beta_100%", "ParentWorkshop": {"Code": "A1"}}]


async def test_today_is_the_users_today(garage: World) -> None:
    """At any moment it is already tomorrow in one of these two places, or still yesterday in the other."""
    garage.user("east", "GarageAdmin", time_zone="Pacific/Kiritimati")
    garage.user("west", "GarageAdmin", time_zone="Pacific/Niue")

    east = (await garage.query("east", "SELECT COUNT() FROM Workshop WHERE LastAudit = TODAY"))["totalSize"]
    found = {
        user: await garage.rows(user, "SELECT Id FROM Workshop WHERE CreatedDate = TODAY OR CreatedDate = YESTERDAY")
        for user in ("east", "west")
    }

    assert east == 0
    assert {len(each) for each in found.values()} <= {0, 5}
    assert len(found["west"]) == 5
