"""Merkle trees as RFC 6962 (Certificate Transparency) defines them: leaf hashes, roots, inclusion paths."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

HASH_LENGTH = 32
#: What a node's hash begins with. To copy it takes half the time that to begin one does.
_NODE = hashlib.sha256(b"\x01")


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry; its prefix differs from a node's, so that no node can pass for an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node_hashes(pairs: Iterable[bytes]) -> Iterator[bytes]:
    begin = _NODE.copy
    for pair in pairs:
        node = begin()
        node.update(pair)
        yield node.digest()


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


def root_of(leaves: bytes) -> bytes:
    """The hash of the tree over leaf hashes that are all there, joined."""
    return levels_of(leaves)[-1] if leaves else hashlib.sha256().digest()


def levels_of(leaves: bytes) -> list[bytes]:
    """The nodes of each level, joined, from the leaves to the root. A node without a neighbour rises as it is."""
    pair = 2 * HASH_LENGTH
    levels = [leaves]
    while len(levels[-1]) > HASH_LENGTH:
        level = levels[-1]
        paired = len(level) - len(level) % pair
        nodes = b"".join(_node_hashes([level[at : at + pair] for at in range(0, paired, pair)]))
        levels.append(nodes + level[paired:])
    return levels


def inclusion_path(leaves: bytes, index: int) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root, lowest first. `leaves` is all leaf hashes, joined."""
    return path_in(levels_of(leaves), index)


def path_in(levels: list[bytes], index: int) -> list[bytes]:
    """The same, of a tree whose levels are there: for many paths in one tree."""
    path = []
    for level in levels[:-1]:
        neighbour = (index ^ 1) * HASH_LENGTH
        if neighbour < len(level):
            path.append(level[neighbour : neighbour + HASH_LENGTH])
        index //= 2
    return path


def consistency_path(leaves: bytes, earlier: int) -> list[bytes]:
    """The hashes that prove the tree of the first `earlier` leaves to be a part of that of all (RFC 6962, 2.1.2)."""
    size = len(leaves) // HASH_LENGTH
    if not 0 < earlier <= size:
        raise ValueError(f"there is no tree of {earlier} leaves in one of {size}")
    return _subproof(leaves, earlier, is_whole=True)


def _subproof(leaves: bytes, earlier: int, *, is_whole: bool) -> list[bytes]:
    size = len(leaves) // HASH_LENGTH
    if earlier == size:
        return [] if is_whole else [root_of(leaves)]
    half = 1 << (size - 1).bit_length() - 1
    left, right = leaves[: half * HASH_LENGTH], leaves[half * HASH_LENGTH :]
    if earlier <= half:
        return [*_subproof(left, earlier, is_whole=is_whole), root_of(right)]
    return [*_subproof(right, earlier - half, is_whole=False), root_of(left)]
