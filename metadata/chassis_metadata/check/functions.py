"""Declared functions: an expression's formula makes sense, names are apart, what formulas call can be compiled."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.look import Look
from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.declared import function_expression
from chassis_metadata.expressions.patterns import Untranslatable, translated
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_functions(look: Look) -> Iterator[Complaint]:
    """The functions that the package declares."""
    for function in look.package.functions:
        where: Where = ("functions", function.name)
        yield from _check_name(where, function)
        match function.kind:
            case "expression":
                yield from _check_expression(look, where, function)
            case "checksum" | "table":
                yield from _check_pattern(where, function)


def _check_name(where: Where, function: FunctionDefinition) -> Iterator[Complaint]:
    plain = function.name.replace("_", "").upper()
    taken = next((name for name in CATALOGUE if name.replace("_", "") == plain), None)
    if taken is not None:
        yield Complaint(where, "duplicate_function", f"{taken} is a function of the language. Choose another name.")


def _check_expression(look: Look, where: Where, function: FunctionDefinition) -> Iterator[Complaint]:
    names = [each["name"].lower() for each in function.body.get("arguments", ())]
    if len(set(names)) < len(names):
        yield Complaint((*where, "arguments"), "duplicate_argument", "Two arguments have the same name.")
    try:
        function_expression(function, Scope(look.after))
    except Invalid as invalid:
        for problem in invalid.problems:
            place = f"Line {problem.line}, column {problem.column}: " if problem.line else ""
            yield Complaint((*where, "formula"), problem.code, f"{place}{problem.message}")


def _check_pattern(where: Where, function: FunctionDefinition) -> Iterator[Complaint]:
    """Formulas match in PostgreSQL, which knows a little less than Python's interface."""
    pattern = function.body.get("pattern")
    try:
        translated(pattern or "")
    except Untranslatable as fault:
        yield Complaint((*where, "pattern"), "invalid_pattern", str(fault))
