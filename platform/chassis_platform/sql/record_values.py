"""Formulas asked of records that are stored: one SELECT for any number of either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view


def values_of_records(snapshot: Snapshot, obj: Object, formulas: Mapping[Any, Expression]) -> Statement:
    """Rows of an id and what each formula gives for it, blank where it fails; `ids` says for which records."""

    def make() -> Statement:
        source = tenant_view(obj).alias("r")
        rows = Rows(snapshot, obj, source)
        values = [compile_expression(each, rows).value for each in formulas.values()]
        asked = sa.select(source.c.id, *(each.label(f"v{place}") for place, each in enumerate(values)))
        return compile_statement(asked.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, ("values", snapshot.identity, *formulas.items()), make)
