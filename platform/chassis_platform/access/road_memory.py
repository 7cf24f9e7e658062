"""What a process learned of a user's reach: it decides by which road an answer is found, never what is answered."""

from __future__ import annotations

import time

#: So long a count of what is within reach is good enough.
KEPT_SECONDS = 60.0
#: After a record that was not the user's own, so many are looked for among all at once.
LOOKS_AMONG_ALL = 8


class RoadMemory:
    """How many records of an object are within the user's reach, and whether those that are read are mostly own."""

    def __init__(self) -> None:
        self._counted: dict[str, tuple[int, float]] = {}
        self._among_all: dict[str, int] = {}

    def size_of(self, object_name: str) -> int | None:
        """How many records were within reach a moment ago, counted up to a number; None where nobody counted."""
        count, until = self._counted.get(object_name, (0, 0.0))
        return count if time.monotonic() < until else None

    def keep_size(self, object_name: str, count: int) -> None:
        """Hold the number for a while."""
        self._counted[object_name] = count, time.monotonic() + KEPT_SECONDS

    def looks_at_own(self, object_name: str) -> bool:
        """Whether to look for a record among the user's own first."""
        left = self._among_all.get(object_name, 0)
        if left:
            self._among_all[object_name] = left - 1
        return not left

    def missed(self, object_name: str) -> None:
        """A record was not among the user's own."""
        self._among_all[object_name] = LOOKS_AMONG_ALL
