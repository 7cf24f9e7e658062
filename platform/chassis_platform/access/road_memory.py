"""What a process learned of a user's reach: it decides by which road an answer is found, never what is answered."""

from __future__ import annotations

import time
from typing import NamedTuple

#: So long is good enough what was found within reach.
KEPT_SECONDS = 60.0
#: After a record that was not the user's own, so many are looked for among all at once.
LOOKS_AMONG_ALL = 8


class Extent(NamedTuple):
    """How much of an object is within a user's reach."""

    within: int  # records, counted up to a number
    all: float  # how many there are, about
    share: float  # the part of all, of 1, to which its owner alone gives access

    @property
    def known(self) -> bool:
        """Whether it is known how many records there are: PostgreSQL says -1 or 0 of a table that is new."""
        return self.all > 0


class RoadMemory:
    """How many records of an object are within the user's reach, and whether those that are read are mostly own."""

    def __init__(self) -> None:
        self._extents: dict[str, tuple[Extent, float]] = {}
        self._among_all: dict[str, int] = {}

    def extent_of(self, object_name: str) -> Extent | None:
        """How much was within reach a moment ago; None where nobody asked."""
        found = self._extents.get(object_name)
        return found[0] if found is not None and time.monotonic() < found[1] else None

    def keep_extent(self, object_name: str, extent: Extent) -> None:
        """Hold it for a while."""
        self._extents[object_name] = extent, time.monotonic() + KEPT_SECONDS

    def looks_at_own(self, object_name: str) -> bool:
        """Whether to look for a record among the user's own first."""
        left = self._among_all.get(object_name, 0)
        if left:
            self._among_all[object_name] = left - 1
        return not left

    def missed(self, object_name: str) -> None:
        """A record was not among the user's own."""
        self._among_all[object_name] = LOOKS_AMONG_ALL
