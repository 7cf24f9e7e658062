"""The pattern decoder: a prefix says who made the code, a character which year; together they say which patterns apply.

A pattern is compared with some positions of the value: `*` is any character, `[A-C3]` one of a class; a short pattern
matches the beginning. Of several that fit, the most particular one wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.function_tables import table_of

Body = Mapping[str, Any]

_ANY = "*"
_ELEMENT = re.compile(r"\[([^\]]*)\]|(.)", re.DOTALL)


def decode(definition: FunctionDefinition, value: str, today: date | None) -> Mapping[str, Any] | None:
    """The declared values that can be read out of `value`; None where not even the prefix is known."""
    body = definition.body
    prefix, maker = _maker(definition, value)
    if maker is None:
        return None
    year, schemas = _year_and_schemas(definition, value, prefix, today)
    elements = _elements(definition, value, schemas)
    found: dict[str, Any] = {}
    for name, source in body["values"].items():
        read = year if source.get("year") else _value(definition, source, maker, elements, found)
        if read not in (None, ""):
            found[name] = read
    return found


def positions(value: str, ranges: str) -> str:
    """`4-8|10-17` of a value: the characters at these positions (from 1). A `+` joins; other signs stay."""
    parts = re.split(r"(\d+(?:-\d+)?)|\+", ranges)
    return "".join(_slice(value, part) if part[:1].isdigit() else part for part in parts if part)


def _slice(value: str, part: str) -> str:
    first, _, last = part.partition("-")
    return value[int(first) - 1 : int(last or first)]


def fits(keys: str, text: str) -> bool:
    """Whether a pattern matches the beginning of `text`."""
    elements = _compiled(keys)
    if len(elements) > len(text):
        return False
    return all(each is None or character in each for each, character in zip(elements, text, strict=False))


@lru_cache(maxsize=100_000)
def _compiled(keys: str) -> tuple[str | None, ...]:
    return tuple(
        None if one == _ANY else one or _class(many) for many, one in _ELEMENT.findall(keys)
    )  # findall answers both groups, one of them empty


def _class(text: str) -> str:
    """`A-C3` as `ABC3`."""
    spread = re.sub(r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text)
    return spread or "\0"


def _particularity(keys: str) -> int:
    return sum(each is not None for each in _compiled(keys))


def _maker(definition: FunctionDefinition, value: str) -> tuple[str, Mapping[str, str] | None]:
    prefix: Body = definition.body["prefix"]
    table = table_of(definition, prefix["data"], prefix["key"])
    for ranges in prefix["positions"]:
        key = positions(value, ranges).lower()
        row = table.row(key)
        if row is not None:
            return key, row
    return "", None


def _year_and_schemas(
    definition: FunctionDefinition, value: str, prefix: str, today: date | None
) -> tuple[int | None, list[str]]:
    """The likeliest year that a schema of the prefix was in force in, and those schemas; else the likeliest year."""
    years = _years(definition.body["year"], value, today)
    links: Body = definition.body["schemas"]
    rows = list(table_of(definition, links["data"], links["key"]).rows(prefix))
    for year in years:
        valid = [row[links["schema"]] for row in rows if _is_valid(row, links, year)]
        if valid:
            return year, valid
    return (years[0] if years else None), []


def _is_valid(row: Mapping[str, str], links: Body, year: int) -> bool:
    return int(row[links["from"]] or 0) <= year <= int(row[links["to"]] or year)


def _years(rule: Body, value: str, today: date | None) -> list[int]:
    """The years that the code may mean, the likeliest first. Codes come round again when they are used up."""
    code = positions(value, str(rule["position"]))
    codes: str = rule["codes"]
    if not code or code not in codes:
        return []
    latest = today.year + 1 if today else None
    first = rule["first"] + codes.index(code)
    cycles = [first + turn * len(codes) for turn in range(rule["cycles"])]
    possible = [year for year in cycles if latest is None or year <= latest] or cycles[:1]
    later = rule.get("later")
    is_later = later is None or positions(value, str(later["position"])) in later["characters"]
    return sorted(possible, reverse=is_later)


def _elements(definition: FunctionDefinition, value: str, schemas: Sequence[str]) -> dict[str, str]:
    best: dict[str, tuple[int, str]] = {}
    for score, element, read in _matches(definition, value, schemas):
        if element not in best or score > best[element][0]:
            best[element] = (score, read)
    return {element: read for element, (_, read) in best.items()}


def _matches(definition: FunctionDefinition, value: str, schemas: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    patterns: Body = definition.body["patterns"]
    table = table_of(definition, patterns["data"], patterns["key"])
    text = positions(value, patterns["positions"])
    for schema in schemas:
        for row in table.rows(schema.lower()):
            keys = row[patterns["keys"]]
            if fits(keys, text):
                yield _particularity(keys), row[patterns["element"]], row[patterns["value"]]


def _value(
    definition: FunctionDefinition,
    source: Body,
    maker: Mapping[str, str],
    elements: Mapping[str, str],
    found: Mapping[str, Any],
) -> str | None:
    if "element" in source:
        return elements.get(source["element"])
    if "column" not in source:
        return None
    choices = [each for each in maker.get(source["column"], "").split(source.get("separator", "\0")) if each]
    return choices[0] if len(choices) == 1 else _choice(definition, source.get("by"), choices, found)


def _choice(
    definition: FunctionDefinition, by: Body | None, choices: Sequence[str], found: Mapping[str, Any]
) -> str | None:
    """Which of a maker's several the table names for a value found before. Not knowing is better than guessing."""
    if by is None or by["value"] not in found:
        return None
    table = table_of(definition, by["data"], by["key"])
    named = {row[by["column"]].lower() for row in table.rows(str(found[by["value"]]).lower())}
    return next((each for each in choices if each.lower() in named), None)
