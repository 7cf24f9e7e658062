"""One page of records: statements found or compiled, values bound, one round trip."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from chassis_metadata.ids import is_id, new_id, normal_id
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.parse import parse_query
from chassis_platform import clock
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.access.road_memory import Extent
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import Column, ReadPlan
from chassis_platform.plan.signature import columns_signature, signature, with_values
from chassis_platform.plan.single import plan_record
from chassis_platform.sql.access_log import entry_name
from chassis_platform.sql.children import url_name
from chassis_platform.sql.formula_context import asking, time_zone
from chassis_platform.sql.read import CompiledRead, Shape, compile_count, compile_read
from chassis_platform.sql.roads import Road, road_for
from chassis_tenants.database import Database, Row
from chassis_tenants.statement import Statement

LARGEST_BATCH = 2_000
LATEST_VERSION = "66.0"
_ACCESS_PREFIX = "0Al"

#: A cache of pure functions: what is compiled depends on the key alone.
_plans: Recent[Hashable, ReadPlan] = Recent(1_000)
_reads: Recent[Hashable, CompiledRead] = Recent(1_000)
_counts: Recent[Hashable, Statement] = Recent(1_000)

LastKey = list[str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page to read: how many records, behind which key, in what shape, through which door."""

    door: str
    batch: int = LARGEST_BATCH
    shape: Shape = Shape.REST
    labels: tuple[Column, ...] = ()
    after: LastKey | None = None
    position: int = 0  # records answered before
    version: str = LATEST_VERSION
    child_locators: tuple[str, ...] = ()  # one for each child set: what more of it is asked by
    own: bool = False  # only a record to which its owner alone gives access


@dataclass(frozen=True, slots=True)
class Page:
    """The records as a JSON array, how many they are, and the key of the last one when more follow."""

    records: bytes
    count: int
    next_key: LastKey | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Rows:
    """The ids and the cells of records, and the key of the last one when more follow."""

    ids: list[str]
    rows: list[Row]
    next_key: LastKey | None = field(default=None)


def planned(context: Context, text: str, *, include_deleted: bool) -> ReadPlan:
    """The plan of a query text; parsed and planned once for all users with the same grants and language."""
    spoken = (context.principal.language, context.tenant.currency)
    key = (context.policy.grants.identity, spoken, text, include_deleted)
    return _plans.find(key, lambda: plan_query(parse_query(text), context, include_deleted=include_deleted))


def planned_record(
    context: Context, obj: Object, key: Field, value: str, *, fields: Sequence[str] | None, include_deleted: bool
) -> ReadPlan:
    """The plan of the record with that key."""
    if key.name == "Id" and is_id(value):
        return planned_by_id(context, obj, normal_id(value), fields=fields, include_deleted=include_deleted)
    names = None if fields is None else tuple(fields)
    return plan_record(context, obj, key, value, fields=names, include_deleted=include_deleted)


def planned_by_id(
    context: Context, obj: Object, record_id: str, *, fields: Sequence[str] | None, include_deleted: bool
) -> ReadPlan:
    """The same of the record with that id, in its long form: planned once for all records."""
    names = None if fields is None else tuple(fields)

    def plan() -> ReadPlan:
        return plan_record(context, obj, obj.fields["Id"], record_id, fields=names, include_deleted=include_deleted)

    found = _plans.find((context.policy.grants.identity, obj.name, names, include_deleted), plan)
    [slot] = found.values
    return with_values(found, {slot: record_id})


async def read_page(database: Database, context: Context, plan: ReadPlan, wanted: Wanted) -> Page:
    """The page, in one round trip."""
    [page] = await read_pages(database, context, [(plan, wanted)])
    return page


async def read_pages(database: Database, context: Context, pages: Sequence[tuple[ReadPlan, Wanted]]) -> list[Page]:
    """Several pages in one round trip."""
    reads = [compiled(context, plan, wanted) for plan, wanted in pages]
    statements = [_bound(context, *page, read) for page, read in zip(pages, reads, strict=True)]
    sizings = _sizings(context, zip((plan for plan, _ in pages), reads, strict=True))
    answers = await database.read(context.binding, *statements, *sizings.values())
    _keep_extents(context, sizings, answers[len(pages) :])
    return [_page(rows[0], wanted) for rows, (_, wanted) in zip(answers, pages, strict=False)]


def _sizings(context: Context, reads: Iterable[tuple[ReadPlan, CompiledRead]]) -> dict[str, Statement]:
    """The statements that measure the user's reach, by object: of what will be asked for again by a better road."""
    sized = {plan.object.name: read.sizing for plan, read in reads if read.sizing is not None}
    return {name: sizing.bind(**who(context)) for name, sizing in sized.items()}


def _keep_extents(context: Context, objects: Iterable[str], answers: Sequence[list[Row]]) -> None:
    for name, [row] in zip(objects, answers, strict=True):
        context.policy.roads.keep_extent(name, Extent(*row))


def bound_page(context: Context, plan: ReadPlan, wanted: Wanted) -> Statement:
    """The statement that reads a page, with everything bound."""
    return _bound(context, plan, wanted, compiled(context, plan, wanted))


def _bound(context: Context, plan: ReadPlan, wanted: Wanted, read: CompiledRead) -> Statement:
    unbound, fetch = read.statement, _rows_to_fetch(plan, wanted)
    bound = {
        **unbound.parameters,
        **parameters(context, plan, wanted, read.entry_count),
        "batch": wanted.batch,
        "offset": plan.offset,
    }
    return Statement(_of_length(unbound.text, fetch), bound, unbound.sealed)


def _rows_to_fetch(plan: ReadPlan, wanted: Wanted) -> int:
    """One more than are answered, to know whether more follow."""
    remaining = wanted.batch + 1 if plan.limit is None else max(plan.limit - wanted.position, 0)
    return min(wanted.batch + 1, remaining)


async def read_rows(database: Database, context: Context, plan: ReadPlan, wanted: Wanted) -> Rows:
    """The page in a shape of rows, in one round trip."""
    read = compiled(context, plan, wanted)
    sizings = _sizings(context, [(plan, read)])
    page = _bound(context, plan, wanted, read)
    found, *counted = await database.read(context.binding, page, *sizings.values())
    _keep_extents(context, sizings, counted)
    more = len(found) > wanted.batch
    answered = found[: wanted.batch] if more else found
    next_key = orjson.loads(answered[-1][0]) if more else None
    return Rows([row[1] for row in answered], [row[2:] for row in answered], next_key)


@lru_cache(maxsize=1_000)
def _of_length(text: str, rows: int) -> str:
    """The text with the page's length written into it.

    PostgreSQL takes a limit that it doesn't know for a tenth of all records, finds no plan that serves every such
    limit, and plans anew each time: with three scans of an object of fifty indexes, that costs more than reading.
    """
    return text.replace("%(fetch)s", str(rows))


def _page(row: Row, wanted: Wanted) -> Page:
    records, found, last_key = row
    if found <= wanted.batch:
        return Page(records, found)
    return Page(records, wanted.batch, orjson.loads(last_key))


def _road(context: Context, plan: ReadPlan, wanted: Wanted) -> Road:
    extent = context.policy.roads.extent_of(plan.object.name)
    return road_for(extent, plan, _rows_to_fetch(plan, wanted) + plan.offset)


def compiled(context: Context, plan: ReadPlan, wanted: Wanted) -> CompiledRead:
    """The plan's statement for users with these grants."""
    grants = context.policy.grants.identity
    nulls = None if wanted.after is None else tuple(each is None for each in wanted.after)
    road = Road.OWN if wanted.own else _road(context, plan, wanted)
    key = (grants, signature(plan), wanted.shape, columns_signature(wanted.labels), nulls, road)

    def compile_now() -> CompiledRead:
        policy, snapshot, shape, labels = context.policy, context.snapshot, wanted.shape, wanted.labels
        return compile_read(plan, policy, snapshot, shape=shape, labels=labels, after_nulls=nulls, road=road)

    return _reads.find(key, compile_now)


async def count_all(database: Database, context: Context, plan: ReadPlan) -> int:
    """How many records the plan finds, its limit aside."""
    [[(count,)]] = await database.read(context.binding, count_statement(context, plan))
    return int(count)


def count_statement(context: Context, plan: ReadPlan, *, most: int | None = None) -> Statement:
    """The statement that counts what the plan finds, up to `most`, bound."""
    bounded = most is not None
    key = (context.policy.grants.identity, context.policy.names_few, signature(plan), bounded)
    statement = _counts.find(key, lambda: compile_count(plan, context.policy, context.snapshot, bounded=bounded))
    bound = {"most": most} if bounded else {}
    return statement.bind(**who(context), **plan.bound_values(clock.now(), time_zone(context)), **bound)


def parameters(context: Context, plan: ReadPlan, wanted: Wanted, entry_count: int) -> dict[str, Any]:
    """Everything that is bound besides the page's bounds."""
    now = clock.now()
    return {
        "tenant_id": context.tenant.id,
        **asking(context, now),
        **plan.bound_values(now, time_zone(context)),
        **cursor_parameters(wanted.after),
        **log_parameters(context, wanted.door, entry_count),
        "url_prefix": f"/services/data/v{wanted.version}/sobjects/",
        **{
            url_name(number): f"{query_url(wanted.version)}{locator}-"
            for number, locator in enumerate(wanted.child_locators)
        },
    }


def query_url(version: str) -> str:
    """Where batches of queries are to be had, behind their locators."""
    return f"/services/data/v{version}/query/"


def who(context: Context) -> dict[str, Any]:
    """The tenant, the user among owners, and what formulas ask of the user."""
    return {"tenant_id": context.tenant.id, **asking(context)}


def cursor_parameters(after: Sequence[str | None] | None) -> Mapping[str, str | None]:
    """The values of the last record seen."""
    return {f"after_{number}": value for number, value in enumerate(after or (), 1)}


def log_parameters(context: Context, door: str, entry_count: int) -> dict[str, Any]:
    """What the access log says of this request, and fresh ids for its entries."""
    if not entry_count:
        return {}
    principal = context.principal
    return {
        "door": door,
        "source_ip": principal.source_ip,
        "session_id": principal.session_id,
        "client_name": principal.client_name,
        "acting_user_id": principal.acting_user_id,
        **{entry_name(number): new_id(_ACCESS_PREFIX) for number in range(1, entry_count + 1)},
    }
