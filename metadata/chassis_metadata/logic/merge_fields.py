"""Texts with merge fields: `Dear {!Contact.Name}` as literal parts and formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\{!(.*?)\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Merge:
    """A formula whose value is put in."""

    formula: str


Part = str | Merge


def parts_of(text: str) -> tuple[Part, ...]:
    """The text's parts in order."""
    found: list[Part] = []
    end = 0
    for match in _FIELD.finditer(text):
        if text[end : match.start()]:
            found.append(text[end : match.start()])
        found.append(Merge(match[1].strip()))
        end = match.end()
    if text[end:]:
        found.append(text[end:])
    return tuple(found)


def formulas_of(text: str) -> tuple[str, ...]:
    """The formulas that a text asks for."""
    return tuple(each.formula for each in parts_of(text) if isinstance(each, Merge))
