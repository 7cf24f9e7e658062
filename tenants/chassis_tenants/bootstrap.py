"""An empty server to a database with its two roles: the owner, who makes tables, and the server, who may not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chassis_metadata.errors import Conflict
from chassis_tenants.isolation import SERVER_ROLE

OWNER_ROLE = "chassis_owner"
_LOCK = 0x63_68_61_73  # "chas": two processes that start at once take turns
_HARMLESS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where to connect: as the owner (migrate, publish, provision) and as the server (everything else)."""

    owner: str
    server: str


def prepare_database(admin_dsn: str, database: str = "chassis", *, server_password: str | None = None) -> DatabaseUrls:
    """Make sure that the database and its roles are there; costs some milliseconds when they are.

    With a superuser's DSN (the embedded server), roles and `database` are made as needed. Any other DSN is the owner's,
    of a database that exists: its own name counts, and only the server's role is made, if the owner may.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if _is_superuser(connection):
            return _make_all(connection, admin_dsn, database, server_password)
        return _adopt(connection, admin_dsn, server_password)


def _is_superuser(connection: Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


def _make_all(connection: Connection, admin_dsn: str, database: str, server_password: str | None) -> DatabaseUrls:
    passwords = _passwords(admin_dsn, server_password)
    for role in (OWNER_ROLE, SERVER_ROLE):
        _make_role(connection, role, passwords[role])
    _make_database(connection, database)
    _close_to_public(connection, database)
    urls = (make_conninfo(admin_dsn, dbname=database, user=role, password=passwords[role]) for role in passwords)
    return DatabaseUrls(*urls)


def _passwords(admin_dsn: str, server_password: str | None) -> dict[str, str | None]:
    """None over a socket that trusts; else they follow from the administrator's, so nobody has to keep them."""
    secret = conninfo_to_dict(admin_dsn).get("password")
    derived = {role: _derived(str(secret), role) if secret else None for role in (OWNER_ROLE, SERVER_ROLE)}
    return derived | ({SERVER_ROLE: server_password} if server_password else {})


def _derived(secret: str, role: str) -> str:
    return hmac.new(secret.encode(), role.encode(), hashlib.sha256).hexdigest()


def _make_role(connection: Connection, role: str, password: str | None) -> None:
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if found is not None else "CREATE"
    clause = sql.SQL(" PASSWORD {}").format(password) if password else sql.SQL("")
    connection.execute(
        sql.SQL("{} ROLE {} {}{}").format(sql.SQL(verb), sql.Identifier(role), sql.SQL(_HARMLESS), clause)
    )


def _make_database(connection: Connection, database: str) -> None:
    owner = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    name, role = sql.Identifier(database), sql.Identifier(OWNER_ROLE)
    if owner is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(name, role))
    elif owner != (OWNER_ROLE,):
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))


def _close_to_public(connection: Connection, database: str) -> None:
    """Nobody connects but the two roles; the server makes no temporary tables either."""
    name = sql.Identifier(database)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(SERVER_ROLE)))


def _adopt(connection: Connection, owner_dsn: str, server_password: str | None) -> DatabaseUrls:
    password = _passwords(owner_dsn, server_password)[SERVER_ROLE]
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [SERVER_ROLE]).fetchone()
    if found is None:
        _make_server_role(connection, password)
    return DatabaseUrls(owner_dsn, make_conninfo(owner_dsn, user=SERVER_ROLE, password=password))


def _make_server_role(connection: Connection, password: str | None) -> None:
    try:
        _make_role(connection, SERVER_ROLE, password)
    except psycopg.errors.InsufficientPrivilege:
        raise Conflict.of(
            "server_role_missing",
            f"The role {SERVER_ROLE} is missing and {connection.info.user} may not make it. Let an administrator run: "
            f"CREATE ROLE {SERVER_ROLE} {_HARMLESS} PASSWORD '…'; "
            f"GRANT CONNECT ON DATABASE {connection.info.dbname} TO {SERVER_ROLE}; "
            "then set CHASSIS_SERVER_DATABASE_URL to its DSN.",
        ) from None
