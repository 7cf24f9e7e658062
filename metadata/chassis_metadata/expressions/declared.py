"""Calls of declared functions: expressions are put in place with their arguments; the others are operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import NOTHING, Checker, named, type_expression
from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind, common_kind
from chassis_metadata.expressions.scope import Scope, near
from chassis_metadata.expressions.tree import Call
from chassis_metadata.expressions.typed import Constant, Expression, Inlined, Operation, Typed
from chassis_metadata.logic.decision_function import table_expression
from chassis_metadata.logic.decision_table import table_functions

DEEPEST_CALLS = 10

#: What a checksum can be asked as its second argument, and the kind of the answer.
CHECKSUM_PARTS: Mapping[str, Kind] = {
    "valid": Kind.BOOLEAN,
    "form": Kind.BOOLEAN,
    "character": Kind.TEXT,
    "strictness": Kind.TEXT,
}


def declared_names(scope: Scope) -> Iterable[str]:
    """The names of declared functions as formulas write them."""
    return (name.upper() for name in _functions(scope))


def _functions(scope: Scope) -> Mapping[str, FunctionDefinition]:
    """Declared functions, and decision tables as functions."""
    return {**table_functions(scope.snapshot), **scope.snapshot.functions} if scope.snapshot else {}


def declared_call(checker: Checker, call: Call) -> Typed | None:
    """The call of a declared function, or None where there is none of that name."""
    functions = _functions(checker.scope)
    definition = next((each for name, each in functions.items() if _plain(name) == _plain(call.name)), None)
    if definition is None:
        return None
    match definition.kind:
        case "expression" | "decision_table":
            return _expression_call(checker, call, definition)
        case "checksum":
            return _checksum_call(checker, call, definition)
        case "table":
            return _table_call(checker, call, definition)
        case _:
            checker.all_typed(call.arguments)
            message = f"{call.name} is a {definition.kind}: it answers to the interface only, not to formulas."
            return checker.complain(call, "not_allowed", message)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def argument_kinds(definition: FunctionDefinition) -> Mapping[str, Kind]:
    """The declared arguments, by name."""
    return {each["name"]: Kind(each["type"]) for each in definition.body.get("arguments", ())}


def function_expression(definition: FunctionDefinition, scope: Scope) -> Expression:
    """The checked formula of a declared function. Raises Invalid."""
    if definition.name in scope.calling:
        around = " calls ".join((*scope.calling[scope.calling.index(definition.name) :], definition.name))
        raise Invalid.of("circular_function", f"{around}: a function cannot use itself.")
    if len(scope.calling) >= DEEPEST_CALLS:
        raise Invalid.of("function_too_deep", f"Functions call each other more than {DEEPEST_CALLS} levels deep.")
    inner = Scope(scope.snapshot, variables=argument_kinds(definition), calling=(*scope.calling, definition.name))
    if definition.kind == "decision_table" and scope.snapshot is not None:
        return table_expression(scope.snapshot, definition, inner)
    body = definition.body
    blanks_as = "zero" if body.get("blanks") == "zero" else "blank"
    return type_expression(body["formula"], inner, expects=Kind(body["returns"]), blanks_as=blanks_as)


def _expression_call(checker: Checker, call: Call, definition: FunctionDefinition) -> Typed:
    arguments = checker.all_typed(call.arguments)
    kinds = argument_kinds(definition)
    if len(arguments) != len(kinds):
        usage = f"{call.name}({', '.join(kinds)})"
        return checker.complain(call, "wrong_argument_count", f"Write {usage}: {len(arguments)} arguments found.")
    for node, argument, (name, kind) in zip(call.arguments, arguments, kinds.items(), strict=True):
        if common_kind(kind, argument.kind) is None:
            message = f"{name} of {call.name} is {named(kind)}, not {named(argument.kind)}."
            checker.complain(node, "wrong_kind", message)
    try:
        expression = function_expression(definition, checker.scope)
    except Invalid as invalid:
        message = f"{call.name} is wrong itself: {invalid.problems[0].message}"
        return checker.complain(call, invalid.problems[0].code, message)
    kind = Kind(definition.body["returns"])
    return Inlined(kind, replace(expression, kind=kind), tuple(zip(kinds, arguments, strict=True)))


def _checksum_call(checker: Checker, call: Call, definition: FunctionDefinition) -> Typed:
    part = _second(checker, call, CHECKSUM_PARTS, definition.body.get("answers", "valid"))
    if part is None:
        return NOTHING
    argument = _text_argument(checker, call)
    return Operation(CHECKSUM_PARTS[part], "CHECKSUM", (argument,), (definition.name, part))


def _table_call(checker: Checker, call: Call, definition: FunctionDefinition) -> Typed:
    values = definition.body["values"]
    part = _second(checker, call, values, "")
    if part is None:
        return NOTHING
    argument = _text_argument(checker, call)
    return Operation(Kind.TEXT if part else Kind.BOOLEAN, "TABLE", (argument,), (definition.name, part))


def _text_argument(checker: Checker, call: Call) -> Typed:
    argument = checker.typed(call.arguments[0])
    if argument.kind not in TEXT_LIKE | {Kind.NULL}:
        message = f"{call.name} takes text, not {named(argument.kind)}."
        return checker.complain(call.arguments[0], "wrong_kind", message)
    return argument


def _second(checker: Checker, call: Call, known: Iterable[str], default: str) -> str | None:
    """The second argument, one of the known words in quotes."""
    if not 1 <= len(call.arguments) <= 2:  # noqa: PLR2004  the value, and what to say of it
        usage = f"{call.name}(text) or {call.name}(text, {' | '.join(known)})"
        checker.complain(call, "wrong_argument_count", f"Write {usage}: {len(call.arguments)} arguments found.")
        return None
    if len(call.arguments) == 1:
        return default
    wanted = checker.typed(call.arguments[1])
    if isinstance(wanted, Constant) and wanted.value in set(known):
        return str(wanted.value)
    shown = wanted.value if isinstance(wanted, Constant) else "something else"
    message = f"{call.name} knows {', '.join(known)}, not {shown!r}.{near(str(shown), known)}"
    checker.complain(call.arguments[1], "unknown_value", message)
    return None
