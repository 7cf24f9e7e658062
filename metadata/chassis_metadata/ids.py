"""Record ids: 18 characters, case-safe, ordered by time within an object.

A 3-character key prefix, a 12-character body in base 62 and a 3-character suffix that repeats the letters' case, as the
field's tools know them. In C collation, ids of one object sort by the millisecond in which they were made.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from functools import cache

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
BODY_LENGTH = 12
SHORT_LENGTH = 15
LONG_LENGTH = 18
_RANDOM_BITS = 29
_EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z

#: Two digits at a time, and five letters' cases at a time: ids are made by the hundred thousand.
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
_CASES = str.maketrans({char: "01"["A" <= char <= "Z"] for char in ALPHABET})
_SUFFIXES = {f"{index:05b}"[::-1]: char for index, char in enumerate(SUFFIX_ALPHABET)}


def case_suffix(short_id: str) -> str:
    """The three characters that make a 15-character id safe in places that ignore case."""
    cases = short_id.translate(_CASES)
    return _SUFFIXES[cases[:5]] + _SUFFIXES[cases[5:10]] + _SUFFIXES[cases[10:15]]


def _base62(number: int, length: int = BODY_LENGTH) -> str:
    pairs = []
    for _ in range(length // 2):
        number, rest = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[rest])
    return "".join(reversed(pairs))


def _complete(prefix: str, number: int) -> str:
    short_id = prefix + _base62(number)
    return short_id + case_suffix(short_id)


@cache
def _last_letters(cases: str) -> tuple[str, ...]:
    """For every last pair of digits, the suffix's last letter; `cases` are those of the three characters before."""
    return tuple(_SUFFIXES[cases + pair.translate(_CASES)] for pair in _PAIRS)


def _complete_run(prefix: str, start: int, count: int) -> list[str]:
    """The ids of consecutive numbers: all but the last two digits are the same for thousands of them."""
    ids: list[str] = []
    while len(ids) < count:
        high, low = divmod(start + len(ids), len(_PAIRS))
        end = min(low + count - len(ids), len(_PAIRS))
        head = prefix + _base62(high, BODY_LENGTH - 2)
        cases = head.translate(_CASES)
        suffix = _SUFFIXES[cases[:5]] + _SUFFIXES[cases[5:10]]
        letters = _last_letters(cases[10:])
        ids += [f"{head}{_PAIRS[at]}{suffix}{letters[at]}" for at in range(low, end)]
    return ids


class IdMaker:
    """Makes ids that never go back within a process; two processes collide with odds of 1 in 2^29 a millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, prefix: str) -> str:
        """A fresh id under a 3-character key prefix."""
        return self.batch(prefix, 1)[0]

    def batch(self, prefix: str, count: int) -> list[str]:
        """`count` fresh ids in rising order."""
        now = (time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS
        with self._lock:
            start = max(now + secrets.randbits(_RANDOM_BITS - 1), self._last + 1)
            self._last = start + count - 1
        return _complete_run(prefix, start, count)


_maker = IdMaker()
new_id = _maker.new
new_ids = _maker.batch


def component_id(prefix: str, name: str) -> str:
    """The id of a named component (record type, permission set): the same wherever the name is."""
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % 62**BODY_LENGTH
    return _complete(prefix, digest)


def is_id(value: object) -> bool:
    """Whether `value` is a well-formed id of 15 or 18 characters; the suffix of the long form must be right."""
    if not isinstance(value, str) or len(value) not in (SHORT_LENGTH, LONG_LENGTH):
        return False
    if not value.isascii() or not value.isalnum():
        return False
    return len(value) == SHORT_LENGTH or case_suffix(value[:SHORT_LENGTH]) == value[SHORT_LENGTH:].upper()


def normal_id(value: str) -> str:
    """The 18-character form of a well-formed id; undo a lower- or upper-cased suffix."""
    short_id = value[:SHORT_LENGTH]
    return short_id + case_suffix(short_id)
