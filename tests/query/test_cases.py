"""`tests/cases/*.yaml`: given these users and records, each door shows the same records and the same fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from chassis_metadata.errors import ChassisError, NotFound
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.yaml"))
Seen = set[str]


class Case(World):
    """A world with its records by the names that the file gives them."""

    ids: dict[str, str]
    objects: dict[str, str]

    def name_of(self, record_id: str) -> str:
        return next(name for name, each in self.ids.items() if each == record_id)


def fill(case: Case, document: dict[str, Any]) -> None:
    for name, each in document["users"].items():
        case.user(name, *each["sets"], role=each.get("role"), queues=each.get("queues", ()))
    case.ids, case.objects = {}, {}
    for name, each in document["records"].items():
        values = {
            key: case.ids[value[1:]] if str(value).startswith("$") else value for key, value in each["values"].items()
        }
        if "owner" in each:
            owner = each["owner"]
            values["OwnerId"] = case.users.get(owner) or case.id_of("group", owner, "developer_name")
        case.ids[name] = case.record(each["object"], **values)
        case.objects[name] = each["object"]


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
async def case(
    request: Any, owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: Any
) -> tuple[Case, Any]:
    document = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    world = await make_world(owner_dsn, database, snapshots, await make_tenant(*document["packages"]))
    made = Case(world.owner_dsn, world.database, world.tenant, world.snapshot)
    fill(made, document)
    return made, document


async def by_query(case: Case, context: Context, name: str) -> Seen:
    body = orjson.loads(await read.query(case.database, context, f"SELECT Name FROM {name} WHERE Name LIKE 'Case%'"))  # noqa: S608
    return {each["Name"] for each in body["records"]}


async def by_list(case: Case, context: Context, name: str) -> Seen:
    request = parse_list_request({"columns": ["Name"], "search": "Case", "limit": 200})
    body = orjson.loads(await read.list_records(case.database, context, name, request))
    assert await read.count_records(case.database, context, name, request) == len(body["records"])
    return {each["values"]["Name"] for each in body["records"]}


async def by_export(case: Case, context: Context, name: str) -> Seen:
    request = parse_list_request({"columns": ["Name"], "search": "Case"})
    text = b"".join([chunk async for chunk in read.export_list(case.database, context, name, request)]).decode()
    return {row[0] for row in list(csv.reader(io.StringIO(text)))[1:]}


async def by_search(case: Case, context: Context, name: str) -> Seen:
    found = orjson.loads(await search.search(case.database, context, "Case", objects=[name], limit=200))
    return {each["name"] for group in found["groups"] for each in group["records"]}


async def by_lookup(case: Case, context: Context, name: str) -> Seen:
    found = orjson.loads(await search.lookup(case.database, context, "Case", objects=[name], limit=200))
    return {each["name"] for each in found["records"]}


async def by_get(case: Case, context: Context, name: str) -> Seen:
    seen = set()
    for label, record_id in case.ids.items():
        if case.objects[label] == name:
            try:
                seen.add(orjson.loads(await read.get_record(case.database, context, name, record_id, ["Name"]))["Name"])
            except NotFound:
                continue
    return seen


async def by_parent_path(case: Case, context: Context, name: str) -> Seen:
    """What a query shows of a record through another that refers to it; only where something does."""
    if name != "Workshop" or not context.policy.on("Stay").view_all:
        return await by_query(case, context, name)
    body = orjson.loads(await read.query(case.database, context, "SELECT Workshop.Name FROM Stay"))
    through = {each["Workshop"]["Name"] for each in body["records"] if each["Workshop"]}
    seen = await by_query(case, context, name)
    assert through <= seen
    return seen


Door = Callable[[Case, Context, str], Awaitable[Seen]]
DOORS: list[Door] = [by_query, by_list, by_export, by_search, by_lookup, by_get, by_parent_path]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
async def test_every_door_shows_the_same_records(case: tuple[Case, Any], door: Door) -> None:
    world, document = case
    for each in document["cases"]:
        context = await world.as_user(each["user"])
        for object_name, expected in each.get("sees", {}).items():
            wanted = {document["records"][name]["values"]["Name"] for name in expected}
            assert await door(world, context, object_name) == wanted, f"{each['it']}: {object_name}"
        for object_name in each.get("refused", ()):
            assert await refused(door, world, context, object_name), f"{each['it']}: {object_name}"


async def refused(door: Door, world: Case, context: Context, object_name: str) -> bool:
    """The door says that there is no such object; asked for single records, that there is none of them."""
    try:
        return await door(world, context, object_name) == set() and door is by_get
    except ChassisError:
        return True


async def test_fields_are_there_or_unknown_through_every_door(case: tuple[Case, Any]) -> None:
    world, document = case
    for each in document["cases"]:
        context = await world.as_user(each["user"])
        for object_name, fields in each.get("fields", {}).items():
            for name in fields["visible"]:
                await shows(world, context, object_name, name)
            for name in fields["hidden"]:
                with pytest.raises(ChassisError):
                    await shows(world, context, object_name, name)
            record_id = next(world.ids[one] for one in each["sees"][object_name])
            whole = orjson.loads(await read.get_record(world.database, context, object_name, record_id))
            page = orjson.loads(await read.record_for_ui(world.database, context, object_name, record_id))
            for shown in (whole, page["values"]):
                assert set(fields["visible"]) <= set(shown)
                assert not set(fields["hidden"]) & set(shown)


async def shows(world: Case, context: Context, object_name: str, field: str) -> None:
    await read.query(world.database, context, f"SELECT {field} FROM {object_name}")  # noqa: S608
    request = parse_list_request({"columns": [field]})
    await read.list_records(world.database, context, object_name, request)
    async for _ in read.export_list(world.database, context, object_name, request):
        pass


async def test_related_lists(case: tuple[Case, Any]) -> None:
    world, document = case
    for each in document.get("related", ()):
        for user, expected in each["sees"].items():
            context = await world.as_user(user)
            parent = world.ids[each["parent"]]
            body = await read.related_list(
                world.database, context, world.objects[each["parent"]], parent, each["relationship"], columns=["Name"]
            )
            found = {row["values"]["Name"] for row in orjson.loads(body)["records"]}
            assert found == {document["records"][name]["values"]["Name"] for name in expected or ()}, each["it"]
