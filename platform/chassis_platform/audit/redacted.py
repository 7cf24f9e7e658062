"""Signed statements that values in sealed entries were emptied for a person's sake, so that a verifier knows them.

The entry stays, with who changed which field when. A statement names the hash that each entry has since; any other
change of it, also a second one, is found as before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform import clock
from chassis_platform.audit.entries import COLUMNS, columns_of_sources, json_bytes, leaf_text_of_format
from chassis_platform.audit.keys import Signer, is_signed
from chassis_platform.audit.report import Finding, FindingKind, ReportDraft
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

FORMAT = "chassis-audit-redacted-1"
SOURCE = "field_history"
REDACTED = (
    "SELECT source, statement, signature, key_id FROM chassis.audit_redacted"
    " WHERE tenant_id = %(tenant_id)s ORDER BY id"
)

_EMPTY_CONVERTED = Statement("SELECT chassis.empty_converted_history(%(field)s::text, %(after)s::text, %(most)s)")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The entries of a source that were emptied, by id, and the hashes that they have since."""

    ids: Sequence[str] = ()
    hashes: Sequence[bytes] = ()


NOTHING_REDACTED = Redacted()


async def redact_history(
    transaction: Transaction, tenant: Tenant, signer: Signer, act_id: str, places: Sequence[Mapping[str, Any]]
) -> int:
    """Empty the history of records (`ids`) and `fields` (None: all), and sign that; answers how many entries."""
    if not places:
        return 0
    emptied = Statement(
        "SELECT chassis.redact_history(%(act)s::text, %(places)s::jsonb)",
        {"act": act_id, "places": json.dumps([dict(each) for each in places])},
    )
    ids = [row[0] for row in await transaction.fetch(emptied)]
    if ids:
        await _sign(transaction, tenant, signer, f"{act_id}-{ids[0]}", ids)
    return len(ids)


async def redact_converted(
    transaction: Transaction, tenant: Tenant, signer: Signer, field: str, page: tuple[str, int]
) -> list[str]:
    """Empty a page (behind which entry, how many) of the history of a field that is being encrypted, and sign that."""
    rows = await transaction.fetch(_EMPTY_CONVERTED.bind(field=field, after=page[0], most=page[1]))
    ids = sorted(row[0] for row in rows)
    if ids:
        await _sign(transaction, tenant, signer, f"{field}-{ids[0]}", ids)
    return ids


async def _sign(
    transaction: Transaction, tenant: Tenant, signer: Signer, statement_id: str, ids: Sequence[str]
) -> None:
    columns = columns_of_sources(await transaction.fetch(COLUMNS))[SOURCE]
    hashed = Statement(
        f"SELECT e.id, {leaf_text_of_format(SOURCE, columns, 's.format')} FROM data.{SOURCE} e"  # noqa: S608  names of the catalog
        f" LEFT JOIN chassis.audit_leaf l ON l.tenant_id = e.tenant_id AND l.source = '{SOURCE}' AND l.entry_id = e.id"
        " LEFT JOIN chassis.audit_seal s ON s.tenant_id = l.tenant_id AND s.sequence = l.sequence"
        " WHERE e.tenant_id = %(tenant_id)s AND e.id = ANY (%(ids)s::text[]) ORDER BY e.id",
        {"tenant_id": tenant.id, "ids": list(ids)},
    )
    entries = [[row[0], bytes(row[1]).hex()] for row in await transaction.fetch(hashed)]
    said = json_bytes(
        {
            "format": FORMAT,
            "organization": tenant.organization_id,
            "source": SOURCE,
            "redacted_at": clock.now().isoformat(timespec="microseconds"),
            "entries": entries,
            "key": signer.key_id,
        }
    )
    values = {"statement": said.decode(), "signature": signer.sign(said), "key_id": signer.key_id}
    await transaction.fetch(
        Statement(
            "INSERT INTO chassis.audit_redacted (tenant_id, id, source, statement, signature, key_id)"
            " VALUES (%(tenant_id)s, %(id)s, %(source)s, %(statement)s, %(signature)s, %(key_id)s)",
            {"tenant_id": tenant.id, "id": statement_id, "source": SOURCE, **values},
        )
    )


def trusted_redactions(
    rows: Iterable[Row], organization_id: str, trusted: Mapping[str, Ed25519PublicKey], draft: ReportDraft
) -> Mapping[str, Redacted]:
    """What trusted keys signed, by source; what is wrong with a statement is a finding."""
    found: dict[str, dict[str, bytes]] = {}
    for source, statement, signature, key_id in rows:
        key, said = trusted.get(key_id), json.loads(statement)
        if (
            key is None
            or not is_signed(key, bytes(signature), statement.encode())
            or (said.get("format"), said.get("organization"), said.get("source")) != (FORMAT, organization_id, source)
        ):
            message = "what says that values in entries were emptied is not signed by a trusted key"
            draft.add(Finding(FindingKind.STATEMENT_ALTERED, message, source=source))
        else:
            found.setdefault(source, {}).update({each: bytes.fromhex(digest) for each, digest in said["entries"]})
    return {source: Redacted(list(each), list(each.values())) for source, each in found.items()}
