"""A Statement: SQL text and its parameters, ready for the driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ClauseElement

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` uses `%(name)s` placeholders; `parameters` has a value for each, or they are bound later with `bind`.

    `sealed`: parameters or answers may hold marks of encrypted values, which keys turn into what they stand for.
    """

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sealed: bool = False

    def bind(self, **parameters: Any) -> Statement:
        """The same text with more parameters (later ones win)."""
        return replace(self, parameters={**self.parameters, **parameters})


def compile_statement(clause: ClauseElement) -> Statement:
    """SQLAlchemy's clause as driver text. Bind parameters keep their names, so that they can be bound again.

    What is compiled to an encrypted field's value says so to the compiler (`storage.Sealed`).
    """
    compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Statement(str(compiled), dict(compiled.params), sealed=getattr(compiled, "meets_sealed", False))
