"""The leaves of each seal: all positions there, and together the seal's root."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from chassis_platform.audit.merkle import Tree, root_of
from chassis_platform.audit.report import Finding, FindingKind
from chassis_platform.audit.seal import Seal
from chassis_tenants.database import Row

_JOINED = (
    "SELECT sequence, count(*), min(position), max(position), string_agg(hash, ''::bytea ORDER BY position)"
    " FROM chassis.audit_leaf WHERE tenant_id = %(tenant_id)s AND sequence BETWEEN %(first)s AND %(last)s"
    " GROUP BY sequence"
)
_SINGLE = (
    "SELECT position, hash FROM chassis.audit_leaf WHERE tenant_id = %(tenant_id)s AND sequence = %(sequence)s"
    " ORDER BY position"
)
#: Sequences that have leaves, one look at the index each.
_SEQUENCES = """
WITH RECURSIVE found AS (
    (SELECT sequence FROM chassis.audit_leaf WHERE tenant_id = %(tenant_id)s ORDER BY sequence LIMIT 1)
    UNION ALL
    SELECT (SELECT l.sequence FROM chassis.audit_leaf l WHERE l.tenant_id = %(tenant_id)s AND l.sequence > f.sequence
            ORDER BY l.sequence LIMIT 1)
    FROM found f WHERE f.sequence IS NOT NULL
)
SELECT sequence FROM found WHERE sequence IS NOT NULL
"""


def check_leaves(connection: psycopg.Connection[Row], tenant_id: int, seals: Sequence[Seal]) -> list[Finding]:
    """What is wrong with the leaves of these seals, which follow each other."""
    bounds = {"tenant_id": tenant_id, "first": seals[0].sequence, "last": seals[-1].sequence}
    joined = {row[0]: row[1:] for row in connection.execute(_JOINED, bounds)}
    wrong = [each for each in seals if not _is_whole(each, joined.get(each.sequence))]
    return [finding for each in wrong for finding in _closer(connection, tenant_id, each)]


def _is_whole(seal: Seal, leaves: Row | None) -> bool:
    if leaves is None:
        return seal.entry_count == 0
    count, lowest, highest, hashes = leaves
    is_full = (count, lowest, highest) == (seal.entry_count, 0, seal.entry_count - 1)
    return is_full and root_of(bytes(hashes)) == seal.root


def _closer(connection: psycopg.Connection[Row], tenant_id: int, seal: Seal) -> Iterator[Finding]:
    """Leaf by leaf: which are missing, or that what is there is not what was sealed."""
    tree, missing = Tree(), 0
    for position, hashed in connection.execute(_SINGLE, {"tenant_id": tenant_id, "sequence": seal.sequence}):
        while tree.size + missing < position:
            yield _missing(seal, tree.size + missing)
            missing += 1
        tree.add(bytes(hashed))
    for position in range(tree.size + missing, seal.entry_count):
        yield _missing(seal, position)
        missing += 1
    if not missing:
        message = "its leaves were changed, added to or reordered"
        yield Finding(FindingKind.ROOT_DIFFERS, message, sequence=seal.sequence)


def _missing(seal: Seal, position: int) -> Finding:
    message = f"the leaf at position {position} is missing"
    return Finding(FindingKind.LEAF_MISSING, message, sequence=seal.sequence)


def leaves_without_seal(
    connection: psycopg.Connection[Row], tenant_id: int, seals: Sequence[Seal]
) -> Iterator[Finding]:
    """Leaves of seals that are not there: told once a seal."""
    known = {each.sequence for each in seals}
    for (sequence,) in connection.execute(_SEQUENCES, {"tenant_id": tenant_id}):
        if sequence not in known:
            message = "its leaves are there, and the seal is not"
            yield Finding(FindingKind.LEAF_WITHOUT_SEAL, message, sequence=sequence)
