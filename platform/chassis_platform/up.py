"""`chassis up`: an empty folder to a serving product, step by step; every step knows when it is done already."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from chassis_platform.app import make_app, make_server
from chassis_platform.demo.load import load_demo
from chassis_platform.migrate import migrate
from chassis_platform.publishing import publish_folder
from chassis_platform.serving import serve
from chassis_platform.settings import Settings
from chassis_platform.worker.loop import run_worker
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database

console = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Installation:
    """A prepared database and where it is."""

    urls: DatabaseUrls
    home: Path


def prepare_home(settings: Settings) -> Path:
    """The folder for what must outlive the process: 0700, for it holds keys and passwords."""
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    if home.stat().st_uid == os.getuid():
        home.chmod(0o700)
    return home


@contextmanager
def database_urls(settings: Settings, home: Path) -> Iterator[DatabaseUrls]:
    """Where the database is: the operator's, or an embedded PostgreSQL that runs as long as somebody uses it."""
    if settings.database_url is not None:
        urls = prepare_database(settings.database_url.get_secret_value(), server_password=_server_password(home))
        server = settings.server_database_url
        yield DatabaseUrls(urls.owner, server.get_secret_value() if server else urls.server)
        return
    from chassis_tenants.embedded import start_embedded  # noqa: PLC0415  it imports what only Linux has

    with start_embedded(home / "postgres") as embedded:
        yield prepare_database(embedded.dsn)


def _server_password(home: Path) -> str:
    """The server role's password, made once per installation."""
    path = home / "server_password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()


@contextmanager
def installation(settings: Settings, *, quiet: bool = False) -> Iterator[Installation]:
    """A migrated database with the packages published."""
    home = prepare_home(settings)
    say = _silent if quiet else _say
    say("Starting PostgreSQL")
    with database_urls(settings, home) as urls:
        say("Migrating")
        migrate(urls.owner)
        for published in publish_folder(urls.owner, settings.packages, notes=home / "published.json", replace=True):
            if published.is_new:
                say(f"Published {published.package} {published.version}")
        yield Installation(urls, home)


def _say(text: str) -> None:
    console.print(f"[bold]·[/bold] {text}")


def _silent(_: str) -> None:
    return


def up(settings: Settings) -> None:
    """Prepare everything that is missing, then serve until interrupted."""
    with installation(settings) as prepared:
        if settings.demo:
            asyncio.run(load_demo(settings, prepared.urls, prepared.home, console))
        serve_forever(settings, prepared)


def serve_forever(settings: Settings, prepared: Installation, *, with_worker: bool = True) -> None:
    """Serve, with the worker in the same process unless told otherwise."""
    server = make_server(settings, prepared.urls.server)
    alongside = worker_alongside(settings, prepared) if with_worker else None
    serve(make_app(server, alongside), settings, prepared.home, console)


def worker_alongside(settings: Settings, prepared: Installation) -> Callable[[], AbstractAsyncContextManager[None]]:
    """A worker that lives as long as the application."""

    @asynccontextmanager
    async def alongside() -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(settings, prepared.urls.server, prepared.home, stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return alongside
