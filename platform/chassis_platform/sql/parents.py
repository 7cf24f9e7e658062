"""Parents as they are before their children are written: what their rules must know of old summaries."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.selectable import FromClause

from chassis_platform.plan.summaries import Relation
from chassis_platform.sql.rollups import CHILDREN
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value


def parents_of(path: tuple[Relation, ...], names: Sequence[str]) -> Statement:
    """The way up from the parents `ids`, and from those that `children` refer to now.

    A row is the id of the lowest parent, and id and fields of what stands above it at the path's end.
    """
    top = path[-1].parent

    def make() -> Statement:
        lowest, child = tenant_view(path[0].parent).alias("p0"), tenant_view(path[0].child).alias("c")
        reference = value(path[0].reference, child)
        theirs = sa.select(reference).where(*of_this_object(path[0].child, child), child.c.id == sa.any_(CHILDREN))
        wanted = sa.func.array(theirs.scalar_subquery(), type_=pg.ARRAY(sa.Text()))
        affected = lowest.c.id == sa.any_(IDS.op("||", return_type=pg.ARRAY(sa.Text()))(wanted))
        source, highest = _climbed(lowest, path[1:])
        columns = [value(top.fields[name], highest).label(f"c{at}") for at, name in enumerate(names)]
        found = sa.select(lowest.c.id.label("lowest"), highest.c.id, *columns).select_from(source)
        return compile_statement(found.where(*of_this_object(path[0].parent, lowest), affected))

    return kept(top, ("parents", path, tuple(names)), make)


def _climbed(lowest: FromClause, path: Sequence[Relation]) -> tuple[FromClause, FromClause]:
    """The rows joined one above the other, and the highest of them."""
    source = highest = lowest
    for at, relation in enumerate(path, start=1):
        above = tenant_view(relation.parent).alias(f"p{at}")
        is_above = above.c.id == value(relation.reference, highest)
        source = source.join(above, sa.and_(is_above, *of_this_object(relation.parent, above)))
        highest = above
    return source, highest
