"""What an answer shows of why a record was found: marks around the words, an excerpt, the labels of the fields.

Only fields without a masking rule are marked or quoted, and only values that the user's own query reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import (
    FunctionCall,
    Path,
    Query,
    Search,
    SearchAll,
    SearchAny,
    SearchExpression,
    SearchNone,
    SearchTerm,
    SelectedField,
    TypeOf,
)
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import unsupported
from chassis_platform.records.lists import field_label

#: Records of one object that are marked, as in Salesforce; the rest is answered plain.
MOST_MARKED = 25
_USUAL_LENGTH = 300
_SHORTEST, _LONGEST = 50, 1_000
_SNIPPET = re.compile(r"SNIPPET(?:\s*\(\s*target_length\s*=\s*(\d{1,9})\s*\))?", re.IGNORECASE)
_LABELS = re.compile(r"METADATA\s*=\s*'LABELS'", re.IGNORECASE)
_ELSEWHERE = re.compile(r"USER_MODE|SECURITY_ENFORCED|SPELL_CORRECTION\s*=\s*(?:true|false)", re.IGNORECASE)
_MARKED_TYPES = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.EMAIL, FieldType.AUTO_NUMBER})
_WILDCARD = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Record = dict[str, Any]
Selected = SelectedField | TypeOf | Query


@dataclass(frozen=True, slots=True)
class Marks:
    """What the WITH clauses of a search ask to see beside the records. `snippet`: about so many characters."""

    highlight: bool = False
    snippet: int | None = None
    labels: bool = False


def asked_marks(search: Search) -> Marks:
    """Read the WITH clauses; those that are neither marks nor understood elsewhere are refused by name."""
    highlight, snippet, labels = False, None, False
    for each in search.with_clauses:
        if each.upper() == "HIGHLIGHT":
            highlight = True
        elif match := _SNIPPET.fullmatch(each):
            snippet = _target_length(match[1])
        elif _LABELS.fullmatch(each):
            labels = True
        elif not _ELSEWHERE.fullmatch(each):
            raise unsupported(f"WITH {each}")
    return Marks(highlight, snippet, labels)


def _target_length(digits: str | None) -> int:
    length = int(digits or _USUAL_LENGTH)
    return length if _SHORTEST <= length <= _LONGEST else _USUAL_LENGTH


@dataclass(frozen=True, slots=True)
class Marker:
    """How the records of one object are marked. `excerpted` were read for their excerpt alone and are not answered."""

    pattern: re.Pattern[str]
    highlighted: tuple[Field, ...]
    excerpted: tuple[Field, ...]
    unasked: frozenset[str]
    length: int | None

    def selection(self, query: Query) -> tuple[Selected, ...]:
        """What is selected, and behind it what the excerpt is taken from."""
        return (*query.selected, *(SelectedField(Path((name,))) for name in sorted(self.unasked)))

    def mark_all(self, records: list[Record]) -> None:
        """Add the marks to the first records of an answer, and take away what nobody asked for."""
        for record in records[:MOST_MARKED]:
            self._mark(record)
        for record in records:
            for name in self.unasked:
                record.pop(name, None)

    def _mark(self, record: Record) -> None:
        for field in self.highlighted:
            marked = _marked(record.get(field.name), self.pattern)
            if marked is not None:
                record[f"highlight.{field.name}"] = marked
        if self.length is not None:
            excerpt = _excerpt((record.get(each.name) for each in self.excerpted), self.pattern, self.length)
            if excerpt:
                record["snippet.text"] = excerpt


def marker_of(
    expression: SearchExpression, marks: Marks, query: Query, obj: Object, names: Names, searched: Iterable[Field]
) -> Marker | None:
    """None where there is nothing to mark: no words without wildcards, or no such clause."""
    pattern = _pattern(expression)
    if pattern is None or not (marks.highlight or marks.snippet):
        return None
    plain = {each.name: each for each in names.readable_fields(obj) if _may_be_marked(each, obj, names)}
    selected = _selected(query, obj)
    shown = [each for name, each in plain.items() if name.lower() in selected]
    excerpted = tuple(each for each in searched if marks.snippet and each.name in plain and not each.is_name)
    return Marker(
        pattern,
        tuple(each for each in shown if marks.highlight or each.is_name),
        excerpted,
        frozenset(each.name for each in excerpted if each.name.lower() not in selected),
        marks.snippet,
    )


def _may_be_marked(field: Field, obj: Object, names: Names) -> bool:
    return field.type in _MARKED_TYPES and field.name not in names.policy.on(obj.name).masks


def _selected(query: Query, obj: Object) -> frozenset[str]:
    """The object's own fields that the query names; FIELDS(…) stands for all of them."""
    found = set()
    for each in query.selected:
        match each:
            case SelectedField(Path(names)) if len(names) == 1 or names[:-1] == (obj.name,):
                found.add(names[-1].lower())
            case SelectedField(FunctionCall(name=name)) if name.upper() == "FIELDS":
                return frozenset(each.lower() for each in obj.fields)
    return frozenset(found)


def labels_of(asked: Iterable[tuple[Object, Query]], context: Context) -> dict[str, Any]:
    """The labels of the fields that each object is asked for, in the user's language."""
    names = Names(context.snapshot, context.policy, context.principal.language)
    return {
        "entityMetadata": [
            {
                "entityName": obj.name,
                "fieldMetadata": [
                    {"name": each.name, "label": field_label(each, context)}
                    for each in names.readable_fields(obj)
                    if each.name.lower() in _selected(query, obj)
                ],
            }
            for obj, query in asked
        ]
    }


def _pattern(expression: SearchExpression) -> re.Pattern[str] | None:
    """The words that were looked for, the longest first. A word with a wildcard is not marked, as in Salesforce."""
    words = sorted({word for word in _words(expression) if word}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None


def _words(expression: SearchExpression) -> Iterator[str]:
    match expression:
        case SearchAll(terms) | SearchAny(terms):
            for each in terms:
                yield from _words(each)
        case SearchNone():
            return
        case SearchTerm(text) if not _WILDCARD.search(text):
            yield _ESCAPED.sub(r"\1", text).strip()


def _marked(value: object, pattern: re.Pattern[str]) -> str | None:
    """The value with its words between marks, all else escaped for HTML; None without a word."""
    if not isinstance(value, str) or not pattern.search(value):
        return None
    parts, end = [], 0
    for match in pattern.finditer(value):
        parts += [escape(value[end : match.start()]), f"<mark>{escape(match.group())}</mark>"]
        end = match.end()
    return "".join([*parts, escape(value[end:])])


def _excerpt(values: Iterable[object], pattern: re.Pattern[str], length: int) -> str:
    """Pieces of about so many characters in all, each around its first word."""
    pieces: list[str] = []
    for value in values:
        match = pattern.search(value) if isinstance(value, str) and length > 0 else None
        if match is not None:
            piece = _piece(match.string, match.start(), length)
            length -= len(piece)
            pieces.append(_marked(piece, pattern) or "")
    return "... ".join(pieces)


def _piece(text: str, place: int, length: int) -> str:
    """So many characters around a place, cut between words where there are any."""
    start = max(0, min(place - length // 4, len(text) - length))
    space = text.find(" ", start, place)
    first = space + 1 if start and space >= 0 else start
    end = first + length
    last = text.rfind(" ", place, end) if end < len(text) else -1
    return text[first : last if last > place else end]
