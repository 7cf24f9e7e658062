"""The paths of JSONPATHVALUE: JsonPath's, in the words of PostgreSQL's jsonpath."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

LONGEST_PATH = 500


class WrongPath(Exception):
    """The path is wrong, or says what PostgreSQL cannot find."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """`leads_to_many`: its answer is a list, however many values there are."""

    path: str
    leads_to_many: bool


_STEP = re.compile(
    r"""(?P<deep>\.\.)(?P<deep_name>[^\s.\[\]()'"*?@]+)"""
    r"""|\.(?P<name>[^\s.\[\]()'"*?@]+)"""
    r"""|(?P<all>\.\*|\[\*\])"""
    r"""|\[\s*(?P<place>-?\d{1,9})\s*\]"""
    r"""|\[\s*'(?P<single>[^'\\]*)'\s*\]"""
    r"""|\[\s*"(?P<double>[^"\\]*)"\s*\]"""
)


def json_path(text: str) -> JsonPath:
    """Read `$.a[0]['b']`; without `$` it begins at a name. Raises WrongPath."""
    if len(text) > LONGEST_PATH:
        raise WrongPath(f"The path has more than {LONGEST_PATH} characters.")
    steps = text[1:] if text.startswith("$") else f".{text}"
    written, deep, every, at = ["$"], False, False, 0
    while at < len(steps):
        match = _STEP.match(steps, at)
        if match is None:
            raise WrongPath(f"The path cannot be read from {steps[at:]!r} on: write $.name[0]['other name'].")
        deep, every = deep or match["deep"] is not None, every or match["all"] is not None
        written.append(_step(match))
        at = match.end()
    # Lax paths open lists by themselves and pass over members that lack a name; below `..` they find things twice.
    return JsonPath(("lax " if every and not deep else "strict ") + "".join(written), every or deep)


def _step(match: re.Match[str]) -> str:
    if match["deep_name"] is not None:
        return f".**.{json.dumps(match['deep_name'])}"
    if match["all"] is not None:
        return match["all"]
    if match["place"] is not None:
        place = int(match["place"])
        return f"[{place}]" if place >= 0 else f"[last - {-place - 1}]"
    name = next(each for each in (match["name"], match["single"], match["double"]) if each is not None)
    return f".{json.dumps(name)}"
