"""An empty server to a database with its roles: as often as one likes, and in clear words where rights are missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chassis_metadata.errors import Conflict
from chassis_platform.migrate import migrate
from chassis_tenants import bootstrap
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database
from chassis_tenants.embedded import EmbeddedServer

PREPARE_AND_MIGRATE = """
import sys
from chassis_platform.migrate import migrate
from chassis_tenants.bootstrap import prepare_database

urls = prepare_database(*sys.argv[1:])
migrate(urls.owner)
print(urls.server)
"""


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[DatabaseUrls]:
    yield prepare_database(server.dsn, "bootstrap_test")
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE bootstrap_test WITH (FORCE)")


def test_preparing_twice_gives_the_same(server: EmbeddedServer, empty: DatabaseUrls) -> None:
    assert prepare_database(server.dsn, "bootstrap_test") == empty
    with psycopg.connect(empty.owner) as connection:
        owner, encoding = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone() or ("", "")
    assert (owner, encoding) == ("chassis_owner", "UTF8")


def test_three_processes_may_prepare_and_migrate_at_once(server: EmbeddedServer) -> None:
    run = [sys.executable, "-c", PREPARE_AND_MIGRATE, server.dsn, "bootstrap_race"]
    started = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [each.communicate(timeout=60)[0].strip() for each in started]

    assert [each.returncode for each in started] == [0, 0, 0]
    with psycopg.connect(answers[0]) as connection:
        assert connection.execute("SELECT count(*) FROM chassis.tenant").fetchone() == (0,)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE bootstrap_race WITH (FORCE)")


def test_an_owners_dsn_is_taken_as_it_is(empty: DatabaseUrls) -> None:
    adopted = prepare_database(empty.owner)

    assert adopted.owner == empty.owner
    assert conninfo_to_dict(adopted.server)["user"] == "chassis_server"
    assert conninfo_to_dict(adopted.server)["dbname"] == "bootstrap_test"


def test_an_owner_who_may_not_make_roles_is_told_what_to_run(
    empty: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "SERVER_ROLE", "chassis_missing")

    with pytest.raises(Conflict, match="CREATE ROLE chassis_missing LOGIN NOSUPERUSER"):
        prepare_database(empty.owner)


@pytest.mark.usefixtures("empty")
def test_passwords_follow_from_the_administrators(server: EmbeddedServer) -> None:
    admin = make_conninfo(server.dsn, password="only the socket's trust makes this pass")

    urls = prepare_database(admin, "bootstrap_test")

    passwords = {str(conninfo_to_dict(each)["password"]) for each in (urls.owner, urls.server)}
    assert len(passwords) == 2
    assert all(len(each) == 64 for each in passwords)
    assert urls == prepare_database(admin, "bootstrap_test")


def test_a_second_migration_finds_all_done(empty: DatabaseUrls) -> None:
    migrate(empty.owner)
    migrate(empty.owner)

    with psycopg.connect(empty.owner) as connection:
        assert len(connection.execute("SELECT version_num FROM chassis.alembic_version").fetchall()) == 1
