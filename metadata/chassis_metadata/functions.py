"""Declared functions: checksum, look-up in a table, pattern decoder. All pure; what they know is in their bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.function_decoder import decode
from chassis_metadata.function_tables import table_of

Body = Mapping[str, Any]

#: Longer values are wrong without a look: patterns are the package's, and need not be clever.
LONGEST_ARGUMENT = 1_000


def evaluate(
    definition: FunctionDefinition, argument: str, *, today: date | None = None
) -> Mapping[str, Any] | str | None:
    """What the function says of a value; None where it knows nothing.

    A checksum answers whether the value is right and how much that matters, a table the row's values, a decoder what it
    read out of the value. `today` bounds years that a code leaves open.
    """
    if definition.kind == "expression":
        raise Invalid.of(
            "wrong_kind", f"{definition.name} is an expression: formulas call it, and only the database computes it."
        )
    value = normalized(definition.body, argument)
    if definition.kind == "checksum":
        problem = _problem(definition.body, value)
        return {"valid": problem is None, "message": problem, "strictness": _strictness(definition.body, value)}
    if _form_problem(definition.body, value) is not None:
        return None
    if definition.kind == "table":
        return _looked_up(definition, value)
    return decode(definition, value, today)


def checksum_problem(definition: FunctionDefinition, value: str) -> str | None:
    """What is wrong with a value of a field with this checksum, or None.

    Where the function only warns, a wrong check character passes; a wrong form never does unless the check is off.
    """
    if definition.kind != "checksum":
        raise Invalid.of("wrong_kind", f"{definition.name} is a {definition.kind}, not a checksum.")
    checked = normalized(definition.body, value)
    strictness = _strictness(definition.body, checked)
    if strictness == "error":
        return _problem(definition.body, checked)
    return None if strictness == "off" else _form_problem(definition.body, checked)


def normalized(body: Body, value: str) -> str:
    """The value as the function compares it: trimmed, in capitals if so declared, without what is ignored."""
    text = value.strip().translate({ord(each): None for each in body.get("ignore", "")})
    return text.upper() if body.get("uppercase") else text


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise Invalid.of("invalid_pattern", f"{text!r} is no regular expression: {error}.") from None


def _form_problem(body: Body, value: str) -> str | None:
    pattern = body.get("pattern")
    fits = len(value) <= LONGEST_ARGUMENT and (pattern is None or _pattern(pattern).fullmatch(value))
    return None if fits else str(body.get("pattern_message", f"The value must match {pattern}."))


def _problem(body: Body, value: str) -> str | None:
    form = _form_problem(body, value)
    if form is not None or _check_character(body, value) == _at(value, body["check_position"]):
        return form
    return str(body.get("message", "The check character does not fit."))


def _at(value: str, position: int) -> str:
    return value[position - 1 : position]


def _check_character(body: Body, value: str) -> str:
    """The character that the others demand. One that has no value of its own counts as nothing."""
    total = sum(
        weight * _worth(body["characters"], character)
        for weight, character in zip(body["weights"], value, strict=False)
        if weight
    )
    remainders: str = body["remainders"]
    return remainders[total % body["modulus"] % len(remainders)]


def _worth(characters: Mapping[str, int], character: str) -> int:
    if character.isascii() and character.isdigit() and character not in characters:
        return int(character)
    return characters.get(character, 0)


def _strictness(body: Body, value: str) -> str:
    """The first case that the value is in decides; without any, a wrong value is an error."""
    cases: Sequence[Body] = body.get("strictness", ())
    return next((str(case["is"]) for case in cases if _is_case(case, value)), "error")


def _is_case(case: Body, value: str) -> bool:
    pattern = case.get("pattern")
    return pattern is None or _pattern(pattern).match(value[:LONGEST_ARGUMENT]) is not None


def _looked_up(definition: FunctionDefinition, value: str) -> Mapping[str, str] | None:
    body = definition.body
    table = table_of(definition, body["data"], body["key"])
    by_prefix = body.get("match") == "prefix"
    shortest = 1 if by_prefix else len(value)
    keys = (value[:length].lower() for length in range(len(value), shortest - 1, -1))
    row = next((row for key in keys if (row := table.row(key)) is not None), None)
    if row is None:
        return None
    return {name: row.get(column, "") for name, column in body["values"].items() if row.get(column)}
