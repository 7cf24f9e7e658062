"""Formulas of engines, typed once a snapshot: over a record, over a candidate for it, over a related record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.record_formulas import BLANKS_AS
from chassis_metadata.snapshot import Object, Snapshot

_NO_VARIABLES: Mapping[str, Kind] = {}


def formula_of(
    snapshot: Snapshot,
    obj: Object | None,
    text: str,
    expects: Kind | None = None,
    *,
    this: Object | None = None,
    variables: Mapping[str, Kind] = _NO_VARIABLES,
) -> Expression:
    """The typed formula, kept with the snapshot. Raises Invalid with all that is wrong with it."""
    names = (obj and obj.name, this and this.name, tuple(variables.items()))
    key = ("formula_of", text, expects, names)

    def make() -> Expression:
        return type_expression(text, Scope(snapshot, obj, variables, this=this), expects=expects, blanks_as=BLANKS_AS)

    return snapshot.keep(key, make)


def as_formula(value: Any) -> str:
    """What a body says where a number or a formula may stand."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


def optional_formula(value: Any) -> str | None:
    """The same; None where the body says nothing."""
    return None if value is None else as_formula(value)


def all_of(*criteria: str | None) -> str | None:
    """Criteria that all must hold, as one formula."""
    given = [each for each in criteria if each]
    return " && ".join(f"({each})" for each in given) if given else None
