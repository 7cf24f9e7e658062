"""Checks package folders and prints all problems: `python -m chassis_metadata packages/platform packages/crm`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis_metadata.check import check_package, is_warning
from chassis_metadata.compile import in_dependency_order
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.package import read_package


def main(folders: Sequence[str]) -> int:
    """Problems are those of the folders named; a package also needs the folders of what it depends on."""
    read: list[tuple[Path, Package]] = []
    found: list[Problem] = []
    for folder in map(Path, folders):
        try:
            read.append((folder, read_package(folder)))
        except Invalid as invalid:
            found += _tell(folder, invalid.problems)
    ordered = in_dependency_order([package for _, package in read])
    for folder, package in read if not found else ():
        below = ordered[: ordered.index(package)]
        found += _tell(folder, check_package(package, _needed(package, below)))
    if found and len(read) < len(folders):
        sys.stdout.write("what the packages mean is checked once all of them can be read\n")
    wrong = [each for each in found if not is_warning(each)]
    sys.stdout.write(f"{len(wrong)} problems, {len(found) - len(wrong)} warnings in {len(folders)} packages\n")
    return 1 if wrong else 0


def _needed(package: Package, below: Sequence[Package]) -> list[Package]:
    """What a package stands on, directly or not; nothing else may lend it a name."""
    names = set(package.manifest.depends_on)
    for each in reversed(below):
        if each.manifest.name in names:
            names |= set(each.manifest.depends_on)
    return [each for each in below if each.manifest.name in names]


def _tell(folder: Path, problems: Sequence[Problem]) -> Sequence[Problem]:
    for each in problems:
        kind = "warning" if is_warning(each) else "error"
        sys.stdout.write(f"{folder}/{each.file}:{each.line}: {kind} [{each.code}] {each.path}: {each.message}\n")
    return problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
