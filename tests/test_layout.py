"""The layout keeps working: source roots, imports, and where connections come from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("platform", "tenants", "metadata")
#: The rooms that may hold a connection of their own: the pool, the owner's acts, and the worker that listens.
CONNECTING = {
    "tenants/chassis_tenants/database.py",
    "tenants/chassis_tenants/bootstrap.py",
    "tenants/chassis_tenants/publisher.py",
    "tenants/chassis_tenants/provision.py",
    "tenants/chassis_tenants/isolation.py",
    "tenants/chassis_tenants/tenant_keys.py",
    "platform/chassis_platform/publishing.py",
    "platform/chassis_platform/cli/audit.py",
    "platform/chassis_platform/cli/formulas.py",
    "platform/chassis_platform/cli/packages.py",
    "platform/chassis_platform/migrate.py",
    "platform/chassis_platform/migrations/env.py",
    "platform/chassis_platform/audit/operators.py",
    "platform/chassis_platform/audit/retention.py",
    "platform/chassis_platform/audit/verify.py",
    "platform/chassis_platform/operator.py",
    "platform/chassis_platform/automation/encryption/wrapping_anew.py",
    "platform/chassis_platform/demo/load.py",
    "platform/chassis_platform/worker/loop.py",
}

OPENING = {"psycopg.connect", "psycopg.AsyncConnection.connect", "AsyncConnection.connect", "create_engine"}


@pytest.mark.parametrize("folder", SOURCES)
def test_source_root_holds_one_package_and_is_none_itself(folder: str) -> None:
    """A `platform/__init__.py` would hide the standard library's `platform`."""
    entries = {each.name for each in (ROOT / folder).iterdir() if each.name != "__pycache__"}
    assert entries == {f"chassis_{folder}"}


def test_no_other_folder_is_a_package_named_platform() -> None:
    assert not list((ROOT / "tests").rglob("platform/__init__.py"))


def _calls(source: str, *words: str) -> Iterator[str]:
    """Dotted names of everything that a source text calls, if one of the words is in it at all."""
    if not any(each in source for each in words):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def opens_a_connection(source: str) -> bool:
    """Whether a source text takes a database connection past `Database`."""
    return not OPENING.isdisjoint(_calls(source, "connect", "create_engine"))


def commits(source: str) -> bool:
    """Whether a source text ends a transaction by hand."""
    return any(each.endswith(".commit") for each in _calls(source, "commit"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("psycopg.connect(dsn)", True),
        ("await AsyncConnection.connect(dsn)", True),
        ("async with database.transaction(binding) as tx: ...", False),
    ],
)
def test_the_rule_about_connections_knows_what_it_looks_for(source: str, *, found: bool) -> None:
    wrapped = f"async def run():\n    {source}"
    assert opens_a_connection(wrapped) is found


def test_a_connection_comes_only_from_the_pool_or_an_owners_act() -> None:
    """Story: a query beside the bound transaction would see no tenant at all, or, as the owner, every tenant."""
    found = {
        path.relative_to(ROOT).as_posix()
        for source in SOURCES
        for path in (ROOT / source).rglob("*.py")
        if opens_a_connection(path.read_text())
    }
    assert found <= CONNECTING, f"use Database.read or Database.transaction: {sorted(found - CONNECTING)}"


def test_nobody_commits_by_hand() -> None:
    """One request is one transaction, committed at its edge."""
    found = {
        path.relative_to(ROOT).as_posix()
        for source in SOURCES
        for path in (ROOT / source).rglob("*.py")
        if "migrations" not in path.parts and commits(path.read_text())
    }
    assert not found


def test_no_file_names_an_index_host_or_a_path_of_a_machine() -> None:
    """A lock file that names a host installs nowhere else."""
    lines = [
        (path.name, line)
        for path in (ROOT / "requirements").glob("*.txt")
        for line in path.read_text().splitlines()
        if line.startswith(("--index-url", "--extra-index-url", "--find-links", "--trusted-host")) or "://" in line
    ]
    assert lines == []
    lock = (ROOT / "admin_ui/package-lock.json").read_text()
    assert '"resolved": "http' not in lock
