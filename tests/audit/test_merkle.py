"""The tree is RFC 6962's: its own published values, and paths that lead to the root from every leaf of every size."""

from __future__ import annotations

import pytest

from chassis_platform.audit.check_proof import ProofError, check_consistency, root_of
from chassis_platform.audit.merkle import Tree, consistency_path, inclusion_path, leaf_hash
from chassis_platform.audit.merkle import root_of as root_of_leaves

#: The inputs and roots of the reference implementation's tests (Certificate Transparency).
ENTRIES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_implementation(size: int) -> None:
    tree = Tree()

    for entry in ENTRIES[:size]:
        tree.add(leaf_hash(bytes.fromhex(entry)))

    assert tree.root().hex() == ROOTS[size - 1]


@pytest.mark.parametrize("size", [*range(1, 34), 100, 257])
def test_every_path_leads_to_the_root(size: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    tree = Tree()
    for each in leaves:
        tree.add(each)

    for index, leaf in enumerate(leaves):
        path = inclusion_path(b"".join(leaves), index)
        assert root_of(leaf, path, index=index, size=size) == tree.root()


@pytest.mark.parametrize("size", [*range(1, 34), 100, 257])
def test_later_trees_continue_earlier_ones(size: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    later = {"organization": "o", "sequence": size, "root": root_of_leaves(b"".join(leaves)).hex()}

    for earlier_size in range(1, size + 1):
        path = consistency_path(b"".join(leaves), earlier_size)
        root = root_of_leaves(b"".join(leaves[:earlier_size])).hex()
        earlier = {"organization": "o", "sequence": earlier_size, "root": root}
        check_consistency(earlier, later, path)
        for wrong in ({**earlier, "root": "00" * 32}, {**earlier, "organization": "p"}, {**earlier, "sequence": 0}):
            with pytest.raises(ProofError):
                check_consistency(wrong, later, path)
        if path:
            with pytest.raises(ProofError):
                check_consistency(earlier, later, [*path[:-1], b"0" * 32])
