"""All commands under `chassis`."""

from __future__ import annotations

import sys

from chassis_metadata.errors import ChassisError
from chassis_platform.cli import (  # noqa: F401  they register
    audit,
    doors,
    formulas,
    imports,
    inbound,
    keys,
    packages,
    people,
    privacy,
    serving,
    soql,
    tenants,
)
from chassis_platform.cli.shared import app
from chassis_platform.up import console

app.add_typer(soql.app, name="soql")


def run() -> None:
    """Run a command; what is wrong is told without a traceback."""
    try:
        app()
    except ChassisError as error:
        for problem in error.problems:
            console.print(f"[red]✗[/red] {problem}", highlight=False, markup=True)
        sys.exit(1)
