"""The sealer: closes what a tenant's journal got since the last seal into a Merkle tree, chained and signed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis_platform.audit.entries import COLUMNS, FORMAT, columns_of_sources, json_bytes, leaf_text
from chassis_platform.audit.keys import Signer
from chassis_platform.audit.merkle import HASH_LENGTH, Tree
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

#: Entries this young are left to the next seal: most that were begun before them are committed by then.
SETTLE = timedelta(seconds=2)
#: How far before the last seal's end each seal looks again for entries that were committed late.
OVERLAP = timedelta(seconds=60)
#: The same for the hourly seal: the longest transaction whose entries are still found.
DEEP_OVERLAP = timedelta(hours=3)
#: About how many entries of a table one seal takes; it may be more where one transaction made them.
MOST_ENTRIES = 50_000
PAGE = 5_000
NO_SEAL = bytes(HASH_LENGTH)
_LOCK = 0x73_65_61_6C  # "seal"


@dataclass(frozen=True, slots=True)
class Seal:
    """What is signed."""

    organization_id: str
    sequence: int
    sealed_at: datetime
    covered_until: datetime
    entry_count: int
    root: bytes
    previous: bytes
    key_id: str
    #: What the entries' text is like: see `entries.FORMATS`.
    text_format: int

    def message(self) -> bytes:
        """The signed bytes."""
        return json_bytes(
            {
                "format": f"chassis-audit-seal-{self.text_format}",
                "organization": self.organization_id,
                "sequence": self.sequence,
                "sealed_at": _instant(self.sealed_at),
                "covered_until": _instant(self.covered_until),
                "entry_count": self.entry_count,
                "root": self.root.hex(),
                "previous": self.previous.hex(),
                "key": self.key_id,
            }
        )

    def hash(self) -> bytes:
        """What the next seal repeats."""
        return hashlib.sha256(self.message()).digest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal that was made, and whether it took all there was."""

    seal: Seal
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the next seal is to take: entries from `since` on, up to `until`, that have no leaf."""

    sources: Mapping[str, Mapping[str, str]]
    newest: Seal | None
    now: datetime
    since: datetime | None
    until: datetime
    is_complete: bool

    @property
    def sequence(self) -> int:
        return self.newest.sequence + 1 if self.newest else 1


async def seal_journal(
    database: Database, tenant: Tenant, signer: Signer, *, overlap: timedelta = OVERLAP
) -> Sealed | None:
    """Seal what is unsealed; None where there is nothing. Safe from several processes at once."""
    async with database.transaction(Binding(tenant.id)) as transaction:
        batch = await _begin_batch(transaction, tenant, overlap)
        tree = Tree()
        for source, columns in batch.sources.items():
            await _add_leaves(transaction, batch, source=source, columns=columns, tree=tree)
        if tree.size == 0:
            return None
        seal = _seal(tenant, batch, tree, signer)
        await transaction.commit_with([_insert_seal(tenant.id, seal, signer.sign(seal.message()))])
        return Sealed(seal, batch.is_complete)


def _seal(tenant: Tenant, batch: _Batch, tree: Tree, signer: Signer) -> Seal:
    return Seal(
        organization_id=tenant.organization_id,
        sequence=batch.sequence,
        sealed_at=batch.now,
        covered_until=batch.until,
        entry_count=tree.size,
        root=tree.root(),
        previous=batch.newest.hash() if batch.newest else NO_SEAL,
        key_id=signer.key_id,
        text_format=FORMAT,
    )


async def _begin_batch(transaction: Transaction, tenant: Tenant, overlap: timedelta) -> _Batch:
    parameters = {"tenant_id": tenant.id}
    *_, columns, newest_row, clock = await transaction.fetch_each(
        [
            # A plan made while the table of leaves was small is kept; it must be one for when it is large.
            Statement("SET LOCAL enable_seqscan = off"),
            Statement("SELECT pg_advisory_xact_lock(%(lock)s, %(tenant_id)s)", {**parameters, "lock": _LOCK}),
            COLUMNS,
            newest_seal(tenant.id),
            Statement("SELECT clock_timestamp()"),
        ]
    )
    sources, now = columns_of_sources(columns), clock[0][0]
    newest = seal_of_row(tenant.organization_id, newest_row[0]) if newest_row else None
    since = newest.covered_until - overlap if newest else None
    settled = max(now - SETTLE, newest.covered_until) if newest else now - SETTLE
    cut = await _cut(transaction, tenant.id, sources=sources, since=since, until=settled)
    return _Batch(sources, newest, now, since, min(cut or settled, settled), is_complete=cut is None)


async def _cut(
    transaction: Transaction, tenant_id: int, *, sources: Mapping[str, object], since: datetime | None, until: datetime
) -> datetime | None:
    """Where to end a seal so that it takes about MOST_ENTRIES of a table; None where fewer wait."""
    statements = [
        Statement(
            f"SELECT e.created_date FROM {_unsealed(source)} ORDER BY e.created_date, e.id OFFSET %(most)s LIMIT 1",  # noqa: S608
            {"tenant_id": tenant_id, "after_date": since, "after_id": "", "until": until, "most": MOST_ENTRIES},
        )
        for source in sources
    ]
    found = await transaction.fetch_each(statements) if statements else []
    return min((rows[0][0] for rows in found if rows), default=None)


def _unsealed(source: str) -> str:
    # A scalar subquery is one look at the key for each entry. As NOT EXISTS it became a join, and while the table had
    # no statistics, that read all leaves of the tenant for each entry: 18 s instead of 1 s for 10,000.
    return (
        f"data.{source} e WHERE e.tenant_id = %(tenant_id)s"  # noqa: S608  a name from the catalog
        " AND (e.created_date, e.id) > (coalesce(%(after_date)s::timestamptz, '-infinity'), %(after_id)s::text)"
        " AND e.created_date <= %(until)s"
        " AND (SELECT l.sequence FROM chassis.audit_leaf l"
        f" WHERE l.tenant_id = %(tenant_id)s AND l.source = '{source}' AND l.entry_id = e.id) IS NULL"
    )


async def _add_leaves(
    transaction: Transaction, batch: _Batch, *, source: str, columns: Mapping[str, str], tree: Tree
) -> None:
    """Page by page: hash entries and store their leaves where they lie; only the hashes come here."""
    page = Statement(_page_of_leaves(source, columns), {"tenant_id": transaction.tenant_id, "until": batch.until})
    after: tuple[datetime | None, str] = (batch.since, "")
    while True:
        bound = page.bind(after_date=after[0], after_id=after[1], sequence=batch.sequence, first=tree.size)
        [(count, hashes, last_date, last_id)] = await transaction.fetch(bound)
        for start in range(0, count * HASH_LENGTH, HASH_LENGTH):
            tree.add(hashes[start : start + HASH_LENGTH])
        if count < PAGE:
            return
        after = (last_date, last_id)


def _page_of_leaves(source: str, columns: Mapping[str, str]) -> str:
    return (
        f"WITH page AS MATERIALIZED (SELECT e.* FROM {_unsealed(source)} ORDER BY e.created_date, e.id LIMIT {PAGE}"  # noqa: S608
        f"), hashed AS MATERIALIZED (SELECT e.id, e.created_date, {leaf_text(source, columns, FORMAT)} AS hash"
        " FROM page e), placed AS (SELECT *, row_number() OVER (ORDER BY created_date, id) - 1 AS place FROM hashed"
        "), added AS (INSERT INTO chassis.audit_leaf (tenant_id, source, entry_id, sequence, position, hash)"
        f" SELECT %(tenant_id)s, '{source}', id, %(sequence)s, %(first)s + place, hash FROM placed)"
        " SELECT count(*), string_agg(hash, ''::bytea ORDER BY place), max(created_date),"
        " (array_agg(id ORDER BY place DESC))[1] FROM placed"
    )


_SEAL_COLUMNS = "sequence, sealed_at, covered_until, entry_count, root, previous, key_id, format"


def seals_of(tenant_id: int) -> Statement:
    """Every seal in order, its signature last; rows make a Seal each."""
    return Statement(
        f"SELECT {_SEAL_COLUMNS}, signature FROM chassis.audit_seal"  # noqa: S608  names of this file
        " WHERE tenant_id = %(tenant_id)s ORDER BY sequence",
        {"tenant_id": tenant_id},
    )


def newest_seal(tenant_id: int) -> Statement:
    """The last seal."""
    every = seals_of(tenant_id)
    return Statement(f"{every.text} DESC LIMIT 1", every.parameters)


def seal_of_row(organization_id: str, row: Row) -> Seal:
    """A row of `seals_of` as a value."""
    return Seal(organization_id, *row[:8])


def _insert_seal(tenant_id: int, seal: Seal, signature: bytes) -> Statement:
    return Statement(
        f"INSERT INTO chassis.audit_seal (tenant_id, {_SEAL_COLUMNS}, signature)"  # noqa: S608  names of this file
        " VALUES (%(tenant_id)s, %(sequence)s, %(sealed_at)s, %(covered_until)s, %(entry_count)s,"
        " %(root)s, %(previous)s, %(key_id)s, %(format)s, %(signature)s)",
        {
            "tenant_id": tenant_id,
            "sequence": seal.sequence,
            "sealed_at": seal.sealed_at,
            "covered_until": seal.covered_until,
            "entry_count": seal.entry_count,
            "root": seal.root,
            "previous": seal.previous,
            "key_id": seal.key_id,
            "format": seal.text_format,
            "signature": signature,
        },
    )
