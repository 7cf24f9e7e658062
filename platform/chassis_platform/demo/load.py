"""Loading the demo: every package's plan, tenant by tenant, once; a load that was killed goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.console import Console

from chassis_platform.access.context import Context
from chassis_platform.demo.expressions import World
from chassis_platform.demo.people import make_user, open_doors, run_users_step, sign_in_of
from chassis_platform.demo.plan import PLAN_FILE, DemoPlan, TenantPlan, compile_steps, read_plan
from chassis_platform.demo.progress import DEMO_FILE, Progress, write_private
from chassis_platform.demo.show import Bar, show_progress
from chassis_platform.demo.sources import read_list
from chassis_platform.demo.steps import Tenancy, run_step
from chassis_platform.demo.turns import alone, named, outlast_others
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.operator import NewTenant, make_tenant, operator_context, set_passwords
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import erase_tenant
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.snapshots import SnapshotStore, installed_versions
from chassis_tenants.tenant import Tenant

CONNECTIONS = 4
#: PostgreSQL counts the rows anew after so many steps.
_STEPS_UNTIL_COUNTED = 12
#: On our own server commits don't wait for the disk (a step counts what is there) and text indexes grow in bulk.
_IN_BULK = "-c synchronous_commit=off -c gin_pending_list_limit=64MB"


@dataclass(frozen=True, slots=True)
class Loading:
    """One run of the loader."""

    database: Database
    snapshots: SnapshotStore
    owner_dsn: str
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
    with alone(home):
        if (home / DEMO_FILE).exists():
            return
        progress = Progress.open(home, today or datetime.now(UTC).date())
        dsn = named(urls.server, _IN_BULK if settings.database_url is None else "")
        await outlast_others(urls.server)
        async with Database(dsn, largest=CONNECTIONS, wrapper=wrapper_of(settings, home)) as database:
            loading = Loading(database, SnapshotStore(database), urls.owner, progress, console, scale)
            tenants = await _load_plans(loading, plans)
        await asyncio.to_thread(_tidy, urls.owner)
        write_private(home / DEMO_FILE, {"url": _url(settings), "tenants": tenants})
        progress.path.unlink(missing_ok=True)


def _url(settings: Settings) -> str:
    """Serving writes the address that it really listens on."""
    return settings.public_url or f"http://localhost:{settings.port}"


def _count_rows(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _tidy(owner_dsn: str) -> None:
    """So that the first query after so many inserts is planned, and served by its indexes, as any later one."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        tables = connection.execute("SELECT format('data.%I', tablename) FROM pg_tables WHERE schemaname = 'data'")
        connection.execute(f"VACUUM (ANALYZE) {', '.join(name for (name,) in tables.fetchall())}".encode())


async def _load_plans(loading: Loading, plans: Sequence[DemoPlan]) -> list[dict[str, Any]]:
    """What demo.json says of every tenant that was made."""
    await _start_over_if_changed(loading, "".join(plan.digest for plan in plans))
    found = [await _load_tenant(loading, plan, tenant) for plan in plans for tenant in plan.tenants]
    return [each for each in found if each is not None]


async def _start_over_if_changed(loading: Loading, digest: str) -> None:
    """What was begun with another plan can't be gone on with: its tenants, which nobody has seen, are made anew."""
    progress = loading.progress
    for name in progress.begun_with_another(digest):
        tenant = await tenant_by_name(loading.database, name)
        if tenant is not None:
            await asyncio.to_thread(erase_tenant, loading.owner_dsn, tenant)
    progress.start(digest)


async def _load_tenant(loading: Loading, plan: DemoPlan, wanted: TenantPlan) -> dict[str, Any] | None:
    """What demo.json says of a tenant, when it is complete; None for one of that name that is somebody else's."""
    progress = loading.progress.tenant(wanted.name)
    if progress.result is not None:
        return progress.result
    tenant = await tenant_by_name(loading.database, wanted.name)
    if tenant is not None and not progress.is_begun:
        loading.console.print(f"There is a tenant {wanted.name!r} already: no demo is loaded into it.")
        return None
    progress.begin()
    with show_progress(loading.console, wanted.label) as bar:
        tenant = tenant or await _make(loading, wanted)
        tenancy = await _open_tenancy(loading, plan, wanted, tenant=tenant, report=bar.count)
        administrator = await _administrator(tenancy)
        users = await _run_steps(loading, tenancy, plan, bar)
        doors = await open_doors(tenancy)
    result = {"name": wanted.name, "organization_id": tenant.organization_id, "users": [administrator, *users], **doors}
    progress.finish(result)
    return result


async def _make(loading: Loading, plan: TenantPlan) -> Tenant:
    wanted = NewTenant(
        plan.name, plan.label, plan.administrator["username"], plan.language, plan.time_zone, plan.currency
    )
    return await make_tenant(loading.snapshots, loading.owner_dsn, wanted)


async def _open_tenancy(
    loading: Loading, plan: DemoPlan, wanted: TenantPlan, *, tenant: Tenant, report: Callable[[int], None]
) -> Tenancy:
    """The tenant with its packages and its first administrator, in whose name the rest is done."""
    await _install(loading, wanted, tenant)
    context = await operator_context(loading.database, tenant, None, snapshots=loading.snapshots)
    if await _set_values(loading, wanted, context):
        context = await operator_context(loading.database, tenant, None, snapshots=loading.snapshots)
    tenancy = Tenancy(
        database=loading.database,
        context=context,
        plan=wanted,
        folder=plan.folder,
        world=_world(loading.progress.today, plan, wanted, context),
        progress=loading.progress.tenant(wanted.name),
        scale=loading.scale,
        report=report,
    )
    administrator = await make_user(tenancy, wanted.administrator, {})
    acting = await operator_context(loading.database, tenant, administrator, snapshots=loading.snapshots)
    return replace(tenancy, context=acting)


async def _install(loading: Loading, wanted: TenantPlan, tenant: Tenant) -> None:
    """Installing writes to the journal, so what is there is left alone."""
    [rows] = await loading.database.read(Binding(tenant.id), installed_versions(tenant.id))
    installed = {row[0] for row in rows}
    for package in wanted.packages:
        if package not in installed:
            await install(loading.snapshots, tenant.id, package, actor=OPERATOR, with_dependencies=True)


async def _set_values(loading: Loading, wanted: TenantPlan, context: Context) -> bool:
    """The tenant's own values of settings, where they are not there yet; answers whether there were such."""
    known = context.snapshot.settings
    new = {name: value for name, value in wanted.settings.items() if name not in known or known[name].value != value}
    if new:
        async with loading.database.transaction(context.binding) as transaction:
            for name, value in new.items():
                key = ComponentKey("setting_value", name)
                await save_component(transaction, loading.snapshots, key, {"value": value}, OPERATOR)
    return bool(new)


def _world(today: date, plan: DemoPlan, wanted: TenantPlan, context: Context) -> World:
    lists = {
        name: read_list(plan.folder / each.file, each.column, each.weight, each.only)
        for name, each in plan.lists.items()
    }
    return World(today, ZoneInfo(wanted.time_zone), lists=lists, functions=context.snapshot.functions)


async def _administrator(tenancy: Tenancy) -> dict[str, Any]:
    """The first administrator with a password, as demo.json shows it."""
    person = tenancy.plan.administrator
    password = tenancy.progress.password(person["username"])
    tenancy.progress.save()
    await set_passwords(tenancy.database, tenancy.context.tenant.id, {tenancy.context.principal.user_id: password})
    return sign_in_of(person, password)


async def _run_steps(loading: Loading, tenancy: Tenancy, plan: DemoPlan, bar: Bar) -> list[dict[str, Any]]:
    """Answers who may sign in."""
    users: list[dict[str, Any]] = []
    steps = compile_steps(tenancy.plan, plan, tenancy.world)
    known = 0
    for place, step in enumerate(steps):
        bar.begin(step.title, place, len(steps))
        key = f"{place} {step.name}"
        if step.object_name is None:
            users += await run_users_step(tenancy, step, key)
        else:
            await run_step(tenancy, step, key)
        if place - known == _STEPS_UNTIL_COUNTED:
            # Rules and flows ask about what was just loaded: they need plans that know how much it is.
            await asyncio.to_thread(_count_rows, loading.owner_dsn)
            known = place
    return users
