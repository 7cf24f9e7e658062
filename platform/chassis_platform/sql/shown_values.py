"""Values of records as a user sees them, typed: what is masked is the mask's text, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.sql.clearness import is_clear
from chassis_platform.sql.masks import masked
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value


def shown_values(obj: Object, names: Sequence[str], context: Context) -> Statement:
    """Of the records `ids`, whoever sees them: the id, and for each field its value in clear and its masked text."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        pairs = [part for name in names for part in _pair(obj, obj.fields[name], source, context)]
        wanted = sa.select(source.c.id, *(each.label(f"c{place}") for place, each in enumerate(pairs)))
        return compile_statement(wanted.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, ("shown", tuple(names), context.snapshot.identity, context.policy.grants.identity), make)


def _pair(obj: Object, field: Field, source: FromClause, context: Context) -> list[sa.ColumnElement[Any]]:
    found = value(field, source)
    mask = context.policy.on(obj.name).masks.get(field.name)
    if mask is None:
        return [found, sa.null()]
    clear = is_clear(mask, obj, source, context.snapshot, {})
    hidden = masked(field, mask.mask, found)
    return [sa.case((clear, found)), sa.null() if hidden is None else sa.case((sa.not_(clear), hidden))]


def read_shown(names: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Mapping[str, Any]]:
    """By record id, what the user sees of each field."""
    return {
        row[0]: {
            name: clear if clear is not None else hidden
            for name, clear, hidden in zip(names, row[1::2], row[2::2], strict=True)
        }
        for row in rows
    }
