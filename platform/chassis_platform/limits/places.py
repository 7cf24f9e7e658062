"""Places at work: so many requests at once in a process, shared out fairly between the tenants that want them.

One that is alone gets what it may have. As soon as another is there, work that would keep the processors busier than
they can be is shared out: whoever has less goes first, and the rest waits in the tenant's own line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

#: A tenant counts as there until so long after its last request.
THERE_SECONDS = 1.0


class LineTooLongError(Exception):
    """As many requests of the tenant wait as may."""


@dataclass(slots=True, eq=False)
class Line:
    """The requests of one tenant: how many are worked on, and which wait."""

    most: int
    most_waiting: int
    working: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    seen: float = float("-inf")


class Places:
    """`total` places; with several tenants there, those beyond `comfortable` go to who has less than a fair share."""

    def __init__(self, total: int, comfortable: int) -> None:
        self._total, self._comfortable = total, min(comfortable, total)
        self._working = 0
        self._there: dict[Line, None] = {}
        self._lines: dict[Line, None] = {}  # whose turn comes first stands first
        self._looked = float("-inf")

    async def enter(self, line: Line, now: float) -> None:
        """Take a place, or wait for one; raises LineTooLongError."""
        line.seen = now
        if len(self._there) > 1 or line not in self._there:
            self._note_who_is_there(line, now)
        if not self._is_waiting(line) and self._has_place(line):
            self._seat(line)
            return
        if len(line.waiting) >= line.most_waiting:
            raise LineTooLongError
        await self._wait(line)

    def leave(self, line: Line) -> None:
        """Give the place back to whose turn it is."""
        line.working -= 1
        self._working -= 1
        while self._lines and self._call_next():
            pass

    async def _wait(self, line: Line) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        self._lines[line] = None
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # called, and gone meanwhile
                self.leave(line)
            raise

    def _is_waiting(self, line: Line) -> bool:
        """Whether anyone in the line still waits; those in front who gave up are forgotten."""
        while line.waiting and line.waiting[0].cancelled():
            line.waiting.popleft()
        if not line.waiting:
            self._lines.pop(line, None)
        return bool(line.waiting)

    def _note_who_is_there(self, line: Line, now: float) -> None:
        self._there[line] = None
        if now - self._looked < THERE_SECONDS / 4:
            return
        self._looked = now
        self._there = {each: None for each in self._there if each.working or now - each.seen <= THERE_SECONDS}

    def _has_place(self, line: Line) -> bool:
        if line.working >= line.most or self._working >= self._total:
            return False
        if len(self._there) == 1 or self._working < self._comfortable:
            return True
        return line.working < max(1, self._comfortable // len(self._there))

    def _seat(self, line: Line) -> None:
        line.working += 1
        self._working += 1

    def _call_next(self) -> bool:
        """Call the first of the line that has least at work; of several, the one that was called longest ago."""
        able = [each for each in list(self._lines) if self._is_waiting(each) and self._has_place(each)]
        if not able:
            return False
        line = min(able, key=lambda each: each.working)
        self._seat(line)
        line.waiting.popleft().set_result(None)
        del self._lines[line]
        if line.waiting:
            self._lines[line] = None  # its next turn comes after all others'
        return True
