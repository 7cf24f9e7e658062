"""How many records of an object a tenant has, whoever may see them."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.snapshot import Object
from chassis_platform.sql.rows import kept, of_this_object
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view


def count_stored(obj: Object) -> Statement:
    """One number; what lies in the recycle bin counts too, for it takes its place."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        here = sa.and_(*of_this_object(obj, source))
        return compile_statement(sa.select(sa.func.count()).select_from(source).where(here))

    return kept(obj, "count_stored", make)
