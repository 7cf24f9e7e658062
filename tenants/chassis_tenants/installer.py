"""Installing: a tenant switches a published package on, or takes a newer version; a few rows, one transaction.

Uninstalling is not offered yet: what it would leave behind in other packages' records has to be decided first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis_metadata.check.manifest import version_of
from chassis_metadata.compile import in_dependency_order
from chassis_metadata.components import Package
from chassis_metadata.errors import Conflict, NotFound, Problem
from chassis_metadata.snapshot import Object, Snapshot
from chassis_tenants.conversions import begin, newly_encrypted
from chassis_tenants.database import Binding, Transaction
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.materialise import permission_set_rows, record_type_rows, role_and_queue_rows
from chassis_tenants.recalculation import fields_resting_on, kept_fields, recalculation
from chassis_tenants.reference_data import upsert_reference_data
from chassis_tenants.registry import PackageVersion, all_versions
from chassis_tenants.secret_settings import seal_clear_secrets
from chassis_tenants.snapshots import SnapshotStore, installed_versions
from chassis_tenants.statement import Statement


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation changed: the versions that the tenant has now and had not before, or had otherwise."""

    versions: tuple[PackageVersion, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Packages to bring in, each after those it depends on, and everything that the tenant has afterwards."""

    packages: tuple[Package, ...]
    before: Mapping[str, str]
    after: frozenset[PackageVersion]


async def install(
    snapshots: SnapshotStore,
    tenant_id: int,
    package: str,
    version: str | None = None,
    *,
    actor: Actor,
    with_dependencies: bool = False,
) -> Installed:
    """Install a package, or upgrade to a newer version (the newest, if none is named); all or nothing.

    Raises Conflict naming what else has to be installed first, unless `with_dependencies`. Installing the version that
    is there already writes its rows anew, which is how a replaced version comes in while it is being developed.
    """
    async with snapshots.database.transaction(Binding(tenant_id)) as tx:
        return await install_within(tx, snapshots, package, version, actor=actor, with_dependencies=with_dependencies)


async def install_within(
    tx: Transaction,
    snapshots: SnapshotStore,
    package: str,
    version: str | None = None,
    *,
    actor: Actor,
    with_dependencies: bool = False,
) -> Installed:
    """Install in an open transaction."""
    _, published, installed = await tx.fetch_each(
        [lock_setup(tx.tenant_id), all_versions(), installed_versions(tx.tenant_id)]
    )
    shelf = _Shelf(
        [PackageVersion(*row) for row in published], {row[0]: PackageVersion(*row) for row in installed}, snapshots
    )
    wanted = shelf.pick(package, version)
    plan = await shelf.plan(wanted, with_dependencies=with_dependencies)
    snapshot = await snapshots.base(plan.after)
    before = await snapshots.base(frozenset(PackageVersion(*row) for row in installed))
    converted = begin(tx.tenant_id, newly_encrypted(before, snapshot))
    await tx.fetch_each([*await _statements(tx, plan, snapshot, actor), *converted])
    await seal_clear_secrets(tx, [each.name for each in snapshot.settings.values() if each.is_secret])
    names = {each.manifest.name for each in plan.packages}
    return Installed(tuple(each for each in sorted(plan.after) if each.package in names))


def lock_setup(tenant_id: int) -> Statement:
    """Two changes of one tenant's setup take turns; its requests go on."""
    return Statement(
        "SELECT id FROM chassis.tenant WHERE id = %(tenant_id)s FOR NO KEY UPDATE", {"tenant_id": tenant_id}
    )


class _Shelf:
    """What is published and what the tenant has of it."""

    def __init__(
        self, published: Sequence[PackageVersion], installed: Mapping[str, PackageVersion], snapshots: SnapshotStore
    ) -> None:
        self._published = published
        self._installed = installed
        self._library = snapshots.library

    def pick(self, package: str, version: str | None) -> PackageVersion:
        """The version that is asked for, or the newest; never an older one than the tenant has."""
        offered = [each for each in self._published if each.package == package]
        if not offered:
            names = ", ".join(sorted({each.package for each in self._published})) or "none"
            raise NotFound.of("unknown_package", f"No package {package!r} is published. There is: {names}.")
        found = [each for each in offered if version in (None, each.version)]
        if not found:
            versions = ", ".join(each.version for each in offered)
            raise NotFound.of("unknown_version", f"{package} {version} is not published. There is: {versions}.")
        picked = max(found, key=lambda each: version_of(each.version))
        has = self._installed.get(package)
        if has is not None and version_of(has.version) > version_of(picked.version):
            message = f"{package} {has.version} is installed; going back to {picked.version} would lose data."
            raise Conflict.of("newer_version_installed", message)
        return picked

    async def plan(self, wanted: PackageVersion, *, with_dependencies: bool) -> _Plan:
        """Everything that has to come in for `wanted` to work."""
        chosen: dict[str, PackageVersion] = {}
        packages: list[Package] = []
        waiting = [wanted]
        while waiting:
            each = waiting.pop()
            if chosen.get(each.package) == each:
                continue
            chosen[each.package] = each
            [package] = await self._library.load([each])
            packages.append(package)
            waiting += self._missing(package, chosen)
        if len(chosen) > 1 and not with_dependencies:
            raise Conflict(_dependency_problems(wanted, chosen))
        return _Plan(
            packages=tuple(in_dependency_order(packages)),
            before={name: each.version for name, each in self._installed.items()},
            after=frozenset({**self._installed, **chosen}.values()),
        )

    def _missing(self, package: Package, chosen: Mapping[str, PackageVersion]) -> list[PackageVersion]:
        there = {**self._installed, **chosen}
        return [
            self.pick(name, None)
            for name, least in package.manifest.depends_on.items()
            if name not in there or version_of(there[name].version) < version_of(least)
        ]


def _dependency_problems(wanted: PackageVersion, chosen: Mapping[str, PackageVersion]) -> list[Problem]:
    return [
        Problem(
            path=f"depends_on.{name}",
            code="missing_dependency",
            message=f"{wanted.package} {wanted.version} needs {name}. Install {name} {each.version} first.",
        )
        for name, each in sorted(chosen.items())
        if name != wanted.package
    ]


async def _statements(tx: Transaction, plan: _Plan, snapshot: Snapshot, actor: Actor) -> list[Statement]:
    """Components become rows before the reference data that may refer to them."""
    tenant_id, user_id = tx.tenant_id, actor.user_id
    record_types = [each for package in plan.packages for each in package.record_types]
    permission_sets = [each for package in plan.packages for each in package.permission_sets]
    roles = [each for package in plan.packages for each in package.roles]
    queues = [each for package in plan.packages for each in package.queues]
    data = [each for package in plan.packages for each in package.reference_data]
    return [
        record_type_rows(tenant_id, user_id, record_types),
        permission_set_rows(tenant_id, user_id, permission_sets),
        *await role_and_queue_rows(tx, user_id, roles, queues),
        *await upsert_reference_data(tx, snapshot, data, user_id),
        *(_installation(tx.tenant_id, package, user_id) for package in plan.packages),
        *(setup_entry(tenant_id, actor, _change(package, plan.before)) for package in plan.packages),
        *recalculation(tenant_id, _to_recalculate(plan, snapshot)),
        new_versions(tenant_id),
    ]


def _to_recalculate(plan: _Plan, snapshot: Snapshot) -> list[str]:
    """Calculated fields that came to records of before, and those that reference data says something to."""
    names = [name for name in kept_fields(plan.packages) if _object_of(snapshot, name).package in plan.before]
    written = {each.object_name for package in plan.packages for each in package.reference_data}
    return sorted({*names, *fields_resting_on(snapshot, written)})


def _object_of(snapshot: Snapshot, name: str) -> Object:
    return snapshot.objects[name.partition(".")[0]]


def _installation(tenant_id: int, package: Package, user_id: str | None) -> Statement:
    manifest = package.manifest
    return Statement(
        "INSERT INTO chassis.installation (tenant_id, package, version, installed_by)"
        " VALUES (%(tenant_id)s, %(package)s, %(version)s, %(user_id)s)"
        " ON CONFLICT (tenant_id, package) DO UPDATE SET version = excluded.version,"
        " installed_at = now(), installed_by = excluded.installed_by",
        {"tenant_id": tenant_id, "package": manifest.name, "version": manifest.version, "user_id": user_id},
    )


def _change(package: Package, before: Mapping[str, str]) -> SetupChange:
    name, version = package.manifest.name, package.manifest.version
    old = before.get(name)
    action = "installedPackage" if old is None else "upgradedPackage"
    display = f"Installed {name} {version}" if old is None else f"Upgraded {name} from {old} to {version}"
    return SetupChange(action, "Packages", name, display, before=old, after=version)


def new_versions(tenant_id: int, *, access: bool = True) -> Statement:
    """Tell every server process, with its next request, that the metadata (and who may do what) changed."""
    return Statement(
        "UPDATE chassis.tenant SET metadata_version = metadata_version + 1,"
        " access_version = access_version + %(access)s WHERE id = %(tenant_id)s",
        {"tenant_id": tenant_id, "access": int(access)},
    )
