"""`chassis key` and `chassis client`: what programs come in by."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from chassis_platform.cli.shared import RunAs, app, of_tenant, output
from chassis_platform.inbound.keys import create_inbound_key, revoke_inbound_key
from chassis_platform.operator import create_client, doors_of, revoke_client, user_of_tenant
from chassis_tenants.database import Database
from chassis_tenants.tenant import Tenant

key_app = typer.Typer(no_args_is_help=True, help="Inbound keys, with which senders post documents.")
client_app = typer.Typer(no_args_is_help=True, help="Connected apps that sign in by themselves.")
app.add_typer(key_app, name="key")
app.add_typer(client_app, name="client")


@key_app.command("create")
def key_create(tenant: str, label: str, run_as: RunAs) -> None:
    """Make an inbound key; prints it once."""

    async def work(database: Database, found: Tenant) -> str:
        user_id = await user_of_tenant(database, found, run_as)
        return await create_inbound_key(database, found.id, label, user_id)

    typer.echo(of_tenant(tenant, work))


@key_app.command("list")
def key_list(tenant: str) -> None:
    """List a tenant's inbound keys that were not revoked."""
    output.print(_doors_table(of_tenant(tenant, doors_of)["keys"]))


@key_app.command("revoke")
def key_revoke(tenant: str, key_id: Annotated[str, typer.Argument(help="As `chassis key list` shows it.")]) -> None:
    """End an inbound key for good."""
    of_tenant(tenant, lambda database, found: revoke_inbound_key(database, found.id, key_id))


@client_app.command("create")
def client_create(tenant: str, label: str, run_as: RunAs) -> None:
    """Make an app that signs in by itself, with all rights of a user; prints its id and its secret once."""
    made = of_tenant(tenant, lambda database, found: create_client(database, found, label, run_as))
    output.print_json(data={"client_id": made.client_id, "client_secret": made.secret})


@client_app.command("list")
def client_list(tenant: str) -> None:
    """List a tenant's connected apps that were not revoked."""
    output.print(_doors_table(of_tenant(tenant, doors_of)["apps"]))


@client_app.command("revoke")
def client_revoke(tenant: str, client_id: str) -> None:
    """End a connected app and its tokens for good."""
    of_tenant(tenant, lambda database, found: revoke_client(database, found, client_id))


def _doors_table(doors: list[dict[str, Any]]) -> Table:
    table = Table("Id", "Label", "Runs as", "Created", box=None)
    for each in doors:
        runs_as = each["run_as"]["username"] if each["run_as"] else ""
        table.add_row(each["id"], each["label"], runs_as, each["created"][:19])
    return table
