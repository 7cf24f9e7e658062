"""Cursors: the key of the last record seen, as a word that means nothing to who carries it.

A cursor only says where to go on. What is there is decided by the plan, so a forged one shows nothing new.
"""

from __future__ import annotations

import base64
import binascii

import orjson

from chassis_platform.plan.problems import refuse
from chassis_platform.records.pages import LastKey


def write_cursor(key: LastKey) -> str:
    """The key as a word that fits into a URL."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def read_cursor(text: str, key_count: int) -> LastKey:
    """The key in the word; refuses one that is of another list."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        key = None
    is_key = isinstance(key, list) and len(key) == key_count
    if not is_key or not all(each is None or isinstance(each, str) for each in key):
        raise refuse("invalid_query_locator", "The cursor is none of this list: begin again without it")
    return list(key)
