"""`chassis import`: files of records tried, brought in, gone on with, taken back. This process is a worker of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from chassis_metadata.errors import Forbidden, Invalid
from chassis_platform.access.absent_user import Errand, context_of_absent_user
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.audit.operators import noted
from chassis_platform.bulk.import_errors import import_errors
from chassis_platform.bulk.import_files import ImportFile, find_import, go_on, make_import, until_over
from chassis_platform.bulk.imports import CHECK, begin_check, begin_import, begin_undo
from chassis_platform.bulk.jobs import WRITE
from chassis_platform.bulk.results import FAILED, result_lines
from chassis_platform.bulk.undoing import UNDO
from chassis_platform.cli.shared import RunAs, app, installed, named_tenant, output, run, with_database
from chassis_platform.garbage import collect_seldom
from chassis_platform.operator import user_of_tenant
from chassis_platform.up import console, worker_alongside
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant

import_app = typer.Typer(no_args_is_help=True, help="Files of records: tried, brought in, taken back.")
app.add_typer(import_app, name="import")

_MOST_SHOWN = 20
_PHASE_OF = {"Checking": CHECK, "InProgress": WRITE, "Undoing": UNDO}
Refused = Annotated[Path | None, typer.Option(help="Write the rows that were refused there, as CSV with their errors.")]


@dataclass(frozen=True, slots=True)
class _Order:
    """What is done, and with which rows: `begin` answers the import's id."""

    act: str
    phase: str
    begin: Callable[[Database, Context], Awaitable[str]]
    refused: Path | None = None


@import_app.command("file")
def import_file(  # noqa: PLR0913  a file has this many sides
    tenant: str,
    object_name: Annotated[str, typer.Argument(metavar="OBJECT")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    run_as: RunAs,
    *,
    operation: Annotated[str, typer.Option(help="insert, update or upsert.")] = "insert",
    key: Annotated[str | None, typer.Option(help="Of an upsert: the field that records are found by.")] = None,
    delimiter: Annotated[str, typer.Option(help="COMMA, SEMICOLON, TAB, PIPE, CARET or BACKQUOTE.")] = "COMMA",
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON. Without it, columns go by their names.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only try: what would be refused?")] = False,
    refused: Refused = None,
) -> None:
    """Bring the rows of a CSV file into an object, in a user's name; prints what became of them."""
    wanted = ImportFile(file, object_name, operation, key, delimiter, _mapping_in(mapping))
    begin_phase = begin_check if dry_run else begin_import

    async def begin(database: Database, context: Context) -> str:
        job_id = await make_import(database, context, wanted)
        await begin_phase(database, context, await find_import(database, context, job_id))
        return job_id

    _carry_out(
        tenant, run_as, _Order("try_import" if dry_run else "import_file", CHECK if dry_run else WRITE, begin, refused)
    )


def _mapping_in(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise Invalid.of("invalid_mapping", f"is no JSON: {error}", path=str(path)) from None


@import_app.command("resume")
def import_resume(
    tenant: str, import_id: Annotated[str, typer.Argument(metavar="IMPORT")], run_as: RunAs, refused: Refused = None
) -> None:
    """Write what was only tried, or go on with what was interrupted."""

    async def begin(database: Database, context: Context) -> str:
        await go_on(database, context, import_id)
        return import_id

    _carry_out(tenant, run_as, _Order("resume_import", WRITE, begin, refused))


@import_app.command("undo")
def import_undo(tenant: str, import_id: Annotated[str, typer.Argument(metavar="IMPORT")], run_as: RunAs) -> None:
    """Take an import back: what it created goes into the recycle bin, what it changed gets its old values."""

    async def begin(database: Database, context: Context) -> str:
        await begin_undo(database, context, await find_import(database, context, import_id))
        return import_id

    _carry_out(tenant, run_as, _Order("undo_import", UNDO, begin))


def _carry_out(tenant: str, username: str, order: _Order) -> None:
    """Do it to its end, beside whatever workers there are; exit with 1 where rows were refused."""
    collect_seldom()
    with installed() as (settings, prepared):
        alongside = worker_alongside(settings, prepared)

        async def work(database: Database) -> dict[str, Any]:
            context = await _context_of(database, await named_tenant(database, tenant), username)
            async with alongside():
                return await _until_done(database, context, order)

        with noted(prepared.urls.owner, prepared.home, order.act, tenant, user=username):
            told = run(with_database(prepared, work))
    output.print_json(data=told)
    if told["failed"] or told["state"] in ("Failed", "Aborted"):
        raise typer.Exit(1)


async def _context_of(database: Database, tenant: Tenant, username: str) -> Context:
    """The user's, with the rights that the user has."""
    user_id = await user_of_tenant(database, tenant, username)
    stores = SnapshotStore(database), PolicyStore(database)
    errand = Errand("api", client_name="chassis import")
    context = await context_of_absent_user(database, *stores, tenant.id, user_id, errand)
    if context is None:
        raise Forbidden.of("inactive_user", f"{username} is not active, or {tenant.name} is not.")
    return context


async def _until_done(database: Database, context: Context, order: _Order) -> dict[str, Any]:
    job_id = await order.begin(database, context)
    later = context.unversioned
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task(f"Import {job_id}")

        def tell(document: dict[str, Any]) -> None:
            phase = _PHASE_OF.get(document["state"], order.phase)
            progress.update(bar, total=document["records"], completed=document[phase]["processed"])

        document = await until_over(database, later, job_id, tell)
    job = await find_import(database, later, job_id)
    found = await import_errors(database, later, job, order.phase)
    if order.refused is not None:
        with order.refused.open("wb") as file:
            async for lines in result_lines(database, later, job, FAILED, phase=order.phase):
                file.write(lines)
    kept = ("id", "object", "operation", "state", "records", "problem")
    errors = [{name: each[name] for name in ("line", "error")} for each in found["errors"][:_MOST_SHOWN]]
    return {**{name: document[name] for name in kept}, **document[order.phase], "errors": errors}
