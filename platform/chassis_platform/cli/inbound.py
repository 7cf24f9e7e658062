"""`chassis inbound`: what a sample document would become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

import chassis_platform.automation.engines  # noqa: F401  rules and flows act on what is tried
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.api.setup_inbound_preview import seen_document
from chassis_platform.cli.shared import RunAs, app, of_tenant, output
from chassis_platform.inbound.intake import mapping_of
from chassis_platform.inbound.messages import Post
from chassis_platform.inbound.preview import preview_document
from chassis_platform.operator import operator_context, user_of_tenant
from chassis_tenants.database import Database
from chassis_tenants.tenant import Tenant

inbound_app = typer.Typer(no_args_is_help=True, help="Inbound documents.")
app.add_typer(inbound_app, name="inbound")


@inbound_app.callback()
def inbound() -> None:
    """Commands about inbound documents; one is a group too."""


@inbound_app.command("preview")
def inbound_preview(
    tenant: str,
    mapping: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    run_as: RunAs,
    content_type: Annotated[str | None, typer.Option(help="As a sender would say, such as application/xml.")] = None,
) -> None:
    """Show what a document would become by a mapping; nothing is kept."""

    async def work(database: Database, found: Tenant) -> dict[str, Any]:
        user_id = await user_of_tenant(database, found, run_as)
        context = await operator_context(database, found, user_id)
        version = context.tenant.access_version
        policy = await PolicyStore(database).of(context.tenant, user_id, context.snapshot, version)
        context = replace(context, policy=policy)
        post = Post(file.read_bytes(), content_type)
        return seen_document(await preview_document(database, context, mapping_of(context, mapping), post, clock.now()))

    output.print_json(data=of_tenant(tenant, work), default=str)
