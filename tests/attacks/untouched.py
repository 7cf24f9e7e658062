"""That an attack left nothing behind: how many rows each table of records has, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from chassis_tenants.bootstrap import DatabaseUrls

#: What is read, refused and looked up is written down here: that is as it should be.
_JOURNALS = frozenset({"access_log", "login_history", "setup_audit_trail", "auth_session", "denied_access"})


def rows_of_all_tables(urls: DatabaseUrls) -> dict[str, int]:
    """How many rows each table of records has, and those of jobs, webhooks and kept answers."""
    with psycopg.connect(urls.owner) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'data' AND tablename <> ALL (%s)"
            " OR schemaname = 'chassis' AND tablename IN ('webhook', 'idempotency', 'change_event', 'tenant')",
            [list(_JOURNALS)],
        ).fetchall()
        counts = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(schema, name))
            for schema, name in names
        )
        return {name: count for name, count in connection.execute(counts).fetchall() if count}


@contextmanager
def untouched(urls: DatabaseUrls) -> Iterator[None]:
    """Whatever is tried in the block, no table has another row afterwards, or one less."""
    before = rows_of_all_tables(urls)
    yield
    assert rows_of_all_tables(urls) == before
