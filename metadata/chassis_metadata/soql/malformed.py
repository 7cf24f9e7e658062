"""What to say about a text that is no query: which word, where, and what could stand there."""

from __future__ import annotations

import re
from difflib import get_close_matches

from lark import Token, UnexpectedInput, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.soql.tree import Position

_TOKEN = re.compile(r"'[^'\\]*(?:\\.[^'\\]*)*'|[\w.:+-]+|<=|>=|<>|!=|.", re.DOTALL)
_LONGEST_QUOTE = 40

RESERVED_ALIASES = frozenset(
    {"AND", "AS", "ASC", "DESC", "EXCLUDES", "FIRST", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST"}
    | {"LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "UPDATE", "USING", "WHERE", "WITH"},
)

# What a reader calls the grammar's terminals, in the order in which they are named to him.
_TERMS = {
    "SELECT": "SELECT",
    "FIND": "FIND",
    "SEARCH_TEXT": "what to find in braces",
    "SEARCH_GROUP": "IN ALL FIELDS, IN NAME FIELDS, IN EMAIL FIELDS, IN PHONE FIELDS",
    "_RETURNING": "RETURNING",
    "PATH": "a name",
    "_TYPEOF": "TYPEOF",
    "LPAR": "'('",
    "COMMA": "','",
    "RPAR": "')'",
    "_WHEN": "WHEN",
    "_THEN": "THEN",
    "_ELSE": "ELSE",
    "_END": "END",
    "_FROM": "FROM",
    "_USING": "USING",
    "_SCOPE": "SCOPE",
    "COMPARATOR": "a comparison (=, !=, <, <=, >, >=)",
    "LIKE": "LIKE",
    "IN": "IN",
    "NOT_IN": "NOT IN",
    "INCLUDES": "INCLUDES",
    "EXCLUDES": "EXCLUDES",
    "PATTERN": "a string",
    "STRING": "a string",
    "NUMBER": "a number",
    "WORD": "a value",
    "_NOT": "NOT",
    "_AND": "AND",
    "_OR": "OR",
    "_WHERE": "WHERE",
    "_WITH": "WITH",
    "MODE": "SECURITY_ENFORCED, USER_MODE, SYSTEM_MODE",
    "_DATA": "DATA CATEGORY",
    "_CATEGORY": "CATEGORY",
    "CATEGORY_FILTER": "AT, ABOVE, BELOW, ABOVE_OR_BELOW",
    "_GROUP": "GROUP BY",
    "_BY": "BY",
    "_HAVING": "HAVING",
    "DIRECTION": "ASC, DESC",
    "NULLS": "NULLS FIRST, NULLS LAST",
    "_ORDER": "ORDER BY",
    "_LIMIT": "LIMIT",
    "_OFFSET": "OFFSET",
    "WHOLE_NUMBER": "a whole number from 0 on",
    "FOR_CLAUSE": "FOR VIEW, FOR REFERENCE, FOR UPDATE",
    "ALL_ROWS": "ALL ROWS",
    "$END": "the end of the query",
}


def malformed(fault: str, advice: str = "", *, place: Position | None, code: str = "malformed_query") -> Invalid:
    """Make the one error of this package, in Salesforce's words, with what would be right behind them."""
    line, column = (place.line, place.column) if place else (1, 1)
    message = f"{fault} at line {line} column {column}" + (f"; {advice}" if advice else "")
    return Invalid(Problem(path="", code=code, message=message, line=line, column=column))


def place_of(position: int, text: str) -> Position:
    """Turn an offset into the text into a line and a column."""
    return Position(text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


def explain_fault(text: str, fault: UnexpectedInput) -> Invalid:
    """Name the word at which reading stopped, or the one before it that was taken for an alias and is to blame."""
    position = _position(text, fault)
    place = place_of(position, text)
    expected = _expected_terminals(fault)
    mistake = _known_mistake(text, position, expected)
    if mistake:
        return malformed(*mistake, place=place)
    alias = _word_before(fault)
    mistake = _misread_alias(alias, expected) if alias else None
    if alias and mistake:
        return malformed(*mistake, place=Position(alias.line or 1, alias.column or 1))
    return malformed(f"unexpected token: '{_quote(text, position)}'", f"expected {_name_terms(expected)}", place=place)


def _position(text: str, fault: UnexpectedInput) -> int:
    at_end = isinstance(fault, UnexpectedToken) and fault.token.type == "$END"
    return len(text) if at_end or fault.pos_in_stream is None else fault.pos_in_stream


def _expected_terminals(fault: UnexpectedInput) -> frozenset[str]:
    """Ask the parser what it can really go on with; the sets in the fault itself are those of merged states."""
    parser = InteractiveParser(None, fault.state, fault.state.lexer)
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


def _known_mistake(  # noqa: PLR0911 - a mistake, a line
    text: str,
    position: int,
    expected: frozenset[str],
) -> tuple[str, str] | None:
    word = _quote(text, position)
    unexpected = f"unexpected token: '{word}'"
    if word.upper() == "FIND" and "SELECT" in expected and "RPAR" not in expected:
        return "this is SOSL", "only SOQL is read here, which starts with SELECT: send it to search"
    if word.startswith(":"):
        return f"unexpected bind variable: '{word}'", "only Apex knows its variables, write the value itself"
    if word == "'":
        return "the string is not closed", "a single quote is missing, or one inside it is not written \\'"
    if word == '"':
        return unexpected, "a string stands in single quotes"
    if text.startswith("/*", position):
        return "the comment is not closed", "expected */"
    if {"AND": "_OR", "OR": "_AND"}.get(word.upper()) in expected:
        return unexpected, "AND and OR may only be mixed with parentheses, as in a AND (b OR c)"
    return None


def _word_before(fault: UnexpectedInput) -> Token | None:
    history = getattr(fault, "token_history", None)
    last = history[-1] if history else None
    return last if last is not None and last.type == "PATH" else None


def _misread_alias(alias: Token, expected: frozenset[str]) -> tuple[str, str] | None:
    """`Id FORM Account`: FORM was taken for an alias, and the fault shows only at the next word."""
    unexpected = f"unexpected token: '{alias}'"
    if alias.upper() in RESERVED_ALIASES:
        return unexpected, "the word is reserved"
    keywords = {_TERMS[name].split()[0]: _TERMS[name] for name in expected if name in _TERMS and name.startswith("_")}
    close = get_close_matches(alias.upper(), keywords, n=1, cutoff=0.7)
    return (unexpected, f"expected {keywords[close[0]]}") if close else None


def _name_terms(expected: frozenset[str]) -> str:
    covered = {"STRING", "NUMBER"} if "WORD" in expected else set()
    terms = list(dict.fromkeys(term for name, term in _TERMS.items() if name in expected - covered))
    return " or ".join(filter(None, (", ".join(terms[:-1]), *terms[-1:])))


def _quote(text: str, position: int) -> str:
    match = _TOKEN.match(text, position)
    if match is None:
        return "<EOF>"
    token = match.group()
    return token if len(token) <= _LONGEST_QUOTE else token[:_LONGEST_QUOTE] + "…"
