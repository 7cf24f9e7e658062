"""What logic a run exercised: engines note each rule that decided and each step that ran; nobody listens as a rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Exercised(NamedTuple):
    """A component, and the part of it that was exercised: `fires`, `steps.0`, `rejected` …; empty: the whole."""

    kind: str
    name: str
    part: str = ""


_listener: ContextVar[set[Exercised] | None] = ContextVar("coverage_listener", default=None)


def note(kind: str, name: str, part: str = "") -> None:
    """Say that a component, or a part of it, did something."""
    heard = _listener.get()
    if heard is not None:
        heard.add(Exercised(kind, name, part))


@contextmanager
def listening() -> Iterator[set[Exercised]]:
    """Gather what is noted inside, also in tasks that are started inside."""
    heard: set[Exercised] = set()
    token = _listener.set(heard)
    try:
        yield heard
    finally:
        _listener.reset(token)
