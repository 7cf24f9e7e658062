"""Check that an audit entry is under a signed seal.

    python check_proof.py PROOF.json PUBLIC_KEY.pem

Stands alone: it needs Python 3.11 and the package `cryptography`, and nothing of Chassis. Take the public key from the
installation's operator on another road than the proof; the one inside the proof says nothing about who made it.

The proof's `entry` is the text that was hashed. SHA-256 of a zero byte and that text is a leaf of a Merkle tree (RFC
6962); `path` leads from it to the root that `seal` names, and `signature` is the installation's on `seal`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class ProofError(Exception):
    """The proof does not hold; says why."""


def check_proof(proof: dict[str, Any], public_key_pem: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The proven entry and its seal; raises ProofError."""
    if proof.get("format") != "chassis-audit-proof-1":
        raise ProofError("this is no proof of the format chassis-audit-proof-1")
    check_signature(proof, public_key_pem)
    seal = json.loads(proof["seal"])
    leaf = hashlib.sha256(b"\x00" + proof["entry"].encode()).digest()
    path = [bytes.fromhex(each) for each in proof["path"]]
    if root_of(leaf, path, index=proof["index"], size=seal["entry_count"]).hex() != seal["root"]:
        raise ProofError("the entry is not the one that was sealed")
    entry = json.loads(proof["entry"])
    if entry["entry"]["id"] != proof["entry_id"]:
        raise ProofError("the proof is of another entry than it says")
    return entry, seal


def check_signature(proof: dict[str, Any], public_key_pem: bytes) -> None:
    """Refuse a seal that the key did not sign."""
    key = load_pem_public_key(public_key_pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ProofError("the key is no Ed25519 public key")
    try:
        key.verify(bytes.fromhex(proof["signature"]), proof["seal"].encode())
    except InvalidSignature:
        raise ProofError("the seal is not signed with this key") from None


def root_of(leaf: bytes, path: list[bytes], *, index: int, size: int) -> bytes:
    """Where the path leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError("the entry's place is not in the tree")
    node, last = leaf, size - 1
    for each in path:
        if last == 0:
            raise ProofError("the path is too long")
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + each + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\x01" + node + each).digest()
        index, last = index // 2, last // 2
    if last:
        raise ProofError("the path is too short")
    return node


def main(proof_file: str, key_file: str) -> int:
    """Say what was proven, or why not."""
    try:
        entry, seal = check_proof(json.loads(Path(proof_file).read_text("utf-8")), Path(key_file).read_bytes())
    except (ProofError, ValueError, KeyError, TypeError) as error:
        sys.stdout.write(f"NOT PROVEN: {error}\n")
        return 1
    sys.stdout.write(f"Proven: under seal {seal['sequence']} of {seal['organization']}, {seal['sealed_at']}:\n")
    sys.stdout.write(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != len(("script", "proof", "key")):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
