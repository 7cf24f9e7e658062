"""A connection's wire: statements go out together and their rows come back together, in one round trip.

psycopg's own pipeline makes a cursor, a wait and a system call for each statement, which for small statements is most
of what a request costs the server. Here all are one message; values and rows are adapted by psycopg as ever.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.waiting import READY_R, WAIT_R, WAIT_RW

from chassis_tenants.statement import Statement

Row = tuple[Any, ...]

#: A statement is prepared when it is sent for the third time; what is sent once or twice isn't worth it.
_USES_BEFORE = 2
_MOST_PREPARED = 400
_MOST_COUNTED = 1_000
_PLACE = re.compile(r"%(?:%|\((?P<name>[^)]+)\)s)?")

_Key = tuple[bytes, tuple[int, ...]]


@lru_cache(maxsize=2_000)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The text with `$1` for each `%(name)s`, and the names in order."""
    names: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        name = match["name"]
        if name is not None:
            return f"${names.setdefault(name, len(names) + 1)}"
        if match[0] == "%%":
            return "%"
        raise psycopg.ProgrammingError(f"a % that is neither %% nor %(name)s, at {match.start()} of: {text}")

    numbered = _PLACE.sub(place, text).encode()
    return numbered, tuple(names)


class Wire:
    """A connection and what is prepared on it. Only one task may use it at a time."""

    def __init__(self, connection: AsyncConnection[Row], *, prepared: bool = True) -> None:
        self._connection = connection
        self._prepared = prepared
        self._adapting = Transformer(connection)
        self._names: OrderedDict[_Key, bytes] = OrderedDict()
        self._uses: OrderedDict[_Key, int] = OrderedDict()
        self._number = 0

    async def send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """The rows of each statement; an empty list where it returns none.

        Raises the first error; the statements behind it were not run then. Whoever began a transaction rolls it back.
        """
        surplus = self._surplus()
        rows = await self._send([*surplus, *statements])
        return rows[len(surplus) :]

    async def _send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        pgconn = self._connection.pgconn
        async with self._connection.lock:
            pgconn.enter_pipeline_mode()
            try:
                fresh = [self._queue(each) for each in statements]
                pgconn.pipeline_sync()
                results = await self._connection.wait(_exchange(pgconn))
            finally:
                _leave_pipeline(pgconn)
        return self._rows(results, fresh)

    def _surplus(self) -> list[Statement]:
        """What forgets the statements unused for longest; an open transaction might have failed, and is left alone."""
        idle = self._connection.info.transaction_status == pq.TransactionStatus.IDLE
        count = max(len(self._names) - _MOST_PREPARED, 0) if idle else 0
        return [Statement(f"DEALLOCATE {self._names.popitem(last=False)[1].decode()}") for _ in range(count)]

    def _queue(self, statement: Statement) -> _Key | None:
        """Hand a statement to libpq; answers its key where it is prepared now, which makes a result of its own."""
        pgconn = self._connection.pgconn
        text, names = _numbered(statement.text)
        adapting = self._adapting
        values = adapting.dump_sequence([statement.parameters[name] for name in names], [PyFormat.AUTO] * len(names))
        types, formats = adapting.types or (), adapting.formats
        key = (text, types)
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
            pgconn.send_query_prepared(name, values, formats)
            return None
        if not self._is_worth_preparing(key):
            pgconn.send_query_params(text, values, types, formats)
            return None
        name = self._names[key] = self._new_name()
        pgconn.send_prepare(name, text, types)
        pgconn.send_query_prepared(name, values, formats)
        return key

    def _is_worth_preparing(self, key: _Key) -> bool:
        if not self._prepared:
            return False
        uses = self._uses.pop(key, 0)
        if uses >= _USES_BEFORE:
            return True
        self._uses[key] = uses + 1
        if len(self._uses) > _MOST_COUNTED:
            self._uses.popitem(last=False)
        return False

    def _new_name(self) -> bytes:
        self._number += 1
        return b"chassis_%d" % self._number

    def _rows(self, results: Sequence[pq.abc.PGresult], fresh: Sequence[_Key | None]) -> list[list[Row]]:
        failed = next((each for each in results if each.status == pq.ExecStatus.FATAL_ERROR), None)
        if failed is not None:
            for key in fresh:
                if key is not None:  # whether it came to be prepared is not known
                    del self._names[key]
            raise error_from_result(failed, encoding=self._connection.info.encoding)
        rest = iter(results)
        rows = []
        for key in fresh:
            if key is not None:
                next(rest)
            rows.append(self._loaded(next(rest)))
        return rows

    def _loaded(self, result: pq.abc.PGresult) -> list[Row]:
        if result.status != pq.ExecStatus.TUPLES_OK:
            return []
        self._adapting.set_pgresult(result)
        return self._adapting.load_rows(0, result.ntuples, tuple)


def _exchange(pgconn: pq.abc.PGconn) -> PQGen[list[pq.abc.PGresult]]:
    """Send what is queued and answer the results of all, when the server is done with the last."""
    while pgconn.flush():
        ready = yield WAIT_RW
        if ready & READY_R:
            pgconn.consume_input()
    results: list[pq.abc.PGresult] = []
    while True:
        while pgconn.is_busy():
            yield WAIT_R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:  # between two statements
            if pgconn.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection is lost")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)


def _leave_pipeline(pgconn: pq.abc.PGconn) -> None:
    """Back to ordinary use; a connection that can't is of no use to anybody."""
    try:
        pgconn.exit_pipeline_mode()
    except psycopg.OperationalError:
        pgconn.finish()
