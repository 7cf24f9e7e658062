"""Filter logic: `1 AND (2 OR 3)` over numbered conditions. Anything that is none of that is refused by its word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis_metadata.errors import Invalid
from chassis_metadata.soql.tree import And, Condition, Not, Or
from chassis_platform.plan.problems import refuse

_WORD = re.compile(r"\s*(\d+|AND\b|OR\b|NOT\b|[()]|\S)", re.IGNORECASE)
LONGEST_LOGIC = 1_000


def parse_logic(text: str, conditions: Sequence[Condition]) -> Condition:
    """The conditions joined as the logic says; AND binds tighter than OR."""
    if len(text) > LONGEST_LOGIC:
        raise refuse("malformed_query", f"The filter logic is longer than {LONGEST_LOGIC} characters")
    reader = _Reader([word.upper() for word in _WORD.findall(text)], conditions)
    found = reader.read_or()
    if reader.words:
        raise _unexpected(reader.words[0])
    unused = [str(number) for number in range(1, len(conditions) + 1) if number not in reader.used]
    if unused:
        raise refuse("malformed_query", f"The filter logic does not mention the filters {', '.join(unused)}")
    return found


@dataclass(slots=True)
class _Reader:
    words: list[str]
    conditions: Sequence[Condition]
    used: set[int] = field(default_factory=set)

    def read_or(self) -> Condition:
        found = [self.read_and()]
        while self._take("OR"):
            found.append(self.read_and())
        return Or(tuple(found)) if len(found) > 1 else found[0]

    def read_and(self) -> Condition:
        found = [self.read_unit()]
        while self._take("AND"):
            found.append(self.read_unit())
        return And(tuple(found)) if len(found) > 1 else found[0]

    def read_unit(self) -> Condition:
        if self._take("NOT"):
            return Not(self.read_unit())
        if self._take("("):
            found = self.read_or()
            if not self._take(")"):
                raise refuse("malformed_query", "The filter logic lacks a closing parenthesis")
            return found
        return self._condition()

    def _condition(self) -> Condition:
        word = self.words.pop(0) if self.words else "the end"
        if not word.isdecimal():
            raise _unexpected(word)
        if not 1 <= int(word) <= len(self.conditions):
            raise refuse("malformed_query", f"The filter logic mentions a filter {word}: there is none")
        self.used.add(int(word))
        return self.conditions[int(word) - 1]

    def _take(self, word: str) -> bool:
        if self.words and self.words[0] == word:
            self.words.pop(0)
            return True
        return False


def _unexpected(word: str) -> Invalid:
    message = f"The filter logic has {word} where a filter's number was expected, as in 1 AND (2 OR 3)"
    return refuse("malformed_query", message)
