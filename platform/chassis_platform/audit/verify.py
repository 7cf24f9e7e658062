"""Verification: recompute every hash, tree, chain and signature of a tenant's journal, and say what is wrong and where.

One read-only state of the database, seen by several connections. The memory it takes grows with the largest seal and
the number of seals, not with the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from queue import SimpleQueue
from typing import Self, TypeVar

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.chain import Chain
from chassis_platform.audit.compare import compare_range
from chassis_platform.audit.entries import COLUMNS, columns_of_sources
from chassis_platform.audit.leaves import check_leaves, leaves_without_seal
from chassis_platform.audit.pruned import PRUNED, trusted_statements
from chassis_platform.audit.ranges import Range, ranges_of
from chassis_platform.audit.redacted import NOTHING_REDACTED, REDACTED, Redacted, trusted_redactions
from chassis_platform.audit.report import Anchor, Compared, Finding, ReportDraft, VerificationReport
from chassis_platform.audit.seal import OVERLAP, Seal, seal_of_row, seals_of
from chassis_tenants.database import Row
from chassis_tenants.tenant import Tenant

Connection = psycopg.Connection[Row]
Item = TypeVar("Item")
Result = TypeVar("Result")
#: Leaves that a connection reads at a time.
_LEAVES_AT_ONCE = 100_000


def verify(
    dsn: str,
    tenant: Tenant,
    trusted: Mapping[str, Ed25519PublicKey],
    *,
    anchor: Anchor | None = None,
    connections: int | None = None,
) -> VerificationReport:
    """Check all seals and entries. Blocks for about 8 µs an entry and core: in async code, call it from a thread.

    `dsn` is the owner's or the server's. `anchor` is the head of an earlier report, kept elsewhere: only it tells that
    the newest seals were removed with all that they covered.
    """
    draft = ReportDraft(tenant.organization_id)
    with _Hands(dsn, tenant.id, connections or os.cpu_count() or 1) as hands:
        seals = _check_chain(hands.first, tenant, trusted, draft=draft, anchor=anchor)
        covered = seals[-1].covered_until - OVERLAP if seals else None
        pruned = trusted_statements(_rows(hands.first, PRUNED, tenant.id), tenant.organization_id, trusted, draft)
        emptied = trusted_redactions(_rows(hands.first, REDACTED, tenant.id), tenant.organization_id, trusted, draft)

        def check(connection: Connection, part: list[Seal] | Range) -> list[Finding] | Compared:
            if isinstance(part, list):
                return check_leaves(connection, tenant.id, part)
            return compare_range(connection, tenant.id, part, covered, pruned)

        compared: list[Compared] = []
        for found in hands.each(_interleaved(_batches(seals), _ranges(hands.first, tenant.id, emptied)), check):
            if isinstance(found, Compared):
                compared.append(found)
            else:
                draft.add_all(found)
        draft.add_all(leaves_without_seal(hands.first, tenant.id, seals))
        for each in compared:
            draft.add_compared(each)
    return draft.finish()


def _check_chain(
    connection: Connection,
    tenant: Tenant,
    trusted: Mapping[str, Ed25519PublicKey],
    *,
    draft: ReportDraft,
    anchor: Anchor | None,
) -> list[Seal]:
    chain, seals = Chain(draft, trusted, anchor), []
    for row in _rows(connection, seals_of(tenant.id).text, tenant.id):
        seals.append(seal_of_row(tenant.organization_id, row))
        chain.check(seals[-1], bytes(row[-1]))
    chain.check_anchor()
    return seals


def _batches(seals: Iterable[Seal]) -> Iterator[list[Seal]]:
    """Seals in a row with about as many leaves as are read at a time."""
    batch, leaves = list[Seal](), 0
    for each in seals:
        batch.append(each)
        leaves += each.entry_count
        if leaves >= _LEAVES_AT_ONCE:
            yield batch
            batch, leaves = [], 0
    if batch:
        yield batch


def _ranges(connection: Connection, tenant_id: int, emptied: Mapping[str, Redacted]) -> Iterator[Range]:
    sources = columns_of_sources(connection.execute(COLUMNS.text, COLUMNS.parameters).fetchall())
    for source, columns in sources.items():
        yield from ranges_of(connection, tenant_id, source, columns, emptied.get(source, NOTHING_REDACTED))


def _interleaved(batches: Iterable[list[Seal]], ranges: Iterable[Range]) -> Iterator[list[Seal] | Range]:
    """Trees are work for Python, entries for the database: both at once."""
    pairs = zip_longest(batches, ranges)
    return (each for pair in pairs for each in pair if each is not None)


def _rows(connection: Connection, text: str, tenant_id: int) -> list[Row]:
    return connection.execute(text, {"tenant_id": tenant_id}).fetchall()


class _Hands:
    """Connections that see one state of the database, each with a thread that works with it."""

    def __init__(self, dsn: str, tenant_id: int, count: int) -> None:
        self._dsn, self._tenant_id, self._count = dsn, tenant_id, count

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.first = self._stack.enter_context(_reading(self._dsn, self._tenant_id))
        self._free: SimpleQueue[Connection] = SimpleQueue()
        state = str(self.first.execute("SELECT pg_export_snapshot()").fetchall()[0][0])
        for _ in range(self._count):
            self._free.put(self._stack.enter_context(_reading(self._dsn, self._tenant_id, state)))
        self._threads = self._stack.enter_context(ThreadPoolExecutor(self._count))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def each(self, items: Iterable[Item], work: Callable[[Connection, Item], Result]) -> Iterator[Result]:
        """The results in the order of the items; work begins before the last item is there."""

        def run(item: Item) -> Result:
            connection = self._free.get()
            try:
                return work(connection, item)
            finally:
                self._free.put(connection)

        return self._threads.map(run, items)


@contextmanager
def _reading(dsn: str, tenant_id: int, state: str | None = None) -> Iterator[Connection]:
    """A connection on one state of the database, of one tenant; `state` is another connection's."""
    with psycopg.connect(dsn) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if state is not None:
            connection.execute(f"SET TRANSACTION SNAPSHOT '{state}'")
        connection.execute(f"SET LOCAL app.tenant_id = '{int(tenant_id)}'")
        # Both sides come in the order of their keys: nothing is hashed, sorted or copied. JIT costs more than it saves.
        for way in ("hashjoin", "seqscan", "bitmapscan", "material"):
            connection.execute(f"SET LOCAL enable_{way} = off")
        connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        connection.execute("SET LOCAL jit = off")
        yield connection
