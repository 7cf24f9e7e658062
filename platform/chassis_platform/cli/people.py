"""Commands about one user: a token, why a record is seen, a way in where single sign-on fails."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chassis_platform.audit.operators import noted
from chassis_platform.automation.break_glass import DEFAULT_MINUTES, PAGE, Glass, issue
from chassis_platform.cli.shared import app, installed, named_tenant, of_tenant, output, run, with_database
from chassis_platform.operator import explain_access, issue_token, operator_context, user_of_tenant, who_sees
from chassis_tenants.database import Database
from chassis_tenants.tenant import Tenant


@app.command()
def token(username: str) -> None:
    """Print an access token for a user, for scripts on this machine; it is noted in the login history."""
    with (
        installed() as (settings, prepared),
        noted(prepared.urls.owner, prepared.home, "issue_token", username),
    ):
        issued = run(with_database(prepared, lambda database: issue_token(database, settings, username)))
        typer.echo(issued)


@app.command("explain-access")
def explain(
    tenant: str,
    record: str,
    user: Annotated[
        str | None, typer.Option(help="Username of whose access is asked; without it: who sees it.")
    ] = None,
) -> None:
    """Say why a user sees or changes a record, or what stands in the way; or who sees it."""

    async def work(database: Database, found: Tenant) -> dict[str, Any]:
        if user is None:
            return await who_sees(database, found, record)
        return await explain_access(database, found, record, user)

    output.print_json(data=of_tenant(tenant, work))


@app.command("break-glass")
def break_glass(
    tenant: Annotated[str, typer.Option(help="The tenant's name.")],
    user: Annotated[str, typer.Option(help="Username: as whom somebody is let in.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence. The tenant reads it.")],
    minutes: Annotated[int, typer.Option(help="How long the session lasts.")] = DEFAULT_MINUTES,
) -> None:
    """Let somebody in once where single sign-on can't; prints a link that is good for a quarter of an hour."""

    async def work(database: Database, found: Tenant) -> str:
        user_id = await user_of_tenant(database, found, user)
        return await issue(database, await operator_context(database, found, None), Glass(user_id, reason, minutes))

    with installed() as (settings, prepared):
        found = run(with_database(prepared, lambda database: named_tenant(database, tenant)))
        details = {"user": user, "reason": reason, "minutes": minutes}
        with noted(prepared.urls.owner, prepared.home, "break_glass", tenant, **details):
            made = run(with_database(prepared, lambda database: work(database, found)))
    base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    typer.echo(f"{base}/{PAGE}{made}")
