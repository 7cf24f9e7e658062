"""`chassis privacy`: what an operator does for people's sake."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from chassis_platform.audit.keys import load_signer
from chassis_platform.audit.operators import noted
from chassis_platform.cli.shared import app, installed, named_tenant, output, run, with_database
from chassis_platform.privacy.replay import erasures_in, replay
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

privacy_app = typer.Typer(no_args_is_help=True, help="People's data: erasures after a restore.")
app.add_typer(privacy_app, name="privacy")


@privacy_app.command("replay")
def privacy_replay(
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant's short name.")],
    files: Annotated[list[Path], typer.Argument(help="The tenant's exported journal: JSON lines, also gzipped.")],
) -> None:
    """After a backup was restored: erase again everybody whom the exported journal says was erased."""
    with installed() as (_, prepared), noted(prepared.urls.owner, prepared.home, "replay_erasures", tenant):

        async def work(database: Database) -> dict[str, str]:
            found = await named_tenant(database, tenant)
            acts = list(erasures_in(_lines(files)))
            return await replay(database, SnapshotStore(database), load_signer(prepared.home), found, acts)

        said = run(with_database(prepared, work))
    for act, outcome in said.items():
        output.print(f"{act}: {outcome}")
    output.print(f"{len(said)} erasures in the journal.")


def _lines(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as opened:
            yield from opened
