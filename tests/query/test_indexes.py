"""Every plan shape meets an index, explained as the server's role on 20,000 rows of each of two tenants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from chassis_metadata.soql.parse import parse_query
from chassis_platform.plan.listing import list_query, parse_list_request
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.plan.single import labels_of, plan_record
from chassis_platform.records.pages import Wanted, compiled, count_statement, parameters
from chassis_platform.sql.page import FIRST
from chassis_platform.sql.read import Shape
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from world import World, make_world

ROWS = 20_000

_FILL_WORKSHOPS = """
INSERT INTO data.workshop (tenant_id, id, name, code, region, services, opened_on, rating, budget, email, phone,
                           owner_id, parent_workshop_id, created_date, last_audit)
SELECT %(tenant)s, 'gW1' || lpad(n::text, 12, '0') || 'CAA',
       CASE WHEN n %% 50 > 0 THEN 'Workshop ' || md5(n::text) END, 'C' || n,
       (ARRAY['North', 'South', 'West'])[n %% 3 + 1], ARRAY[(ARRAY['Repair', 'Paint', 'Tyres'])[n %% 3 + 1]],
       date '2020-01-01' + n %% 2000, n %% 100 / 10.0, CASE WHEN n %% 400 > 0 THEN n END,
       'w' || n || '@example.com', '138' || lpad(n::text, 8, '0'),
       CASE WHEN n %% 100 = 0 THEN %(owner)s ELSE 'nobody' || n %% 200 END,
       CASE WHEN n > 10 THEN 'gW1' || lpad((n / 10)::text, 12, '0') || 'CAA' END,
       now() - n * interval '1 minute', now() - n * interval '1 hour'
FROM generate_series(1, %(rows)s) AS n
"""
_FILL_STAYS = """
INSERT INTO data.stay (tenant_id, id, name, workshop_id, status, amount)
SELECT %(tenant)s, 'gV1' || lpad(n::text, 12, '0') || 'CAA', 'V-' || n,
       'gW1' || lpad((n %% 5000 + 1)::text, 12, '0') || 'CAA', 'Done', n
FROM generate_series(1, %(rows)s) AS n
"""
_FILL_PIVOT = """
INSERT INTO data.custom_index (tenant_id, object_name, field_name, record_id, text_value)
SELECT tenant_id, 'Workshop', 'Colour__c', id, 'colour ' || substr(id, 10, 6) FROM data.workshop
"""
#: Scans that read a table from end to end. Small tables (users, roles) are read so by right.
_WHOLE = re.compile(r"Seq Scan on data\.(\w+)")
_LARGE = frozenset({"workshop", "stay", "custom_index"})


@pytest.fixture(scope="module")
async def filled(world: World, make_tenant: Any, snapshots: Any) -> World:
    other = await make_world(world.owner_dsn, world.database, snapshots, await make_tenant("garage"))
    other.user("foreman", "GarageUser")
    for each in (world, other):
        values = {"tenant": each.tenant.id, "owner": each.users["foreman"], "rows": ROWS}
        for text in (_FILL_WORKSHOPS, _FILL_STAYS):
            run(each, text, values)
    run(world, _FILL_PIVOT, {})
    # VACUUM files what GIN indexes still have pending, as autovacuum does in the life of a table.
    for table in ("workshop", "stay", "custom_index", '"user"', "user_role"):
        run(world, f"VACUUM ANALYZE data.{table}", {})
    return world


def run(world: World, text: str, values: dict[str, Any]) -> None:
    with psycopg.connect(world.owner_dsn, autocommit=True) as connection:
        connection.execute(text.encode(), values)


async def explain(world: World, statement: Statement) -> str:
    context_binding = (await world.as_user("admin")).binding
    explained = Statement("EXPLAIN (VERBOSE, COSTS OFF) " + statement.text, statement.parameters)
    [rows] = await world.database.read(context_binding, explained)
    return "\n".join(row[0] for row in rows)


async def page_statement(world: World, user: str, plan: ReadPlan, wanted: Wanted) -> Statement:
    context = await world.as_user(user)
    read = compiled(context, plan, wanted)
    bound = parameters(context, plan, wanted, read.entry_count)
    return read.statement.bind(**bound, fetch=wanted.batch + 1, batch=wanted.batch, offset=0)


def whole_scans(explained: str) -> set[str]:
    return set(_WHOLE.findall(explained)) & _LARGE


QUERIES = {
    "by id": "SELECT Id, Name FROM Workshop WHERE Id = 'gW1000000000042CAA'",
    "by ids": "SELECT Id FROM Workshop WHERE Id IN ('gW1000000000042CAA', 'gW1000000000043CAA')",
    "by external id": "SELECT Id FROM Workshop WHERE Code = 'c42'",
    "by email": "SELECT Id FROM Workshop WHERE Email = 'W42@example.com'",
    "by phone list": "SELECT Id FROM Workshop WHERE Phone IN ('13800000042', '13800000043')",
    "by number range": "SELECT Id FROM Workshop WHERE Budget >= 19990",
    "by date": "SELECT Id FROM Workshop WHERE OpenedOn = 2021-05-05",
    "by date literal": "SELECT Id FROM Workshop WHERE CreatedDate = TODAY",
    "by parent": "SELECT Id FROM Workshop WHERE ParentWorkshopId = 'gW1000000000042CAA'",
    "by null": "SELECT Id FROM Workshop WHERE Name = null",
    "like": "SELECT Id FROM Workshop WHERE Email LIKE '%w1234@%'",
    "includes": "SELECT Id FROM Workshop WHERE Services INCLUDES ('Glass')",
    "semi-join": "SELECT Id FROM Workshop WHERE Id IN (SELECT WorkshopId FROM Stay WHERE Id = 'gV1000000000042CAA')",
    "newest": "SELECT Id, Name, Owner.Name, ParentWorkshop.Name FROM Workshop ORDER BY CreatedDate DESC LIMIT 50",
    "by name": "SELECT Id, Name FROM Workshop ORDER BY Name LIMIT 50",
    "by name falling": "SELECT Id, Name FROM Workshop ORDER BY Name DESC LIMIT 50",
    "by budget": "SELECT Id, Name FROM Workshop ORDER BY Budget DESC LIMIT 50",
    "children": "SELECT Id, (SELECT Id, Amount FROM Stays) FROM Workshop ORDER BY CreatedDate DESC LIMIT 20",
    "children's parents": "SELECT Id, Workshop.Name, Workshop.Owner.Name FROM Stay ORDER BY CreatedDate DESC LIMIT 20",
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("user", ["foreman", "admin"])
async def test_a_query_meets_an_index(filled: World, name: str, user: str) -> None:
    plan = plan_query(parse_query(QUERIES[name]), await filled.as_user(user))

    explained = await explain(filled, await page_statement(filled, user, plan, Wanted("query")))

    assert not whole_scans(explained), explained


SORTED = {
    "newest": "SELECT Id FROM Workshop ORDER BY CreatedDate DESC",
    "name": "SELECT Id, Name FROM Workshop ORDER BY Name",
    "name falling": "SELECT Id, Name FROM Workshop ORDER BY Name DESC",
    "budget, name": "SELECT Id FROM Workshop ORDER BY Budget DESC, Name",
    "nothing": "SELECT Id FROM Workshop",
}


@pytest.mark.parametrize("name", SORTED)
async def test_no_page_sorts_the_whole_table(filled: World, name: str) -> None:
    """The first page and a late one read about as many rows as they answer."""
    context = await filled.as_user("admin")
    plan = plan_query(parse_query(SORTED[name]), context)
    late = {
        "newest": [str(datetime(2026, 11, 20, tzinfo=UTC)), "gW1000000010000CAA"],
        "name": ["workshop 8", "gW1000000010000CAA"],
        "name falling": ["workshop 8", "gW1000000010000CAA"],
        "budget, name": ["10000", "workshop 8", "gW1000000010000CAA"],
        "nothing": ["gW1000000010000CAA"],
    }[name]
    cursors: list[list[str | None] | None] = [None, [*late]]
    for after in cursors:
        statement = await page_statement(filled, "admin", plan, Wanted("query", 50, after=after))
        explained = Statement("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + statement.text, statement.parameters)

        [rows] = await filled.database.read(context.binding, explained)

        text = "\n".join(row[0] for row in rows)
        read = [int(found) for found in re.findall(r"Scan .*on workshop\w* .*?actual rows=(\d+)", text)]
        assert max(read) <= 200, text


@pytest.mark.parametrize("name", SORTED)
async def test_who_sees_few_of_many_records_reads_few(filled: World, name: str) -> None:
    """The foreman owns 200 of 20,000: no page goes through the others, but for the first entries of an index."""
    context = await filled.as_user("foreman")
    plan = plan_query(parse_query(SORTED[name]), context)
    statement = await page_statement(filled, "foreman", plan, Wanted("query", 50))
    explained = Statement("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + statement.text, statement.parameters)

    [rows] = await filled.database.read(context.binding, explained)

    text = "\n".join(row[0] for row in rows)
    scans = re.findall(r"(Index Only Scan|Scan) .*on workshop\w* .*?actual rows=([\d.]+)", text)
    removed = [float(found) for found in re.findall(r"Rows Removed by Filter: (\d+)", text)]
    assert max(float(found) for kind, found in scans if kind == "Scan") <= 400, text
    assert max([*(float(found) for _, found in scans), *removed]) <= FIRST, text


async def test_a_list_and_its_search_meet_indexes(filled: World) -> None:
    context = await filled.as_user("admin")
    request = parse_list_request(
        {
            "columns": ["Name", "Phone", "OwnerId", "ParentWorkshop.Name"],
            "search": "13800012345",
            "order_by": [{"field": "CreatedDate", "descending": True}],
        }
    )
    plan = plan_query(list_query(request, context.snapshot.objects["Workshop"], context), context)
    wanted = Wanted("list", 50, shape=Shape.UI_ROW, labels=labels_of(plan.columns, context))

    explained = await explain(filled, await page_statement(filled, "admin", plan, wanted))

    assert "__trgm" in explained, explained
    assert not whole_scans(explained), explained


@pytest.mark.parametrize(("text", "index"), [("张伟", "name__lower__pairs"), ("138-0001-2345", "phone__lower__digits")])
async def test_ideographs_and_numbers_with_signs_meet_indexes(filled: World, text: str, index: str) -> None:
    context = await filled.as_user("admin")
    request = parse_list_request({"columns": ["Name"], "search": text})
    plan = plan_query(list_query(request, context.snapshot.objects["Workshop"], context), context)

    explained = await explain(filled, await page_statement(filled, "admin", plan, Wanted("list", 50)))

    assert index in explained, explained
    assert not whole_scans(explained), explained


async def test_a_distance_meets_the_index_on_latitudes(filled: World) -> None:
    context = await filled.as_user("admin")
    text = "SELECT Id FROM Workshop WHERE DISTANCE(Place, GEOLOCATION(48.4, 9.99), 'km') < 5"

    plan = plan_query(parse_query(text), context)
    explained = await explain(filled, await page_statement(filled, "admin", plan, Wanted("query", 50)))

    assert "place_latitude__float" in explained, explained
    assert not whole_scans(explained), explained


@pytest.mark.parametrize("user", ["foreman", "admin"])
async def test_a_record_page_meets_indexes(filled: World, user: str) -> None:
    context = await filled.as_user(user)
    obj = context.snapshot.objects["Workshop"]
    plan = plan_record(context, obj, obj.fields["Id"], "gW1000000000042CAA", fields=None, include_deleted=True)
    wanted = Wanted("get", 1, shape=Shape.UI_RECORD, labels=labels_of(plan.columns, context))

    explained = await explain(filled, await page_statement(filled, user, plan, wanted))

    assert not whole_scans(explained), explained


async def test_the_records_of_an_owner_are_found_by_the_index_on_the_owner(filled: World) -> None:
    context = await filled.as_user("foreman")
    plan = plan_query(parse_query("SELECT COUNT() FROM Workshop"), context)

    explained = await explain(filled, count_statement(context, plan))

    assert "workshop__owner_id__idx" in explained, explained


_FILL_ERRANDS = """
INSERT INTO data.errand (tenant_id, id, name, owner_id, about_id, created_date)
SELECT %(tenant)s, 'gE1' || lpad(n::text, 12, '0') || 'CAA', 'Errand ' || n, 'nobody' || n %% 200,
       'gW1' || lpad(n::text, 12, '0') || 'CAA', now() - n * interval '1 minute'
FROM generate_series(1, %(rows)s) AS n
"""


async def test_what_is_shared_with_readers_is_found_by_the_index_on_the_reference(
    filled: World, snapshots: SnapshotStore
) -> None:
    """The last test here: it changes the tenant. The foreman owns one workshop in a hundred."""
    body = {"label": "Readers", "share_with": {"everyone": True}, "records": {"readers_of": ["AboutId"]}}
    async with filled.database.transaction(Binding(filled.tenant.id)) as transaction:
        await save_component(transaction, snapshots, ComponentKey("sharing_rule", "Errand.Readers__c"), body, OPERATOR)
    tenant = await tenant_by_id(filled.database, filled.tenant.id)
    assert tenant is not None
    world = await make_world(filled.owner_dsn, filled.database, snapshots, tenant)
    world.users = filled.users
    run(world, _FILL_ERRANDS, {"tenant": tenant.id, "rows": ROWS})
    run(world, "VACUUM ANALYZE data.errand", {})
    context = await world.as_user("foreman")
    plan = plan_query(parse_query("SELECT Id, Name FROM Errand ORDER BY CreatedDate DESC LIMIT 50"), context)

    explained = await explain(world, await page_statement(world, "foreman", plan, Wanted("query", 50)))

    assert "errand__about_id__idx" in explained, explained
    assert not whole_scans(explained), explained
    assert await world.rows("foreman", "SELECT COUNT(Id) n FROM Errand") == [{"n": ROWS // 100}]
