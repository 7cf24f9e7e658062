"""The pool, and the only way to a connection: a transaction bound to one tenant.

Round trips decide the speed of a small read, so BEGIN, the binding, a check that the caller's cached metadata, access
policy and session still hold, the statements and COMMIT go out as one explicit pipeline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool

from chassis_tenants.statement import Statement

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """The tenant to bind, and what the caller's caches hold about it; None means: don't check that."""

    tenant_id: int
    metadata_version: int | None = None
    access_version: int | None = None
    session_hash: bytes | None = None


class StaleBindingError(Exception):
    """Metadata, access or session changed since the caller cached them: nothing was answered, ask again afresh."""


class TenantClosedError(Exception):
    """The tenant is suspended or gone."""


class SessionEndedError(Exception):
    """The session was revoked or ran out."""


_CHECK = """
SELECT t.status, t.metadata_version, t.access_version,
       %(session_hash)s::bytea IS NULL OR EXISTS (
           SELECT FROM chassis.session s
           WHERE s.tenant_id = t.id AND s.token_hash = %(session_hash)s::bytea
             AND s.revoked_at IS NULL AND s.expires_at > now())
FROM chassis.tenant t WHERE t.id = %(tenant_id)s
"""


def _verify(binding: Binding, row: Row | None) -> None:
    if row is None or row[0] != "active":
        raise TenantClosedError
    _, metadata_version, access_version, session_holds = row
    if not session_holds:
        raise SessionEndedError
    if binding.metadata_version not in (None, metadata_version) or binding.access_version not in (None, access_version):
        raise StaleBindingError


class _BytesLoader(Loader):
    """A `json` value stays the bytes that PostgreSQL sent: they are the answer's body."""

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


def _set_local(tenant_id: int) -> sql.SQL:
    # SET LOCAL takes no parameters; an int can only be digits. set_config() would not reach distributed workers.
    return sql.SQL(f"SET LOCAL app.tenant_id = '{int(tenant_id)}'")


async def bind_tenant(connection: AsyncConnection[Row], tenant_id: int) -> None:
    """Bind the tenant for the rest of the connection's transaction."""
    await connection.execute(_set_local(tenant_id), prepare=False)


class Transaction:
    """An open transaction of one tenant. Everything in it commits together when the block ends without an error."""

    def __init__(self, connection: AsyncConnection[Row], binding: Binding) -> None:
        self._connection = connection
        self.tenant_id = binding.tenant_id
        self._committed = False

    async def fetch(self, statement: Statement) -> list[Row]:
        """All rows of one statement; an empty list where it returns none."""
        cursor = await self._connection.execute(statement.text, statement.parameters)
        return await cursor.fetchall() if cursor.description else []

    async def fetch_each(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """The rows of several statements in one round trip."""
        return await _pipelined(self._connection, statements)

    async def commit_with(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Send the last statements and the COMMIT in one round trip; the transaction is over then."""
        rows = await _pipelined(self._connection, statements, commit=True)
        self._committed = True
        return rows


async def _pipelined(
    connection: AsyncConnection[Row], statements: Sequence[Statement], *, commit: bool = False
) -> list[list[Row]]:
    async with connection.pipeline():
        cursors = [await connection.execute(each.text, each.parameters) for each in statements]
        if commit:
            await connection.execute("COMMIT", prepare=False)
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


class Database:
    """The server's pool. Its role can neither bypass row-level security nor run DDL."""

    def __init__(self, dsn: str, *, smallest: int = 2, largest: int = 20, prepared: bool = True) -> None:
        self._prepared = prepared
        self._pool: AsyncConnectionPool[AsyncConnection[Row]] = AsyncConnectionPool(
            dsn,
            min_size=smallest,
            max_size=largest,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 2 if prepared else None},
            configure=self._configure,
            connection_class=AsyncConnection[Row],
        )

    async def _configure(self, connection: AsyncConnection[Row]) -> None:
        connection.prepared_max = 400 if self._prepared else 0
        connection.adapters.register_loader("json", _BytesLoader)

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=True, timeout=30)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def read(self, binding: Binding, *statements: Statement) -> list[list[Row]]:
        """Rows of each statement, in one transaction and one round trip.

        Statements may write what belongs to the read (the access log): they are committed before this returns.
        """
        async with self._pool.connection() as connection:
            try:
                return await self._read(connection, binding, statements)
            except psycopg.Error:
                await _rollback(connection)
                raise

    async def _read(
        self, connection: AsyncConnection[Row], binding: Binding, statements: Sequence[Statement]
    ) -> list[list[Row]]:
        async with connection.pipeline():
            check = await self._begin(connection, binding)
            cursors = [await connection.execute(each.text, each.parameters) for each in statements]
            await connection.execute("COMMIT", prepare=False)
        _verify(binding, await check.fetchone())
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def _begin(self, connection: AsyncConnection[Row], binding: Binding) -> psycopg.AsyncCursor[Row]:
        await connection.execute("BEGIN", prepare=False)
        await connection.execute(_set_local(binding.tenant_id), prepare=False)
        return await connection.execute(_CHECK, {"tenant_id": binding.tenant_id, "session_hash": binding.session_hash})

    @asynccontextmanager
    async def transaction(self, binding: Binding) -> AsyncIterator[Transaction]:
        """An open transaction bound to the tenant; commits at the end, rolls back on any error."""
        async with self._pool.connection() as connection:
            transaction = Transaction(connection, binding)
            try:
                async with connection.pipeline():
                    check = await self._begin(connection, binding)
                _verify(binding, await check.fetchone())
                yield transaction
            except BaseException:
                await _rollback(connection)
                raise
            if not transaction._committed:  # noqa: SLF001  the transaction's other half
                await connection.execute("COMMIT", prepare=False)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        await self.registry(Statement("SELECT 1"))

    async def registry(self, statement: Statement) -> list[Row]:
        """Rows of a statement on the registry (tenants, package versions), which no tenant owns."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.text, statement.parameters)
            return await cursor.fetchall() if cursor.description else []


async def _rollback(connection: AsyncConnection[Row]) -> None:
    # Not execute("ROLLBACK"): the driver must forget what it takes for prepared; an aborted pipeline skipped it.
    if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        await connection.rollback()
