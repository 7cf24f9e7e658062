"""`query?explain=`: how a query would be answered, and whether an index leads to its records.

Numbers are those of the records that the user may see: PostgreSQL's own guesses are made of everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from chassis_platform.access.context import Context
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.pages import Wanted, bound_page, count_all, planned
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement
from chassis_tenants.storage import tenant_view

_WHOLE = "Seq Scan"
_CONDITIONS = ("Index Cond", "Recheck Cond")


async def explain(database: Database, context: Context, text: str) -> bytes:
    """The plan of a query. Nothing of it is run but two counts."""
    plan = planned(context, text, include_deleted=False)
    records = replace(plan, count_only=False, is_aggregate=False, group_by=(), group_kind=None, having=None)
    bare = replace(records, selected=(), where=None, order_by=(), limit=None, offset=0)
    found, everything = [await count_all(database, context, each) for each in (records, bare)]
    shown = bare if plan.is_aggregate or plan.count_only else plan
    page = bound_page(context, replace(shown, where=plan.where), Wanted("explain"))
    [rows] = await database.read(context.binding, Statement("EXPLAIN (FORMAT JSON) " + page.text, page.parameters))
    document = rows[0][0] if not isinstance(rows[0][0], bytes | str) else orjson.loads(rows[0][0])
    scans = [each for each in _nodes(document[0]["Plan"]) if each.get("Relation Name") == tenant_view(plan.object).name]
    return orjson.dumps({"plans": [_described(plan, scans, found, everything)], "sourceQuery": text})


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)


def _described(plan: ReadPlan, scans: list[Mapping[str, Any]], found: int, everything: int) -> dict[str, Any]:
    is_whole = not scans or any(each["Node Type"].endswith(_WHOLE) for each in scans)
    share = found / max(everything, 1)
    note = {
        "description": "No index leads to the records: all of the object's are looked at",
        "fields": [],
        "tableEnumOrId": plan.object.name,
    }
    return {
        "cardinality": found,
        "fields": sorted(_fields(plan, scans)),
        "leadingOperationType": "TableScan" if is_whole else "Index",
        "notes": [note] if is_whole else [],
        "relativeCost": round(share + 1 if is_whole else share, 4),
        "sobjectCardinality": everything,
        "sobjectType": plan.object.name,
    }


def _fields(plan: ReadPlan, scans: list[Mapping[str, Any]]) -> set[str]:
    """The fields by which an index is asked."""
    asked = " ".join(str(each.get(key, "")) for each in scans for key in _CONDITIONS)
    return {each.name for each in plan.object.fields.values() if each.column and _mentions(asked, each.column)}


def _mentions(condition: str, column: str) -> bool:
    words = condition.replace("(", " ").replace(")", " ").split()
    return any(word.rpartition(".")[2].partition("__")[0] == column for word in words)
