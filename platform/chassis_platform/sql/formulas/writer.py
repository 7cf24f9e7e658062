"""What the modules that write parts of formulas need of the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chassis_metadata.expressions.typed import Typed
from chassis_platform.sql.formulas.pieces import Piece
from chassis_platform.sql.formulas.rows import Rows


class Writer(Protocol):
    """Writes nodes over rows."""

    @property
    def rows(self) -> Rows:
        """The rows at hand."""

    def piece(self, node: Typed) -> Piece:
        """The node in SQL."""

    def inner(self, rows: Rows, blanks_as: str, variables: Mapping[str, Piece] | None = None) -> Writer:
        """A writer for a formula inside this one."""

    def zero_filled(self, piece: Piece) -> Piece:
        """A number without a value counts as zero where the formula says so."""
