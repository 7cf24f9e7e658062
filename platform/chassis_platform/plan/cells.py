"""What a cell of a file holds: the kind of value that a column has in every row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_platform.plan.read_plan import PlannedField, PlannedOperand


class CellKind(Enum):
    """Kinds that files tell apart."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    CHECKBOX = "checkbox"


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its path, its label in the user's language, what its cells hold; `scale`: digits behind the point."""

    path: str
    label: str
    kind: CellKind = CellKind.TEXT
    scale: int | None = None


_KINDS = {
    **dict.fromkeys(NUMERIC_TYPES, CellKind.NUMBER),
    FieldType.DATE: CellKind.DATE,
    FieldType.DATETIME: CellKind.DATETIME,
    FieldType.TIME: CellKind.TIME,
    FieldType.CHECKBOX: CellKind.CHECKBOX,
}


def cell_kind(operand: PlannedOperand, *, is_masked: bool) -> CellKind:
    """The kind of a column's cells. What is left of a masked value is a text, and what is encrypted comes as one."""
    if isinstance(operand, PlannedField) and (is_masked or operand.is_encrypted):
        return CellKind.TEXT
    return _KINDS.get(operand.type, CellKind.TEXT) if isinstance(operand, PlannedField) else CellKind.TEXT
