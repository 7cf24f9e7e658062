"""The statement of each plan shape, laid out and kept in `__snapshots__`.

Run with `UPDATE_SNAPSHOTS=1` after a change that was meant, and read what git shows.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from chassis_metadata.soql.parse import parse_query
from chassis_platform.plan.listing import list_query, parse_list_request
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.single import labels_of, plan_record, without_compounds
from chassis_platform.records import pages
from chassis_platform.sql.groups import compile_groups
from chassis_platform.sql.read import Shape, compile_count, compile_read
from world import World, counting

SNAPSHOTS = Path(__file__).with_name("__snapshots__")
_CLAUSE = re.compile(
    r"\s+(?=(?:FROM|WHERE|GROUP BY|HAVING|ORDER BY(?! \w+\.(?:key|position|body|region))|LIMIT|OFFSET|UNION ALL|LEFT OUTER JOIN"  # noqa: E501
    r"|INSERT INTO|SELECT)\b)"
)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\(|\)|\n|[^'()\n]+")


def laid_out(text: str) -> str:
    """A clause a line, indented by its parentheses."""
    depth, lines = 0, [""]
    for token in _TOKEN.findall(_CLAUSE.sub("\n", " ".join(text.split())).replace("), ", "),\n")):
        if token == "\n":
            lines.append("    " * depth)
            continue
        depth += {"(": 1, ")": -1}.get(token, 0)
        lines[-1] += token
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def check(name: str, text: str) -> None:
    """The text is what the snapshot says; a new one is written, and fails where nobody looks at it."""
    file = SNAPSHOTS / f"{name}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(laid_out(text), encoding="utf-8")
    assert file.exists(), f"no snapshot {name}: run with UPDATE_SNAPSHOTS=1"
    assert laid_out(text) == file.read_text(encoding="utf-8")


QUERIES = {
    "own_records": "SELECT Id, Name, Budget FROM Workshop",
    "filtered_and_sorted": (
        "SELECT Id FROM Workshop WHERE Region IN ('North') AND (Budget > 5 OR Name LIKE 'a%') AND CreatedDate = TODAY"
        " AND Services INCLUDES ('Paint') ORDER BY Name DESC LIMIT 10"
    ),
    "parents": "SELECT Id, Owner.Name, ParentWorkshop.Name FROM Workshop ORDER BY CreatedDate DESC",
    "children": "SELECT Id, (SELECT Id, Amount FROM Stays ORDER BY Amount LIMIT 5) FROM Workshop",
    "controlled_by_parent": "SELECT Id, Name FROM Stay",
    "semi_and_anti_join": (
        "SELECT Id FROM Workshop WHERE Id IN (SELECT WorkshopId FROM Stay) AND Id NOT IN (SELECT AboutId FROM Stay)"
    ),
    "logged": "SELECT Phone FROM Workshop",
}


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_has_this_statement(world: World, name: str) -> None:
    context = await world.as_user("clerk")
    plan = plan_query(parse_query(QUERIES[name]), context)

    check(name, compile_read(plan, context.policy, context.snapshot).statement.text)


async def test_a_later_page_has_this_statement(world: World) -> None:
    context = await world.as_user("clerk")
    plan = plan_query(parse_query("SELECT Id FROM Workshop ORDER BY Budget DESC, CreatedDate"), context)

    for name, nulls in (("behind_values", (False, False, False)), ("behind_a_null", (True, False, False))):
        read = compile_read(plan, context.policy, context.snapshot, after_nulls=nulls)
        check(f"page_{name}", read.statement.text)


async def test_counts_and_groups_have_these_statements(world: World) -> None:
    context = await world.as_user("clerk")
    counted = plan_query(parse_query("SELECT COUNT() FROM Workshop WHERE Region = 'North'"), context)
    grouped = plan_query(
        parse_query(
            "SELECT Region, SUM(Budget) s FROM Workshop GROUP BY Region HAVING SUM(Budget) > 1 ORDER BY SUM(Budget)"
        ),
        context,
    )

    check("count", compile_count(counted, context.policy, context.snapshot).text)
    check("groups", compile_groups(grouped, context.policy, context.snapshot).statement.text)


async def test_a_list_and_a_record_page_have_these_statements(world: World) -> None:
    context = await world.as_user("clerk")
    obj = context.snapshot.objects["Stay"]
    request = parse_list_request({"columns": ["Name", "WorkshopId", "Workshop.Region"], "search": "V-"})
    listed = plan_query(list_query(request, obj, context), context)
    record = without_compounds(
        plan_record(context, obj, obj.fields["Id"], "gV1000000000001CAA", fields=None, include_deleted=True)
    )

    for plan, shape in ((listed, Shape.UI_ROW), (record, Shape.UI_RECORD)):
        labels = labels_of(plan.columns, context)
        read = compile_read(plan, context.policy, context.snapshot, shape=shape, labels=labels)
        check(shape.value, read.statement.text)


async def test_queries_that_differ_in_values_alone_share_a_statement(world: World) -> None:
    context = await world.as_user("clerk")

    def statement(text: str) -> object:
        plan = plan_query(parse_query(text), context)
        return pages.compiled(context, plan, pages.Wanted("query"))

    one = statement("SELECT Id FROM Workshop WHERE Region IN ('North') AND Budget > 5 AND CreatedDate > LAST_N_DAYS:3")
    other = statement("SELECT Id FROM Workshop WHERE Region IN ('a', 'b') AND Budget > 7.5 AND CreatedDate > TODAY")
    unlike = statement("SELECT Id FROM Workshop WHERE Region IN ('a', null) AND Budget > 7.5 AND CreatedDate > TODAY")

    assert one is other
    assert one is not unlike


async def test_users_with_the_same_grants_share_a_statement(world: World) -> None:
    plans = {user: await world.as_user(user) for user in ("clerk", "head", "admin")}

    def statement(user: str) -> object:
        plan = plan_query(parse_query("SELECT Id FROM Workshop"), plans[user])
        return pages.compiled(plans[user], plan, pages.Wanted("query"))

    assert statement("clerk") is statement("head")
    assert statement("clerk") is not statement("admin")


async def test_a_query_is_one_round_trip_however_many_records_it_answers(world: World) -> None:
    for number in range(50):
        world.record("Workshop", Name=f"W{number}", Code=f"W{number}", OwnerId=world.users["clerk"])
    asked = []
    for limit in (1, 50):
        context = await world.as_user("clerk")
        async with counting(world) as counted:
            text = f"SELECT Id, Owner.Name, (SELECT Id FROM Stays) FROM Workshop LIMIT {limit}"  # noqa: S608
            await pages.read_page(
                world.database, context, plan_query(parse_query(text), context), pages.Wanted("query")
            )
        asked.append((counted.trips, len(counted.statements)))

    assert asked == [(1, 2), (1, 2)]  # who asks for the first time is counted what they see besides
