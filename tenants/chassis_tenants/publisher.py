"""Publishing: a package version enters the registry and its tables are made, once for all; all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from chassis_metadata.check import check_package, is_warning
from chassis_metadata.check.manifest import version_of
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.diff import diff_packages
from chassis_metadata.errors import Conflict, Invalid, Problem
from chassis_metadata.naming import storage_name
from chassis_metadata.package import digest, package_from_document, package_to_document
from chassis_metadata.places import problem_at
from chassis_metadata.snapshot import Object, Snapshot
from chassis_tenants import tables
from chassis_tenants.conversions import begin_everywhere, newly_encrypted
from chassis_tenants.recalculation import everywhere
from chassis_tenants.tables import ExistingTable

Connection = psycopg.Connection[tuple[Any, ...]]

#: Every tenant has it, so every package may refer to its objects.
PLATFORM_PACKAGE = "platform"
#: Changes that stored records can't follow.
_NEVER = frozenset({"type_changed", "key_prefix_changed", "ownership_changed", "encryption_changed"})
_LOCK = 0x70_75_62_6C  # "publ": one publication at a time


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did: `statements` are the DDL that it took, none where the tables had all they needed."""

    package: str
    version: str
    digest: str
    is_new: bool
    statements: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()


#: The newest published version of each package.
_Newest = Mapping[str, Package]


def publish(owner: str | Connection, package: Package, *, replace: bool = False) -> Published:
    """Publish as the owner, by DSN or connection. Raises Invalid or Conflict with all problems; nothing is left then.

    The same content again does nothing. A published version with other content is refused, but for `replace`, which is
    for development: tenants that have it see it with their next request.
    """
    with _transaction(owner) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute("SET LOCAL lock_timeout = '10s'")
        _find_operator_classes(connection)
        manifest, content = package.manifest, digest(package)
        known = _published_digest(connection, package)
        if known == content:
            return Published(manifest.name, manifest.version, content, is_new=False)
        if known is not None and not replace:
            raise _already_published(package)
        return _publish_new(connection, package, content)


@contextmanager
def _transaction(owner: str | Connection) -> Iterator[Connection]:
    if isinstance(owner, str):
        with psycopg.connect(owner) as connection:
            yield connection
    else:
        with owner.transaction():
            yield owner


def _find_operator_classes(connection: Connection) -> None:
    """Look where the extension is, which an operator may have put anywhere."""
    found = connection.execute(
        "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'"
    ).fetchone()
    if found is not None:
        connection.execute(f"SET LOCAL search_path = pg_catalog, {found[0]}".encode())


def _already_published(package: Package) -> Conflict:
    name, version = package.manifest.name, package.manifest.version
    return Conflict(
        problem_at(
            package.places,
            ("package", "version"),
            "version_published",
            f"{name} {version} is published already, with other content. Give it a new version; "
            "in development, publish with --replace.",
        )
    )


def _published_digest(connection: Connection, package: Package) -> str | None:
    found = connection.execute(
        "SELECT digest FROM chassis.package_version WHERE package = %s AND version = %s",
        [package.manifest.name, package.manifest.version],
    ).fetchone()
    return None if found is None else str(found[0])


def _newest_packages(connection: Connection) -> _Newest:
    rows = connection.execute("SELECT package, version FROM chassis.package_version").fetchall()
    newest: dict[str, str] = dict(sorted(rows, key=lambda row: version_of(row[1])))
    documents = connection.execute(
        "SELECT p.package, p.document FROM chassis.package_version p"
        " JOIN unnest(%s::text[], %s::text[]) AS n (package, version) USING (package, version)",
        [list(newest), list(newest.values())],
    )
    return {name: package_from_document(document) for name, document in documents}


def published_objects(connection: Connection) -> list[Object]:
    """All objects, as the newest version of each package has them."""
    return list(compile_snapshot(list(_newest_packages(connection).values())).objects.values())


def _publish_new(connection: Connection, package: Package, content: str) -> Published:
    newest = _newest_packages(connection)
    dependencies = _dependencies(newest, package)
    problems = [*check_package(package, dependencies), *_cluster_problems(newest, package)]
    before = newest.get(package.manifest.name)
    if before is not None:
        problems += _refused_changes(before, package)
    _refuse([each for each in problems if not is_warning(each)])
    snapshot = compile_snapshot([*dependencies, package])
    statements = _make_tables(connection, package, snapshot)
    _register(connection, package, content)
    if before is not None and before.manifest.version == package.manifest.version:
        found = newly_encrypted(compile_snapshot([*dependencies, before]), snapshot)
        for text, parameters in begin_everywhere(package, found):
            connection.execute(text.encode(), parameters)
    manifest = package.manifest
    warnings = tuple(each for each in problems if is_warning(each))
    return Published(manifest.name, manifest.version, content, is_new=True, statements=statements, warnings=warnings)


def _refused_changes(before: Package, package: Package) -> list[Problem]:
    """What running tenants can't take; a version that is replaced while it is made may also lose and narrow things."""
    refused = diff_packages(before, package).refused
    if before.manifest.version != package.manifest.version:
        return list(refused)
    return [each for each in refused if each.code in _NEVER]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(problems)


def _dependencies(newest: _Newest, package: Package) -> list[Package]:
    """The newest version of everything that the package stands on; those that are not there are the check's to tell."""
    found: dict[str, Package] = {}
    waiting = [PLATFORM_PACKAGE, *package.manifest.depends_on]
    while waiting:
        name = waiting.pop()
        if name in newest and name not in found and name != package.manifest.name:
            found[name] = newest[name]
            waiting += newest[name].manifest.depends_on
    return list(found.values())


def _cluster_problems(newest: _Newest, package: Package) -> Iterator[Problem]:
    """Names and key prefixes are one to an object in the cluster, also among packages that don't know each other."""
    others = [
        (other, each)
        for other, published in newest.items()
        if other != package.manifest.name
        for each in published.objects.values()
        if not each.extends
    ]
    for mine in package.objects.values():
        for other, theirs in others if not mine.extends else ():
            where = ("objects", mine.name, "object")
            if mine.key_prefix == theirs.key_prefix:
                message = f"{theirs.name} of {other} has the key prefix {mine.key_prefix} already. Choose another one."
                yield problem_at(package.places, (*where, "key_prefix"), "duplicate_key_prefix", message)
            if storage_name(mine.name) == storage_name(theirs.name):
                message = f"The package {other} has an object {theirs.name} already. Give this one another name."
                yield problem_at(package.places, where, "duplicate_name", message)


def _make_tables(connection: Connection, package: Package, snapshot: Snapshot) -> tuple[str, ...]:
    touched = [snapshot.objects[name] for name in dict.fromkeys([*package.objects, *package.fields])]
    existing = _existing_tables(connection, touched)
    _refuse([problem for each in touched for problem in tables.storage_problems(each, existing[each.name])])
    done: list[str] = []
    widened = [statement for each in touched for statement in tables.widen_columns(each, existing[each.name])]
    if widened:
        done += _run(connection, widened)
        existing = _existing_tables(connection, touched)
    done += _run(connection, _table_statements(touched, existing))
    done += _run(connection, _key_statements(touched, snapshot, existing))
    return tuple(done)


def _table_statements(touched: Iterable[Object], existing: Mapping[str, ExistingTable]) -> Iterator[str]:
    for each in touched:
        old = existing[each.name]
        yield from tables.extend_table(each, old) if old.columns else tables.create_table(each)
        yield from tables.create_indexes(each, old)
        yield from tables.create_view(each, old)


def _key_statements(
    touched: Iterable[Object], snapshot: Snapshot, existing: Mapping[str, ExistingTable]
) -> Iterator[str]:
    for each in touched:
        yield from tables.create_foreign_keys(each, snapshot.objects, existing[each.name])


def _run(connection: Connection, statements: Iterable[str]) -> list[str]:
    done = list(statements)
    for statement in done:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            message = f"PostgreSQL refused: {error.diag.message_primary or error} The statement was: {statement}"
            raise Conflict.of("storage_refused", message) from error
    return done


def _existing_tables(connection: Connection, touched: Sequence[Object]) -> dict[str, ExistingTable]:
    names = [tables.table_name(each) for each in touched]
    found: dict[str, dict[str, dict[str, str]]] = {name: {} for name in names}
    for table, kind, name, said in connection.execute(_EXISTING, [names, names, names, names]):
        found[table].setdefault(kind, {})[name] = said
    return {each.name: _existing_table(found[tables.table_name(each)]) for each in touched}


def _existing_table(parts: Mapping[str, Mapping[str, str]]) -> ExistingTable:
    return ExistingTable(
        columns=parts.get("column", {}),
        indexes=frozenset(parts.get("index", ())),
        foreign_keys=frozenset(parts.get("foreign_key", ())),
        view_columns=len(parts.get("view", ())),
    )


_EXISTING = """
SELECT c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'data'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY (%s)
  AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT c.relname, 'view', a.attname, '' FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'tenant'::regnamespace AND c.relkind = 'v' AND c.relname = ANY (%s) AND a.attnum > 0
UNION ALL
SELECT c.relname, 'index', i.relname, '' FROM pg_class c
JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = 'data'::regnamespace AND c.relname = ANY (%s)
UNION ALL
SELECT c.relname, 'foreign_key', k.conname, '' FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
WHERE c.relnamespace = 'data'::regnamespace AND c.relname = ANY (%s) AND k.contype = 'f'
"""


def _register(connection: Connection, package: Package, content: str) -> None:
    manifest = package.manifest
    known = [manifest.name, manifest.version]
    connection.execute(
        "INSERT INTO chassis.package_version (package, version, digest, document) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (package, version) DO UPDATE SET digest = excluded.digest, document = excluded.document,"
        " published_at = now()",
        [*known, content, json.dumps(package_to_document(package))],
    )
    connection.execute(
        "UPDATE chassis.tenant t SET metadata_version = metadata_version + 1, access_version = access_version + 1"
        " WHERE EXISTS (SELECT FROM chassis.installation i"
        " WHERE i.tenant_id = t.id AND i.package = %s AND i.version = %s)",
        known,
    )
    recalculated = everywhere(package)
    if recalculated is not None:  # a version that is replaced while it is made
        connection.execute(*recalculated)
