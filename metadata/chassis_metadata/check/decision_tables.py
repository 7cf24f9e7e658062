"""Decision tables: cells that can be read, formulas of the right kind, rows that don't contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chassis_metadata.check.engine_formulas import formula_complaints
from chassis_metadata.check.look import Look
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.decision_cells import read_condition, read_value
from chassis_metadata.logic.decision_overlaps import gap, overlaps
from chassis_metadata.logic.decision_table import Column, DecisionTable, Formula, read_answer, read_table
from chassis_metadata.places import Where

_TOLD = 10


def check_decision_table(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole table."""
    body = each.body
    wrong = [*_name_complaints(body, where), *_cell_complaints(body, where)]
    yield from wrong
    if wrong:
        return
    table = read_table(each)
    yield from _formula_complaints(look, table, where)
    yield from _collect_complaints(table, where)
    if table.hit in ("unique", "any"):
        yield from _overlap_complaints(table, where)
    if table.hit != "collect" and any(one.default is None for one in table.outputs):
        yield from _gap_complaints(table, where)


def _name_complaints(body: Any, where: Where) -> Iterator[Complaint]:
    seen: set[str] = set()
    for key in ("inputs", "outputs"):
        for place, one in enumerate(body[key]):
            if one["name"].lower() in seen:
                message = f"{one['name']!r} is there already."
                yield Complaint((*where, key, place, "name"), "duplicate_name", message)
            seen.add(one["name"].lower())
            if one.get("default") is not None:
                yield from _read(read_value, one["default"], one["type"], (*where, key, place, "default"))


def _cell_complaints(body: Any, where: Where) -> Iterator[Complaint]:
    inputs, outputs = body["inputs"], body["outputs"]
    for place, cells in enumerate(body.get("rows", ())):
        here = (*where, "rows", place)
        if len(cells) != len(inputs) + len(outputs):
            wanted = f"{len(inputs)} inputs and {len(outputs)} outputs"
            message = f"Row {place + 1} has {len(cells)} cells; the table has {wanted}."
            yield Complaint(here, "wrong_number_of_cells", message)
            continue
        for column, (cell, one) in enumerate(zip(cells, [*inputs, *outputs], strict=True)):
            read: Callable[[Any, str], Any] = read_condition if column < len(inputs) else read_answer
            yield from _read(read, cell, one["type"], (*here, column), f"Row {place + 1}, {one['name']}: ")


def _read(read: Callable[[Any, str], Any], cell: Any, kind: str, where: Where, start: str = "") -> Iterator[Complaint]:
    try:
        read(cell, kind)
    except Invalid as invalid:
        for problem in invalid.problems:
            yield Complaint(where, problem.code, start + problem.message)


def _formula_complaints(look: Look, table: DecisionTable, where: Where) -> Iterator[Complaint]:
    for place, row in enumerate(table.rows):
        for column, condition in enumerate(row.conditions):
            here = (*where, "rows", place, column)
            yield from _typed(look, table, condition.formula, here, Kind.BOOLEAN)
        for column, answer in enumerate(row.outputs):
            here = (*where, "rows", place, len(table.inputs) + column)
            text = answer.text if isinstance(answer, Formula) else None
            yield from _typed(look, table, text, here, table.outputs[column].kind)


def _typed(look: Look, table: DecisionTable, text: str | None, where: Where, expects: Kind) -> Iterator[Complaint]:
    variables = {each.name: each.kind for each in table.inputs}
    yield from formula_complaints(look, None, text, where, expects, variables=variables)


def _collect_complaints(table: DecisionTable, where: Where) -> Iterator[Complaint]:
    if table.hit != "collect":
        return
    for place, one in enumerate(table.outputs):
        here = (*where, "outputs", place)
        if table.collect == "sum" and one.type != "number":
            yield Complaint(here, "wrong_type", f"Only numbers have a sum; {one.name} is a {one.type}.")
        if table.collect in ("min", "max"):
            yield from _extreme_complaints(table, one, place, where)


def _extreme_complaints(table: DecisionTable, one: Column, place: int, where: Where) -> Iterator[Complaint]:
    if one.type in ("text", "checkbox"):
        yield Complaint((*where, "outputs", place), "wrong_type", f"A {one.type} has no {table.collect}.")
    for at, row in enumerate(table.rows):
        if isinstance(row.outputs[place], Formula):
            here = (*where, "rows", at, len(table.inputs) + place)
            yield Complaint(here, "not_allowed", f"With {table.collect}, outputs are values, not formulas.")


def _overlap_complaints(table: DecisionTable, where: Where) -> Iterator[Complaint]:
    found = (pair for pair in overlaps(table) if table.hit == "unique" or _contradict(table, *pair))
    for (one, other), _ in zip(found, range(_TOLD), strict=False):
        rule = "only one row may fit" if table.hit == "unique" else "rows that fit together must answer the same"
        message = f"Rows {one + 1} and {other + 1} can fit at once: {rule} (`hit: {table.hit}`)."
        yield Complaint((*where, "rows", other), "overlapping_rows", message)


def _contradict(table: DecisionTable, one: int, other: int) -> bool:
    return table.rows[one].outputs != table.rows[other].outputs


def _gap_complaints(table: DecisionTable, where: Where) -> Iterator[Complaint]:
    found = gap(table)
    if found is not None:
        words = ", ".join(f"{each.name} {value}" for each, value in zip(table.inputs, found, strict=True))
        message = f"No row fits {words}: the answer is blank then. Add a row, or a `default`."
        yield Complaint((*where, "rows"), "decision_table_gap", message)
