"""Parents as they are before their children are written: what their rules must know of old summaries."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_platform.plan.summaries import Relation
from chassis_platform.sql.rollups import CHILDREN
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value


def parents_of(relation: Relation, names: Sequence[str]) -> Statement:
    """The id and these fields of the parents `ids`, and of those that `children` refer to now."""

    def make() -> Statement:
        parent, child = tenant_view(relation.parent).alias("p"), tenant_view(relation.child).alias("c")
        reference = value(relation.reference, child)
        theirs = sa.select(reference).where(*of_this_object(relation.child, child), child.c.id == sa.any_(CHILDREN))
        wanted = sa.func.array(theirs.scalar_subquery(), type_=pg.ARRAY(sa.Text()))
        affected = parent.c.id == sa.any_(IDS.op("||", return_type=pg.ARRAY(sa.Text()))(wanted))
        columns = [value(relation.parent.fields[name], parent).label(f"c{at}") for at, name in enumerate(names)]
        found = sa.select(parent.c.id, *columns).where(*of_this_object(relation.parent, parent), affected)
        return compile_statement(found)

    return kept(relation.parent, ("parents", relation, tuple(names)), make)
