"""`chassis keys`: the keys of tenants, and the key that wraps them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from chassis_platform.audit.operators import noted
from chassis_platform.automation.encryption.destruction import destroy_keys
from chassis_platform.automation.encryption.rotation import rotate, state_of_keys
from chassis_platform.automation.encryption.wrapping_anew import wrap_anew
from chassis_platform.cli.shared import app, installed, named_tenant, of_tenant, output, run, with_database
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.up import console
from chassis_tenants.database import Database
from chassis_tenants.journal import OPERATOR

keys_app = typer.Typer(no_args_is_help=True, help="Keys of encrypted fields and secrets.")
app.add_typer(keys_app, name="keys")

OfTenant = Annotated[str, typer.Option("--tenant", help="The tenant's short name.")]


@keys_app.command("list")
def keys_list(tenant: OfTenant) -> None:
    """List a tenant's keys, how far the newest rotation is, and fields whose values are being encrypted."""
    state = of_tenant(tenant, lambda database, found: state_of_keys(database, found.id))
    table = Table("Kind", "Number", "Made", "Destroyed", "Wrapped by", box=None)
    for each in state["keys"]:
        table.add_row(
            each["kind"], str(each["number"]), each["made"][:19], (each["destroyed"] or "")[:19], each["wrapped_by"]
        )
    output.print(table)
    rotation = state["rotation"]
    if rotation is not None:
        how_far = "finished" if rotation["finished"] else f"at {rotation['at'] or 'the beginning'}"
        output.print(f"Rotation to data key {rotation['number']}: {how_far}, {rotation['sealed_anew']} values so far.")
    for each in state["conversions"]:
        if each["finished"] is None:
            what = "encrypted" if each["seals"] else "stored in clear"
            output.print(f"{each['field']} is being {what}: {each['done']} of {each['total'] or 'so many'} values.")


@keys_app.command("rotate")
def keys_rotate(tenant: OfTenant) -> None:
    """Begin to use a new data key; the worker seals what is there with it."""
    with installed() as (_, prepared), noted(prepared.urls.owner, prepared.home, "rotate_key", tenant):

        async def begin(database: Database) -> int:
            return await rotate(database, (await named_tenant(database, tenant)).id, OPERATOR)

        number = run(with_database(prepared, begin))
    console.print(f"New values of {tenant} are sealed with data key {number}; the worker seals the others anew.")


@keys_app.command("wrap")
def keys_wrap() -> None:
    """Wrap the keys of all tenants anew, after the installation's key changed. The former must still be at hand."""
    with installed() as (settings, prepared), noted(prepared.urls.owner, prepared.home, "wrap_keys", "all tenants"):
        count = run(wrap_anew(prepared.urls.owner, wrapper_of(settings, prepared.home)))
    console.print(f"{count} keys are wrapped by the key of now. What wrapped them before is needed no longer.")


@keys_app.command("destroy")
def keys_destroy(
    tenant: OfTenant,
    confirm: Annotated[str, typer.Option(help="The tenant's short name once more.", prompt=True)],
) -> None:
    """Destroy all keys of a tenant whose administrators want it: what is encrypted is gone for good."""
    if confirm != tenant:
        console.print("That is another name. Nothing was destroyed.")
        raise typer.Exit(1)
    with installed() as (_, prepared), noted(prepared.urls.owner, prepared.home, "destroy_keys", tenant):

        async def destroy(database: Database) -> int:
            return await destroy_keys(database, (await named_tenant(database, tenant)).id)

        count = run(with_database(prepared, destroy))
    console.print(f"{count} keys of {tenant} are destroyed. Destroy them in backups of the database too.")
