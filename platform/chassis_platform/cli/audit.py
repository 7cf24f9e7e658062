"""`chassis audit`: the journal's seals, operators' acts, periods."""

from __future__ import annotations

import json
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from chassis_platform.audit.operators import noted, read_acts
from chassis_platform.audit.retention import set_floor
from chassis_platform.cli.shared import app, installed, output, run, with_database
from chassis_platform.operator import verify_journals
from chassis_platform.up import console

audit_app = typer.Typer(no_args_is_help=True, help="The journal and its seals.")
app.add_typer(audit_app, name="audit")


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
    with installed() as (_, prepared):
        reports = run(with_database(prepared, lambda database: verify_journals(database, prepared, tenant, head)))
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
    with installed() as (_, prepared), psycopg.connect(prepared.urls.owner) as connection:
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
        installed() as (_, prepared),
        noted(prepared.urls.owner, prepared.home, "set_floor", journal, months=months),
    ):
        set_floor(prepared.urls.owner, journal, months)
    console.print(f"Every tenant keeps {journal} for {months} months at least.")
