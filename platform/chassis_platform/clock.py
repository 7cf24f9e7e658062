"""What time it is: the system's clock, or a moved one while a package's cases are run.

Everything that decides by time asks here, so that a case can say "seven days later".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_moved: ContextVar[datetime | None] = ContextVar("moved_clock", default=None)


def now() -> datetime:
    """The moment in UTC, as fine as the wire shows it: milliseconds."""
    moment = _moved.get() or datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@contextmanager
def moved_to(moment: datetime) -> Iterator[None]:
    """Inside, and in the tasks started inside, it is this moment and stays so."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    token = _moved.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _moved.reset(token)
