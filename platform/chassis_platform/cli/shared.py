"""What the commands share: the application, the installation that they work on, its tenants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from chassis_platform.key_encryption import wrapper_of
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
from chassis_platform.up import Installation, console, installation
from chassis_tenants.database import Database
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.tenant import Tenant

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Chassis: objects, rules and screens as metadata.")
output = Console()
Result = TypeVar("Result")
RunAs = Annotated[str, typer.Option("--as", help="Username: everything happens with this user's rights.")]


def read_settings() -> Settings:
    """The settings, with logging set up as they say."""
    settings = Settings()
    configure_logging(settings.log_level)
    return settings


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end."""
    return asyncio.run(work)


@contextmanager
def installed() -> Iterator[tuple[Settings, Installation]]:
    """The settings and the installation, migrated and running."""
    settings = read_settings()
    with installation(settings, quiet=True) as prepared:
        yield settings, prepared


async def with_database(prepared: Installation, work: Any) -> Any:
    """Do the work on the server's pool."""
    async with Database(prepared.urls.server, largest=4, wrapper=wrapper_of(Settings(), prepared.home)) as database:
        return await work(database)


async def named_tenant(database: Database, name: str) -> Tenant:
    """The tenant of that name; ends the command where there is none."""
    found = await tenant_by_name(database, name)
    if found is None or found.status == "erased":
        console.print(f"There is no tenant {name!r}. `chassis tenant list` shows them.")
        raise typer.Exit(1)
    return found


def of_tenant(name: str, work: Callable[[Database, Tenant], Coroutine[Any, Any, Result]]) -> Result:
    """What the work answers for a tenant."""

    async def with_tenant(database: Database) -> Result:
        return await work(database, await named_tenant(database, name))

    with installed() as (_, prepared):
        found: Result = run(with_database(prepared, with_tenant))
    return found
