"""Asking a decision table outside of formulas: what it answers for some inputs, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.forms import near
from chassis_metadata.logic.decision_cells import read_value
from chassis_metadata.logic.decision_table import KIND, Column, DecisionTable, table_of
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform import coverage
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.pieces import sql_type
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import folded, unfolded
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement, compile_statement

_PLACE = "place"


def table_named(snapshot: Snapshot, name: str) -> DecisionTable:
    """The active table of that name; NotFound without one."""
    found = table_of(snapshot, name)
    if found is None:
        raise NotFound.of("not_found", f"There is no decision table {name!r}.{near(name, snapshot.logic_of(KIND))}")
    return found


async def decide(
    transaction: Transaction, context: Context, name: str, inputs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The outputs by name for each set of inputs, in their order; blank where no row fits or an output fails."""
    table = table_named(context.snapshot, name)
    rows = [{_PLACE: place, **_row(table, each)} for place, each in enumerate(inputs)]
    snapshot = context.snapshot
    statement = snapshot.keep(("decide", name), lambda: _statement(snapshot, table))
    answers = await transaction.fetch(statement.bind(**common(context), rows=folded(rows)))
    coverage.note(KIND, name)
    return [dict(zip((each.name for each in table.outputs), row[1:], strict=True)) for row in answers]


def _row(table: DecisionTable, values: Mapping[str, Any]) -> dict[str, Any]:
    known = [each.name for each in table.inputs]
    unknown = [name for name in values if name not in known]
    if unknown:
        message = f"{table.name} has no input {unknown[0]!r}.{near(unknown[0], known)} It has: {', '.join(known)}."
        raise Invalid.of("invalid_field", message, fields=[unknown[0]])
    return {f"i{place}": _value(each, values.get(each.name)) for place, each in enumerate(table.inputs)}


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    try:
        return read_value(value, column.type)
    except Invalid as invalid:
        raise Invalid.of(
            "invalid_value", f"{column.name}: {invalid.problems[0].message}", fields=[column.name]
        ) from None


def _statement(snapshot: Snapshot, table: DecisionTable) -> Statement:
    columns: dict[str, sa.types.TypeEngine[Any]] = {_PLACE: sa.Integer()}
    columns |= {f"i{place}": sql_type(each.kind) for place, each in enumerate(table.inputs)}
    given = unfolded(columns)
    variables = {each.name: given.c[f"i{place}"] for place, each in enumerate(table.inputs)}
    kinds = {each.name: each.kind for each in table.inputs}
    rows = Rows(snapshot, None, None, variables=variables)
    answers = [
        compile_expression(
            formula_of(snapshot, None, f"{table.name}_{each.name}({', '.join(variables)})", variables=kinds), rows
        ).value.label(f"o{place}")
        for place, each in enumerate(table.outputs)
    ]
    return compile_statement(sa.select(given.c[_PLACE], *answers).order_by(given.c[_PLACE]))
