"""Whoever reads a classified field in clear leaves an entry: which records, which fields, through which door."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.soql.parse import parse_query
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.plan.logged import logged_reads
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import child_sets_within
from chassis_platform.records import read, search, sosl
from chassis_tenants.database import Database
from world import World, counting


@pytest.fixture(scope="module")
def garage(world: World) -> World:
    owner = world.users["stranger"]
    shop = world.record(
        "Workshop", Id="gW1000000000001CAA", Name="Alpha", Code="A", OwnerId=owner, Phone="1", Email="a@b"
    )
    person = world.record("Customer", Id="gC1000000000001CAA", Name="Li Wei", LastName="Li", OwnerId=owner)
    for number in range(2):
        world.record("Stay", Name=f"V{number}", WorkshopId=shop, CustomerId=person)
    world.record("Workshop", Name="Beta", Code="B", OwnerId=world.users["foreman"])
    return world


async def entries(garage: World, user: str, text: str, **options: Any) -> list[tuple[str, list[str], list[str] | None]]:
    garage.forget_log()
    await garage.query(user, text, **options)
    return [(each["object"], each["fields"], each["ids"]) for each in garage.access_log()]


SHOP, PERSON, BELOW = "gW1000000000001CAA", "gC1000000000001CAA", "gW1000000000002CAA"
READS = [
    ("SELECT Id, Name FROM Workshop", []),
    ("SELECT Phone, Email FROM Workshop", [("Workshop", ["Phone", "Email"], [SHOP])]),
    ("SELECT Id FROM Workshop WHERE Phone = '1' ORDER BY Email", []),
    ("SELECT Phone FROM Workshop WHERE Phone = 'nobody'", []),
    ("SELECT Workshop.Phone FROM Stay", [("Workshop", ["Phone"], [SHOP])]),
    ("SELECT Customer.Name FROM Stay", [("Customer", ["Name"], [PERSON])]),
    ("SELECT Id, (SELECT Customer.LastName FROM Stays) FROM Workshop", [("Customer", ["LastName"], [PERSON])]),
    ("SELECT COUNT(Phone), COUNT(Id) FROM Workshop", []),
    ("SELECT MAX(Phone) FROM Workshop", [("Workshop", ["Phone"], None)]),
    ("SELECT Phone FROM Workshop GROUP BY Phone", [("Workshop", ["Phone"], None)]),
    ("SELECT COUNT() FROM Workshop WHERE Phone = '1'", []),
]


@pytest.mark.parametrize(("text", "expected"), READS)
async def test_a_query_logs_what_it_shows(garage: World, text: str, expected: list[Any]) -> None:
    assert await entries(garage, "stranger", text) == expected


async def test_an_entry_says_who_through_what_and_how_many(garage: World) -> None:
    garage.forget_log()

    await garage.query("stranger", "SELECT Phone FROM Workshop")

    [entry] = garage.access_log()
    assert (entry["door"], entry["user"], entry["client"]) == ("query", garage.users["stranger"], "tests")
    assert entry["count"] == 1


async def test_only_what_is_answered_is_logged_page_by_page(garage: World) -> None:
    garage.forget_log()

    await garage.query("admin", "SELECT Phone FROM Workshop ORDER BY Code", batch_size=1)

    assert [each["ids"] for each in garage.access_log()] == [[SHOP]]


async def test_reading_and_logging_are_one_statement_in_one_round_trip(garage: World) -> None:
    async with counting(garage) as counted:
        await garage.query("stranger", "SELECT Phone FROM Workshop")

    assert len([each for each in counted.statements if "access_log" in each]) == 1
    assert "FROM tenant.workshop" in counted.statements[-1]


async def door_of_get(database: Database, context: Context) -> None:
    await read.get_record(database, context, "Workshop", SHOP, ["Phone"])


async def door_of_record_page(database: Database, context: Context) -> None:
    await read.record_for_ui(database, context, "Workshop", SHOP)


async def door_of_list(database: Database, context: Context) -> None:
    await read.list_records(database, context, "Workshop", parse_list_request({"columns": ["Phone"]}))


async def door_of_related(database: Database, context: Context) -> None:
    await read.related_list(database, context, "Workshop", SHOP, "Stays", columns=["CustomerId"])


async def door_of_export(database: Database, context: Context) -> None:
    request = parse_list_request({"columns": ["Phone"]})
    async for _ in read.export_list(database, context, "Workshop", request):
        pass


async def door_of_sosl(database: Database, context: Context) -> None:
    await sosl.find(database, context, "FIND {Li Wei} RETURNING Customer(Name)")


async def door_of_search(database: Database, context: Context) -> None:
    await search.search(database, context, "Li Wei", objects=["Customer"])


async def door_of_lookup(database: Database, context: Context) -> None:
    await search.lookup(database, context, "", objects=["Customer"])


@pytest.mark.parametrize(
    ("ask", "door", "object_name", "ids"),
    [
        (door_of_get, "get", "Workshop", [SHOP]),
        (door_of_record_page, "get", "Workshop", [SHOP]),
        (door_of_list, "list", "Workshop", [SHOP]),
        (door_of_related, "related", "Customer", [PERSON]),
        (door_of_export, "export", "Workshop", [SHOP]),
        (door_of_search, "search", "Customer", [PERSON]),
        (door_of_sosl, "search", "Customer", [PERSON]),
        (door_of_lookup, "lookup", "Customer", [PERSON]),
    ],
)
async def test_every_door_is_logged(garage: World, ask: Any, door: str, object_name: str, ids: list[str]) -> None:
    garage.forget_log()

    await ask(garage.database, await garage.as_user("stranger"))

    found = [(each["door"], each["object"], each["ids"]) for each in garage.access_log()]
    whole: list[tuple[str, str, list[str]]] = [("export_total", object_name, [])] if door == "export" else []
    assert found == [(door, object_name, ids), *whole]


async def test_children_of_children_and_kinds_of_parents_are_logged(garage: World) -> None:
    text = "SELECT Id, (SELECT Id, (SELECT Customer.Name FROM Stays) FROM Branches) FROM Workshop"
    context = await garage.as_user("admin")
    nested = logged_reads((), child_sets_within(plan_query(parse_query(text), context)), policy=context.policy)
    kinds = plan_query(parse_query("SELECT TYPEOF About WHEN Workshop THEN Phone END FROM Stay"), context)

    assert [(each.object_name, each.child) for each in nested] == [("Customer", "Branches/Stays")]
    assert [each.fields for each in logged_reads(kinds.columns, policy=context.policy)] == [("Phone",)]
    garage.record(
        "Workshop", Id=BELOW, Name="Below", Code="Be", OwnerId=garage.users["stranger"], ParentWorkshopId=SHOP
    )
    garage.record("Stay", Name="V-below", WorkshopId=BELOW, Status="Done", CustomerId=PERSON)
    garage.forget_log()

    await garage.query("admin", text)

    assert [(each["object"], each["ids"]) for each in garage.access_log()] == [("Customer", [PERSON])]


async def test_a_record_that_is_not_there_leaves_no_entry(garage: World) -> None:
    assert await entries(garage, "clerk", "SELECT Phone FROM Workshop") == []


async def test_a_parent_that_is_not_seen_leaves_no_entry(garage: World) -> None:
    garage.record("Workshop", Name="Under", Code="U", OwnerId=garage.users["clerk"], ParentWorkshopId=SHOP)

    assert await entries(garage, "clerk", "SELECT Name, ParentWorkshop.Phone FROM Workshop") == []


async def test_the_plan_knows_what_it_will_log(garage: World) -> None:
    context = await garage.as_user("admin")
    plan = plan_query(
        parse_query("SELECT Phone, ParentWorkshop.Email, (SELECT Customer.Name FROM Stays) FROM Workshop"), context
    )

    logged = logged_reads(plan.columns, child_sets_within(plan), policy=context.policy)
    found = [(each.object_name, each.fields, each.child) for each in logged]

    assert found == [
        ("Workshop", ("Phone",), None), ("Workshop", ("Email",), None), ("Customer", ("Name",), "Stays"),
    ]  # fmt: skip
