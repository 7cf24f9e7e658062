"""The records that a plan finds: its sources and what they meet."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select

from chassis_platform.plan.read_plan import InQuery, ReadPlan
from chassis_platform.sql.filters import Filters
from chassis_platform.sql.record_conditions import Scan
from chassis_platform.sql.sources import Reach, Sources, alias_of
from chassis_tenants import storage


def filtered(
    plan: ReadPlan, reach: Reach, *, prefix: str = "", scan: Scan = Scan.BY_INDEX
) -> tuple[Sources, list[ColumnElement[bool]]]:
    """The plan's sources with the joins of its conditions, and the conditions."""
    sources = root_sources(plan, reach, prefix=prefix)
    return sources, conditions(plan, sources, scan)


def root_sources(plan: ReadPlan, reach: Reach, *, prefix: str = "") -> Sources:
    """The plan's own rows, nothing joined yet."""
    root = storage.tenant_view(plan.object).alias(prefix + alias_of(plan.object))
    return Sources(plan.object, root, reach, prefix)


def conditions(
    plan: ReadPlan, sources: Sources, scan: Scan = Scan.BY_INDEX, known: ColumnElement[bool] | None = None
) -> list[ColumnElement[bool]]:
    """What the plan's records meet: the wall, the sharing, the query's own conditions."""
    found = sources.reach.conditions(plan.object, sources.root, scan, known)
    if plan.where is not None:
        found.append(filters(sources).where(plan.where))
    return found


def filters(sources: Sources) -> Filters:
    """The conditions of a query without groups, over these sources."""

    def find(condition: InQuery) -> tuple[Select[Any], ColumnElement[Any]]:
        inner, where = filtered(condition.source, sources.reach, prefix="among_")
        column = inner.value(condition.column)
        where.append(column.is_not(None))
        clear = inner.clear(condition.column)
        if clear is not None:
            where.append(clear)
        return sa.select(column).select_from(inner.all()).where(*where), column

    return Filters(sources, find)
