"""A formula as it was written: literals, names and calls. Operators are calls of their sign."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `position` is the offset of its first character."""

    value: str | Decimal | bool | None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A field, a path over parents (`Account.Owner.Name`), or a global (`$User.Id`)."""

    parts: tuple[str, ...]
    position: int = 0

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator with its arguments; `name` is in capitals (`IF`, `+`, `NOT IN`)."""

    name: str
    arguments: tuple[Node, ...]
    position: int = 0
    enclosed: bool = False  # stood in parentheses: a chain of the same operator ends here


Node = Literal | Name | Call
