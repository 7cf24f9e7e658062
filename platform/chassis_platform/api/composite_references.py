"""References in subrequests: `@{refAccount.id}` stands for a value of an earlier answer.

A value comes from data, which others wrote, so wherever it is put it stays a value: one segment of a path, one
parameter of a query, the inside of a literal, a text or value of a JSON document. What can't stay one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from chassis_metadata.errors import Invalid
from chassis_platform.api.bodies import LARGEST_BODY

DEEPEST_BODY = 100
MOST_REFERENCES = 10_000
_BEGINS = "@{"
_REFERENCE = re.compile(r"@\{(?P<name>[A-Za-z0-9_]{1,255})(?P<steps>(?:\.[A-Za-z0-9_]{1,255}|\[[0-9]{1,6}\]){0,20})\}")
_STEP = re.compile(r"\.(?P<key>[A-Za-z0-9_]+)|\[(?P<index>[0-9]+)\]")
#: May stand in the text of a query outside of quotes: ids, numbers, dates.
_PLAIN = re.compile(r"[+-]?[A-Za-z0-9_]+(?:[.:+-][A-Za-z0-9_]+)*")
_FINDS = re.compile(r"\s*FIND\s*\{(?:[^\\}]|\\.)*(?P<closed>\})?", re.IGNORECASE | re.DOTALL)
#: What means nothing inside the braces of a search.
_SEARCHED = re.compile(r"[\w .@,;/]*")
_LITERAL = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
)
#: Parameters whose value is a query, by the names that they have.
_QUERIES = ("q", "explain")

#: The answer that has the reference id: its document.
Answers = Callable[[str], Any]


def has_reference(text: str) -> bool:
    """Whether something in the text begins as a reference does."""
    return _BEGINS in text


def bad_reference(reference: str, name: str) -> Invalid:
    """What is told where a reference stands for nothing."""
    message = f"Invalid reference specified. No value for {reference} found in {name}."
    return Invalid.of("processing_halted", message)


@dataclass(slots=True)
class References:
    """Puts values in the place of references: so many, and of so many letters in all."""

    answers: Answers
    left: int = MOST_REFERENCES
    letters_left: int = LARGEST_BODY

    def in_path(self, path: str) -> str:
        """The decoded path; a value is one segment, or a part of one."""
        return "".join(unquote(part) if found is None else self._segment(found) for part, found in _parts(path))

    def in_query(self, query: str) -> str:
        """The query of the address; a value is a part of one parameter's value."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return urlencode([(name, self._parameter(name, value)) for name, value in pairs], quote_via=quote)

    def in_document(self, value: Any, depth: int = 0) -> Any:
        """The document; a text that is one reference becomes the value itself, a number or a truth value too."""
        if depth > DEEPEST_BODY:
            raise Invalid.of("json_parser_error", f"The body is nested deeper than {DEEPEST_BODY} levels.")
        if isinstance(value, str):
            return self._in_text(value) if has_reference(value) else value
        if isinstance(value, list):
            return [self.in_document(each, depth + 1) for each in value]
        if isinstance(value, dict):
            return {name: self.in_document(each, depth + 1) for name, each in value.items()}
        return value

    def _in_text(self, text: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole is not None:
            return self._value(whole)
        return "".join(part if found is None else _text(self._value(found)) for part, found in _parts(text))

    def _segment(self, found: re.Match[str]) -> str:
        text = _text(self._value(found))
        if not text or text in (".", "..") or any(each in "/\\" or not each.isprintable() for each in text):
            raise Invalid.of("processing_halted", f"The value of {found[0]} can't be a part of an address.")
        return text

    def _parameter(self, name: str, text: str) -> str:
        said = ""
        for part, found in _parts(text):
            if found is None:
                said += part
                continue
            value = _text(self._value(found))
            said += _within_query(said, value, found[0]) if name in _QUERIES else value
        return said

    def _value(self, found: re.Match[str]) -> Any:
        name, reference = found["name"], found[0][2:-1]
        value = self.answers(name)
        for step in _STEP.finditer(found["steps"]):
            value = _further(value, step)
        if value is None or isinstance(value, dict | list):
            raise bad_reference(reference, name)
        self.left -= 1
        self.letters_left -= len(str(value))
        if self.left < 0 or self.letters_left < 0:
            message = f"More than {MOST_REFERENCES:,} references, or of more than {LARGEST_BODY:,} letters."
            raise Invalid.of("request_too_large", message)
        return value


def _parts(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The text's pieces in order: plain ones, and references."""
    start = 0
    for found in _REFERENCE.finditer(text):
        yield _plain(text[start : found.start()]), None
        yield "", found
        start = found.end()
    yield _plain(text[start:]), None


def _plain(text: str) -> str:
    if has_reference(text):
        wrong = text[text.index(_BEGINS) :][:40]
        raise Invalid.of("processing_halted", f"Invalid reference specified. Not of the form @{{refId.field}}: {wrong}")
    return text


def _further(value: Any, step: re.Match[str]) -> Any:
    if step["key"] is not None:
        return value.get(step["key"]) if isinstance(value, dict) else None
    index = int(step["index"])
    return value[index] if isinstance(value, list) and index < len(value) else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _within_query(said: str, value: str, reference: str) -> str:
    """A value in a query or search; `said` is what stands before it."""
    finds = _FINDS.match(said)
    if finds is not None and not finds["closed"]:
        fits = _SEARCHED.fullmatch(value)
    elif _opens_literal(said[finds.end() :] if finds else said):
        return value.translate(_LITERAL)
    else:
        fits = _PLAIN.fullmatch(value)
    if fits is None:
        raise Invalid.of("processing_halted", f"The value of {reference} needs quotes around it in a query.")
    return value


def _opens_literal(said: str) -> bool:
    """Whether a quote is open at the end of a text."""
    is_open, escaped = False, False
    for each in said:
        if escaped:
            escaped = False
        elif each == "\\":
            escaped = True
        elif each == "'":
            is_open = not is_open
    return is_open
