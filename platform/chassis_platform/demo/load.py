"""Loading the demo: every package's plan, tenant by tenant, once; a load that was killed goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.conninfo import make_conninfo
from rich.console import Console

from chassis_platform.access.context import Context
from chassis_platform.demo.expressions import World
from chassis_platform.demo.people import make_user, open_doors, run_users_step, sign_in_of
from chassis_platform.demo.plan import PLAN_FILE, DemoPlan, TenantPlan, compile_steps, read_plan
from chassis_platform.demo.progress import DEMO_FILE, Progress, write_private
from chassis_platform.demo.show import Bar, show_progress
from chassis_platform.demo.sources import read_list
from chassis_platform.demo.steps import Tenancy, run_step
from chassis_platform.operator import NewTenant, make_tenant, operator_context, set_passwords
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import erase_tenant
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.snapshots import SnapshotStore, installed_versions
from chassis_tenants.tenant import Tenant

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Loading:
    """One run of the loader."""

    database: Database
    snapshots: SnapshotStore
    owner_dsn: str
    plan: DemoPlan
    progress: Progress
    console: Console
    scale: float


async def load_demo(
    settings: Settings,
    urls: DatabaseUrls,
    home: Path,
    console: Console,
    *,
    scale: float = 1.0,
    today: date | None = None,
) -> None:
    """Make the demo tenants of all packages in the packages folder, and demo.json when they are complete.

    Costs a look at a file when it is there already. `scale` below 1 leaves out most rows of large files.
    """
    if (home / DEMO_FILE).exists():
        return
    plans = [read_plan(path.parent) for path in sorted(settings.packages.glob(f"*/demo/{PLAN_FILE}"))]
    if not plans:
        return
    digest = "".join(plan.digest for plan in plans)
    progress = Progress.open(home, digest, today or datetime.now(UTC).date())
    async with Database(_loading_dsn(settings, urls), largest=CONNECTIONS) as database:
        progress = await _start_over_if_changed(database, urls.owner, progress, digest)
        snapshots = SnapshotStore(database)
        tenants = []
        for plan in plans:
            loading = Loading(database, snapshots, urls.owner, plan, progress, console, scale)
            tenants += [found for each in plan.tenants if (found := await _load_tenant(loading, each)) is not None]
    await asyncio.to_thread(_tidy, urls.owner)
    write_private(home / DEMO_FILE, {"url": _url(settings), "tenants": tenants})
    progress.path.unlink(missing_ok=True)


def _loading_dsn(settings: Settings, urls: DatabaseUrls) -> str:
    """On our own server commits don't wait for the disk (a step counts what is there); text indexes grow in bulk."""
    if settings.database_url is not None:
        return urls.server
    return make_conninfo(urls.server, options="-c synchronous_commit=off -c gin_pending_list_limit=64MB")


def _url(settings: Settings) -> str:
    """Serving writes the address that it really listens on."""
    return settings.public_url or f"http://localhost:{settings.port}"


def _tidy(owner_dsn: str) -> None:
    """So that the first query after a hundred thousand inserts is planned, and served by its indexes, as any later one."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        tables = connection.execute("SELECT format('data.%I', tablename) FROM pg_tables WHERE schemaname = 'data'")
        connection.execute(f"VACUUM (ANALYZE) {', '.join(name for (name,) in tables.fetchall())}".encode())


async def _start_over_if_changed(database: Database, owner_dsn: str, progress: Progress, digest: str) -> Progress:
    """What was begun with another plan can't be gone on with: its tenants, which nobody has seen, are made anew."""
    if progress.document["digest"] == digest:
        return progress
    for name in progress.document["tenants"]:
        tenant = await tenant_by_name(database, name)
        if tenant is not None and progress.tenant(name).is_begun:
            await asyncio.to_thread(erase_tenant, owner_dsn, tenant)
    return replace(progress, document={"digest": digest, "today": progress.document["today"], "tenants": {}})


async def _load_tenant(loading: Loading, plan: TenantPlan) -> dict[str, Any] | None:
    """What demo.json says of a tenant, when it is complete; None for one of that name that is somebody else's."""
    progress = loading.progress.tenant(plan.name)
    if progress.result is not None:
        return progress.result
    tenant = await tenant_by_name(loading.database, plan.name)
    if tenant is not None and not progress.is_begun:
        loading.console.print(f"There is a tenant {plan.name!r} already: no demo is loaded into it.")
        return None
    progress.begin()
    with show_progress(loading.console, plan.label) as bar:
        tenancy = await _open_tenancy(loading, plan, tenant or await _make(loading, plan), bar.count)
        administrator = await _administrator(tenancy)
        users = await _run_steps(loading, tenancy, bar)
        doors = await open_doors(tenancy)
    result = {
        "name": plan.name,
        "organization_id": tenancy.context.tenant.organization_id,
        "users": [administrator, *users],
        **doors,
    }
    progress.finish(result)
    return result


async def _make(loading: Loading, plan: TenantPlan) -> Tenant:
    wanted = NewTenant(
        plan.name, plan.label, plan.administrator["username"], plan.language, plan.time_zone, plan.currency
    )
    return await make_tenant(loading.snapshots, loading.owner_dsn, wanted)


async def _open_tenancy(loading: Loading, plan: TenantPlan, tenant: Tenant, report: Callable[[int], None]) -> Tenancy:
    """The tenant with its packages and its first administrator, in whose name the rest is done."""
    await _install(loading, plan, tenant)
    context = await operator_context(loading.database, tenant, None, snapshots=loading.snapshots)
    tenancy = Tenancy(
        database=loading.database,
        context=context,
        plan=plan,
        folder=loading.plan.folder,
        world=_world(loading, plan, context),
        progress=loading.progress.tenant(plan.name),
        scale=loading.scale,
        report=report,
    )
    administrator = await make_user(tenancy, plan.administrator, {})
    acting = await operator_context(loading.database, tenant, administrator, snapshots=loading.snapshots)
    return replace(tenancy, context=acting)


def _world(loading: Loading, plan: TenantPlan, context: Context) -> World:
    lists = {
        name: read_list(loading.plan.folder / each.file, each.column, each.weight, each.only)
        for name, each in loading.plan.lists.items()
    }
    return World(loading.progress.today, ZoneInfo(plan.time_zone), lists=lists, functions=context.snapshot.functions)


async def _administrator(tenancy: Tenancy) -> dict[str, Any]:
    """The first administrator with a password, as demo.json shows it."""
    person = tenancy.plan.administrator
    password = tenancy.progress.password(person["username"])
    tenancy.progress.save()
    await set_passwords(tenancy.database, tenancy.context.tenant.id, {tenancy.context.principal.user_id: password})
    return sign_in_of(person, password)


async def _install(loading: Loading, plan: TenantPlan, tenant: Tenant) -> None:
    """Installing writes to the journal, so what is there is left alone."""
    [rows] = await loading.database.read(Binding(tenant.id), installed_versions(tenant.id))
    installed = {row[0] for row in rows}
    for package in plan.packages:
        if package not in installed:
            await install(loading.snapshots, tenant.id, package, actor=OPERATOR, with_dependencies=True)


async def _run_steps(loading: Loading, tenancy: Tenancy, bar: Bar) -> list[dict[str, Any]]:
    """Answers who may sign in."""
    users: list[dict[str, Any]] = []
    steps = compile_steps(tenancy.plan, loading.plan, tenancy.world)
    for place, step in enumerate(steps):
        bar.begin(step.title, place, len(steps))
        key = f"{place} {step.name}"
        if step.object_name is None:
            users += await run_users_step(tenancy, step, key)
        else:
            await run_step(tenancy, step, key)
    return users
