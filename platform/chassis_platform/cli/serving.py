"""Starting: everything at once, the server, a worker; migrations and benchmarks."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Annotated

import typer

from chassis_platform.cli.shared import app, installed, read_settings, run
from chassis_platform.garbage import collect_seldom
from chassis_platform.up import console, serve_forever
from chassis_platform.up import up as run_up
from chassis_platform.worker.loop import work_until_interrupted


@app.command()
def up() -> None:
    """Start Chassis: prepare everything that is missing, then serve until Ctrl-C."""
    collect_seldom()
    run_up(read_settings())


@app.command()
def serve(worker: Annotated[bool, typer.Option(help="Run the worker in this process too.")] = False) -> None:  # noqa: FBT002  a flag
    """Serve only: no demo, and no worker unless asked for."""
    with installed() as (settings, prepared):
        collect_seldom()
        serve_forever(settings, prepared, with_worker=worker)


@app.command()
def worker() -> None:
    """Run a worker until interrupted."""
    with installed() as (settings, prepared):
        collect_seldom()
        run(work_until_interrupted(settings, prepared.urls.server, prepared.home))


@app.command()
def migrate() -> None:
    """Migrate the database and publish the packages of the packages folder."""
    with installed():
        console.print("The database is up to date.")


@app.command()
def bench() -> None:
    """Run the benchmarks (from a source tree): `make bench`."""
    if not Path("benchmarks").is_dir():
        console.print("The benchmarks are in the source tree: run this in a clone.")
        raise typer.Exit(1)
    runpy.run_module("benchmarks", run_name="__main__")
