"""The pool, and the only way to a connection: a transaction bound to one tenant.

Round trips decide the speed of a small read, so BEGIN, the binding, a check that the caller's cached metadata, access
policy and session still hold, the statements and COMMIT go out as one explicit pipeline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool

from chassis_tenants.adapting import adapt
from chassis_tenants.statement import Statement
from chassis_tenants.tenant_keys import NO_WRAPPER, KeyDesk, KeyRing, KeyWrapper, asks_for_keys
from chassis_tenants.wire import Row, Wire

__all__ = ["Binding", "Database", "Row", "Transaction", "bind_tenant"]


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
    """The tenant is suspended, gone, or not to be served in this region."""


class SessionEndedError(Exception):
    """The session was revoked or ran out."""


#: Whether a tenant `t` may not be served in the region that the process says it is in.
IS_ELSEWHERE = "coalesce(t.region <> %(region)s::text, false)"

#: What a tenant's status is there.
STATUS = f"CASE WHEN {IS_ELSEWHERE} THEN 'elsewhere' ELSE t.status END"

_CHECK = f"""
SELECT {STATUS}, t.metadata_version, t.access_version, t.key_version,
       %(session_hash)s::bytea IS NULL OR EXISTS (
           SELECT FROM chassis.session s
           WHERE s.tenant_id = t.id AND s.token_hash = %(session_hash)s::bytea
             AND s.revoked_at IS NULL AND s.expires_at > now())
FROM chassis.tenant t WHERE t.id = %(tenant_id)s
"""  # noqa: S608  the condition is this file's


def _verify(binding: Binding, row: Row | None) -> int:
    """Raises what speaks against the answer; answers the version of the tenant's keys."""
    if row is None or row[0] != "active":
        raise TenantClosedError
    _, metadata_version, access_version, key_version, session_holds = row
    if not session_holds:
        raise SessionEndedError
    if binding.metadata_version not in (None, metadata_version) or binding.access_version not in (None, access_version):
        raise StaleBindingError
    return int(key_version)


_BEGIN, _COMMIT = Statement("BEGIN"), Statement("COMMIT")
#: What a write asks and does goes by key: a plan for any values is the right one, and making one for these values each
#: time costs more than running it (an object may have fifty indexes to consider).
BY_KEY = Statement("SET LOCAL plan_cache_mode = force_generic_plan")
_parts = count(1)


def _set_local(tenant_id: int) -> Statement:
    # SET LOCAL takes no parameters; an int can only be digits. set_config() would not reach distributed workers.
    return Statement(f"SET LOCAL app.tenant_id = '{int(tenant_id)}'")


async def bind_tenant(connection: AsyncConnection[Row], tenant_id: int) -> None:
    """Bind the tenant for the rest of the connection's transaction."""
    await Wire(connection).send([_set_local(tenant_id)])


def _opened(binding: Binding, region: str | None) -> list[Statement]:
    asked = {"tenant_id": binding.tenant_id, "session_hash": binding.session_hash, "region": region}
    check = Statement(_CHECK, asked)
    return [_BEGIN, _set_local(binding.tenant_id), check]


_CHECK_PLACE = 2


class Transaction:
    """An open transaction of one tenant. Everything in it commits together when the block ends without an error.

    `opening` begins it, with the first statements in one round trip; without it, it is open already.
    """

    def __init__(self, wire: Wire, binding: Binding, keys: KeyRing, opening: Sequence[Statement] = ()) -> None:
        self._wire = wire
        self._desk = KeyDesk(keys, wire, binding.tenant_id)
        self._binding = binding
        self._opening = opening
        self._committed = False
        self.tenant_id = binding.tenant_id

    async def fetch(self, statement: Statement) -> list[Row]:
        """All rows of one statement; an empty list where it returns none."""
        [rows] = await self.fetch_each([statement])
        return rows

    async def fetch_each(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """The rows of several statements in one round trip."""
        if self._opening and asks_for_keys(statements):  # which keys hold is known with the check
            await self._send([])
        return await self._desk.opened(statements, await self._send(await self._desk.ready(statements)))

    async def _send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        opening, self._opening = self._opening, ()
        rows = await self._wire.send([*opening, *statements])
        if opening:  # what came with it is undone where the check fails
            self._desk.version = _verify(self._binding, _only(rows[_CHECK_PLACE]))
        return rows[len(opening) :]

    async def commit_with(self, statements: Sequence[Statement] = ()) -> list[list[Row]]:
        """Send the last statements and the COMMIT in one round trip; the transaction is over then."""
        if self._opening:  # nothing is committed before the check
            await self._send([])
        rows = await self._wire.send([*await self._desk.ready(statements), _COMMIT])
        self._committed = True
        self._desk.bound = False
        return await self._desk.opened(statements, rows[:-1])

    async def end(self) -> None:
        """Commit, unless that was done."""
        if not self._committed:
            await self.commit_with()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone alone; the error goes on to the caller."""
        await self.fetch_each([Statement("SAVEPOINT part")])
        try:
            yield
        except BaseException:
            await self._wire.send([Statement("ROLLBACK TO SAVEPOINT part")])
            raise
        await self._wire.send([Statement("RELEASE SAVEPOINT part")])

    @asynccontextmanager
    async def part(self) -> AsyncIterator[Transaction]:
        """A Transaction within this one, for who opens and commits one of their own; parts may have parts."""
        if self._opening:
            await self._send([])
        part = _Part(self, f"part_{next(_parts)}")
        try:
            yield part
            await part.end()
        except BaseException:
            await part.undo()
            raise


class _Part(Transaction):
    """A transaction within another one: it takes itself for a whole one, and what it did stands or falls with that.

    Its savepoint goes out with its first statements and is released with the last.
    """

    def __init__(self, whole: Transaction, savepoint: str) -> None:
        opening = [Statement(f"SAVEPOINT {savepoint}")]
        super().__init__(whole._wire, whole._binding, whole._desk.ring, opening)  # noqa: SLF001  what they share
        self._desk = whole._desk  # noqa: SLF001
        self._savepoint = savepoint

    async def _send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        opening, self._opening = self._opening, ()
        rows = await self._wire.send([*opening, *statements])
        return rows[len(opening) :]

    async def commit_with(self, statements: Sequence[Statement] = ()) -> list[list[Row]]:
        """Send the last statements."""
        rows: list[list[Row]] = []
        if statements or not self._opening:
            rows = await self.fetch_each([*statements, Statement(f"RELEASE SAVEPOINT {self._savepoint}")])
        self._committed = True
        return rows[:-1]

    async def undo(self) -> None:
        """As if it had never begun."""
        if not (self._opening or self._committed):
            ends = ("ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")
            await self._wire.send([Statement(f"{each} {self._savepoint}") for each in ends])


class _Connection(AsyncConnection[Row]):
    """A connection of the pool, with its wire."""

    wire: Wire


class _Borrowed:
    """A connection of the pool for a while. The pool's own way commits at the end, which costs and is done already."""

    def __init__(self, pool: AsyncConnectionPool[_Connection]) -> None:
        self._pool = pool

    async def __aenter__(self) -> _Connection:
        self._connection = await self._pool.getconn()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:  # as the pool would: what is left open is rolled back
                await self._connection.__aexit__(kind, error, trace)
        finally:
            await self._pool.putconn(self._connection)


class Database:
    """The server's pool. Its role can neither bypass row-level security nor run DDL.

    `region`: where the process is; tenants whose data have to stay elsewhere are closed to it.
    """

    region: str | None = None

    def __init__(
        self,
        dsn: str,
        *,
        smallest: int = 2,
        largest: int = 20,
        prepared: bool = True,
        wrapper: KeyWrapper = NO_WRAPPER,
        region: str | None = None,
    ) -> None:
        self.region = region
        self._dsn = dsn
        self._prepared = prepared
        self.keys = KeyRing(wrapper, dsn)
        self._pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            dsn,
            min_size=smallest,
            max_size=largest,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": None},
            configure=self._configure,
            connection_class=_Connection,
        )

    async def _configure(self, connection: _Connection) -> None:
        adapt(connection)
        connection.wire = Wire(connection, prepared=self._prepared)

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=True, timeout=30)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def read(self, binding: Binding, *statements: Statement) -> list[list[Row]]:
        """Rows of each statement, in one transaction and one round trip.

        Statements may write what belongs to the read (the access log): they are committed before this returns.
        """
        async with _Borrowed(self._pool) as connection:
            desk = KeyDesk(self.keys, connection.wire, binding.tenant_id, bound=False)
            try:
                ready = await desk.ready(statements)
                rows = await connection.wire.send([*_opened(binding, self.region), *ready, _COMMIT])
                desk.version = _verify(binding, _only(rows[_CHECK_PLACE]))
                if not desk.is_outdated:
                    return await desk.opened(statements, rows[3:-1])
            except psycopg.Error:
                await _rollback(connection)
                raise
        return await self.read(binding, *statements)  # what was looked for was made with keys of before

    @asynccontextmanager
    async def transaction(self, binding: Binding) -> AsyncIterator[Transaction]:
        """An open transaction bound to the tenant; commits at the end, rolls back on any error."""
        async with _Borrowed(self._pool) as connection:
            transaction = Transaction(connection.wire, binding, self.keys, [*_opened(binding, self.region), BY_KEY])
            try:
                yield transaction
                await transaction.end()
            except BaseException:
                await _rollback(connection)
                raise

    async def notices(self, channel: str) -> AsyncIterator[str]:
        """A blank, then what is told on a channel from that moment on. Beside the pool; behind a pooler, nothing."""
        if not self._prepared:
            return
        async with await AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield ""
            async for each in connection.notifies():
                yield each.payload

    async def ping(self) -> None:
        """Raise unless the database answers."""
        await self.registry(Statement("SELECT 1"))

    async def registry(self, statement: Statement) -> list[Row]:
        """Rows of a statement on the registry (tenants, package versions), which no tenant owns."""
        async with _Borrowed(self._pool) as connection:
            [rows] = await connection.wire.send([statement])
            return rows


def _only(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None


async def _rollback(connection: AsyncConnection[Row]) -> None:
    if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        await connection.execute("ROLLBACK", prepare=False)
