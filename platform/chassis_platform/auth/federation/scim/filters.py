"""Filters and the paths of PATCH (RFC 7644 3.4.2.2, 3.5.2): from text to a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from chassis_platform.auth.federation.scim.problems import ScimError, invalid_filter, invalid_path

LONGEST = 2000
DEEPEST = 20
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")

_WORD = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_])"
    r"|(?P<name>(?:urn:[A-Za-z0-9:._-]+:)?\$?[A-Za-z][A-Za-z0-9_-]*(?:\.\$?[A-Za-z][A-Za-z0-9_-]*)?)"
    r"|(?P<mark>[()\[\]]))"
)

Value = str | bool | float | None


@dataclass(frozen=True, slots=True)
class AttributePath:
    """An attribute, and a part of it: `name.familyName`; names in lower case, for case says nothing."""

    name: str
    part: str | None = None
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """`userName eq "x"`; `pr` has no value."""

    path: AttributePath
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """`a and b`."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`a or b`."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`not (a)`."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Among:
    """`emails[type eq "work"]`: one of the values is such."""

    path: AttributePath
    filter: Filter


Filter = Compare | AllOf | AnyOf | Not | Among


@dataclass(frozen=True, slots=True)
class PatchPath:
    """`members[value eq "1"]`, `emails[type eq "work"].value`, `name.familyName`."""

    path: AttributePath
    filter: Filter | None = None
    part: str | None = None  # behind the filter


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    if len(text) > LONGEST:
        raise invalid_filter("The filter is too long.")
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _WORD.match(text, place)
        if match is None or match.end() == place:
            raise invalid_filter(f"Not understood at character {place + 1}.")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind]))
        place = match.end()
    return found


class _Parser:
    """Recursive descent: `or` binds less than `and`, `and` less than `not`."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def peek(self) -> _Token | None:
        """The next token."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def take(self) -> _Token:
        """The next token, which is used up."""
        token = self.peek()
        if token is None:
            raise invalid_filter("The filter ends too early.")
        self._place += 1
        return token

    def is_word(self, *words: str) -> bool:
        """Whether the next token is one of these words, in whatever case."""
        token = self.peek()
        return token is not None and token.kind in ("name", "mark") and token.text.lower() in words

    def expect(self, mark: str) -> None:
        """The next token must be this mark."""
        if not self.is_word(mark):
            raise invalid_filter(f"{mark} is missing.")
        self._place += 1

    def either(self) -> Filter:
        """Parts with `or` between them."""
        parts = [self._both()]
        while self.is_word("or"):
            self.take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self) -> Filter:
        parts = [self._one()]
        while self.is_word("and"):
            self.take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise invalid_filter("The filter is too deep.")
        try:
            return self._inner()
        finally:
            self._depth -= 1

    def _inner(self) -> Filter:
        negated = self.is_word("not")
        if negated:
            self.take()
        if negated or self.is_word("("):
            self.expect("(")
            inside = self.either()
            self.expect(")")
            return Not(inside) if negated else inside
        path = self.path()
        if self.is_word("["):
            return Among(path, self.bracket())
        return self._comparison(path)

    def bracket(self) -> Filter:
        """A filter in brackets."""
        self.expect("[")
        inside = self.either()
        self.expect("]")
        return inside

    def path(self) -> AttributePath:
        """An attribute path."""
        token = self.take()
        if token.kind != "name":
            raise invalid_filter(f"{token.text} is no attribute.")
        return attribute_path(token.text)

    def _comparison(self, path: AttributePath) -> Compare:
        operator = self.take().text.lower()
        if operator == "pr":
            return Compare(path, operator)
        if operator not in OPERATORS:
            raise invalid_filter(f"{operator} is no operator.")
        return Compare(path, operator, _value(self.take()))


def attribute_path(text: str) -> AttributePath:
    """`urn:…:User:name.familyName`, with or without the schema."""
    schema, _, rest = text.rpartition(":")
    name, _, part = rest.partition(".")
    return AttributePath(name.lower(), part.lower() or None, schema.lower() or None)


def _value(token: _Token) -> Value:
    if token.kind == "text":
        return str(orjson.loads(token.text))
    if token.kind == "number":
        return float(token.text)
    words: dict[str, Value] = {"true": True, "false": False, "null": None}
    if token.text.lower() not in words:
        raise invalid_filter(f"{token.text} is no value.")
    return words[token.text.lower()]


def parse_filter(text: str) -> Filter:
    """The tree of a filter; raises ScimError (invalidFilter)."""
    try:
        parser = _Parser(_tokens(text))
        found = parser.either()
    except (orjson.JSONDecodeError, OverflowError) as error:
        raise invalid_filter("A value is not understood.") from error
    if parser.peek() is not None:
        raise invalid_filter("There is more behind the filter's end.")
    return found


def parse_path(text: str) -> PatchPath:
    """The parts of a PATCH's path; raises ScimError (invalidPath)."""
    try:
        head, _, tail = text.rpartition("]") if "]" in text else (text, "", "")
        if not tail and "]" not in text:
            parser = _Parser(_tokens(head))
            path, condition, part = parser.path(), None, None
        else:
            parser = _Parser(_tokens(f"{head}]"))
            path, condition = parser.path(), parser.bracket()
            part = _part_behind(tail)
    except ScimError as error:
        raise invalid_path(error.detail) from error
    except (orjson.JSONDecodeError, OverflowError) as error:
        raise invalid_path("A value is not understood.") from error
    if parser.peek() is not None:
        raise invalid_path("There is more behind the path's end.")
    return PatchPath(path, condition, part)


def _part_behind(tail: str) -> str | None:
    if not tail:
        return None
    match = re.fullmatch(r"\.(\$?[A-Za-z][A-Za-z0-9_-]*)", tail)
    if match is None:
        raise invalid_path(f"{tail} is no part of an attribute.")
    return match[1].lower()
