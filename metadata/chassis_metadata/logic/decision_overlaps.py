"""Whether two rows of a decision table can fit at once, and inputs that no row fits: found without running anything.

Both look at one input after the other: of each, the values and ends of ranges that its cells name cut all values into
few pieces that no cell can tell apart inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chassis_metadata.logic.decision_cells import Condition, Range, Value
from chassis_metadata.logic.decision_table import DecisionTable

MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Values of one input that no cell tells apart: one value, those between two, or any that is not named."""

    shown: str
    rows: frozenset[int]


def overlaps(table: DecisionTable) -> Iterator[tuple[int, int]]:
    """Pairs of rows that fit some input both, by place; rows with formulas are left out, they can't be told."""
    decided = [place for place, row in enumerate(table.rows) if all(each.formula is None for each in row.conditions)]
    together = [_together(_pieces(table, column, decided), decided) for column in range(len(table.inputs))]
    for place, row in enumerate(decided):
        common = frozenset(decided[place + 1 :])
        for meeting in together:
            common &= meeting[row]
        yield from ((row, other) for other in sorted(common))


def _together(pieces: Sequence[Piece], rows: Sequence[int]) -> dict[int, frozenset[int]]:
    """For each row, the rows that fit some piece with it."""
    met: dict[int, set[int]] = {row: set() for row in rows}
    for piece in pieces:
        for row in piece.rows:
            met[row] |= piece.rows
    return {row: frozenset(others) for row, others in met.items()}


def gap(table: DecisionTable) -> list[str] | None:
    """Inputs that no row fits, in words; None where there are none or it can't be told."""
    if not table.rows or any(each.formula is not None for row in table.rows for each in row.conditions):
        return None
    rows = list(range(len(table.rows)))
    columns = [_pieces(table, column, rows) for column in range(len(table.inputs))]
    search = _Search(columns)
    return search.find(0, frozenset(rows), [])


@dataclass(slots=True)
class _Search:
    columns: Sequence[Sequence[Piece]]
    steps: int = 0

    def find(self, column: int, rows: frozenset[int], way: list[str]) -> list[str] | None:
        """The first way through pieces of all inputs on which no row is left."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            return None
        if not rows:
            return [*way, *("-" for _ in self.columns[column:])]
        if column == len(self.columns):
            return None
        for piece in self.columns[column]:
            found = self.find(column + 1, rows & piece.rows, [*way, piece.shown])
            if found is not None:
                return found
        return None


def _pieces(table: DecisionTable, column: int, rows: Sequence[int]) -> list[Piece]:
    """The pieces of an input's values, blank not among them."""
    cells = {row: table.rows[row].conditions[column] for row in rows}
    kind = table.inputs[column].type
    if kind == "checkbox":
        return [_piece(cells, value, str(value).lower()) for value in (True, False)]
    named = {value for cell in cells.values() for value in _named(cell)}
    if kind == "text":
        return [*(_piece(cells, value, f'"{value}"') for value in sorted(named)), _piece(cells, _OTHER, "another text")]
    return list(_ordered_pieces(cells, sorted(named)))


def _ordered_pieces(cells: dict[int, Condition], cuts: Sequence[Value]) -> Iterator[Piece]:
    if not cuts:
        yield Piece("any value", frozenset(cells))
        return
    yield _between(cells, None, cuts[0], f"below {cuts[0]}")
    for low, high in pairwise(cuts):
        yield _piece(cells, low, str(low))
        yield _between(cells, low, high, f"between {low} and {high}")
    yield _piece(cells, cuts[-1], str(cuts[-1]))
    yield _between(cells, cuts[-1], None, f"above {cuts[-1]}")


class _Other:
    """A text that no cell names."""


_OTHER = _Other()


def _named(cell: Condition) -> Iterator[Value]:
    for test in cell.tests:
        ends = (test.low, test.high) if isinstance(test, Range) else (test,)
        yield from (each for each in ends if each is not None)


def _piece(cells: dict[int, Condition], value: Any, shown: str) -> Piece:
    return Piece(shown, frozenset(row for row, cell in cells.items() if cell.fits(value)))


def _between(cells: dict[int, Condition], low: Value, high: Value, shown: str) -> Piece:
    return Piece(shown, frozenset(row for row, cell in cells.items() if _covers(cell, low, high)))


def _covers(cell: Condition, low: Value, high: Value) -> bool:
    """Whether values strictly between two neighbouring cuts fit."""
    if cell.is_anything:
        return True
    found = any(_spans(each, low, high) for each in cell.tests if isinstance(each, Range))
    return found != cell.negated


def _spans(test: Range, low: Value, high: Value) -> bool:
    below = test.low is None or (low is not None and test.low <= low)
    return below and (test.high is None or (high is not None and test.high >= high))
