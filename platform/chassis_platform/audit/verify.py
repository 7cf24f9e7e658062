"""Verification: recompute every hash, tree, chain and signature of a tenant's journal, and say what is wrong and where.

One read-only snapshot, read as streams: the memory it takes does not grow with the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.entries import COLUMNS, canonical, columns_of_sources, entry_text
from chassis_platform.audit.keys import is_signed
from chassis_platform.audit.merkle import Tree, leaf_hash
from chassis_platform.audit.report import Anchor, Finding, FindingKind, ReportDraft, VerificationReport
from chassis_platform.audit.seal import NO_SEAL, OVERLAP, Seal, seal_of_row, seals_of
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

Connection = psycopg.Connection[Row]
_STREAMED = 2_000


def verify(
    dsn: str, tenant: Tenant, trusted: Mapping[str, Ed25519PublicKey], *, anchor: Anchor | None = None
) -> VerificationReport:
    """Check all seals and entries. Blocks for about 50 µs an entry: in async code, call it from a thread.

    `dsn` is the owner's or the server's. `anchor` is the head of an earlier report, kept elsewhere: only it tells that
    the newest seals were removed with all that they covered.
    """
    draft = ReportDraft(tenant.organization_id)
    with psycopg.connect(dsn) as connection, _snapshot(connection, tenant.id):
        newest = _check_seals(connection, tenant, trusted, draft=draft, anchor=anchor)
        sources = columns_of_sources(connection.execute(COLUMNS.text, COLUMNS.parameters).fetchall())
        for source, columns in sources.items():
            _check_entries(connection, tenant.id, source, columns=columns, newest=newest, draft=draft)
            _count_late(connection, tenant.id, source, draft)
    return draft.finish()


@contextmanager
def _snapshot(connection: Connection, tenant_id: int) -> Iterator[None]:
    """One state of the database, of one tenant."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute(f"SET LOCAL app.tenant_id = '{int(tenant_id)}'")
        yield


def _stream(connection: Connection, statement: Statement, name: str) -> Iterator[Row]:
    with connection.cursor(name=name) as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(statement.text, statement.parameters)
        yield from cursor


def _check_seals(
    connection: Connection,
    tenant: Tenant,
    trusted: Mapping[str, Ed25519PublicKey],
    *,
    draft: ReportDraft,
    anchor: Anchor | None,
) -> Seal | None:
    """Walk the chain beside the leaves, which come in the same order. Answers the newest seal."""
    leaves = _Leaves(_stream(connection, _leaves_of(tenant.id), "leaves"), draft)
    chain = _Chain(draft, trusted, anchor)
    for row in _stream(connection, seals_of(tenant.id), "seals"):
        seal = seal_of_row(tenant.organization_id, row)
        chain.check(seal, bytes(row[-1]))
        leaves.check(seal)
    leaves.check_rest()
    chain.check_anchor()
    return chain.newest


class _Chain:
    """The seals by themselves: none missing, each signed, each repeating the hash of the one before."""

    def __init__(self, draft: ReportDraft, trusted: Mapping[str, Ed25519PublicKey], anchor: Anchor | None) -> None:
        self._draft, self._trusted, self._anchor = draft, trusted, anchor
        self._expected, self._previous = 1, NO_SEAL
        self._is_previous_sound = True
        self._is_anchored = anchor is None
        self.newest: Seal | None = None

    def check(self, seal: Seal, signature: bytes) -> None:
        is_next = seal.sequence == self._expected
        if not is_next:
            self._miss(self._expected, seal.sequence - 1)
        elif self._is_previous_sound and seal.previous != self._previous:
            self._report(FindingKind.CHAIN_BROKEN, seal.sequence, "it does not continue the seal before it")
        self._is_previous_sound = self._check_signature(seal, signature)
        self._expected, self._previous, self.newest = seal.sequence + 1, seal.hash(), seal
        self._meet_anchor(seal)
        self._draft.count_seal(seal)

    def _miss(self, first: int, last: int) -> None:
        which = f"seal {first} is" if first == last else f"seals {first} to {last} are"
        self._report(FindingKind.SEAL_MISSING, first, f"{which} missing")

    def _check_signature(self, seal: Seal, signature: bytes) -> bool:
        key = self._trusted.get(seal.key_id)
        if key is None:
            self._report(FindingKind.UNKNOWN_KEY, seal.sequence, f"no trusted public key has the id {seal.key_id}")
            return False
        if not is_signed(key, signature, seal.message()):
            self._report(FindingKind.SEAL_ALTERED, seal.sequence, "its signature does not fit what it says")
            return False
        return True

    def _meet_anchor(self, seal: Seal) -> None:
        if self._anchor and seal.sequence == self._anchor.sequence:
            self._is_anchored = seal.hash() == self._anchor.hash

    def check_anchor(self) -> None:
        if self._anchor and not self._is_anchored:
            self._report(
                FindingKind.HEAD_MISSING, self._anchor.sequence, "the seal noted earlier is gone or is another by now"
            )

    def _report(self, kind: FindingKind, sequence: int, message: str) -> None:
        self._draft.add(Finding(kind, message, sequence=sequence))


def _leaves_of(tenant_id: int) -> Statement:
    return Statement(
        "SELECT sequence, position, hash, source, entry_id FROM chassis.audit_leaf"
        " WHERE tenant_id = %(tenant_id)s ORDER BY sequence, position",
        {"tenant_id": tenant_id},
    )


class _Leaves:
    """The leaves of each seal: all positions there, and together the seal's root."""

    def __init__(self, rows: Iterator[Row], draft: ReportDraft) -> None:
        self._rows, self._draft = rows, draft
        self._ahead = next(rows, None)

    def check(self, seal: Seal) -> None:
        self._skip_before(seal.sequence)
        tree, missing = Tree(), 0
        for row in self._of(seal.sequence):
            while tree.size + missing < row[1]:
                self._miss(seal.sequence, tree.size + missing)
                missing += 1
            tree.add(bytes(row[2]))
        for position in range(tree.size + missing, seal.entry_count):
            self._miss(seal.sequence, position)
            missing += 1
        if not missing and (tree.size, tree.root()) != (seal.entry_count, seal.root):
            self._add(FindingKind.ROOT_DIFFERS, seal.sequence, "its leaves were changed, added to or reordered")

    def _of(self, sequence: int) -> Iterator[Row]:
        while self._ahead is not None and self._ahead[0] == sequence:
            yield self._ahead
            self._ahead = next(self._rows, None)

    def _skip_before(self, sequence: float) -> None:
        """Leaves of seals that are not there: told once a seal."""
        told = None
        while self._ahead is not None and self._ahead[0] < sequence:
            if self._ahead[0] != told:
                told = self._ahead[0]
                self._add(FindingKind.LEAF_WITHOUT_SEAL, told, "its leaves are there, and the seal is not")
            self._ahead = next(self._rows, None)

    def check_rest(self) -> None:
        self._skip_before(float("inf"))

    def _miss(self, sequence: int, position: int) -> None:
        self._add(FindingKind.LEAF_MISSING, sequence, f"the leaf at position {position} is missing")

    def _add(self, kind: FindingKind, sequence: int, message: str) -> None:
        self._draft.add(Finding(kind, message, sequence=sequence))


def _check_entries(
    connection: Connection,
    tenant_id: int,
    source: str,
    *,
    columns: Mapping[str, str],
    newest: Seal | None,
    draft: ReportDraft,
) -> None:
    """Every entry beside its leaf."""
    statement = Statement(
        "SELECT e.id, e.created_date, e.entry, l.entry_id, l.sequence, l.hash FROM"  # noqa: S608  names from the catalog
        f" (SELECT e.id, e.created_date, {entry_text(columns)} AS entry FROM data.{source} e"
        " WHERE e.tenant_id = %(tenant_id)s) e"
        " FULL JOIN (SELECT entry_id, sequence, hash FROM chassis.audit_leaf"
        " WHERE tenant_id = %(tenant_id)s AND source = %(source)s) l ON l.entry_id = e.id",
        {"tenant_id": tenant_id, "source": source},
    )
    covered = newest.covered_until - OVERLAP if newest else None
    for entry_id, created, entry, leaf_of, sequence, hashed in _stream(connection, statement, f"entries_{source}"):
        if leaf_of is None:
            _check_unsealed(draft, source, entry_id, created=created, covered=covered)
        elif entry_id is None:
            draft.add(Finding(FindingKind.ENTRY_REMOVED, "it was sealed, and is gone", sequence, source, leaf_of))
        else:
            draft.entries += 1
            if leaf_hash(canonical(source, entry)) != bytes(hashed):
                draft.add(Finding(FindingKind.ENTRY_CHANGED, "it is not as it was sealed", sequence, source, entry_id))


def _check_unsealed(
    draft: ReportDraft, source: str, entry_id: str, *, created: datetime, covered: datetime | None
) -> None:
    if covered is None or created >= covered:
        draft.unsealed += 1
        return
    message = f"it says {created:%Y-%m-%d %H:%M:%S} UTC, and no seal of that time holds it"
    draft.add(Finding(FindingKind.ENTRY_INSERTED, message, None, source, entry_id))


def _count_late(connection: Connection, tenant_id: int, source: str, draft: ReportDraft) -> None:
    """Entries that lay open for long before they were sealed: no finding, but an auditor may want to know why."""
    text = (
        "SELECT count(*), max(s.sealed_at - e.created_date)"  # noqa: S608  a name of ours
        f" FROM data.{source} e"
        " JOIN chassis.audit_leaf l ON l.tenant_id = e.tenant_id AND l.source = %(source)s AND l.entry_id = e.id"
        " JOIN chassis.audit_seal s ON s.tenant_id = l.tenant_id AND s.sequence = l.sequence"
        " WHERE e.tenant_id = %(tenant_id)s AND s.tenant_id = %(tenant_id)s AND l.tenant_id = %(tenant_id)s"
        " AND e.created_date < s.sealed_at - %(overlap)s::interval"
    )
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "source": source, "overlap": OVERLAP}
    count, longest = connection.execute(text, parameters).fetchall()[0]
    draft.late += count
    draft.longest_open = max(draft.longest_open, longest or timedelta())
