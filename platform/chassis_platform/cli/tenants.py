"""`chassis tenant`: create, list, limits, suspend, export, erase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from chassis_platform.audit.operators import noted
from chassis_platform.cli.shared import app, installed, named_tenant, output, run, with_database
from chassis_platform.limits.kinds import LIMIT_KINDS, check_overrides
from chassis_platform.operator import NewTenant, provision_tenant, tenants_with_packages
from chassis_platform.up import console
from chassis_tenants import provision

tenant_app = typer.Typer(no_args_is_help=True, help="Tenants: create, list, suspend, export, erase.")
app.add_typer(tenant_app, name="tenant")


@tenant_app.command("create")
def tenant_create(  # noqa: PLR0913, PLR0917  what a tenant is made with
    name: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    label: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    admin: Annotated[
        str | None, typer.Option(help="Username of the first administrator; default admin@<name>.example.")
    ] = None,
    language: Annotated[str, typer.Option(help="en_US or zh_CN.")] = "en_US",
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    region: Annotated[str | None, typer.Option(help="Where its data have to stay, such as eu-central.")] = None,
) -> None:
    """Create a tenant and its first administrator; prints the password once."""
    wanted = NewTenant(name, label or name, admin or f"admin@{name}.example", language, time_zone, currency, region)
    with (
        installed() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "create_tenant", name, administrator=wanted.administrator),
    ):
        made = run(with_database(prepared, lambda database: provision_tenant(database, prepared.urls.owner, wanted)))
    output.print_json(data=made)


@tenant_app.command("list")
def tenant_list() -> None:
    """List tenants with their packages."""
    table = Table("Name", "Label", "Organization", "Status", "Region", "Packages", box=None)
    with installed() as (_, prepared):
        for each, packages in run(with_database(prepared, tenants_with_packages)):
            shown = (each.name, each.label, each.organization_id, each.status, each.region or "", ", ".join(packages))
            table.add_row(*shown)
    output.print(table)


@tenant_app.command("alter")
def tenant_alter(
    name: str, region: Annotated[str, typer.Option(help="Where its data have to stay; an empty text: anywhere.")]
) -> None:
    """Tag a tenant with the region of its data. Nothing is moved: processes of another CHASSIS_REGION refuse it."""
    with installed() as (_, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "alter_tenant", name, region=region):
            provision.set_region(prepared.urls.owner, found, region or None)


@tenant_app.command("limits")
def tenant_limits(
    name: str,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="LIMIT=NUMBER; LIMIT= takes the default back. Several times.")
    ] = None,
) -> None:
    """Show the limits of a tenant, and change them; running servers know within seconds."""
    changes = dict(_limit_and_value(each) for each in change or ())
    with installed() as (settings, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, name)))
        checked = check_overrides(changes)
        if checked:
            with noted(prepared.urls.owner, prepared.home, "set_limits", name, **changes):
                provision.set_limits(prepared.urls.owner, found, checked)
        overrides = provision.set_limits(prepared.urls.owner, found, {})
    table = Table("Limit", "In force", "Default", "", box=None)
    for kind in LIMIT_KINDS:
        default = getattr(settings, kind.name)
        table.add_row(kind.name, f"{overrides.get(kind.name, default):,}", f"{default:,}", kind.description)
    output.print(table)


def _limit_and_value(change: str) -> tuple[str, str]:
    limit, equals, value = change.partition("=")
    if not equals:
        console.print(f"--set {change}: write LIMIT=NUMBER.")
        raise typer.Exit(1)
    return limit.strip(), value.strip()


@tenant_app.command("suspend")
def tenant_suspend(name: str, resume: Annotated[bool, typer.Option(help="Let it work again.")] = False) -> None:  # noqa: FBT002  a flag
    """Close a tenant: nobody can sign in, nothing is lost. --resume opens it."""
    with installed() as (_, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "resume_tenant" if resume else "suspend_tenant", name):
            (provision.resume if resume else provision.suspend)(prepared.urls.owner, found)


@tenant_app.command("export")
def tenant_export(name: str, path: Path) -> None:
    """Write everything a tenant has to a zip of JSON lines."""
    with installed() as (_, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "export_tenant", name, file=path.name):
            provision.export_tenant(prepared.urls.owner, found, path)
    console.print(f"Wrote {path}")


@tenant_app.command("erase")
def tenant_erase(name: str, confirm: Annotated[str, typer.Option(help="The tenant's name once more.")]) -> None:
    """Delete everything a tenant has, for good."""
    if confirm != name:
        console.print("Nothing was erased: --confirm must repeat the tenant's name.")
        raise typer.Exit(1)
    with installed() as (_, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "erase_tenant", name, organization=found.organization_id):
            provision.erase_tenant(prepared.urls.owner, found)
    console.print(f"{name} is erased.")
