"""Queries in batches: the first one, those behind locators, and what more there is of a record's children.

A locator says which query goes on behind which key. What is there is decided anew: the key of the last record seen is
no position, so records that come and go meanwhile are neither shown twice nor missed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import orjson

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import new_id
from chassis_metadata.soql.tree import Operator
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.read_plan import AllOf, ChildSet, Compare, PlannedField, ReadPlan, Seen, child_sets_within
from chassis_platform.records.cursors import read_cursor, write_cursor
from chassis_platform.records.groups import read_groups
from chassis_platform.records.held import hold_answer
from chassis_platform.records.pages import (
    LARGEST_BATCH,
    LATEST_VERSION,
    Page,
    Wanted,
    count_all,
    count_statement,
    planned,
    query_url,
    read_page,
    who,
)
from chassis_platform.records.recent import remember_answer
from chassis_platform.sql.locators import find_locator, keep_locator, kept_text
from chassis_platform.sql.paging import key_count
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

_LOCATOR_PREFIX = "01g"
_LOCATOR = re.compile(r"(?P<id>01g[0-9A-Za-z]{15})-(?:(?P<position>\d{1,10})|(?P<key>WyJ[\w-]{1,4000}))", re.ASCII)
_MOST = 2**31 - 1
_PARENT = "parent_of_children"


async def query(  # noqa: PLR0913  what a request for a query may say, by name
    database: Database,
    context: Context,
    text: str,
    *,
    door: str = "query",
    include_deleted: bool = False,
    batch_size: int = LARGEST_BATCH,
    version: str = LATEST_VERSION,
) -> bytes:
    """The whole answer to a query: its first batch, and where the next one is."""
    plan = planned(context, text, include_deleted=include_deleted)
    if plan.count_only:
        return _body(_cut(await count_all(database, context, plan), plan), b"[]")
    wanted = _wanted(plan, Wanted(door, batch_size, version=version))
    if plan.is_aggregate:
        page = await read_groups(database, context, plan, wanted)
        return _body(page.count, page.records)
    await hold_answer(database, context, plan, wanted)
    page = await read_page(database, context, plan, wanted)
    answered = _Answered(text, plan, page, wanted)
    await remember_answer(database, context, plan, page.records)
    await _keep_children(database, context, answered)
    if page.next_key is None:
        return _body(page.count, page.records)
    return await _with_locator(database, context, answered, None)


def _wanted(plan: ReadPlan, wanted: Wanted) -> Wanted:
    """With a fresh locator for each child set, which is kept where more of it is left than was answered."""
    return replace(wanted, child_locators=tuple(new_id(_LOCATOR_PREFIX) for _ in child_sets_within(plan)))


def _cut(found: int, plan: ReadPlan) -> int:
    """How many of the found remain behind the query's offset and within its limit."""
    return min(max(found - plan.offset, 0), _MOST if plan.limit is None else plan.limit)


async def query_more(
    database: Database, context: Context, locator: str, *, door: str = "query", version: str = LATEST_VERSION
) -> bytes:
    """The batch behind a locator. It may be asked for again and again: each answer keeps a locator of its own."""
    match = _LOCATOR.fullmatch(locator)
    if match is None:
        raise _no_locator()
    found = find_locator(context.tenant.id, context.principal.user_id, match["id"])
    [rows] = await database.read(context.binding, found)
    if not rows or (match["position"] is not None and rows[0][2] != int(match["position"])):
        raise _no_locator()
    text, include_deleted, position, after, total, batch = rows[0]
    plan = planned(context, text, include_deleted=include_deleted)
    if match["key"] is not None:
        return await _more_children(database, context, _Kept(text, plan, position, batch, door, version), match)
    wanted = _wanted(plan, Wanted(door, batch, after=after, position=position, version=version))
    page = await read_page(database, context, plan, wanted)
    answered = _Answered(text, plan, page, wanted)
    await remember_answer(database, context, plan, page.records)
    await _keep_children(database, context, answered)
    if page.next_key is None:
        return _body(total, page.records)
    return await _with_locator(database, context, answered, total)


def _no_locator() -> Invalid:
    return Invalid.of("invalid_query_locator", "invalid query locator")


@dataclass(frozen=True, slots=True)
class _Answered:
    """A batch, and what was asked; `first_child` is the number of the query's first child set."""

    text: str
    plan: ReadPlan
    page: Page
    wanted: Wanted
    first_child: int = 0


async def _with_locator(database: Database, context: Context, answered: _Answered, total: int | None) -> bytes:
    plan, page, wanted = answered.plan, answered.page, answered.wanted
    locator_id = new_id(_LOCATOR_PREFIX)
    position = wanted.position + page.count
    statement = keep_locator(count_statement(context, plan) if total is None else None).bind(
        **_kept(context, answered, locator_id),
        position=position,
        after_key=orjson.dumps(page.next_key).decode(),
        known_total=total,
        skipped=plan.offset if total is None else 0,
    )
    [[(counted,)]] = await database.read(context.binding, statement)
    return _body(counted, page.records, f"{query_url(wanted.version)}{locator_id}-{position}")


def _kept(context: Context, answered: _Answered, locator_id: str) -> dict[str, Any]:
    plan = answered.plan
    return {
        **who(context),
        "locator_id": locator_id,
        "query_text": kept_text(locator_id, answered.text, plan.values.values()),
        "include_deleted": plan.include_deleted,
        "most": _MOST if plan.limit is None else plan.limit,
        "batch": answered.wanted.batch,
    }


def _body(total: int, records: bytes, next_url: str | None = None) -> bytes:
    done = b"true" if next_url is None else b"false"
    following = b"" if next_url is None else b'"nextRecordsUrl":"%b",' % next_url.encode()
    return b'{"totalSize":%d,"done":%b,%b"records":%b}' % (total, done, following, records)


# Children


async def _keep_children(database: Database, context: Context, answered: _Answered) -> None:
    """Keep the locators that the answer names: of child sets that have more records than a batch."""
    named = [
        _child_locator(context, answered, locator, number)
        for number, locator in enumerate(answered.wanted.child_locators, answered.first_child)
        if locator.encode() in answered.page.records
    ]
    if named:
        await database.read(context.binding, *named)


def _child_locator(context: Context, answered: _Answered, locator: str, number: int) -> Statement:
    """Its position is the number of the child set; where it goes on is part of its address."""
    return keep_locator(None).bind(
        **_kept(context, answered, locator), position=number, after_key="[]", known_total=0, skipped=0
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a locator of a child set says."""

    text: str
    plan: ReadPlan
    number: int
    batch: int
    door: str
    version: str


async def _more_children(database: Database, context: Context, kept: _Kept, match: re.Match[str]) -> bytes:
    sets = [each for _, each in child_sets_within(kept.plan)]
    if kept.number >= len(sets):
        raise _no_locator()
    child = sets[kept.number]
    parent, position, *after = _child_key(match["key"], child)
    plan = _children_of(kept.plan, child, parent, context)
    wanted = Wanted(kept.door, kept.batch, after=after, position=position, version=kept.version)
    wanted = _wanted(plan, wanted)
    page = await read_page(database, context, plan, wanted)
    answered = _Answered(kept.text, replace(plan, values=kept.plan.values), page, wanted, kept.number + 1)
    await _keep_children(database, context, answered)
    total = _cut(await count_all(database, context, plan), plan)
    if page.next_key is None:
        return _body(total, page.records)
    key = write_cursor([parent, str(position + page.count), *page.next_key])
    return _body(total, page.records, f"{query_url(kept.version)}{match['id']}-{key}")


def _child_key(text: str, child: ChildSet) -> tuple[str, int, *tuple[str | None, ...]]:
    """Whose children, how many were answered before, and the key of the last of them."""
    parent, position, *after = read_cursor(text, key_count(child.plan.order_by) + 2)
    if parent is None or position is None or not position.isdecimal() or int(position) > _MOST:
        raise _no_locator()
    return parent, int(position), *after


def _children_of(plan: ReadPlan, child: ChildSet, parent: str, context: Context) -> ReadPlan:
    """The child set of one record as a query of its own. Whose children they are is what the reference says."""
    reference = PlannedField((), (child.field,))
    condition: Compare | Seen = Compare(reference, Operator.EQUALS, _PARENT)
    if Names(context.snapshot, context.policy).mask_of(reference) is not None:
        condition = Seen(condition, reference)
    where = condition if child.plan.where is None else AllOf((child.plan.where, condition))
    return replace(child.plan, where=where, values={**plan.values, _PARENT: parent}, moving=plan.moving)
