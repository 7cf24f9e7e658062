"""Bytes on their way out: what writes a file hands them over here, and whoever sends the file takes them away."""

from __future__ import annotations

import io
from typing import Any


class Sink(io.RawIOBase):
    """A file that is only written to: nothing in it can be gone back to."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """It is nothing else."""
        return True

    def tell(self) -> int:
        """How much was written in all."""
        return self._length

    def write(self, content: Any) -> int:
        """Keep the content until it is taken."""
        self._parts.append(bytes(content))
        self._length += len(self._parts[-1])
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
