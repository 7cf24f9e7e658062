"""Check proofs of an audit journal: that entries are under signed seals, that a later head continues an earlier one.

`python check_proof.py PROOF.json PUBLIC_KEY.pem`, or a .jsonl with a proof a line; take the key on another road. A leaf
of a Merkle tree (RFC 6962) is the hash of a zero byte and the entry's text; `path` leads to the root that the signed
`seal` names. A head's root is that of the tree of all seals so far. What the text of an entry under a seal of format 2
leaves out is usual (`SAME_AS`, `USUAL`), or nothing; what is proven is shown with it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

#: What a column is usually: the same as another of the entry, or a value. Where it is neither, it is in the text.
SAME_AS = {"created_by_id": "user_id", "last_modified_by_id": "user_id", "name": "id"}
SAME_AS |= {"last_modified_date": "created_date", "system_modstamp": "created_date"}
USUAL = {"custom": "{}", "is_deleted": False, "row_version": 1}


class ProofError(Exception):
    """Says why the proof does not hold."""


def check_proof(proof: dict[str, Any], public_key_pem: bytes) -> tuple[Any, Any]:
    """The proven entry and its seal, or the two heads; raises ProofError."""
    path = [bytes.fromhex(each) for each in proof["path"]]
    if proof.get("format") == "chassis-audit-consistency-1":
        first, second = (signed(proof[n], proof[f"{n}_signature"], public_key_pem) for n in ("first", "second"))
        return check_consistency(first, second, path)
    if proof.get("format") != "chassis-audit-proof-1":
        raise ProofError("this is no proof of a format that this script knows")
    seal = signed(proof["seal"], proof["signature"], public_key_pem)
    leaf = hashlib.sha256(b"\x00" + proof["entry"].encode()).digest()
    if root_of(leaf, path, index=proof["index"], size=seal["entry_count"]).hex() != seal["root"]:
        raise ProofError("the entry is not the one that was sealed")
    if json.loads(proof["entry"])["entry"]["id"] != proof["entry_id"]:
        raise ProofError("the proof is of another entry than it says")
    return in_full(json.loads(proof["entry"]), seal["format"]), seal


def in_full(said: dict[str, Any], seal_format: str) -> dict[str, Any]:
    """What an entry's text says, with what is usual; without nulls."""
    entry = said["entry"]
    if seal_format == "chassis-audit-seal-2":
        entry = USUAL | {name: entry.get(other) for name, other in SAME_AS.items()} | entry
    return said | {"entry": {name: value for name, value in sorted(entry.items()) if value is not None}}


def signed(message: str, signature: str, public_key_pem: bytes) -> dict[str, Any]:
    """The message as a document; ProofError unless the key, an Ed25519 one, signed it."""
    try:
        cast("Any", load_pem_public_key(public_key_pem)).verify(bytes.fromhex(signature), message.encode())
    except (InvalidSignature, TypeError, AttributeError):
        raise ProofError("the seal is not signed with this key") from None
    return dict(json.loads(message))


def root_of(leaf: bytes, path: list[bytes], *, index: int, size: int) -> bytes:
    """The root to which the path leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError("the entry's place is not in the tree")
    return _walk(leaf, path, index, size - 1)[1]


def _walk(start: bytes, path: list[bytes], index: int, last: int) -> tuple[bytes, bytes]:
    former = whole = start
    for each in path:
        if index % 2 or index == last:
            former, whole = (hashlib.sha256(b"\x01" + each + old).digest() for old in (former, whole))
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            whole = hashlib.sha256(b"\x01" + whole + each).digest()
        index, last = index // 2, last // 2
    if last:
        raise ProofError("the path is too short")
    return former, whole


def check_consistency(first: dict[str, Any], second: dict[str, Any], path: list[bytes]) -> tuple[Any, Any]:
    """The heads, if the second one's tree continues the first one's (RFC 9162, section 2.1.4.2)."""
    if first["organization"] != second["organization"] or not 0 < first["sequence"] <= second["sequence"]:
        raise ProofError("the heads do not belong together")
    index, last = first["sequence"] - 1, second["sequence"] - 1
    while index % 2 or (index and index == last):
        index, last = index // 2, last // 2
    nodes = path if index else [bytes.fromhex(first["root"]), *path]  # the first tree is whole in the second one
    if [each.hex() for each in _walk(nodes[0], nodes[1:], index, last)] != [first["root"], second["root"]]:
        raise ProofError("the later head does not continue the earlier one")
    return first, second


def main(proof_file: str, key_file: str) -> int:
    """Say what was proven, or why not."""
    text, key = Path(proof_file).read_text("utf-8"), Path(key_file).read_bytes()
    try:
        lines = text.split("\n") if proof_file.endswith(".jsonl") else [text]
        proven = [check_proof(json.loads(each), key) for each in lines if each]
    except (ProofError, LookupError, ValueError, TypeError) as error:
        sys.stdout.write(f"NOT PROVEN: {error}\n")
        return 1
    for what, under in proven:
        sys.stdout.write(f"Proven: under seal {under['sequence']} of {under['organization']}: {json.dumps(what)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == len(("script", "proof", "key")) else __doc__)
