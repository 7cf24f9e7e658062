"""Publishing a folder of packages: all of them, each after those that it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg

from chassis_metadata.compile import in_dependency_order
from chassis_metadata.components import Package
from chassis_metadata.package import read_package
from chassis_tenants.publisher import Published, publish


def package_folders(folder: Path) -> list[Path]:
    """The packages below a folder: every folder with a package.yaml."""
    return sorted(each.parent for each in folder.glob("*/package.yaml"))


def read_packages(folder: Path) -> list[Package]:
    """All packages below a folder, dependencies first."""
    return in_dependency_order([read_package(each) for each in package_folders(folder)])


def publish_folder(owner_dsn: str, folder: Path, *, replace: bool = False) -> Iterator[tuple[Package, Published]]:
    """Publish what is new or changed below a folder; yields each package and what was done."""
    packages = read_packages(folder)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        for package in packages:
            yield package, publish(connection, package, replace=replace)
