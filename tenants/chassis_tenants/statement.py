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
    """`text` uses `%(name)s` placeholders; `parameters` has a value for each, or they are bound later with `bind`."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def bind(self, **parameters: Any) -> Statement:
        """The same text with more parameters (later ones win)."""
        return replace(self, parameters={**self.parameters, **parameters})


def compile_statement(clause: ClauseElement) -> Statement:
    """SQLAlchemy's clause as driver text. Bind parameters keep their names, so that they can be bound again."""
    compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Statement(str(compiled), dict(compiled.params))
