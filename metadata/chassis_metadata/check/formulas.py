"""Formulas of components: typed over the record they are asked of, and their problems told at their place."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.look import Look
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object


def record_formula_complaints(
    look: Look, where: Where, obj: Object, text: str, expects: Kind | None
) -> Iterator[Complaint]:
    """What is wrong with a formula over a record that is being saved."""
    try:
        record_formula(look.after, obj, text, expects)
    except Invalid as invalid:
        yield from complaints_of(invalid, where, text)


def complaints_of(invalid: Invalid, where: Where, text: str) -> Iterator[Complaint]:
    """A formula's problems as those of the place where it is written."""
    for problem in invalid.problems:
        yield Complaint(where, problem.code, problem.message + _place(problem, text))


def _place(problem: Problem, text: str) -> str:
    if problem.column is None:
        return ""
    line = f"line {problem.line}, " if "\n" in text.strip() else ""
    return f" (In the formula: {line}column {problem.column}.)"
