"""The web application's doors: lists, counts, record pages, related lists, search, export, history, recycle bin."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from world import World, counting

PARENT = "gW1000000000001CAA"


@pytest.fixture(scope="module")
def garage(world: World) -> World:
    owner = world.users["stranger"]
    world.record(
        "Workshop", Id=PARENT, Name="欧阳汽车", Code="A", OwnerId=owner, Region="North", Phone="=1+1", Budget=5
    )
    for number in range(60):
        world.record(
            "Workshop", Name=f"Branch {number:02}", Code=f"B{number:02}", OwnerId=owner, ParentWorkshopId=PARENT,
            Region="South" if number % 2 else "North", Budget=number or None, Services=["Paint"],
        )  # fmt: skip
    gone = world.record("Workshop", Name="Gone", Code="Z", OwnerId=owner, deleted=True)
    world.sql("UPDATE data.workshop SET deleted_date = now(), deleted_by_id = %s WHERE id = %s", owner, gone)
    world.users["gone"] = gone
    return world


async def listed(garage: World, user: str = "stranger", **request: Any) -> dict[str, Any]:
    wanted = parse_list_request({"columns": ["Name"], **request})
    body = await read.list_records(garage.database, await garage.as_user(user), "Workshop", wanted)
    answer: dict[str, Any] = orjson.loads(body)
    return answer


async def test_a_list_describes_its_columns_and_names_what_its_rows_refer_to(garage: World) -> None:
    answer = await listed(
        garage,
        columns=["Code", "ParentWorkshopId", "Owner.Name"],
        limit=1,
        order_by=[{"field": "Code", "descending": True}],
    )

    assert answer["columns"][1] == {
        "path": "ParentWorkshopId", "label": "Parent workshop", "type": "lookup", "object": "Workshop",
        "field": "ParentWorkshopId", "sortable": True, "filterable": True, "updateable": True, "masked": False,
    }  # fmt: skip
    [row] = answer["records"]
    assert row == {
        "id": row["id"],
        "version": 1,
        "record_type_id": None,
        "values": {"Code": "B59", "ParentWorkshopId": PARENT, "Owner.Name": "stranger"},
        "labels": {"ParentWorkshopId": "欧阳汽车"},
    }


async def test_pages_of_a_list_go_on_where_the_last_one_ended(garage: World) -> None:
    order = [{"field": "Budget", "descending": True}, {"field": "Name"}]
    whole = (await listed(garage, order_by=order, limit=200))["records"]
    paged, after = [], None
    while True:
        page = await listed(garage, order_by=order, limit=7, after=after)
        paged += page["records"]
        after = page["next"]
        if after is None:
            break

    assert paged == whole
    assert len(whole) == 61


FILTERS = [
    ([{"field": "Region", "operator": "=", "value": "north"}], None, 31),
    ([{"field": "Budget", "operator": ">", "value": 50.5}], None, 9),
    ([{"field": "Budget", "operator": "=", "value": None}], None, 1),
    ([{"field": "Code", "operator": "IN", "value": ["A", "B01"]}], None, 2),
    ([{"field": "Services", "operator": "INCLUDES", "value": ["Paint"]}], None, 60),
    ([{"field": "CreatedDate", "operator": ">=", "value": "LAST_N_DAYS:30"}], None, 61),
    ([{"field": "CreatedDate", "operator": "<", "value": "2020-01-01T00:00:00Z"}], None, 0),
    ([{"field": "OwnerId", "operator": "=", "value": "$User.Id"}], None, 61),
    ([{"field": "Name", "operator": "LIKE", "value": "Branch 0_"}], None, 10),
    (
        [
            {"field": "Region", "operator": "=", "value": "North"},
            {"field": "Code", "operator": "=", "value": "B01"},
            {"field": "Code", "operator": "=", "value": "B02"},
        ],
        "1 AND (2 OR 3)",
        1,
    ),
    (
        [{"field": "Region", "operator": "=", "value": "North"}, {"field": "Code", "operator": "=", "value": "B01"}],
        "NOT 1 or 2",
        30,
    ),
]


@pytest.mark.parametrize(("filters", "logic", "expected"), FILTERS)
async def test_a_list_is_filtered(garage: World, filters: list[Any], logic: str | None, expected: int) -> None:
    request = parse_list_request({"columns": ["Name"], "filters": filters, "logic": logic})

    counted = await read.count_records(garage.database, await garage.as_user("stranger"), "Workshop", request)

    assert counted == expected
    assert len((await listed(garage, filters=filters, logic=logic, limit=200))["records"]) == expected


async def test_a_search_looks_into_the_name_and_searchable_fields(garage: World) -> None:
    assert [each["values"]["Name"] for each in (await listed(garage, search="欧阳"))["records"]] == ["欧阳汽车"]
    assert [each["values"]["Name"] for each in (await listed(garage, search="=1+"))["records"]] == ["欧阳汽车"]
    assert (await listed(garage, search="%"))["records"] == []


async def test_mine_are_those_i_own(garage: World) -> None:
    assert (await listed(garage, "admin", owner="mine"))["records"] == []
    assert len((await listed(garage, owner="mine"))["records"]) == 50


@pytest.mark.parametrize(
    "request_",
    [
        {"columns": []},
        {"columns": "Name"},
        {"columns": ["Name"], "limit": 0},
        {"columns": ["Name"], "limit": 10_000},
        {"columns": ["Name"], "owner": "theirs"},
        {"columns": ["Name"], "filters": [{"field": "Name", "operator": "~", "value": 1}]},
        {"columns": ["Name"], "nonsense": 1},
        {"columns": ["Name"], "filters": [{"field": "Name", "operator": "=", "value": "x"}], "logic": "1 AND 2"},
        {"columns": ["Name"], "filters": [{"field": "Name", "operator": "=", "value": "x"}], "logic": "(1"},
        {"columns": ["Name"], "filters": [{"field": "Name", "operator": "=", "value": "x"}], "logic": "1; DROP"},
        {"columns": ["Name"], "filters": [{"field": "Budget", "operator": "=", "value": "much"}]},
        {"columns": ["Name"], "filters": [{"field": "CreatedDate", "operator": "=", "value": "SOON"}]},
        {"columns": ["Name"], "filters": [{"field": "Name", "operator": "=", "value": ["x"]}]},
        {"columns": ["Name"], "after": "nonsense"},
        {"columns": ["Name"], "after": "WzFd"},
    ],
)
async def test_a_wrong_request_is_refused(garage: World, request_: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await read.list_records(
            garage.database, await garage.as_user("stranger"), "Workshop", parse_list_request(request_)
        )


async def test_a_list_of_fifty_costs_what_a_list_of_one_costs(garage: World) -> None:
    asked = []
    for limit in (1, 50):
        context = await garage.as_user("stranger")
        async with counting(garage) as counted:
            request = parse_list_request({"columns": ["Name", "OwnerId", "ParentWorkshopId"], "limit": limit})
            await read.list_records(garage.database, context, "Workshop", request)
        asked.append((counted.trips, len(counted.statements)))

    assert asked == [(1, 2), (1, 2)]  # who asks for the first time is counted what they see besides


async def test_a_record_page_has_all_readable_fields_labels_and_permissions(garage: World) -> None:
    context = await garage.as_user("stranger")

    record = orjson.loads(await read.record_for_ui(garage.database, context, "Workshop", PARENT))

    fields = garage.snapshot.objects["Workshop"].fields
    assert set(record["values"]) == {name for name, each in fields.items() if not each.is_compound} - {"TaxNumber"}
    assert record["labels"] == {"OwnerId": "stranger"}
    assert record["permissions"] == {"update": True, "delete": False}
    assert (record["object"], record["version"], record["is_deleted"]) == ("Workshop", 1, False)


async def test_a_deleted_record_can_be_looked_at_but_not_changed(garage: World) -> None:
    context = await garage.as_user("stranger")

    record = orjson.loads(await read.record_for_ui(garage.database, context, "Workshop", garage.users["gone"]))

    assert record["is_deleted"]
    assert record["permissions"] == {"update": False, "delete": False}


async def test_getting_a_record_says_what_became_of_it(garage: World) -> None:
    database, stranger, clerk = garage.database, await garage.as_user("stranger"), await garage.as_user("clerk")

    record = orjson.loads(await read.get_record(database, stranger, "workshop", PARENT[:15], ["name", "Owner.Name"]))
    assert list(record) == ["attributes", "Name", "Owner", "Id"]
    for context, record_id, code in (
        (clerk, PARENT, "not_found"),
        (stranger, garage.users["gone"], "entity_is_deleted"),
        (clerk, garage.users["gone"], "not_found"),
        (stranger, garage.users["clerk"], "not_found"),
    ):
        with pytest.raises(NotFound) as caught:
            await read.get_record(database, context, "Workshop", record_id)
        assert caught.value.problems[0].code == code
    with pytest.raises(Invalid) as malformed:
        await read.get_record(database, stranger, "Workshop", "nonsense")
    assert malformed.value.problems[0].code == "malformed_id"


async def test_getting_by_an_external_id(garage: World) -> None:
    database, stranger = garage.database, await garage.as_user("stranger")
    for _ in range(2):
        garage.record("Customer", Name="Li", LastName="Li", Email="li@example.com", OwnerId=garage.users["clerk"])

    record = orjson.loads(await read.get_by_external_id(database, stranger, "Workshop", "code", "b07", ["Name"]))

    assert record["Name"] == "Branch 07"
    with pytest.raises(NotFound):
        await read.get_by_external_id(database, stranger, "Workshop", "Code", "nonsense")
    with pytest.raises(NotFound):
        await read.get_by_external_id(database, stranger, "Workshop", "Region", "North")
    with pytest.raises(Conflict):
        await read.get_by_external_id(database, stranger, "Customer", "Email", "li@example.com")


async def test_a_related_list_needs_the_record_and_shows_its_children(garage: World) -> None:
    database = garage.database

    async def names(user: str) -> list[str]:
        context = await garage.as_user(user)
        body = await read.related_list(database, context, "Workshop", PARENT, "Branches", columns=["Name"], limit=3)
        return [each["values"]["Name"] for each in orjson.loads(body)["records"]]

    garage.record("Workshop", Name="Mine", Code="M", OwnerId=garage.users["clerk"], ParentWorkshopId=PARENT)
    assert len(await names("stranger")) == 3
    assert await names("clerk") == []
    default = await read.related_list(database, await garage.as_user("stranger"), "Workshop", PARENT, "Branches")
    assert [each["path"] for each in orjson.loads(default)["columns"]][:2] == ["Name", "Code"]


async def test_search_groups_what_it_finds_in_one_round_trip(garage: World) -> None:
    context = await garage.as_user("stranger")
    async with counting(garage) as counted:
        answer = orjson.loads(await search.search(garage.database, context, "branch 0", limit=2))

    assert counted.trips == 1
    assert [(each["object"], each["label"], len(each["records"])) for each in answer["groups"]] == [
        ("Workshop", "Workshops", 2)
    ]
    assert answer["groups"][0]["records"][0]["details"][0] == {"label": "Code", "value": "B00"}
    assert orjson.loads(await search.search(garage.database, context, "b"))["groups"] == []


async def test_a_lookup_offers_only_what_the_user_may_see(garage: World) -> None:
    stranger, clerk = await garage.as_user("stranger"), await garage.as_user("clerk")

    found = orjson.loads(await search.lookup(garage.database, stranger, "欧阳", objects=["Workshop", "User"]))
    hidden = orjson.loads(await search.lookup(garage.database, clerk, "欧阳", objects=["Workshop"]))

    assert [(each["id"], each["object"], each["name"]) for each in found["records"]] == [
        (PARENT, "Workshop", "欧阳汽车")
    ]
    assert hidden["records"] == []


async def test_an_export_has_every_row_and_no_formula(garage: World) -> None:
    context = await garage.as_user("stranger")
    request = parse_list_request({"columns": ["Name", "Phone", "Budget", "OwnerId"], "order_by": [{"field": "Code"}]})

    text = b"".join([chunk async for chunk in read.export_list(garage.database, context, "Workshop", request)]).decode()

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Workshop name", "Phone", "Budget", "Owner"]
    assert rows[1] == ["欧阳汽车", "'=1+1", "5.00", "stranger"]
    assert len(rows) == 62


async def test_history_shows_readable_fields_of_visible_records(garage: World) -> None:
    for number, field in enumerate(("Phone", "TaxNumber", "Budget")):
        garage.sql(
            "INSERT INTO data.field_history (tenant_id, id, object_name, record_id, field_name, old_value, new_value, user_id)"  # noqa: E501
            " VALUES (%s, %s, 'Workshop', %s, %s, '1', '2', %s)",
            garage.tenant.id, f"017{number}", PARENT, field, garage.users["admin"],
        )  # fmt: skip
    garage.forget_log()

    body = await read.record_history(garage.database, await garage.as_user("stranger"), "Workshop", PARENT)

    changes = orjson.loads(body)["changes"]
    assert [each["field"] for each in changes] == ["Budget", "Phone"]
    assert changes[0]["label"] == "Budget"
    assert changes[0]["by"] == {"id": garage.users["admin"], "name": "admin"}
    assert [(each["door"], each["fields"], each["ids"]) for each in garage.access_log()] == [
        ("history", ["Phone"], [PARENT])
    ]
    with pytest.raises(NotFound):
        await read.record_history(garage.database, await garage.as_user("clerk"), "Workshop", PARENT)


async def test_the_recycle_bin_pages_through_what_the_user_may_see(garage: World) -> None:
    for number in range(5):
        each = garage.record("Customer", Name=f"C{number}", LastName="C", OwnerId=garage.users["clerk"], deleted=True)
        garage.sql("UPDATE data.customer SET deleted_date = now() - interval '1 day' WHERE id = %s", each)
    stranger, clerk = await garage.as_user("stranger"), await garage.as_user("clerk")

    first = orjson.loads(await read.recycle_bin(garage.database, stranger, limit=4))
    rest = orjson.loads(await read.recycle_bin(garage.database, stranger, limit=4, after=first["next"]))

    assert first["records"][0]["name"] == "Gone"
    assert first["records"][0]["object_label"] == "Workshop"
    assert first["records"][0]["deleted_by"] == {"id": garage.users["stranger"], "name": "stranger"}
    assert len({each["id"] for each in first["records"] + rest["records"]}) == 6
    assert rest["next"] is None
    seen = orjson.loads(await read.recycle_bin(garage.database, clerk))["records"]
    assert {each["object"] for each in seen} == {"Customer"}
