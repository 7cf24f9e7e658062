"""Merkle trees as RFC 6962 (Certificate Transparency) defines them: leaf hashes, roots, inclusion paths."""

from __future__ import annotations

import hashlib

HASH_LENGTH = 32


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry; its prefix differs from a node's, so that no node can pass for an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Takes leaf by leaf; holds one hash for each complete subtree, so it stays small however many come."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash. Each factor two in the new size completes a subtree."""
        self.size += 1
        size = self.size
        while size % 2 == 0:
            leaf = node_hash(self._subtrees.pop(), leaf)
            size //= 2
        self._subtrees.append(leaf)

    def root(self) -> bytes:
        """The hash of the whole."""
        if not self._subtrees:
            return hashlib.sha256().digest()
        *lefts, root = self._subtrees
        for left in reversed(lefts):
            root = node_hash(left, root)
        return root


def inclusion_path(leaves: bytes, index: int) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root, lowest first. `leaves` is all leaf hashes, joined."""
    size = len(leaves) // HASH_LENGTH
    if size == 1:
        return []
    half = 1 << (size - 1).bit_length() - 1
    left, right = leaves[: half * HASH_LENGTH], leaves[half * HASH_LENGTH :]
    if index < half:
        return [*inclusion_path(left, index), _root(right)]
    return [*inclusion_path(right, index - half), _root(left)]


def _root(leaves: bytes) -> bytes:
    tree = Tree()
    for start in range(0, len(leaves), HASH_LENGTH):
        tree.add(leaves[start : start + HASH_LENGTH])
    return tree.root()
