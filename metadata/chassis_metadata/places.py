"""Where things were written: paths inside a package, files and lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis_metadata.errors import Problem

#: A place inside a package: ("objects", "Lead", "fields", "Status", "type").
Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a component was written: a file below the package folder and a line (from 1)."""

    file: str
    line: int


def locate(places: Mapping[Where, Source], where: Where) -> Source | None:
    """Where a path was written, or the nearest thing around it."""
    for length in range(len(where), 0, -1):
        source = places.get(where[:length])
        if source is not None:
            return source
    return None


def problem_at(places: Mapping[Where, Source], where: Where, code: str, message: str) -> Problem:
    """A problem with its file and line, if the package was read from files."""
    source = locate(places, where)
    # object.yaml speaks of the object itself: its keys follow the object's name.
    shown = where[:2] + where[3:] if where[:1] == ("objects",) and where[2:3] == ("object",) else where
    path = ".".join(str(part) for part in shown)
    return Problem(path, code, message, file=source.file if source else None, line=source.line if source else None)
