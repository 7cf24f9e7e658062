"""The command line: `chassis up` and what operators and implementers do without a browser."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from chassis_metadata.errors import ChassisError
from chassis_metadata.package import read_package
from chassis_platform.audit.operators import noted, read_acts
from chassis_platform.audit.retention import set_floor
from chassis_platform.cases.command import CaseRun, run_package_cases
from chassis_platform.formula_eval.evaluate import answers_to
from chassis_platform.inbound.keys import create_inbound_key, revoke_inbound_key
from chassis_platform.operator import (
    NewTenant,
    create_client,
    doors_of,
    explain_access,
    install_package,
    issue_token,
    provision_tenant,
    revoke_client,
    tenants_with_packages,
    user_of_tenant,
    verify_journals,
)
from chassis_platform.publishing import package_problems
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
from chassis_platform.up import Installation, console, installation, serve_forever
from chassis_platform.up import up as run_up
from chassis_platform.worker.loop import work_until_interrupted
from chassis_tenants import provision
from chassis_tenants.database import Database
from chassis_tenants.publisher import publish
from chassis_tenants.registry import list_package_versions, tenant_by_name
from chassis_tenants.tenant import Tenant

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Chassis: objects, rules and screens as metadata.")
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants: create, list, suspend, export, erase.")
package_app = typer.Typer(no_args_is_help=True, help="Packages: validate, publish, install, list.")
audit_app = typer.Typer(no_args_is_help=True, help="The journal and its seals.")
formula_app = typer.Typer(no_args_is_help=True, help="Formulas: try them out.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(package_app, name="package")
app.add_typer(audit_app, name="audit")
app.add_typer(formula_app, name="formula")
key_app = typer.Typer(no_args_is_help=True, help="Inbound keys, with which senders post documents.")
client_app = typer.Typer(no_args_is_help=True, help="Connected apps that sign in by themselves.")
app.add_typer(key_app, name="key")
app.add_typer(client_app, name="client")

output = Console()
Result = TypeVar("Result")


def main() -> None:
    """Run a command; what is wrong is told without a traceback."""
    try:
        app()
    except ChassisError as error:
        for problem in error.problems:
            console.print(f"[red]✗[/red] {problem}", highlight=False, markup=True)
        sys.exit(1)


def _settings() -> Settings:
    settings = Settings()
    configure_logging(settings.log_level)
    return settings


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


@contextmanager
def _installation() -> Iterator[tuple[Settings, Installation]]:
    settings = _settings()
    with installation(settings, quiet=True) as prepared:
        yield settings, prepared


@app.command()
def up() -> None:
    """Start Chassis: prepare everything that is missing, then serve until Ctrl-C."""
    run_up(_settings())


@app.command()
def serve(worker: Annotated[bool, typer.Option(help="Run the worker in this process too.")] = False) -> None:  # noqa: FBT002  a flag
    """Serve only: no demo, and no worker unless asked for."""
    with _installation() as (settings, prepared):
        serve_forever(settings, prepared, with_worker=worker)


@app.command()
def worker() -> None:
    """Run a worker until interrupted."""
    with _installation() as (settings, prepared):
        _run(work_until_interrupted(settings, prepared.urls.server, prepared.home))


@app.command()
def migrate() -> None:
    """Migrate the database and publish the packages of the packages folder."""
    with _installation():
        console.print("The database is up to date.")


@app.command()
def token(username: str) -> None:
    """Print an access token for a user, for scripts on this machine; it is noted in the login history."""
    with (
        _installation() as (settings, prepared),
        noted(prepared.urls.owner, prepared.home, "issue_token", username),
    ):
        issued = _run(_with_database(prepared, lambda database: issue_token(database, settings, username)))
        typer.echo(issued)


@app.command()
def bench() -> None:
    """Run the benchmarks (from a source tree): `make bench`."""
    if not Path("benchmarks").is_dir():
        console.print("The benchmarks are in the source tree: run this in a clone.")
        raise typer.Exit(1)
    runpy.run_module("benchmarks", run_name="__main__")


async def _with_database(prepared: Installation, work: Any) -> Any:
    async with Database(prepared.urls.server, largest=4) as database:
        return await work(database)


async def _named_tenant(database: Database, name: str) -> Tenant:
    found = await tenant_by_name(database, name)
    if found is None or found.status == "erased":
        console.print(f"There is no tenant {name!r}. `chassis tenant list` shows them.")
        raise typer.Exit(1)
    return found


@tenant_app.command("create")
def tenant_create(
    name: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    label: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    admin: Annotated[
        str | None, typer.Option(help="Username of the first administrator; default admin@<name>.example.")
    ] = None,
    language: Annotated[str, typer.Option(help="en_US or zh_CN.")] = "en_US",
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
) -> None:
    """Create a tenant and its first administrator; prints the password once."""
    wanted = NewTenant(name, label or name, admin or f"admin@{name}.example", language, time_zone, currency)
    with (
        _installation() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "create_tenant", name, administrator=wanted.administrator),
    ):
        made = _run(_with_database(prepared, lambda database: provision_tenant(database, prepared.urls.owner, wanted)))
    output.print_json(data=made)


@tenant_app.command("list")
def tenant_list() -> None:
    """List tenants with their packages."""
    table = Table("Name", "Label", "Organization", "Status", "Packages", box=None)
    with _installation() as (_, prepared):
        for each, packages in _run(_with_database(prepared, tenants_with_packages)):
            table.add_row(each.name, each.label, each.organization_id, each.status, ", ".join(packages))
    output.print(table)


@tenant_app.command("suspend")
def tenant_suspend(name: str, resume: Annotated[bool, typer.Option(help="Let it work again.")] = False) -> None:  # noqa: FBT002  a flag
    """Close a tenant: nobody can sign in, nothing is lost. --resume opens it."""
    with _installation() as (_, prepared):
        found = _run(_with_database(prepared, lambda database: _named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "resume_tenant" if resume else "suspend_tenant", name):
            (provision.resume if resume else provision.suspend)(prepared.urls.owner, found)


@tenant_app.command("export")
def tenant_export(name: str, path: Path) -> None:
    """Write everything a tenant has to a zip of JSON lines."""
    with _installation() as (_, prepared):
        found = _run(_with_database(prepared, lambda database: _named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "export_tenant", name, file=path.name):
            provision.export_tenant(prepared.urls.owner, found, path)
    console.print(f"Wrote {path}")


@tenant_app.command("erase")
def tenant_erase(name: str, confirm: Annotated[str, typer.Option(help="The tenant's name once more.")]) -> None:
    """Delete everything a tenant has, for good."""
    if confirm != name:
        console.print("Nothing was erased: --confirm must repeat the tenant's name.")
        raise typer.Exit(1)
    with _installation() as (_, prepared):
        found = _run(_with_database(prepared, lambda database: _named_tenant(database, name)))
        with noted(prepared.urls.owner, prepared.home, "erase_tenant", name, organization=found.organization_id):
            provision.erase_tenant(prepared.urls.owner, found)
    console.print(f"{name} is erased.")


@package_app.command("validate")
def package_validate(
    folders: Annotated[list[Path], typer.Argument(help="Package folders, dependencies included.")],
) -> None:
    """Check packages and print every problem: file, line, what is wrong, what would be right."""
    problems = package_problems(folders)
    for problem in problems:
        typer.echo(str(problem))
    typer.echo(f"{len(problems)} problems" if problems else "No problems")
    raise typer.Exit(1 if problems else 0)


@package_app.command("publish")
def package_publish(
    folder: Path,
    replace: Annotated[bool, typer.Option(help="Development: replace the same version.")] = False,  # noqa: FBT002  a flag
) -> None:
    """Publish a package version: its tables are made, tenants may install it."""
    with _installation() as (_, prepared), psycopg.connect(prepared.urls.owner, autocommit=True) as connection:
        package = read_package(folder)
        said = f"{package.manifest.name} {package.manifest.version}"
        with noted(prepared.urls.owner, prepared.home, "publish_package", said, replace=replace):
            published = publish(connection, package, replace=replace)
    state = f"published, {len(published.statements)} statements" if published.is_new else "was published already"
    console.print(f"{published.package} {published.version}: {state}")


@package_app.command("install")
def package_install(
    tenant: str, package: str, version: Annotated[str | None, typer.Option(help="Default: the newest.")] = None
) -> None:
    """Switch a package on in a tenant, with what it depends on."""

    async def work(database: Database) -> float:
        return await install_package(database, await _named_tenant(database, tenant), package, version)

    with (
        _installation() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "install_package", tenant, package=package, version=version),
    ):
        took = _run(_with_database(prepared, work))
    console.print(f"Installed {package} in {tenant} in {took * 1000:.0f} ms")


@package_app.command("test")
def package_test(
    folder: Annotated[Path, typer.Argument(help="The package's folder; its cases are in cases/.")],
    keyword: Annotated[str | None, typer.Option("-k", help="Only cases whose file, name or ids hold this.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file.")] = None,
    at_once: Annotated[int, typer.Option(help="How many cases run at a time.")] = 4,
) -> None:
    """Run a package's cases in scratch tenants of a scratch database, each with a clock of its own."""
    passed = run_package_cases(_settings(), CaseRun(folder, keyword, junit, at_once), output)
    raise typer.Exit(0 if passed else 1)


@package_app.command("list")
def package_list() -> None:
    """List published package versions."""
    with _installation() as (_, prepared):
        found = _run(_with_database(prepared, list_package_versions))
    table = Table("Package", "Version", "Digest", box=None)
    for each in found:
        table.add_row(each.package, each.version, each.digest[:16])
    output.print(table)


RunAs = Annotated[str, typer.Option("--as", help="Username: everything happens with this user's rights.")]


def _of_tenant(name: str, work: Callable[[Database, Tenant], Coroutine[Any, Any, Result]]) -> Result:
    async def with_tenant(database: Database) -> Result:
        return await work(database, await _named_tenant(database, name))

    with _installation() as (_, prepared):
        found: Result = _run(_with_database(prepared, with_tenant))
    return found


@key_app.command("create")
def key_create(tenant: str, label: str, run_as: RunAs) -> None:
    """Make an inbound key; prints it once."""

    async def work(database: Database, found: Tenant) -> str:
        user_id = await user_of_tenant(database, found, run_as)
        return await create_inbound_key(database, found.id, label, user_id)

    typer.echo(_of_tenant(tenant, work))


@key_app.command("list")
def key_list(tenant: str) -> None:
    """List a tenant's inbound keys that were not revoked."""
    output.print(_doors_table(_of_tenant(tenant, doors_of)["keys"]))


@key_app.command("revoke")
def key_revoke(tenant: str, key_id: Annotated[str, typer.Argument(help="As `chassis key list` shows it.")]) -> None:
    """End an inbound key for good."""
    _of_tenant(tenant, lambda database, found: revoke_inbound_key(database, found.id, key_id))


@client_app.command("create")
def client_create(tenant: str, label: str, run_as: RunAs) -> None:
    """Make an app that signs in by itself, with all rights of a user; prints its id and its secret once."""
    made = _of_tenant(tenant, lambda database, found: create_client(database, found, label, run_as))
    output.print_json(data={"client_id": made.client_id, "client_secret": made.secret})


@client_app.command("list")
def client_list(tenant: str) -> None:
    """List a tenant's connected apps that were not revoked."""
    output.print(_doors_table(_of_tenant(tenant, doors_of)["apps"]))


@client_app.command("revoke")
def client_revoke(tenant: str, client_id: str) -> None:
    """End a connected app and its tokens for good."""
    _of_tenant(tenant, lambda database, found: revoke_client(database, found, client_id))


def _doors_table(doors: list[dict[str, Any]]) -> Table:
    table = Table("Id", "Label", "Runs as", "Created", box=None)
    for each in doors:
        runs_as = each["run_as"]["username"] if each["run_as"] else ""
        table.add_row(each["id"], each["label"], runs_as, each["created"][:19])
    return table


@app.command("explain-access")
def explain(
    tenant: str, record: str, user: Annotated[str, typer.Option(help="Username of whose access is asked.")]
) -> None:
    """Say why a user sees or changes a record, or what stands in the way."""
    output.print_json(data=_of_tenant(tenant, lambda database, found: explain_access(database, found, record, user)))


@audit_app.command("verify")
def audit_verify(
    tenant: Annotated[str | None, typer.Argument(help="Default: all tenants, and the operators' own acts.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,  # noqa: FBT002  a flag
    head: Annotated[
        str | None,
        typer.Option(help="SEQUENCE:HASH of a tenant's seal, noted earlier: what was cut off behind it shows."),
    ] = None,
) -> None:
    """Recompute every seal: any entry changed, removed or slipped in is found and named."""
    with _installation() as (_, prepared):
        reports = _run(_with_database(prepared, lambda database: verify_journals(database, prepared, tenant, head)))
    if as_json:
        typer.echo(json.dumps(reports, indent=2, default=str))
    else:
        for report in reports:
            output.print(report["summary"])
            for finding in report["findings"]:
                output.print(f"  [red]✗[/red] {finding}")
    raise typer.Exit(0 if all(report["intact"] for report in reports) else 1)


@audit_app.command("acts")
def audit_acts(most: Annotated[int, typer.Option(help="How many.")] = 50) -> None:
    """List what operators of this installation did, newest first."""
    table = Table("When", "Who", "Act", "What", "State", box=None)
    with _installation() as (_, prepared), psycopg.connect(prepared.urls.owner) as connection:
        for each in read_acts(connection, most):
            table.add_row(each["at"][:19], each["operator"], each["act"], each["target"], each.get("state", ""))
    output.print(table)


@audit_app.command("floor")
def audit_floor(
    journal: Annotated[str, typer.Argument(help="access_log, field_history, login_history or setup_audit_trail.")],
    months: Annotated[int, typer.Argument(min=1, help="No tenant may keep it for less.")],
) -> None:
    """Set how long every tenant keeps a journal at least."""
    with (
        _installation() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "set_floor", journal, months=months),
    ):
        set_floor(prepared.urls.owner, journal, months)
    console.print(f"Every tenant keeps {journal} for {months} months at least.")


@formula_app.command("eval")
def formula_eval(
    formula: Annotated[str | None, typer.Argument(help="A formula without fields, such as 'ROUND(10/3, 2)'.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="JSON lines with formulas and fields; - reads them here.")] = None,
) -> None:
    """Compute formulas and print an answer a line: {"value": …} or {"error": …}."""
    with _installation() as (_, prepared), psycopg.connect(prepared.urls.server, autocommit=True) as connection:
        for answer in answers_to(connection, formula, jsonl):
            sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
