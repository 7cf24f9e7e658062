"""The functions of the language: which there are, what they take and where they may stand."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TypeVar

from chassis_metadata.soql.malformed import malformed
from chassis_metadata.soql.tree import FunctionCall, Literal, Path

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DATE_FUNCTIONS = frozenset(
    {"CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY"}
    | {"FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR"},
)
#: The names of sums, which are calls of a sign.
SIGNS = frozenset({"+", "-"})
UNITS = ("mi", "km")
FIELD_KINDS = ("ALL", "STANDARD", "CUSTOM")
#: Where the few may stand that may not stand everywhere.
_PLACES = {
    "GEOLOCATION": (),
    "ROLLUP": ("GROUP BY",),
    "CUBE": ("GROUP BY",),
    "FIELDS": ("SELECT",),
    "FORMULA": ("WHERE",),
}
_CONVERSIONS = frozenset({"CONVERTCURRENCY", "CONVERTTIMEZONE", "DISTANCE", "FORMAT", "GROUPING", "TOLABEL"})
_KNOWN = {each.upper(): each for each in ("convertCurrency", "convertTimezone", "toLabel")} | {
    each: each for each in (*AGGREGATES, *DATE_FUNCTIONS, *_CONVERSIONS - {"CONVERTCURRENCY", "TOLABEL"}, *_PLACES)
}
#: COUNT() counts records; ROLLUP() and CUBE() are refused where their fields are read.
_WITHOUT_ARGUMENTS = frozenset({"COUNT", "ROLLUP", "CUBE"})
_FORMULA = re.compile(
    r"\s*([a-z_]\w*(?:\.[a-z_]\w*)*)\s*([+-])\s*([a-z_]\w*(?:\.[a-z_]\w*)*)\s*", re.IGNORECASE | re.ASCII
)
Operand = TypeVar("Operand", bound="Path | FunctionCall")


def checked_call(call: FunctionCall) -> FunctionCall:
    """The call, if the language has such a function and its arguments are of the right form."""
    name = call.name.upper()
    if name not in _KNOWN:
        close = get_close_matches(name, _KNOWN, n=1, cutoff=0.6)
        advice = f"did you mean {_KNOWN[close[0]]}()?" if close else ""
        raise malformed(f"unknown function {call.name}()", advice, place=call.position)
    fault = _fault(name, call)
    if fault:
        raise malformed(f"unexpected arguments of {call.name}()", fault, place=call.position)
    for each in call.arguments:
        if isinstance(each, FunctionCall) and name not in {"DISTANCE", "ROLLUP", "CUBE"}:
            placed(each, f"{call.name}()")
    return call


def placed(operand: Operand, place: str) -> Operand:
    """The operand, if its function may stand in that clause."""
    if isinstance(operand, FunctionCall):
        places = _PLACES.get(operand.name.upper())
        if places is not None and place not in places:
            where = " and ".join(places) or "DISTANCE()"
            raise malformed(f"unexpected {operand.name}()", f"it may stand in {where} alone", place=operand.position)
    return operand


def _fault(name: str, call: FunctionCall) -> str | None:  # noqa: PLR0911  a form, a line
    """What the arguments should be, where they are something else."""
    match name, call.arguments:
        case "DISTANCE", (Path(), FunctionCall(name=other), Literal(value=str(unit))):
            fits = other.upper() == "GEOLOCATION" and unit.lower() in UNITS
            return None if fits else _DISTANCE
        case "DISTANCE", _:
            return _DISTANCE
        case "GEOLOCATION", (Literal(latitude), Literal(longitude)):
            return None if not isinstance(latitude, str) and not isinstance(longitude, str) else _GEOLOCATION
        case "GEOLOCATION", _:
            return _GEOLOCATION
        case "FIELDS", arguments:
            fits = len(arguments) == 1 and str(arguments[0]).upper() in FIELD_KINDS
            return None if fits else "expected ALL, STANDARD or CUSTOM"
        case "FORMULA", (Literal(value=str(text)),):
            return None if _FORMULA.fullmatch(text) else _SUM
        case "FORMULA", _:
            return _SUM
        case _, () if name not in _WITHOUT_ARGUMENTS:
            return "expected a field"
    return None


_DISTANCE = "expected a field, GEOLOCATION(latitude, longitude) and 'mi' or 'km'"
_GEOLOCATION = "expected latitude and longitude as numbers"
_SUM = "expected two fields with + or - between them, in quotes"


def read_formula(call: FunctionCall) -> FunctionCall:
    """`FORMULA('A + B')` as the sum that stands in it."""
    match = _FORMULA.fullmatch(str(call.arguments[0].value if isinstance(call.arguments[0], Literal) else ""))
    if match is None:
        raise malformed("unexpected arguments of FORMULA()", _SUM, place=call.position)
    left, sign, right = match.groups()
    return FunctionCall(
        sign, tuple(Path(tuple(each.split(".")), call.position) for each in (left, right)), call.position
    )
