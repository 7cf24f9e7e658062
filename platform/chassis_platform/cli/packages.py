"""`chassis package`: validate, publish, install, test, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from chassis_metadata.package import read_package
from chassis_platform.audit.operators import noted
from chassis_platform.cases.command import CaseRun, run_package_cases
from chassis_platform.cases.run import AT_ONCE
from chassis_platform.cli.shared import app, installed, named_tenant, output, read_settings, run, with_database
from chassis_platform.operator import install_package
from chassis_platform.publishing import package_problems
from chassis_platform.up import console
from chassis_tenants.database import Database
from chassis_tenants.index_renewal import renew_indexes
from chassis_tenants.publisher import publish, published_objects
from chassis_tenants.registry import list_package_versions

package_app = typer.Typer(no_args_is_help=True, help="Packages: validate, publish, install, list.")
app.add_typer(package_app, name="package")


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
    with installed() as (_, prepared), psycopg.connect(prepared.urls.owner, autocommit=True) as connection:
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
        return await install_package(database, await named_tenant(database, tenant), package, version)

    with (
        installed() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "install_package", tenant, package=package, version=version),
    ):
        took = run(with_database(prepared, work))
    console.print(f"Installed {package} in {tenant} in {took * 1000:.0f} ms")


@package_app.command("test")
def package_test(
    folder: Annotated[Path, typer.Argument(help="The package's folder; its cases are in cases/.")],
    keyword: Annotated[str | None, typer.Option("-k", help="Only cases whose file, name or ids hold this.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file.")] = None,
    at_once: Annotated[int, typer.Option(help="How many cases run at a time.")] = AT_ONCE,
) -> None:
    """Run a package's cases in scratch tenants of a scratch database, each with a clock of its own."""
    passed = run_package_cases(read_settings(), CaseRun(folder, keyword, junit, at_once), output)
    raise typer.Exit(0 if passed else 1)


@package_app.command("renew-indexes")
def package_renew_indexes() -> None:
    """After an upgrade: make indexes anew that an older release made otherwise. All goes on meanwhile."""
    with installed() as (_, prepared), psycopg.connect(prepared.urls.owner, autocommit=True) as connection:
        names = list(renew_indexes(connection, published_objects(connection)))
    console.print(f"{len(names)} indexes made anew: {', '.join(names)}" if names else "All indexes are up to date.")


@package_app.command("list")
def package_list() -> None:
    """List published package versions."""
    with installed() as (_, prepared):
        found = run(with_database(prepared, list_package_versions))
    table = Table("Package", "Version", "Digest", box=None)
    for each in found:
        table.add_row(each.package, each.version, each.digest[:16])
    output.print(table)
