"""Publishing a folder of packages: each after those that it stands on, and nothing at all when none changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg

from chassis_metadata.check import check_package
from chassis_metadata.compile import in_dependency_order
from chassis_metadata.components import Package
from chassis_metadata.errors import ChassisError, Problem
from chassis_metadata.package import read_package
from chassis_tenants.publisher import Connection, Published, publish


def package_folders(folder: Path) -> list[Path]:
    """The packages below a folder: every folder with a package.yaml."""
    return sorted(each.parent for each in folder.glob("*/package.yaml"))


def read_packages(folder: Path) -> list[Package]:
    """All packages below a folder, dependencies first."""
    return in_dependency_order([read_package(each) for each in package_folders(folder)])


def package_problems(folders: Iterable[Path]) -> list[Problem]:
    """Everything that is wrong with these packages, of form and of meaning; each may stand on the others."""
    problems: list[Problem] = []
    packages: list[Package] = []
    for folder in folders:
        try:
            packages.append(read_package(folder))
        except ChassisError as error:
            problems += error.problems
    for package in packages:
        problems += check_package(package, [each for each in packages if each is not package])
    return problems


def publish_folder(owner_dsn: str, folder: Path, *, notes: Path, replace: bool = False) -> Iterator[Published]:
    """Publish what is new or changed below a folder; yields what was done.

    `notes` is a file that remembers what the folder held when all of it was published: a start that finds the same
    content and the same registry reads no package at all.
    """
    fingerprint = _fingerprint(folder)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        if _is_published(connection, notes, fingerprint):
            return
        done = []
        for package in read_packages(folder):
            done.append(publish(connection, package, replace=replace))
            yield done[-1]
    digests = {each.package: [each.version, each.digest] for each in done}
    notes.write_text(json.dumps({"fingerprint": fingerprint, "packages": digests}, indent=2))


def _fingerprint(folder: Path) -> str:
    """A digest of every file's path and content."""
    content = hashlib.sha256()
    for path in sorted(each for package in package_folders(folder) for each in package.rglob("*") if each.is_file()):
        content.update(f"{path.relative_to(folder)}\0".encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def _is_published(connection: Connection, notes: Path, fingerprint: str) -> bool:
    if not notes.exists():
        return False
    noted = json.loads(notes.read_text())
    if noted.get("fingerprint") != fingerprint:
        return False
    rows = connection.execute("SELECT package, version, digest FROM chassis.package_version").fetchall()
    return {(name, *versions) for name, versions in noted["packages"].items()} <= set(rows)
