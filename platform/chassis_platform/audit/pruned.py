"""Signed statements that entries were removed when their time was over: what a verifier then does not miss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.entries import json_bytes
from chassis_platform.audit.keys import is_signed
from chassis_platform.audit.report import Finding, FindingKind, ReportDraft
from chassis_tenants.database import Row

FORMAT = "chassis-audit-pruned-1"
PRUNED = (
    "SELECT source, through_sequence, statement, signature, key_id FROM chassis.audit_pruned"
    " WHERE tenant_id = %(tenant_id)s ORDER BY source, through_sequence"
)


@dataclass(frozen=True, slots=True)
class Pruned:
    """Entries of a source under seals up to `through_sequence` may be gone; `until` is when the youngest was made."""

    organization_id: str
    source: str
    through_sequence: int
    until: str
    months: int
    pruned_at: str
    key_id: str

    def message(self) -> bytes:
        """The signed bytes."""
        return json_bytes(
            {
                "format": FORMAT,
                "organization": self.organization_id,
                "source": self.source,
                "through_sequence": self.through_sequence,
                "until": self.until,
                "months": self.months,
                "pruned_at": self.pruned_at,
                "key": self.key_id,
            }
        )


def trusted_statements(
    rows: Iterable[Row], organization_id: str, trusted: Mapping[str, Ed25519PublicKey], draft: ReportDraft
) -> Mapping[str, Pruned]:
    """The newest statement of each source that a trusted key signed; what is wrong with one is a finding."""
    found: dict[str, Pruned] = {}
    for source, through, statement, signature, key_id in rows:
        key = trusted.get(key_id)
        said = _read(statement)
        if (
            key is None
            or said is None
            or not is_signed(key, bytes(signature), statement.encode())
            or (said.organization_id, said.source, said.through_sequence) != (organization_id, source, through)
        ):
            message = f"what says that entries up to seal {through} were removed is not signed by a trusted key"
            draft.add(Finding(FindingKind.STATEMENT_ALTERED, message, sequence=through, source=source))
        else:
            found[source] = said
    return found


def _read(statement: str) -> Pruned | None:
    said = json.loads(statement)
    if said.get("format") != FORMAT:
        return None
    names = ("organization", "source", "through_sequence", "until", "months", "pruned_at", "key")
    return Pruned(*(said[name] for name in names))
