"""Decision tables: rows of conditions and outputs, made into functions that formulas call.

A table answers by its first output under its own name, and by each output under `Name_output`. Hit policies are those
of DMN 1.3, chapter 8: first, unique, any, collect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chassis_metadata.components import FunctionDefinition, LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.parse import parse_expression
from chassis_metadata.expressions.tree import Call, Literal, Node
from chassis_metadata.logic.decision_cells import Condition, Value, literal, read_condition, read_value, tree_of
from chassis_metadata.snapshot import Snapshot

KIND = "decision_table"
_KINDS: Mapping[str, Kind] = {"checkbox": Kind.BOOLEAN}
_CONSTANTS_ONLY = frozenset({"min", "max"})


@dataclass(frozen=True, slots=True)
class Column:
    """An input or an output. A type is a field type's word."""

    name: str
    type: str
    default: Value = None

    @property
    def kind(self) -> Kind:
        """The kind of its values in formulas."""
        return _KINDS.get(self.type) or Kind(self.type)


@dataclass(frozen=True, slots=True)
class Formula:
    """An output that is worked out."""

    text: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: a condition for each input, a value or formula for each output."""

    conditions: tuple[Condition, ...]
    outputs: tuple[Value | Formula, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A table in force."""

    name: str
    label: str
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    hit: str = "unique"
    collect: str = "list"

    def returns(self, output: Column) -> Kind:
        """The kind of an output's answer: collected ones are lists as text, or counts."""
        if self.hit != "collect" or self.collect in _CONSTANTS_ONLY:
            return output.kind
        return Kind.TEXT if self.collect == "list" else Kind.NUMBER


def table_of(snapshot: Snapshot, name: str) -> DecisionTable | None:
    """The active table of that name. Raises Invalid where a cell can't be read."""
    component = snapshot.logic_of(KIND).get(name)
    if component is None:
        return None
    return snapshot.keep((KIND, name), lambda: read_table(component))


def read_table(component: LogicComponent) -> DecisionTable:
    """A component as a table. Raises Invalid with the first cell that can't be read."""
    body = component.body
    inputs = tuple(Column(each["name"], each["type"]) for each in body["inputs"])
    outputs = tuple(_output(each) for each in body["outputs"])
    rows = tuple(read_row(inputs, outputs, cells) for cells in body.get("rows", ()))
    hit, collect = body.get("hit", "unique"), body.get("collect", "list")
    return DecisionTable(component.name, body["label"], inputs, outputs, rows, hit, collect)


def _output(body: Mapping[str, Any]) -> Column:
    default = body.get("default")
    return Column(body["name"], body["type"], None if default is None else read_value(default, body["type"]))


def read_row(inputs: Sequence[Column], outputs: Sequence[Column], cells: Sequence[Any]) -> TableRow:
    """A row of cells. Raises Invalid."""
    if len(cells) != len(inputs) + len(outputs):
        wanted = f"{len(inputs)} inputs and {len(outputs)} outputs"
        raise Invalid.of("wrong_number_of_cells", f"The row has {len(cells)} cells; the table has {wanted}.")
    conditions = [read_condition(cell, each.type) for cell, each in zip(cells, inputs, strict=False)]
    answers = [read_answer(cell, each.type) for cell, each in zip(cells[len(inputs) :], outputs, strict=True)]
    return TableRow(tuple(conditions), tuple(answers))


def read_answer(cell: Any, kind: str) -> Value | Formula:
    """A cell under an output: a value, a formula behind `=`, nothing. Raises Invalid."""
    if cell is None or (isinstance(cell, str) and cell.strip() == "-"):
        return None
    if isinstance(cell, str) and cell.lstrip().startswith("="):
        return Formula(cell.lstrip()[1:].strip())
    if isinstance(cell, str) and not cell.strip() and kind != "text":
        return None
    return read_value(cell, kind)


# As functions


def table_functions(snapshot: Snapshot) -> Mapping[str, FunctionDefinition]:
    """The functions that formulas may call for the active tables, by name."""
    components = snapshot.logic_of(KIND).values()
    return snapshot.keep(
        "table_functions", lambda: {each.name: each for component in components for each in _functions(component)}
    )


def _functions(component: LogicComponent) -> Iterable[FunctionDefinition]:
    body = component.body
    names = {each["name"]: f"{component.name}_{each['name']}" for each in body["outputs"]}
    for output, name in [(body["outputs"][0]["name"], component.name), *names.items()]:
        column = Column(output, next(each["type"] for each in body["outputs"] if each["name"] == output))
        table = DecisionTable(component.name, "", (), (), (), body.get("hit", "unique"), body.get("collect", "list"))
        arguments = [{"name": each["name"], "type": Column("", each["type"]).kind} for each in body["inputs"]]
        content = {"arguments": arguments, "returns": table.returns(column), "table": component.name, "output": output}
        yield FunctionDefinition(name, body["label"], KIND, content)


def table_tree(table: DecisionTable, output_name: str) -> Node:
    """One output as a formula over the inputs. Raises Invalid where a formula in a cell can't be read."""
    place = next(place for place, each in enumerate(table.outputs) if each.name == output_name)
    fits = [_row_tree(table, row) for row in table.rows]
    answers = [_answer_tree(row.outputs[place]) for row in table.rows]
    default = literal(table.outputs[place].default)
    if not table.rows:
        return default
    if table.hit == "collect":
        return _collected(table, place, fits, answers)
    first = _choice(fits, answers, default)
    if table.hit != "unique" or is_decided(table):
        return first
    several = Call(
        ">", (_sum([_choice([each], [Literal(Decimal(1))], Literal(Decimal(0))) for each in fits]), Literal(Decimal(1)))
    )
    return Call("IFS", (several, _failing(table.outputs[place].kind), first))


def is_decided(table: DecisionTable) -> bool:
    """Whether the checks could tell that no two rows of the table fit at once: no condition is a formula."""
    return all(condition.formula is None for row in table.rows for condition in row.conditions)


def _row_tree(table: DecisionTable, row: TableRow) -> Node:
    pairs = zip(row.conditions, table.inputs, strict=True)
    asked = [tree_of(condition, each.name) for condition, each in pairs if not condition.is_anything]
    if not asked:
        return Literal(value=True)
    return asked[0] if len(asked) == 1 else Call("AND", tuple(asked))


def _answer_tree(answer: Value | Formula) -> Node:
    return parse_expression(answer.text) if isinstance(answer, Formula) else literal(answer)


def _choice(fits: Sequence[Node], answers: Sequence[Node], default: Node) -> Node:
    pairs = [node for pair in zip(fits, answers, strict=True) for node in pair]
    return Call("IFS", (*pairs, default))


def _sum(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Call("+", tuple(nodes))


def _failing(kind: Kind) -> Node:
    """What fails when it is reached: of several rows that fit, a unique table answers none."""
    number = Call("VALUE", (Literal("more than one row fits"),))
    match kind:
        case Kind.NUMBER:
            return number
        case Kind.BOOLEAN:
            return Call("=", (number, Literal(Decimal(1))))
        case Kind.TEXT:
            return Call("TEXT", (number,))
        case Kind.DATE:
            return Call("DATE", (number, number, number))
        case Kind.DATETIME:
            return Call("FROMUNIXTIME", (number,))
        case _:
            return Call("TIMEVALUE", (Literal("more than one row fits"),))


def _collected(table: DecisionTable, place: int, fits: Sequence[Node], answers: Sequence[Node]) -> Node:
    output, nothing = table.outputs[place], Literal(Decimal(0))
    match table.collect:
        case "count":
            return _sum([_choice([each], [Literal(Decimal(1))], nothing) for each in fits])
        case "sum":
            filled = [Call("BLANKVALUE", (each, nothing)) for each in answers]
            return _sum([_choice([fit], [answer], nothing) for fit, answer in zip(fits, filled, strict=True)])
        case "list":
            texts = [_listed(output, each) for each in answers]
            parts = [_choice([fit], [text], Literal("")) for fit, text in zip(fits, texts, strict=True)]
            joined = parts[0] if len(parts) == 1 else Call("&", tuple(parts))
            return Call("MID", (joined, Literal(Decimal(2)), Literal(Decimal(100_000))))
        case _:
            return _extreme(table, place, fits)


def _listed(output: Column, answer: Node) -> Node:
    if output.kind is Kind.BOOLEAN:
        answer = Call("IF", (answer, Literal("true"), Literal("false")))
    elif output.kind is not Kind.TEXT:
        answer = Call("TEXT", (answer,))
    return Call("&", (Literal(";"), answer))


def _extreme(table: DecisionTable, place: int, fits: Sequence[Node]) -> Node:
    """The least (greatest) of the rows that fit is that of the first of them, when they are put in its order."""
    rows = [(row.outputs[place], fit) for row, fit in zip(table.rows, fits, strict=True)]
    known: list[tuple[Any, Node]] = [(value, fit) for value, fit in rows if value is not None]
    known.sort(key=lambda each: each[0], reverse=table.collect == "max")
    default = literal(table.outputs[place].default)
    return _choice([fit for _, fit in known], [literal(value) for value, _ in known], default) if known else default
