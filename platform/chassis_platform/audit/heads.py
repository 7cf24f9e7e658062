"""Heads of the chain as trees over its seals, and proofs that a later head continues an earlier one.

Who notes a head elsewhere (an auditor, a notary) can have it shown later, in a few hashes, that nothing before it was
exchanged or left out since; `check_proof.py` checks that by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_metadata.errors import Invalid
from chassis_platform.audit.entries import json_bytes
from chassis_platform.audit.keys import Signer, public_pem
from chassis_platform.audit.merkle import HASH_LENGTH, consistency_path, leaf_hash, root_of
from chassis_platform.audit.seal import Seal, seal_of_row, seals_of
from chassis_tenants.database import Binding, Database
from chassis_tenants.tenant import Tenant

HEAD_FORMAT, CONSISTENCY_FORMAT = "chassis-audit-head-1", "chassis-audit-consistency-1"


def head_message(organization_id: str, leaves: bytes, signed_at: datetime, key_id: str) -> bytes:
    """What is signed of a head: how many seals there are, and the root of the tree over them."""
    return json_bytes(
        {
            "format": HEAD_FORMAT,
            "organization": organization_id,
            "sequence": len(leaves) // HASH_LENGTH,
            "root": root_of(leaves).hex(),
            "sealed_at": signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "key": key_id,
        }
    )


async def read_seals(database: Database, tenant: Tenant) -> list[Seal]:
    """All seals in order."""
    [rows] = await database.read(Binding(tenant.id), seals_of(tenant.id))
    return [seal_of_row(tenant.organization_id, row) for row in rows]


def joined(seals: Sequence[Seal]) -> bytes:
    """The leaves of the tree over seals."""
    return b"".join(leaf_hash(each.message()) for each in seals)


async def signed_head(database: Database, tenant: Tenant, signer: Signer) -> dict[str, Any]:
    """The newest head, to be noted where the database's owner can't reach."""
    seals = await read_seals(database, tenant)
    if not seals:
        raise Invalid.of("nothing_sealed", "Nothing is sealed yet. New entries need seconds.")
    message = head_message(tenant.organization_id, joined(seals), seals[-1].sealed_at, signer.key_id)
    return {
        "head": message.decode(),
        "signature": signer.sign(message).hex(),
        "sequence": seals[-1].sequence,
        "hash": seals[-1].hash().hex(),
    }


async def prove_consistency(
    database: Database,
    tenant: Tenant,
    signer: Signer,
    trusted: Mapping[str, Ed25519PublicKey],
    *,
    first: int,
    second: int | None = None,
) -> dict[str, Any]:
    """That the head of the seals up to `second` (or all) continues that of the seals up to `first`."""
    seals = await read_seals(database, tenant)
    last = len(seals) if second is None else second
    if not 0 < first <= last <= len(seals) or [each.sequence for each in seals] != list(range(1, len(seals) + 1)):
        raise Invalid.of("invalid_head", f"There are seals 1 to {len(seals)}. Choose two of them, the earlier first.")
    leaves = joined(seals[:last])
    heads = [
        head_message(tenant.organization_id, leaves[: size * HASH_LENGTH], seals[size - 1].sealed_at, signer.key_id)
        for size in (first, last)
    ]
    key = trusted.get(signer.key_id)
    return {
        "format": CONSISTENCY_FORMAT,
        "first": heads[0].decode(),
        "first_signature": signer.sign(heads[0]).hex(),
        "second": heads[1].decode(),
        "second_signature": signer.sign(heads[1]).hex(),
        "path": [each.hex() for each in consistency_path(leaves, first)],
        "public_key": public_pem(key) if key else None,
    }
