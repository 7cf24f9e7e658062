"""Searches: the records of several objects in which something is found."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import orjson

from chassis_metadata.errors import Invalid
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.parse import parse_search
from chassis_metadata.soql.search_text import literally, read_search_text
from chassis_metadata.soql.tree import And, Ordering, Path, Query, Search, SearchTerm, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import placed, refuse, unsupported
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.plan.search_terms import demand_length, fields_searched, found_in
from chassis_platform.records.pages import LATEST_VERSION, Page, Wanted, read_pages
from chassis_platform.records.search import searched_objects
from chassis_platform.records.search_marks import Marker, Marks, asked_marks, labels_of, marker_of
from chassis_platform.records.search_parameters import MOST_FOUND, Parameters
from chassis_tenants.database import Database

_SPELLING = re.compile(r"SPELL_CORRECTION\s*=\s*(true|false)", re.IGNORECASE)
_NEWEST = (Ordering(Path(("LastModifiedDate",)), descending=True),)


async def find(database: Database, context: Context, text: str, *, version: str = LATEST_VERSION) -> bytes:
    """The answer to a FIND of SOSL."""
    search = _read(text)
    try:
        return await _answer(database, context, search, version)
    except Invalid as error:
        raise placed(error, search.position) from None


def _read(text: str) -> Search:
    try:
        return parse_search(text)
    except Invalid as error:
        raise Invalid([replace(each, code="malformed_search") for each in error.problems]) from None


async def find_by_parameters(
    database: Database, context: Context, wanted: Parameters, *, version: str = LATEST_VERSION
) -> bytes:
    """The same answer for the same search without SOSL around it."""
    returning = ", ".join(each.in_sosl() for each in wanted.objects)
    frame = _read(f"FIND {{xx}} IN {wanted.group} FIELDS" + (f" RETURNING {returning}" if returning else ""))
    try:
        expression = read_search_text(wanted.text)
    except ValueError as error:
        raise refuse("malformed_search", f"q: {error}") from None
    limit = wanted.limit if frame.limit is None else frame.limit
    search = replace(frame, text=wanted.text, expression=expression, limit=limit, with_clauses=wanted.with_clauses)
    return await _answer(database, context, search, version)


async def _answer(database: Database, context: Context, search: Search, version: str) -> bytes:
    """All objects in one round trip, one behind the other as they were named."""
    _refuse_unsupported(search)
    marks = asked_marks(search)
    if search.manner == "PHRASE":
        search = replace(search, expression=SearchTerm(literally(search.text.strip()), is_phrase=True))
    demand_length(search.expression)
    names = Names(context.snapshot, context.policy, context.principal.language)
    returning = search.returning or tuple(Query((), each.name) for each in searched_objects(context, None))
    most = MOST_FOUND if search.limit is None else min(search.limit, MOST_FOUND)
    asked = [_asked(names, search, marks, each) for each in returning]
    sought = [each for each in asked if each.fields]
    wanted = Wanted("search", most, version=version)
    plans = [(_plan(context, names, search, each, most), wanted) for each in sought]
    pages = await read_pages(database, context, plans)
    found = (_records(page, each.marker) for page, each in zip(pages, sought, strict=True))
    answer: dict[str, Any] = {"searchRecords": list(islice(chain.from_iterable(found), most))}
    if marks.labels:
        answer["metadata"] = labels_of(((each.object, each.query) for each in asked), context)
    return orjson.dumps(answer)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search asks of one object; nothing of it where the object has no field of the kind that is searched."""

    object: Object
    query: Query
    fields: list[Field]
    marker: Marker | None


def _asked(names: Names, search: Search, marks: Marks, query: Query) -> _Asked:
    obj = names.object(query.source, query.source_position)
    fields = fields_searched(obj, names, "ALL" if search.group == "SIDEBAR" else search.group)
    query = replace(query, selected=query.selected or (SelectedField(Path(("Id",))),))
    return _Asked(obj, query, fields, marker_of(search.expression, marks, query, obj, names, fields))


def _records(page: Page, marker: Marker | None) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = orjson.loads(page.records)
    if marker is not None:
        marker.mark_all(records)
    return records


def _plan(context: Context, names: Names, search: Search, asked: _Asked, most: int) -> ReadPlan:
    obj, query = asked.object, asked.query
    masks = context.policy.on(obj.name).masks
    lookups = frozenset(name for name, mask in masks.items() if mask.lookup)
    found = found_in(search.expression, asked.fields, lookups=lookups, misspelled=_corrects_spelling(search))
    limit = most if query.limit is None else min(query.limit, most)
    return plan_query(
        replace(
            query,
            selected=query.selected if asked.marker is None else asked.marker.selection(query),
            where=found if query.where is None else And((query.where, found)),
            order_by=query.order_by or _newest(obj, names),
            limit=limit,
        ),
        context,
    )


def _newest(obj: Object, names: Names) -> tuple[Ordering, ...]:
    """What was changed last comes first, where nothing else is said."""
    return _NEWEST if "LastModifiedDate" in names.readable(obj) else ()


def _corrects_spelling(search: Search) -> bool:
    said = [match[1].lower() for each in search.with_clauses if (match := _SPELLING.fullmatch(each))]
    return "false" not in said


def _refuse_unsupported(search: Search) -> None:
    for each in search.further_clauses:
        raise unsupported(each)
    for query in search.returning:
        if query.scope is not None:
            raise unsupported(query.scope, query.position)
