"""Entries and leaves of a source in ranges of about the same size, by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from chassis_platform.audit.redacted import NOTHING_REDACTED, Redacted
from chassis_tenants.database import Row

#: Leaves in a range.
_SIZE = 50_000
_NEXT = (
    "SELECT entry_id FROM chassis.audit_leaf WHERE tenant_id = %(tenant_id)s AND source = %(source)s"
    " AND entry_id >= %(first)s ORDER BY entry_id OFFSET %(size)s LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Range:
    """Entries of a source with ids from `first` on, up to but not `last`; None: without an end."""

    source: str
    columns: Mapping[str, str]
    first: str
    last: str | None
    redacted: Redacted = NOTHING_REDACTED


def ranges_of(
    connection: psycopg.Connection[Row],
    tenant_id: int,
    source: str,
    columns: Mapping[str, str],
    redacted: Redacted = NOTHING_REDACTED,
) -> Iterator[Range]:
    """All of a source. Each range is there before the next is looked for, so that work on it may begin."""
    first: str = ""
    while True:
        values = {"tenant_id": tenant_id, "source": source, "first": first, "size": _SIZE}
        found = connection.execute(_NEXT, values).fetchall()
        last: str | None = found[0][0] if found else None
        yield Range(source, columns, first, last, redacted)
        if last is None:
            return
        first = last
