"""Inclusion proofs: that one entry is under a signed seal, for somebody who has neither Chassis nor its database.

`check_proof.py` beside this file checks one by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_metadata.errors import NotFound
from chassis_platform.audit.entries import COLUMNS, SOURCES, canonical, columns_of_sources, entry_text
from chassis_platform.audit.keys import public_pem
from chassis_platform.audit.merkle import inclusion_path
from chassis_platform.audit.seal import seal_of_row, seals_of
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

FORMAT = "chassis-audit-proof-1"


async def prove_entry(
    database: Database, tenant: Tenant, trusted: Mapping[str, Ed25519PublicKey], *, source: str, entry_id: str
) -> dict[str, Any]:
    """The proof as a JSON document; raises NotFound where no seal holds such an entry (yet).

    It repeats the entry as it is now: if that was changed after it was sealed, the proof fails its check.
    """
    if source not in SOURCES:
        raise NotFound.of("unknown_journal", f"{source!r} is no journal. Use one of: {', '.join(SOURCES)}.")
    async with database.transaction(Binding(tenant.id)) as transaction:
        entry, sequence, position = await _find(transaction, source, entry_id)
        seal_row, joined = await _seal_and_leaves(transaction, sequence)
    seal = seal_of_row(tenant.organization_id, seal_row)
    key = trusted.get(seal.key_id)
    return {
        "format": FORMAT,
        "entry_id": entry_id,
        "entry": canonical(source, entry, seal.text_format).decode(),
        "index": position,
        "path": [each.hex() for each in inclusion_path(joined, position)],
        "seal": seal.message().decode(),
        "signature": bytes(seal_row[-1]).hex(),
        "public_key": public_pem(key) if key else None,
    }


async def _find(transaction: Transaction, source: str, entry_id: str) -> Row:
    columns = columns_of_sources(await transaction.fetch(COLUMNS)).get(source, {})
    rows = await transaction.fetch(
        Statement(
            f"SELECT {entry_text(columns)}, l.sequence, l.position FROM data.{source} e"  # noqa: S608  names from the catalog
            " JOIN chassis.audit_leaf l ON l.tenant_id = e.tenant_id AND l.source = %(source)s AND l.entry_id = e.id"
            " WHERE e.tenant_id = %(tenant_id)s AND e.id = %(entry_id)s",
            {"tenant_id": transaction.tenant_id, "source": source, "entry_id": entry_id},
        )
    )
    if not rows:
        raise NotFound.of("entry_not_sealed", f"No seal holds an entry {entry_id} of {source}. New ones need seconds.")
    return rows[0]


async def _seal_and_leaves(transaction: Transaction, sequence: int) -> tuple[Row, bytes]:
    """The seal, and its leaf hashes joined in order."""
    seals = seals_of(transaction.tenant_id)
    parameters = {**seals.parameters, "sequence": sequence}
    found, leaves = await transaction.fetch_each(
        [
            Statement(seals.text.replace(" ORDER BY", " AND sequence = %(sequence)s ORDER BY"), parameters),
            Statement(
                "SELECT string_agg(hash, ''::bytea ORDER BY position) FROM chassis.audit_leaf"
                " WHERE tenant_id = %(tenant_id)s AND sequence = %(sequence)s",
                parameters,
            ),
        ]
    )
    if not found:
        raise NotFound.of("seal_missing", f"Seal {sequence} is missing: run `chassis audit verify`.")
    return found[0], bytes(leaves[0][0])
