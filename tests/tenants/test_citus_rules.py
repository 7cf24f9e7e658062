"""What fails on Citus must not be in our SQL: the rules of design/engines.md, over migrations, publisher and code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_tenants import tables
from chassis_tenants.tables import ExistingTable
from conftest import ROOT

#: What no statement may hold, and why.
FORBIDDEN = {
    r"\bCREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?TRIGGER\b": "triggers don't run on distributed tables",
    r"\bON\s+DELETE\s+SET\s+(NULL|DEFAULT)\b": "refused on a key with tenant_id; clear in the same transaction",
    r"\bset_config\s*\(": "does not reach the workers; SET LOCAL does",
    r"\bMERGE\s+INTO\b": "refused with a local source",
    r"\bDETACH\s+PARTITION\s+\S+\s+CONCURRENTLY\b": "refused",
    r"\bDROP\s+SCHEMA\s+(IF\s+EXISTS\s+)?public\b": "drops the extension itself",
    r"\bDO\s+UPDATE\s+SET\s+[^;]*=\s*\(\s*SELECT\b": "no subselect in ON CONFLICT DO UPDATE",
}
#: The queue stays on the coordinator, login names are a reference table: neither is distributed by tenant.
NOT_DISTRIBUTED = {
    "audit_floor",
    "operator_act",
    "job",
    "login_name",
    "schedule",
    "source_attempt",
    "tenant",
    "package_version",
    "alembic_version",
}
SOURCES = [
    path
    for room in ("platform", "tenants")
    for path in sorted((ROOT / room).rglob("*.py"))
    if "__pycache__" not in path.parts
]


def without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*(#|--).*$|\s+# .*$", "", text)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_holds_what_fails_on_citus(path: Path) -> None:
    text = without_comments(path.read_text())

    found = {why for pattern, why in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)}

    assert found == set()


def published_statements(packages: dict[str, Package]) -> list[str]:
    snapshot = compile_snapshot(list(packages.values()))
    nothing = ExistingTable()
    return [
        statement
        for each in snapshot.objects.values()
        for statement in (
            *tables.create_table(each),
            *tables.create_indexes(each, nothing),
            *tables.create_foreign_keys(each, snapshot.objects, nothing),
            *tables.create_view(each, nothing),
        )
    ]


def test_what_publishing_runs_holds_nothing_that_fails_on_citus(packages: dict[str, Package]) -> None:
    statements = published_statements(packages)

    for statement in statements:
        for pattern, why in FORBIDDEN.items():
            assert not re.search(pattern, statement, re.IGNORECASE), (why, statement)
        assert ";" not in statement, "one statement at a time"
        assert statement.count("ADD CONSTRAINT") <= 1, "one key per ALTER"
    creations = [each for each in statements if each.startswith("CREATE TABLE")]
    assert creations
    assert not any("REFERENCES" in each for each in creations), "keys come when the table is distributed"


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def test_every_unique_index_of_a_tenants_table_holds_the_tenant(owner_dsn: str) -> None:
    found = rows(
        owner_dsn,
        "SELECT t.relname, i.relname, x.indkey[0] = a.attnum FROM pg_index x"
        " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace"
        " LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id'"
        " WHERE n.nspname IN ('data', 'chassis') AND x.indisunique",
    )

    without = {(table, index) for table, index, leads in found if not leads and table not in NOT_DISTRIBUTED}
    assert without == set()


def test_every_index_of_a_published_table_is_led_by_the_tenant(owner_dsn: str) -> None:
    found = rows(
        owner_dsn,
        "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = 'tenant_id'"
        " JOIN pg_class t ON t.oid = x.indrelid"
        " WHERE t.relnamespace = 'data'::regnamespace AND x.indkey[0] <> a.attnum",
    )

    assert found == []


def test_every_foreign_key_holds_the_tenant_on_both_sides_and_acts_on_nothing(owner_dsn: str) -> None:
    found = rows(
        owner_dsn,
        "SELECT conname, pg_get_constraintdef(oid), confdeltype::text, confupdtype::text FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = 'data'::regnamespace",
    )

    assert found
    for name, definition, on_delete, on_update in found:
        assert re.search(r"FOREIGN KEY \(tenant_id, \w+\) REFERENCES \S+\(tenant_id, id\)", definition), name
        assert (on_delete, on_update) == ("a", "a"), name


def test_there_are_no_triggers_and_no_sequences_that_bigserial_would_make(owner_dsn: str) -> None:
    triggers = rows(owner_dsn, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    serials = rows(
        owner_dsn,
        "SELECT column_default FROM information_schema.columns WHERE table_schema IN ('data', 'chassis')"
        " AND column_default LIKE 'nextval%'",
    )

    assert (triggers, serials) == ([], [])
