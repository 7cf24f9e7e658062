"""The keeper: a small process that starts PostgreSQL, watches who uses it, and stops it after the last.

It runs as a script of its own, on the standard library alone, so that it starts in a few
milliseconds and outlives the process that asked for it. What protects it are three file locks in
the base directory; the kernel lets go of them however a process ends, `kill -9` included:

    users.lock    shared by every process that holds a handle; exclusive while the server stops
    start.lock    held by the one process that is starting a keeper
    keeper.lock   held by the keeper for as long as it lives
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Given on the command line at each start: settings follow the code, not the day of the initdb.
DEFAULT_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "jit": "off",
    "timezone": "UTC",
    "log_min_duration_statement": "1s",
    "synchronous_commit": "on",
    "wal_compression": "on",
}
PORT = "5432"  # part of the socket's name only
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGTZ": "UTC"}
UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")
SOCKET_PATH_BYTES = 107  # sockaddr_un has 108, one of them for the closing zero
WATCH_SECONDS = 0.1
STOP_SECONDS = 60.0
LEFTOVER_SECONDS = 10.0

UNFINISHED_CLUSTER = "data.new-"

USERS_LOCK = "users.lock"
START_LOCK = "start.lock"
KEEPER_LOCK = "keeper.lock"

READY = "ready"
BUSY = "busy"


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL can't serve; the message says what is wrong, where, and what to do."""


# ------------------------------------------------------------------ what client and keeper share


@dataclass(frozen=True, slots=True)
class Place:
    """Where one embedded server lives: all of it, but for the socket of a base that is too deep."""

    base: Path

    @property
    def data(self) -> Path:
        """Give PostgreSQL's own directory; it belongs to the account that the server runs as."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """Give the file that the keeper, initdb and PostgreSQL all write to."""
        return self.base / "server.log"

    @property
    def cluster_name(self) -> str:
        """Give what stands in the command line of every process of this server, and of no other server.

        Made of the directory's inode, so a base that is moved while it runs keeps its name; and of
        one length, so that no name is the beginning of another.
        """
        base = self.base.stat()
        inode = hashlib.sha256(f"{base.st_dev} {base.st_ino}".encode())
        return f"chassis-{inode.hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Order:
    """What the client tells the keeper."""

    base: str
    binaries: str
    binaries_cache: str
    linger_seconds: float
    settings: dict[str, str]
    report_to: int

    def to_json(self) -> str:
        """Write it as the keeper's one argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read it again on the other side."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What PostgreSQL says of itself in postmaster.pid."""

    pid: int
    port: str
    socket_directory: str
    is_ready: bool


def open_lock(path: Path) -> int:
    """Open without taking it; closing every copy of the descriptor releases it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int) -> bool:
    """Take the lock for us alone, or answer at once that somebody else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_kept(place: Place) -> bool:
    """Tell whether a keeper is alive: its server may be starting, serving or stopping."""
    descriptor = open_lock(place.base / KEEPER_LOCK)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def read_postmaster(place: Place) -> Postmaster | None:
    """Read postmaster.pid; None without one, or while it is being written."""
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
        pid, _, _, port, socket_directory = lines[:5]
        is_ready = [status.strip() for status in lines[7:8]] == ["ready"]
        return Postmaster(int(pid), port, socket_directory, is_ready=is_ready)
    except (FileNotFoundError, ValueError):
        return None


def is_server_process(pid: int, place: Place) -> bool:
    """Tell whether it is alive and of this server. A zombie has an empty command line.

    The obvious question, which directory it stands in, may not be asked by the root of a
    container: that takes CAP_SYS_PTRACE. Command lines are open to all.
    """
    try:
        name = Path(f"/proc/{pid}/comm").read_text()
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return name.startswith("postgres") and place.cluster_name.encode() in command_line


# ------------------------------------------------------------------ the keeper


def _keep(order: Order) -> None:
    """Start the server, say so, and stop it once nobody has used it for the time ordered."""
    place = Place(Path(order.base))
    keeper = open_lock(place.base / KEEPER_LOCK)  # never closed: the end of the process is the release
    if not try_lock(keeper):
        _report(order, BUSY)
        return
    try:
        server = _start_server(order, place)
    except (EmbeddedPostgresError, OSError) as error:
        _report(order, str(error))
        return
    _report(order, READY)
    try:
        _wait_until_unused(server, place, order.linger_seconds)
    finally:
        _stop(server)


@dataclass(frozen=True, slots=True)
class _Server:
    postgres: subprocess.Popen[bytes]
    socket_directory: Path


def _start_server(order: Order, place: Place) -> _Server:
    account = _choose_account(place)
    binaries = _runnable_binaries(Path(order.binaries), Path(order.binaries_cache), account)
    _clear_remains(place)
    _remove_unfinished_clusters(place)
    if not (place.data / "PG_VERSION").exists():
        _create_cluster(place, binaries, account, settings=order.settings)
    socket_directory = _prepare_socket_directory(place, account)
    settings = {
        **DEFAULT_SETTINGS,
        **order.settings,
        "cluster_name": place.cluster_name,
        "unix_socket_directories": str(socket_directory),
        "port": PORT,
    }
    postgres = _start_postgres(place, binaries, account, settings=settings)
    server = _Server(postgres, socket_directory)
    _wait_until_ready(server, place)
    return server


def _note(text: str) -> None:
    sys.stderr.write(f"keeper: {text}\n")
    sys.stderr.flush()


def _report(order: Order, text: str) -> None:
    """Answer the client, who reads to the end of the pipe; it may have been killed meanwhile."""
    _note(text)
    with contextlib.suppress(BrokenPipeError):
        os.write(order.report_to, text.encode())
    os.close(order.report_to)


# ------------------------------------------------------------------ the account


@dataclass(frozen=True, slots=True)
class _Account:
    """Who the server runs as; without a user: as whoever we are."""

    user: int | None = None
    group: int | None = None
    extra_groups: Sequence[int] | None = None

    @property
    def user_id(self) -> int:
        return os.geteuid() if self.user is None else self.user

    def take_over(self, path: Path) -> None:
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def may_enter(self, directory: Path) -> bool:
        """Find out by trying, in a child that has become the account."""
        if self.user is None or self.group is None:
            return True
        child = os.fork()
        if child == 0:
            _enter_and_exit(directory, self.user, self.group)
        _, status = os.waitpid(child, 0)
        return status == 0


def _enter_and_exit(directory: Path, user: int, group: int) -> NoReturn:
    try:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os.chdir(directory)
    except OSError:
        os._exit(1)
    os._exit(0)


def _choose_account(place: Place) -> _Account:
    """PostgreSQL refuses root: as root, run as the owner of the data or as a powerless account."""
    if os.geteuid() != 0:
        return _Account()
    if place.data.exists() and (owner := place.data.stat()).st_uid != 0:
        return _Account(owner.st_uid, owner.st_gid, ())
    for name in UNPRIVILEGED_ACCOUNTS:
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(name)
            return _Account(known.pw_uid, known.pw_gid, ())
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and this system has none of the accounts"
        f" {', '.join(UNPRIVILEGED_ACCOUNTS)} to run it as. Start Chassis as an ordinary user."
    )


# ------------------------------------------------------------------ the binaries


def _runnable_binaries(binaries: Path, cache: Path, account: _Account) -> Path:
    """Give the same binaries, or a copy where those are out of the account's reach (a venv in /root)."""
    if account.user is None or _can_run(binaries, account):
        return binaries
    if binaries.parent.name != "pginstall":
        raise EmbeddedPostgresError(
            f"user {account.user} may not run {binaries}/postgres. Make it and the directories"
            " above it accessible to all, or name another PostgreSQL in CHASSIS_PG_BIN."
        )
    copied = _copy_wheel(binaries.parent, cache)
    if not _can_run(copied, account):
        raise EmbeddedPostgresError(f"user {account.user} may not run {copied}/postgres either.")
    return copied


def _can_run(binaries: Path, account: _Account) -> bool:
    with contextlib.suppress(PermissionError):
        return _execute([binaries / "postgres", "-V"], account, directory=Path("/")).wait() == 0
    return False


def _copy_wheel(installation: Path, cache: Path) -> Path:
    """Costs 35 MB and half a second, once for each installed version, not for each base.

    Its libraries lie beside the package, and the binaries look for them there by relative path.
    """
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    server = (installation / "bin" / "postgres").stat()
    version = f"{installation} {server.st_size} {server.st_mtime_ns}".encode()
    target = cache / f"{package.name}-{hashlib.sha256(version).hexdigest()[:12]}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
        without_headers = shutil.ignore_patterns("include")
        shutil.copytree(installation, unfinished / package.name / "pginstall", symlinks=True, ignore=without_headers)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _make_readable(unfinished)
        _rename_unless_taken(unfinished, target)
    return target / package.name / "pginstall" / "bin"


def _make_readable(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))


def _rename_unless_taken(unfinished: Path, target: Path) -> None:
    """Another base's keeper may have copied the same at the same time: the first one counts."""
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not target.exists():
            raise


# ------------------------------------------------------------------ the directories


def _clear_remains(place: Place) -> None:
    """End what a killed keeper or postmaster left running, and remove the lock file it left.

    PostgreSQL itself would refuse to start over a lock file whose process is a zombie, or whose
    number belongs to somebody else by now. Safe only because nothing of the server is alive then:
    two servers on one data directory would destroy it.
    """
    for request, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        for pid in server_processes(place):
            _note(f"ending what is left: {request.name} to {pid}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, request)
        deadline = time.monotonic() + patience
        while remaining := list(server_processes(place)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        if not remaining:
            (place.data / "postmaster.pid").unlink(missing_ok=True)
            return
    raise EmbeddedPostgresError(f"processes of an earlier server do not end: {remaining}.")


def server_processes(place: Place) -> Iterator[int]:
    """Find every live process of this server, children of a dead postmaster included."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_server_process(int(entry.name), place):
            yield int(entry.name)


def _remove_unfinished_clusters(place: Place) -> None:
    """Remove what a killed keeper's initdb has left; the last of its own children may still write there."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while leftovers := list(place.base.glob(f"{UNFINISHED_CLUSTER}*")):
        for leftover in leftovers:
            shutil.rmtree(leftover, ignore_errors=True)
        if time.monotonic() > deadline:
            _note(f"could not remove {', '.join(map(str, leftovers))}: the next start tries again")
            return
        time.sleep(0.02)


def _create_cluster(place: Place, binaries: Path, account: _Account, *, settings: Mapping[str, str]) -> None:
    """Make the database files.

    Under another name first, so that an initdb that was killed is never taken for a database.
    """
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED_CLUSTER, dir=place.base))
    account.take_over(unfinished)
    command: list[str | Path] = [
        binaries / "initdb",
        *("-D", _name_for(account, unfinished)),
        *("-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256"),
        *("-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"),
        *(["--no-sync"] if settings.get("fsync") == "off" else []),
    ]
    ended_with = _execute(command, account, directory=unfinished).wait()
    if ended_with != 0:
        raise EmbeddedPostgresError(f"{binaries}/initdb ended with {ended_with}.")
    unfinished.rename(place.data)


def _prepare_socket_directory(place: Place, account: _Account) -> Path:
    """Make the socket's directory in the base, or in /tmp where the base's path will not do."""
    directory = place.base / "run"
    if not is_socket_path(directory) or not account.may_enter(place.base):
        # Not $TMPDIR, which may be long, or another one for the next process.
        directory = Path("/tmp", f"{place.cluster_name}-{account.user_id}")  # noqa: S108
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.user_id}:
        raise EmbeddedPostgresError(f"{directory} belongs to user {found.st_uid}, not to the server. Remove it.")
    account.take_over(directory)
    directory.chmod(0o700)
    for leftover in directory.glob(".s.PGSQL.*"):
        leftover.unlink()
    return directory


def is_socket_path(directory: Path) -> bool:
    """Tell whether a socket in it can be made, and be named in a connection string as it is."""
    socket = str(directory / f".s.PGSQL.{PORT}")
    is_plain = re.fullmatch(r"[\w./+@=~-]+", socket) is not None
    return is_plain and len(os.fsencode(socket)) <= SOCKET_PATH_BYTES


def _name_for(account: _Account, directory: Path) -> str:
    """Give the name by which the account knows a directory that its process is started in.

    Below a directory that is shut to it (a clone in /root) no path leads there, but a process may
    always follow this link to where it stands. So the data stays in its base, and nobody's
    directories have to be opened.
    """
    return str(directory) if account.may_enter(directory) else "/proc/self/cwd"


# ------------------------------------------------------------------ the server


def _start_postgres(
    place: Place, binaries: Path, account: _Account, *, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command: list[str | Path] = [binaries / "postgres", "-D", _name_for(account, place.data), *options]
    return _execute(command, account, directory=place.data)


def _execute(command: Sequence[str | Path], account: _Account, *, directory: Path) -> subprocess.Popen[bytes]:
    """Run a program of PostgreSQL's; it gets a SIGINT, "finish quickly", should the keeper die."""
    keeper = os.getpid()
    libc = ctypes.CDLL(None)
    parent_death_signal = 1

    def die_with_the_keeper() -> None:
        # In the child, after the change of user: that would clear the wish.
        libc.prctl(parent_death_signal, signal.SIGINT)
        if os.getppid() != keeper:
            os._exit(1)

    return subprocess.Popen(  # noqa: S603
        command,
        cwd=directory,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
        preexec_fn=die_with_the_keeper,  # noqa: PLW1509 - the keeper has no threads
    )


def _wait_until_ready(server: _Server, place: Place) -> None:
    """Without a limit: after a crash, PostgreSQL first replays what was committed.

    Asked of its own status line, since the socket answers before recovery has ended.
    """
    while server.postgres.poll() is None:
        postmaster = read_postmaster(place)
        if postmaster and postmaster.pid == server.postgres.pid and postmaster.is_ready:
            return
        time.sleep(0.01)
    _stop(server)
    raise EmbeddedPostgresError(f"postgres ended with {server.postgres.returncode} while starting.")


def _wait_until_unused(server: _Server, place: Place, linger_seconds: float) -> None:
    """Wait until nobody has held a handle for so long, or PostgreSQL has ended by itself.

    In the first case the users' lock stays taken until the keeper ends: a newcomer waits for
    that, and then starts a new server.
    """
    users = open_lock(place.base / USERS_LOCK)
    used_at = time.monotonic()
    while not _has_ended(server.postgres, within=WATCH_SECONDS):
        if not try_lock(users):
            used_at = time.monotonic()
        elif time.monotonic() - used_at >= linger_seconds:
            _note("nobody uses the server any more")
            return
        else:
            fcntl.flock(users, fcntl.LOCK_UN)


def _has_ended(process: subprocess.Popen[bytes], *, within: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=within)
        return True
    return False


def _stop(server: _Server) -> None:
    if server.postgres.poll() is None:
        server.postgres.send_signal(signal.SIGINT)  # fast: ends the sessions, writes a checkpoint
        if not _has_ended(server.postgres, within=STOP_SECONDS):
            server.postgres.send_signal(signal.SIGQUIT)  # at once: the next start recovers
    _note(f"postgres ended with {server.postgres.wait()}")
    with contextlib.suppress(OSError):  # a server that was killed has left its socket in it
        server.socket_directory.rmdir()


def _main(order: Order) -> None:
    if os.fork():  # nobody's child: a client that lives on has no zombie to bury
        os._exit(0)
    os.umask(0o022)
    # Inherited until a child sets its own. Python's handler would swallow the signal of a keeper
    # that is killed between the fork and the exec, and leave a server behind.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _keep(order)


if __name__ == "__main__":
    _main(Order.from_json(sys.argv[1]))
