"""Regular expressions that a text could keep busy: each one of ours against texts made for it, then twice as long."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import httpx
import pytest

import chassis_metadata
import chassis_platform
import chassis_tenants

LENGTH = 1_500
#: Below it nothing is told: clocks and other processes are as loud.
AUDIBLE_SECONDS = 0.05
#: Twice the text may take twice the time, and as much again on a busy machine; a square takes four times, and more.
MOST = 3.2
PUMPS: tuple[str, ...] = (
    "a",
    "0",
    " ",
    "\t",
    "\n",
    "<",
    "<a ",
    "<!--",
    "<?",
    "<!DOCTYPE ",
    "'",
    "''",
    '"',
    "\\",
    "\\\\",
    "(",
    "((",
    "[",
    "{",
    "{!",
)
PUMPS += (
    "&",
    "&a",
    ".",
    "a.",
    "0.",
    "-",
    "_",
    ",",
    ";",
    ":",
    "/*",
    "//",
    "=",
    " a=",
    "a=b ",
    "A1",
    "@",
    "a@",
    "%",
    "a,b ",
    "0-0",
    ":00",
)
END = "\x00"
#: Asked at one place of a text only, never for a place.
ONLY_MATCHED = {
    f"chassis_platform.documents.xml_text.{name}" for name in ("_COMMENT", "_DOCTYPE", "_INSTRUCTION", "_DECLARATION")
}


def _modules() -> Iterator[ModuleType]:
    for package in (chassis_metadata, chassis_tenants, chassis_platform):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in each.name and not each.name.endswith("__main__"):
                yield importlib.import_module(each.name)


def _inside(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _inside(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _inside(each)


def _patterns() -> dict[str, re.Pattern[Any]]:
    return {
        f"{module.__name__}.{name}": pattern
        for module in _modules()
        for name, value in vars(module).items()
        for pattern in _inside(value)
        if f"{module.__name__}.{name}" not in ONLY_MATCHED
    }


def _literal_start(pattern: re.Pattern[Any]) -> str:
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    found = re.match(r"(?:[A-Za-z0-9<!&: _-]|\\[(){}\[\].$?])+", text)
    return re.sub(r"\\(.)", r"\1", found[0]) if found else ""


def _seconds(pattern: re.Pattern[Any], text: str) -> float:
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    started = time.process_time()
    pattern.match(subject)
    pattern.fullmatch(subject)
    pattern.search(subject)
    return time.process_time() - started


def _is_slow(pattern: re.Pattern[Any], start: str, pump: str) -> bool:
    def text(times: int) -> str:
        return start + (pump * LENGTH)[: LENGTH * times] + END

    if _seconds(pattern, text(4)) < AUDIBLE_SECONDS:
        return False
    return _seconds(pattern, text(4)) > MOST * min(_seconds(pattern, text(2)) for _ in range(2))


def _slow_text(pattern: re.Pattern[Any]) -> tuple[str, str] | None:
    """The first start and pump that keep a pattern busy, if there are any."""
    tries = ((start, pump) for start in sorted({"", _literal_start(pattern)}) for pump in PUMPS)
    return next(((start, pump) for start, pump in tries if _is_slow(pattern, start, pump)), None)


def test_no_pattern_of_ours_takes_more_than_its_share_of_time() -> None:
    found = _patterns()
    assert len(found) > 60
    slow = {name: text for name, pattern in found.items() if (text := _slow_text(pattern))}
    assert slow == {}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*)*x", "([a-z]+)*\\\\d", "(a{1,50}){1,50}b"])
def test_a_pattern_in_a_formula_ends_soon_or_is_refused(admin: httpx.Client, pattern: str) -> None:
    started = time.monotonic()
    formula = f'REGEX("{"a" * 200}!", "{pattern}")'
    answer = admin.post("/setup/formula/try", json={"object": "Lead", "formula": formula})
    assert answer.status_code < 500, answer.text
    assert time.monotonic() - started < 10
