"""What declared functions say in other languages can be read, and the data files that they name are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where

_PATTERNS = frozenset({"extract", "match", "matches", "pattern"})


def check_function_bodies(look: Look) -> Iterator[Complaint]:
    """Every regular expression and every file of the package's functions."""
    for function in look.package.functions:
        where: Where = ("functions", function.name)
        files = function.body.get("files", {})
        for place, key, value in _parts({**function.body, "files": None}, where):
            if key in _PATTERNS:
                yield from check_pattern(value, place)
            if key == "data" and value not in files:
                yield unknown(place, "data file", value, files)


def _parts(value: object, where: Where) -> Iterator[tuple[Where, str, Any]]:
    """Every key anywhere in the body, with its place."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield (*where, key), key, each
            yield from _parts(each, (*where, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _parts(each, (*where, index))


def check_pattern(text: str, where: Where) -> Iterator[Complaint]:
    """A regular expression that can be read."""
    try:
        re.compile(text)
    except re.error as error:
        yield Complaint(where, "invalid_pattern", f"{text!r} is no regular expression: {error}.")
