"""Every entry beside its leaf: changed, removed, slipped in, sealed late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import psycopg

from chassis_platform.audit.entries import FORMATS, leaf_text, leaf_text_of_format
from chassis_platform.audit.pruned import Pruned
from chassis_platform.audit.ranges import Range
from chassis_platform.audit.report import MOST_FINDINGS, Compared, Finding, FindingKind
from chassis_platform.audit.seal import OVERLAP
from chassis_tenants.database import Row


def _pairs(part: Range) -> str:
    """Entries beside their leaves, and the leaves' seals; what stands in both has both sides, and is hashed."""
    within = "{0} >= %(first)s" + (" AND {0} < %(last)s" if part.last is not None else "")
    hashed = _hash_like_leaf(part)
    emptied = "unnest(%(redacted_ids)s::text[], %(redacted_hashes)s::bytea[])"
    return f"""
    SELECT e.id, e.created_date, l.entry_id, l.sequence, s.sealed_at,
        e.created_date < s.in_time AS is_late,
        ({hashed} = l.hash OR (e.id, {hashed}) IN (SELECT * FROM {emptied})) AS is_same,
        l.entry_id IS NULL AND (%(covered)s::timestamptz IS NULL OR e.created_date >= %(covered)s) AS is_unsealed,
        e.id IS NULL AND l.sequence <= %(pruned)s AS is_pruned
    FROM (SELECT e.* FROM data.{part.source} e
          WHERE e.tenant_id = %(tenant_id)s AND {within.format("e.id")}) e
    FULL JOIN (SELECT entry_id, sequence, hash FROM chassis.audit_leaf
               WHERE tenant_id = %(tenant_id)s AND source = %(source)s AND {within.format("entry_id")}) l
        ON l.entry_id = e.id
    LEFT JOIN LATERAL (SELECT s.sealed_at, s.sealed_at - %(overlap)s::interval AS in_time, s.format
                       FROM chassis.audit_seal s
                       WHERE s.tenant_id = %(tenant_id)s AND s.sequence = l.sequence LIMIT 1) s ON true
"""  # noqa: S608  names from the catalog


def _hash_like_leaf(part: Range) -> str:
    """The entry's hash in the format of its seal; where that seal is gone, in the one that its leaf has."""
    first = leaf_text(part.source, part.columns, FORMATS[0])
    known = f"coalesce(s.format, CASE WHEN l.hash = {first} THEN 1 END)"
    return f"CASE WHEN e.id = l.entry_id THEN {leaf_text_of_format(part.source, part.columns, known)} END"


def _counts(part: Range) -> str:
    return f"""
SELECT count(p.id) FILTER (WHERE p.entry_id IS NOT NULL), count(*) FILTER (WHERE is_unsealed),
    count(*) FILTER (WHERE is_pruned), count(*) FILTER (WHERE (is_same OR is_unsealed OR is_pruned) IS NOT TRUE),
    count(*) FILTER (WHERE is_late), max(sealed_at - created_date) FILTER (WHERE is_late)
FROM ({_pairs(part)}) p
"""  # noqa: S608  as above


def _odd(part: Range) -> str:
    odd = "(is_same OR is_unsealed OR is_pruned) IS NOT TRUE"
    return f"SELECT id, created_date, entry_id, sequence FROM ({_pairs(part)}) p WHERE {odd}"  # noqa: S608  as above


def compare_range(
    connection: psycopg.Connection[Row],
    tenant_id: int,
    part: Range,
    covered: datetime | None,
    pruned: Mapping[str, Pruned],
) -> Compared:
    """Compare a range. `covered` is when the newest seal ends, less what it may still look back."""
    removed = pruned.get(part.source)
    parameters = {
        "tenant_id": tenant_id,
        "source": part.source,
        "first": part.first,
        "last": part.last,
        "covered": covered,
        "pruned": removed.through_sequence if removed else 0,
        "overlap": OVERLAP,
        "redacted_ids": list(part.redacted.ids),
        "redacted_hashes": list(part.redacted.hashes),
    }
    [(entries, unsealed, gone, odd, late, longest)] = connection.execute(_counts(part), parameters).fetchall()
    compared = Compared(entries, unsealed, gone, late, longest or timedelta())
    if odd:
        rows = connection.execute(_odd(part), parameters)
        compared.findings = [_finding(part.source, *row) for row, _ in zip(rows, range(MOST_FINDINGS), strict=False)]
        compared.uncounted = odd - len(compared.findings)
    return compared


def _finding(
    source: str, entry_id: str | None, created: datetime, leaf_of: str | None, sequence: int | None
) -> Finding:
    if entry_id is None:
        return Finding(FindingKind.ENTRY_REMOVED, "it was sealed, and is gone", sequence, source, leaf_of)
    if leaf_of is None:
        message = f"it says {created:%Y-%m-%d %H:%M:%S} UTC, and no seal of that time holds it"
        return Finding(FindingKind.ENTRY_INSERTED, message, None, source, entry_id)
    return Finding(FindingKind.ENTRY_CHANGED, "it is not as it was sealed", sequence, source, entry_id)
