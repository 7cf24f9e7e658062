"""Indexes of tables that an older release made, made anew as this release has them, while all goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from chassis_metadata.snapshot import Object
from chassis_tenants.storage import DATA_SCHEMA
from chassis_tenants.tables import Index, indexes_of, quoted, short_name

Connection = psycopg.Connection[tuple[Any, ...]]
_LOCK = 0x69_6E_64_78  # "indx": one renewal at a time
#: Indexes of a schema, and whether they hold columns beside their keys.
_FOUND = """
SELECT i.relname, x.indnatts > x.indnkeyatts FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE i.relnamespace = %s::regnamespace
"""


def outdated_indexes(connection: Connection, objects: list[Object]) -> list[Index]:
    """Those that lack the columns which spare a list the look into the table."""
    includes: dict[str, bool] = dict(connection.execute(_FOUND, [DATA_SCHEMA]).fetchall())
    wanted = (index for obj in objects for index in indexes_of(obj) if index.included)
    return [each for each in wanted if includes.get(each.name) is False]


def renew_indexes(connection: Connection, objects: list[Object]) -> Iterator[str]:
    """Make them anew, one after the other; answers the name of each that is done. Needs autocommit.

    The new one is built beside the old one, which serves until it is there. Interrupted, it goes on where it was.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    for each in outdated_indexes(connection, objects):
        new, old = short_name(each.name, "new"), f"{DATA_SCHEMA}.{quoted(each.name)}"
        connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {DATA_SCHEMA}.{quoted(new)}".encode())
        connection.execute(f"CREATE INDEX CONCURRENTLY {quoted(new)} ON {each.shape}".encode())
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '10s'")
            connection.execute(f"DROP INDEX {old}".encode())
            connection.execute(f"ALTER INDEX {DATA_SCHEMA}.{quoted(new)} RENAME TO {quoted(each.name)}".encode())
        yield each.name
    connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
