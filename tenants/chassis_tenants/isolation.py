"""Two walls around a tenant (policies, views, a role that can't pass them), and the check that none is missing."""

# ruff: noqa: S608  this file's queries are put together from this file's texts

from __future__ import annotations

from typing import Any

import psycopg

from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

SERVER_ROLE = "chassis_server"
#: The tenant bound to the transaction, or NULL (which equals nothing) where none is.
BOUND_TENANT = "nullif(current_setting('app.tenant_id', true), '')::int"
#: Marks tables that may only be added to.
JOURNAL_COMMENT = "journal: entries are never changed or removed"

#: The same as PostgreSQL prints it.
_CONDITION = "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::integer)"
#: What the server may run as the owner; each does one thing that has to be done before a tenant is bound.
_KNOWN_FUNCTIONS = [
    "tenant_of_username",
    "wrapping_keys",
    "tenant_of_domain",
    "claim_jobs",
    "queue_periodic_jobs",
    "queue_seal_jobs",
    "queue_milestone_jobs",
    "queue_approval_jobs",
    "queue_due_flows",
    "queue_alert_jobs",
    "queue_webhook_jobs",
    "prune_journal",
    "redact_history",
    "empty_converted_history",
    "source_locked_until",
    "note_failed_source",
    "enter_waiting_keys",
]
#: The tables of the platform's package that hold the trace.
JOURNALS = ("setup_audit_trail", "login_history", "field_history", "access_log")

_WALLED_TABLES = """
    SELECT c.oid, c.relname, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('data', 'chassis') AND c.relkind IN ('r', 'p')
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0)
"""
_TENANT_VIEWS = """
    SELECT c.oid, c.relname, 'tenant.' || c.relname AS name, c.relowner, coalesce(c.reloptions, '{}') AS options
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'tenant' AND c.relkind IN ('v', 'm', 'r', 'p', 'f')
"""

#: Every query answers rows of one text: what is wrong, in words.
_CHECKS = (
    # The tables
    f"SELECT name || ' has no row-level security' FROM ({_WALLED_TABLES}) t WHERE NOT relrowsecurity",
    f"""SELECT name || ' has no policy `isolation` for the bound tenant' FROM ({_WALLED_TABLES}) t
    WHERE NOT EXISTS (
        SELECT FROM pg_policy p
        WHERE p.polrelid = t.oid AND p.polname = 'isolation' AND p.polcmd = '*' AND p.polroles = '{{0}}'
          AND pg_get_expr(p.polqual, p.polrelid) = %(condition)s
          AND pg_get_expr(p.polwithcheck, p.polrelid) = %(condition)s)""",
    f"""SELECT t.name || ' has another policy: ' || p.polname
    FROM ({_WALLED_TABLES}) t JOIN pg_policy p ON p.polrelid = t.oid
    WHERE p.polname <> 'isolation' AND p.polpermissive""",
    """SELECT n.nspname || '.' || c.relname || ' has no tenant_id, and ' || %(server)s || ' may change it'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('data', 'chassis') AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0)
      AND (n.nspname = 'data' OR has_table_privilege(%(server)s, c.oid, 'INSERT, UPDATE, DELETE'))""",
    # The views
    f"""SELECT name || ' is owned by another role than its table' FROM ({_TENANT_VIEWS}) v
    WHERE NOT EXISTS (
        SELECT FROM ({_WALLED_TABLES}) t WHERE t.name = 'data.' || v.relname AND t.relowner = v.relowner)""",
    f"""SELECT name || ' does not show the bound tenant''s rows of its own table alone' FROM ({_TENANT_VIEWS}) v
    WHERE pg_get_viewdef(oid) NOT LIKE '%%FROM data.' || replace(quote_ident(relname), '_', '\\_') || chr(10)
        || '  WHERE ' || replace(%(condition)s, '_', '\\_') || ';'""",
    f"SELECT name || ' has no check option' FROM ({_TENANT_VIEWS}) v WHERE NOT 'check_option=local' = ANY (options)",
    f"""SELECT name || ' is a security barrier or runs as the caller, which hides indexes' FROM ({_TENANT_VIEWS}) v
    WHERE EXISTS (SELECT FROM unnest(options) o WHERE o ~ '^security_(barrier|invoker)=(true|on|1)')""",
    """SELECT %(server)s || ' may read the view ' || n.nspname || '.' || c.relname || ', which runs as its owner'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('data', 'chassis') AND c.relkind IN ('v', 'm')
      AND has_table_privilege(%(server)s, c.oid, 'SELECT')""",
    # The server's role
    """SELECT %(server)s || ' may ' || what FROM pg_roles r, unnest(
        ARRAY['do anything (superuser)', 'bypass row-level security', 'make databases', 'make roles', 'replicate'],
        ARRAY[rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication]) AS may (what, does)
    WHERE r.rolname = %(server)s AND does""",
    "SELECT 'there is no role ' || %(server)s WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %(server)s)",
    """SELECT %(server)s || ' is a member of ' || g.rolname FROM pg_auth_members m
    JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %(server)s""",
    """SELECT %(server)s || ' may make tables in schema ' || nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_temp\\_%%' AND has_schema_privilege(%(server)s, oid, 'CREATE')""",
    """SELECT %(server)s || ' may make ' || what FROM unnest(
        ARRAY['CREATE', 'TEMPORARY'], ARRAY['schemas', 'temporary tables']) AS p (privilege, what)
    WHERE has_database_privilege(%(server)s, current_database(), privilege)""",
    """SELECT %(server)s || ' owns ' || n.nspname || '.' || c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %(server)s""",
    f"""SELECT %(server)s || ' may empty, refer to or put triggers on ' || name FROM ({_WALLED_TABLES}) t
    WHERE has_table_privilege(%(server)s, oid, 'TRUNCATE, REFERENCES, TRIGGER')""",
    # What runs as the owner
    """SELECT p.oid::regprocedure || ' runs as its owner, and ' || %(server)s || ' may call it'
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND has_function_privilege(%(server)s, p.oid, 'EXECUTE')
      AND NOT (n.nspname = 'chassis' AND p.proname = ANY (%(functions)s))""",
    # The journal
    f"""SELECT %(server)s || ' may change or remove entries of ' || name FROM ({_WALLED_TABLES}) t
    WHERE (relname = ANY (%(journals)s) AND name LIKE 'data.%%' OR obj_description(oid, 'pg_class') = %(comment)s)
      AND (has_table_privilege(%(server)s, oid, 'DELETE') OR has_any_column_privilege(%(server)s, oid, 'UPDATE'))""",
)
WALL_CHECK = Statement(
    "\nUNION ALL\n".join(f"({check})" for check in _CHECKS),
    {
        "condition": _CONDITION,
        "server": SERVER_ROLE,
        "functions": _KNOWN_FUNCTIONS,
        "journals": list(JOURNALS),
        "comment": JOURNAL_COMMENT,
    },
)


def missing_walls(connection: psycopg.Connection[tuple[Any, ...]]) -> list[str]:
    """Every gap in the walls, in words; an empty list is what a server may start on. Any role may ask."""
    return [row[0] for row in connection.execute(WALL_CHECK.text, WALL_CHECK.parameters)]


async def check_walls(database: Database) -> list[str]:
    """The same through the server's own pool."""
    return [row[0] for row in await database.registry(WALL_CHECK)]
