"""The registry, which no tenant owns: the tenants themselves, and the package versions that were published."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import Package
from chassis_metadata.package import package_from_document
from chassis_tenants.database import IS_ELSEWHERE, STATUS, Database, Row
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

#: A tenant whose data have to stay elsewhere is not this process's to serve.
_TENANT = (
    "SELECT id, organization_id, name, label,"  # noqa: S608  the condition is database.py's
    f" {STATUS} AS status,"
    " language, time_zone, currency, metadata_version, access_version, region FROM chassis.tenant AS t"
)


@dataclass(frozen=True, slots=True, order=True)
class PackageVersion:
    """A row of the registry without its document. The digest names the content: it may change in development."""

    package: str
    version: str
    digest: str


async def list_tenants(database: Database) -> list[Tenant]:
    """All tenants, also those that are suspended; what is left of erased ones is not listed."""
    return await _tenants(database, "status <> 'erased' ORDER BY name", {})


async def tenant_by_id(database: Database, tenant_id: int) -> Tenant | None:
    """The tenant of that id."""
    return await _tenant(database, "id = %(wanted)s", tenant_id)


async def tenant_by_organization_id(database: Database, organization_id: str) -> Tenant | None:
    """The tenant that shows this id outside."""
    return await _tenant(database, "organization_id = %(wanted)s", organization_id)


async def tenant_by_name(database: Database, name: str) -> Tenant | None:
    """The tenant of that name."""
    return await _tenant(database, "name = %(wanted)s", name)


async def count_elsewhere(database: Database) -> int:
    """How many tenants are in the database whose data have to stay elsewhere than where this process is."""
    text = f"SELECT count(*) FROM chassis.tenant AS t WHERE t.status <> 'erased' AND {IS_ELSEWHERE}"  # noqa: S608
    [[found]] = await database.registry(Statement(text, {"region": database.region}))
    return int(found)


def tenant_row(database: Database, tenant_id: int) -> Statement:
    """The row of a tenant, for who asks for more in the same round trip; it makes a Tenant."""
    return _rows(database, "id = %(wanted)s", {"wanted": tenant_id})


async def _tenant(database: Database, condition: str, wanted: object) -> Tenant | None:
    found = await _tenants(database, condition, {"wanted": wanted})
    return found[0] if found else None


async def _tenants(database: Database, condition: str, parameters: dict[str, object]) -> list[Tenant]:
    return [Tenant(*row) for row in await database.registry(_rows(database, condition, parameters))]


def _rows(database: Database, condition: str, parameters: dict[str, object]) -> Statement:
    return Statement(f"{_TENANT} WHERE {condition}", {**parameters, "region": database.region})


def all_versions() -> Statement:
    """Every published package version, without documents; rows make a PackageVersion each."""
    return Statement("SELECT package, version, digest FROM chassis.package_version ORDER BY package, version")


def documents(versions: Iterable[PackageVersion]) -> Statement:
    """The digest and document of each of these versions that (still) has this digest."""
    wanted = list(versions)
    return Statement(
        "SELECT p.digest, p.document FROM chassis.package_version p"
        " JOIN unnest(%(packages)s::text[], %(versions)s::text[], %(digests)s::text[]) AS w (package, version, digest)"
        " ON p.package = w.package AND p.version = w.version AND p.digest = w.digest",
        {
            "packages": [each.package for each in wanted],
            "versions": [each.version for each in wanted],
            "digests": [each.digest for each in wanted],
        },
    )


async def list_package_versions(database: Database) -> list[PackageVersion]:
    """Every published package version."""
    return [PackageVersion(*row) for row in await database.registry(all_versions())]


class PackageLibrary:
    """Published packages, each read from the registry and parsed once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packages: dict[str, Package] = {}

    async def load(self, versions: Iterable[PackageVersion]) -> list[Package]:
        """The packages of these versions, in that order. A version that was replaced meanwhile is left out."""
        wanted = list(versions)
        missing = [each for each in wanted if each.digest not in self._packages]
        if missing:
            rows = await self._database.registry(documents(missing))
            self._packages |= await asyncio.to_thread(_parse, rows)
        return [self._packages[each.digest] for each in wanted if each.digest in self._packages]


def _parse(rows: list[Row]) -> dict[str, Package]:
    return {digest: _package(document) for digest, document in rows}


def _package(document: Any) -> Package:
    return package_from_document(document)
