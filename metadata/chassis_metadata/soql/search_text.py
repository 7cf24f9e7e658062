"""What stands between the braces of FIND: words, phrases, AND, OR, AND NOT, parentheses, wildcards, escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chassis_metadata.soql.tree import SearchAll, SearchAny, SearchExpression, SearchNone, SearchTerm

_PART = re.compile(r'"(?P<phrase>(?:\\.|[^"\\])*)"?|(?P<sign>[()])|(?P<word>(?:\\.|[^\s()"\\])+)|\\', re.DOTALL)
_WORDS = {"AND", "OR", "NOT"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
MOST_TERMS = 50


def read_search_text(text: str) -> SearchExpression:
    """The expression in a search text. Raises ValueError where there is nothing to find, or too much."""
    parts = [match for match in _PART.finditer(text) if match.group() != "\\"]
    found = _Reader(parts).read()
    if found is None:
        raise ValueError("nothing to find")
    if len(parts) > MOST_TERMS:
        raise ValueError(f"too much to find at once: at most {MOST_TERMS} words are allowed")
    return found


def literally(text: str) -> str:
    """The text of a term that stands for itself, as somebody types it into a search box."""
    return re.sub(r"[*?\\]", r"\\\g<0>", text)


def _joined(terms: Sequence[SearchExpression], kind: type[SearchAll | SearchAny]) -> SearchExpression | None:
    if not terms:
        return None
    return terms[0] if len(terms) == 1 else kind(tuple(terms))


@dataclass(slots=True)
class _Reader:
    """OR binds less than AND; words side by side are all wanted. What is out of place is passed over."""

    parts: list[re.Match[str]]
    at: int = 0

    def read(self) -> SearchExpression | None:
        """What is left to read, an unpaired parenthesis aside."""
        found = []
        while self.at < len(self.parts):
            each = self._any()
            if each is not None:
                found.append(each)
            self.at += 1
        return _joined(found, SearchAll)

    def _any(self) -> SearchExpression | None:
        found = [self._all()]
        while self._next_word() == "OR":
            self.at += 1
            found.append(self._all())
        return _joined([each for each in found if each is not None], SearchAny)

    def _all(self) -> SearchExpression | None:
        found: list[SearchExpression] = []
        negated = False
        while self.at < len(self.parts):
            word = self._next_word()
            if word == "OR" or self.parts[self.at]["sign"] == ")":
                break
            if word in _WORDS:
                self.at += 1
                negated = word == "NOT"
                continue
            one = self._one()
            if one is not None:
                found.append(SearchNone(one) if negated and found else one)
            negated = False
        return _joined(found, SearchAll)

    def _one(self) -> SearchExpression | None:
        part = self.parts[self.at]
        self.at += 1
        if part["sign"] == "(":
            inner = self._any()
            self.at += self.at < len(self.parts)  # the parenthesis that closes it
            return inner
        is_phrase = part["phrase"] is not None
        text = _unescaped(part["phrase"] if is_phrase else part["word"])
        return SearchTerm(text.strip(), is_phrase) if text.strip("*? ") else None

    def _next_word(self) -> str:
        word = self.parts[self.at]["word"] if self.at < len(self.parts) else None
        return (word or "").upper() if (word or "").upper() in _WORDS else ""


def _unescaped(text: str) -> str:
    """Escapes resolved but for those of wildcards and the backslash itself, which keep theirs."""
    return _ESCAPED.sub(lambda match: match.group() if match[1] in "*?\\" else match[1], text)
