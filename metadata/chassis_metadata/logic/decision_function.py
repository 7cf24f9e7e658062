"""A decision table's output as a checked formula over its inputs."""

from __future__ import annotations

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import Checker
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.decision_table import table_of, table_tree
from chassis_metadata.snapshot import Snapshot


def table_expression(snapshot: Snapshot, definition: FunctionDefinition, scope: Scope) -> Expression:
    """The formula behind one of `table_functions`, kept with the snapshot. Raises Invalid."""
    return snapshot.keep(("table_expression", definition.name), lambda: _expression(snapshot, definition, scope))


def _expression(snapshot: Snapshot, definition: FunctionDefinition, scope: Scope) -> Expression:
    table = table_of(snapshot, definition.body["table"])
    if table is None:
        raise Invalid.of("unknown_decision_table", f"There is no decision table {definition.body['table']!r}.")
    checker = Checker(definition.name, scope)
    root = checker.typed(table_tree(table, definition.body["output"]))
    if checker.problems:
        raise Invalid(checker.problems)
    return Expression(definition.name, Kind(definition.body["returns"]), root, "blank")
