"""What the manifest promises: dependencies that are there, new enough, and lead back to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chassis_metadata.check.look import circle
from chassis_metadata.components import Package
from chassis_metadata.forms import Complaint, near

#: The publisher of the platform itself; everybody else's packages carry a namespace.
PLATFORM_PUBLISHER = "chassis"


def version_of(text: str) -> tuple[int, ...]:
    """`1.10.0` comes after `1.9.0`."""
    return tuple(int(part) for part in text.split("."))


def check_manifest(package: Package, dependencies: Sequence[Package]) -> Iterator[Complaint]:
    """Namespace and dependencies."""
    manifest = package.manifest
    if manifest.namespace is None and manifest.publisher != PLATFORM_PUBLISHER:
        message = f"A package of {manifest.publisher!r} needs a namespace; only {PLATFORM_PUBLISHER!r} has none."
        yield Complaint(("package", "publisher"), "namespace_missing", message)
    yield from _check_dependencies(package, dependencies)
    edges = {each.manifest.name: set(each.manifest.depends_on) for each in [*dependencies, package]}
    way = circle(manifest.name, edges)
    if way:
        message = f"Packages depend on each other in a circle: {' -> '.join(way)}."
        yield Complaint(("package", "depends_on"), "circular_dependency", message)


def _check_dependencies(package: Package, dependencies: Sequence[Package]) -> Iterator[Complaint]:
    there = {each.manifest.name: each.manifest.version for each in dependencies}
    for name, least in package.manifest.depends_on.items():
        where = ("package", "depends_on", name)
        if name not in there:
            message = f"The package {name!r} is not there.{near(name, there)} It needs {name} {least} or newer."
            yield Complaint(where, "missing_dependency", message)
        elif version_of(there[name]) < version_of(least):
            message = f"{name} {there[name]} is there, {least} or newer is needed."
            yield Complaint(where, "dependency_too_old", message)
