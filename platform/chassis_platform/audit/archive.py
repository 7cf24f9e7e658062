"""Evidence to be taken away: entries, proofs, seals, the key and the script that checks them, in one zip."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from importlib import resources
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.entries import COLUMNS, canonical, columns_of_sources, entry_text
from chassis_platform.audit.heads import read_seals, signed_head
from chassis_platform.audit.keys import Signer, public_pem
from chassis_platform.audit.merkle import levels_of, path_in
from chassis_platform.audit.proof import FORMAT
from chassis_platform.audit.seal import Seal
from chassis_platform.audit.timeline import JOURNALS, TimelineRequest, read_timeline
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

PAGE = 1_000
PART_BYTES = 1024 * 1024
MOST_ENTRIES = 1_000_000
_TREES_KEPT = 4
_TABLES = {each.object_name: each.table for each in JOURNALS}
_README = """Evidence from the audit journal of {organization}

entries.jsonl     the entries that were asked for, newest first, a line each
proofs.jsonl      for each sealed entry, the proof that it is under a signed seal
seals.jsonl       every seal of the journal, in order
head.json         the newest head, signed
request.json      what was asked for, by whom, when
public_key.pem    the installation's public key: compare it with the one you were given on another road
SHA256SUMS.sig    the key's Ed25519 signature over SHA256SUMS: openssl pkeyutl -verify -pubin -inkey public_key.pem
                  -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
check_proof.py    checks proofs without this system: python check_proof.py proofs.jsonl public_key.pem

The text of an entry in a proof is the one that was sealed. Under a seal of format 2 (the seal says its format) it
leaves out what is usual, which check_proof.py names; all else that is left out is empty. entries.jsonl and what the
script says are in full.

Entries made in the last seconds may not be sealed yet; request.json says how many. Values of fields are not part of
this evidence where the auditor may not see them.
"""
_ENTRIES = """
SELECT w.entry_id, {text}, l.sequence, l.position
FROM unnest(%(ids)s::text[]) AS w (entry_id)
JOIN data.{source} e ON e.tenant_id = %(tenant_id)s AND e.id = w.entry_id
LEFT JOIN chassis.audit_leaf l ON l.tenant_id = %(tenant_id)s AND l.source = %(source)s AND l.entry_id = e.id
"""
#: Never in an export to who may not see values.
HIDDEN = {"field_history": ("old_value", "new_value")}


class _Signed(NamedTuple):
    """A seal with its signature and the public key in PEM."""

    seal: Seal
    signature: str
    public_key: str


class Evidence:
    """Collects what a request asks for into a zip in memory-sized parts."""

    def __init__(
        self, database: Database, tenant: Tenant, signer: Signer, trusted: Mapping[str, Ed25519PublicKey]
    ) -> None:
        self._database, self._tenant, self._signer, self._trusted = database, tenant, signer, trusted
        self._trees: OrderedDict[int, list[bytes]] = OrderedDict()
        self._seals: dict[int, _Signed] = {}

    async def collect(self, request: TimelineRequest) -> AsyncIterator[tuple[list[str], list[str]]]:
        """Lines of entries and lines of proofs, page by page."""
        [rows] = await self._database.read(Binding(self._tenant.id), COLUMNS)
        sources = columns_of_sources(rows)
        request = replace(request, limit=PAGE)
        while True:
            page = await read_timeline(self._database, Binding(self._tenant.id), request)
            yield await self._lines(page["lines"], sources)
            if page["next"] is None:
                return
            moment, last = page["next"]
            request = replace(request, after=(datetime.fromisoformat(moment), last))

    async def _lines(
        self, lines: list[dict[str, Any]], sources: Mapping[str, Mapping[str, str]]
    ) -> tuple[list[str], list[str]]:
        entries, proofs = [], []
        found: dict[str, tuple[str, str, int | None, int | None]] = {}
        for source in dict.fromkeys(_TABLES[each["journal"]] for each in lines):
            ids = [each["id"] for each in lines if _TABLES[each["journal"]] == source]
            text = _ENTRIES.format(text=entry_text(sources[source]), source=source)
            parameters = {"tenant_id": self._tenant.id, "ids": ids, "source": source}
            [rows] = await self._database.read(Binding(self._tenant.id), Statement(text, parameters))
            found |= {row[0]: (source, *row[1:]) for row in rows}
        for each in lines:
            source, entry, sequence, position = found[each["id"]]
            is_hidden = any(json.loads(entry).get(name) is not None for name in HIDDEN.get(source, ()))
            entries.append(_shown(source, entry))
            signed = None if sequence is None or is_hidden else await self._signed(sequence)
            if signed is not None and position is not None:  # a seal that is gone is for `audit verify` to tell of
                proofs.append(json.dumps(await self._proof(each["id"], source, entry, signed, position)))
        return entries, proofs

    async def _proof(self, entry_id: str, source: str, entry: str, signed: _Signed, position: int) -> dict[str, Any]:
        seal, signature, key = signed
        levels = await self._tree(seal.sequence)
        return {
            "format": FORMAT,
            "entry_id": entry_id,
            "entry": canonical(source, entry, seal.text_format).decode(),
            "index": position,
            "path": [each.hex() for each in path_in(levels, position)],
            "seal": seal.message().decode(),
            "signature": signature,
            "public_key": key,
        }

    async def _signed(self, sequence: int) -> _Signed | None:
        if sequence > max(self._seals, default=0):  # also what was sealed while the archive is being made
            await self.seals()
        return self._seals.get(sequence)

    async def seals(self) -> list[str]:
        """Every seal, a line each."""
        seals = await read_seals(self._database, self._tenant)
        statement = Statement(
            "SELECT sequence, encode(signature, 'hex') FROM chassis.audit_seal WHERE tenant_id = %(tenant_id)s",
            {"tenant_id": self._tenant.id},
        )
        [rows] = await self._database.read(Binding(self._tenant.id), statement)
        signatures: dict[int, str] = dict(rows)
        keys = {key_id: public_pem(key) for key_id, key in self._trusted.items()}
        self._seals = {
            each.sequence: _Signed(each, signatures[each.sequence], keys.get(each.key_id, "")) for each in seals
        }
        return [
            json.dumps({"seal": each.seal.message().decode(), "signature": each.signature})
            for each in self._seals.values()
        ]

    async def _tree(self, sequence: int) -> list[bytes]:
        if sequence not in self._trees:
            statement = Statement(
                "SELECT string_agg(hash, ''::bytea ORDER BY position) FROM chassis.audit_leaf"
                " WHERE tenant_id = %(tenant_id)s AND sequence = %(sequence)s",
                {"tenant_id": self._tenant.id, "sequence": sequence},
            )
            [[(leaves,)]] = await self._database.read(Binding(self._tenant.id), statement)
            self._trees[sequence] = levels_of(bytes(leaves))
            if len(self._trees) > _TREES_KEPT:
                self._trees.popitem(last=False)
        return self._trees[sequence]

    async def head(self) -> str:
        """The newest head, signed."""
        return json.dumps(await signed_head(self._database, self._tenant, self._signer), indent=1)

    def sign(self, message: bytes) -> bytes:
        """The installation's signature."""
        return self._signer.sign(message)

    @property
    def public_key(self) -> str:
        """The key that signs now."""
        return public_pem(self._signer.private.public_key())


def _shown(source: str, entry: str) -> str:
    """The entry's line, without what an auditor may not see."""
    values = {
        name: value
        for name, value in json.loads(entry).items()
        if value is not None and name not in HIDDEN.get(source, ())
    }
    return json.dumps({"source": source, "entry": values}, ensure_ascii=False, sort_keys=True)


async def build_archive(
    evidence: Evidence, tenant: Tenant, request: TimelineRequest, asked: Mapping[str, Any], report: Any
) -> bytes:
    """The whole zip. `report` is awaited with the number of entries done, page by page."""
    entries: list[str] = []
    proofs: list[str] = []
    async for some, proven in evidence.collect(request):
        entries += some
        proofs += proven
        await report(len(entries))
        if len(entries) >= MOST_ENTRIES:
            break
    counts = {"entries": len(entries), "proofs": len(proofs), "is_complete": len(entries) < MOST_ENTRIES}
    script = resources.files("chassis_platform.audit").joinpath("check_proof.py").read_text("utf-8")
    files = {
        "README.txt": _README.format(organization=tenant.organization_id),
        "request.json": json.dumps({**asked, **counts}, indent=1, default=str),
        "entries.jsonl": "".join(f"{each}\n" for each in entries),
        "proofs.jsonl": "".join(f"{each}\n" for each in proofs),
        "seals.jsonl": "".join(f"{each}\n" for each in await evidence.seals()),
        "head.json": await evidence.head(),
        "public_key.pem": evidence.public_key,
        "check_proof.py": script,
    }
    return _zipped(files, evidence)


def _zipped(files: Mapping[str, str], evidence: Evidence) -> bytes:
    """A zip of the files, their digests, and a signature over those."""
    content = io.BytesIO()
    digests = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items())
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**files, "SHA256SUMS": digests}.items():
            archive.writestr(name, text)
        archive.writestr("SHA256SUMS.sig", evidence.sign(digests.encode()))
    return content.getvalue()
