"""Publishing a package: once, all or nothing, and only what running tenants can take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from chassis_metadata.components import DeleteRule, FieldDefinition, NameField, ObjectDefinition, Package
from chassis_metadata.errors import Conflict, Invalid
from chassis_metadata.fields import FieldType
from chassis_tenants import publisher
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.index_renewal import renew_indexes
from chassis_tenants.isolation import JOURNALS, missing_walls
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish, published_objects
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from conftest import PACKAGE_FOLDERS, MakeTenant

Connection = psycopg.Connection[tuple[Any, ...]]


def next_version(package: Package, version: str = "1.1.0") -> Package:
    return replace(package, manifest=replace(package.manifest, version=version))


def with_fields(package: Package, object_name: str, *fields: FieldDefinition) -> Package:
    """The package with fields added, or put in the place of those of the same name."""
    known = {each.name: each for each in package.fields[object_name]}
    merged = {**known, **{each.name: each for each in fields}}
    return replace(package, fields={**package.fields, object_name: tuple(merged.values())})


def field_of(package: Package, object_name: str, name: str) -> FieldDefinition:
    return next(each for each in package.fields[object_name] if each.name == name)


def schema_of(connection: Connection) -> list[tuple[Any, ...]]:
    """Everything that publishing could touch."""
    return connection.execute(
        "SELECT n.nspname, c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE n.nspname IN ('data', 'tenant', 'chassis') AND NOT coalesce(a.attisdropped, false)"
        " UNION ALL SELECT package, version, digest, '', '' FROM chassis.package_version"
        " UNION ALL SELECT conname, '', '', '', '' FROM pg_constraint"
        " ORDER BY 1, 2, 3, 4, 5"
    ).fetchall()


@pytest.fixture
def garage(packages: dict[str, Package]) -> Package:
    return packages["garage"]


def test_every_package_of_the_repository_publishes(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute("SELECT DISTINCT package FROM chassis.package_version").fetchall()

    assert {row[0] for row in rows} == {each.name for each in PACKAGE_FOLDERS if (each / "package.yaml").exists()}


def test_publishing_again_does_nothing(owner_dsn: str, garage: Package) -> None:
    with psycopg.connect(owner_dsn) as connection:
        before = schema_of(connection)

    published = publish(owner_dsn, garage)

    assert (published.is_new, published.statements) == (False, ())
    with psycopg.connect(owner_dsn) as connection:
        assert schema_of(connection) == before


def test_other_content_under_a_published_version_is_refused(owner_dsn: str, garage: Package) -> None:
    changed = replace(garage, manifest=replace(garage.manifest, description="Changed"))

    with pytest.raises(Conflict, match=r"garage 1\.0\.0 is published already"):
        publish(owner_dsn, changed)


async def test_a_replaced_version_is_seen_with_the_next_request(
    own_urls: DatabaseUrls, packages: dict[str, Package]
) -> None:
    async with Database(own_urls.server, smallest=1, largest=2) as database:
        store = SnapshotStore(database)
        made = await create_tenant(own_urls.owner, store, NewTenant("acme", "Acme"))
        renamed = replace(packages["platform"], manifest=replace(packages["platform"].manifest, label="Base"))
        before = await store.of(made.id, made.metadata_version)

        publish(own_urls.owner, renamed, replace=True)

        current = await tenant_by_id(database, made.id)
        assert current is not None
        assert current.metadata_version == made.metadata_version + 1
        assert (await store.of(made.id, current.metadata_version)).identity != before.identity


def test_all_problems_are_told_at_once_and_nothing_is_left(owner_dsn: str, garage: Package) -> None:
    wrong = with_fields(
        next_version(garage),
        "Workshop",
        FieldDefinition("OwnerOf", FieldType.LOOKUP, "Owner of", references=("Nothing",)),
        FieldDefinition("Motto", FieldType.TEXT, "Motto", length=1000, indexed=True),
        FieldDefinition("Code", FieldType.NUMBER, "Code"),
    )
    with psycopg.connect(owner_dsn) as connection:
        before = schema_of(connection)

    with pytest.raises(Invalid) as refused:
        publish(owner_dsn, wrong)

    assert len(refused.value.problems) >= 2
    with psycopg.connect(owner_dsn) as connection:
        assert schema_of(connection) == before


def test_a_failure_half_way_leaves_nothing(owner_dsn: str, garage: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    added = FieldDefinition("Motto", FieldType.TEXT, "Motto", indexed=True)
    with psycopg.connect(owner_dsn) as connection:
        before = schema_of(connection)

    def fail(*_: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(publisher, "_register", fail)
    with pytest.raises(RuntimeError, match="power"):
        publish(owner_dsn, with_fields(next_version(garage), "Workshop", added))

    with psycopg.connect(owner_dsn) as connection:
        assert schema_of(connection) == before


def test_a_key_prefix_is_one_objects_in_the_cluster(owner_dsn: str, garage: Package) -> None:
    thing = ObjectDefinition("Thing", "Thing", "Things", "gW1", NameField("text", "Name"))
    other = Package(
        manifest=replace(garage.manifest, name="other", version="1.0.0"), objects={"Thing": thing}, fields={"Thing": ()}
    )

    with pytest.raises(Invalid, match="Workshop of garage has the key prefix gW1 already"):
        publish(owner_dsn, other)


def test_a_lower_version_is_refused(own_urls: DatabaseUrls, garage: Package) -> None:
    with pytest.raises(Invalid, match=r"0\.9\.0 is not above 1\.0\.0"):
        publish(own_urls.owner, next_version(garage, "0.9.0"))


def test_a_new_version_adds_columns_to_filled_tables(own_urls: DatabaseUrls, garage: Package) -> None:
    new = with_fields(
        next_version(garage),
        "Workshop",
        FieldDefinition("Motto", FieldType.TEXT, "Motto", length=80, indexed=True, searchable=True),
        FieldDefinition("Stars", FieldType.NUMBER, "Stars", indexed=True),
        FieldDefinition(
            "MainCustomerId", FieldType.LOOKUP, "Customer", references=("Customer",), on_delete=DeleteRule.RESTRICT
        ),
    )
    with psycopg.connect(own_urls.owner) as connection:
        connection.execute("INSERT INTO data.workshop (tenant_id, id, name) VALUES (1, 'gW1', 'Nordwind')")

    published = publish(own_urls.owner, new)

    assert published.is_new
    with psycopg.connect(own_urls.server) as connection:
        connection.execute("SET LOCAL app.tenant_id = '1'")
        row = connection.execute("SELECT name, motto__lower, stars__float, main_customer_id FROM tenant.workshop")
        assert row.fetchall() == [("Nordwind", None, None, None)]
        assert missing_walls(connection) == []


def test_a_wider_number_keeps_its_values(own_urls: DatabaseUrls, garage: Package) -> None:
    wider = replace(field_of(garage, "Workshop", "Rating"), precision=8)
    with psycopg.connect(own_urls.owner) as connection:
        connection.execute("INSERT INTO data.workshop (tenant_id, id, rating) VALUES (1, 'gW1', 4.25)")

    publish(own_urls.owner, with_fields(next_version(garage), "Workshop", wider))

    with psycopg.connect(own_urls.owner) as connection:
        connection.execute("SET LOCAL app.tenant_id = '1'")
        connection.execute("UPDATE data.workshop SET rating = rating + 100000")
        row = connection.execute("SELECT rating::float8, rating__float FROM tenant.workshop").fetchone()
        index = connection.execute("SELECT FROM pg_indexes WHERE indexname = 'workshop__rating__float__idx'").fetchone()
        assert missing_walls(connection) == []
    assert row == (100004.25, 100004.25)
    assert index is not None


def test_a_column_of_a_removed_field_stays_while_tenants_may_use_it(own_urls: DatabaseUrls, garage: Package) -> None:
    kept = tuple(each for each in garage.fields["Workshop"] if each.name != "Website")
    less = replace(next_version(garage), fields={**garage.fields, "Workshop": kept})

    with pytest.raises(Invalid, match="Website"):
        publish(own_urls.owner, less)


def test_a_reference_that_becomes_polymorphic_loses_its_foreign_key(own_urls: DatabaseUrls, garage: Package) -> None:
    both = replace(field_of(garage, "Stay", "CustomerId"), references=("Customer", "Workshop"))

    publish(own_urls.owner, with_fields(next_version(garage), "Stay", both))

    with psycopg.connect(own_urls.owner) as connection:
        found = connection.execute("SELECT FROM pg_constraint WHERE conname = 'stay__customer_id__fkey'").fetchone()
    assert found is None


def test_journals_refer_to_users_without_a_key(own_urls: DatabaseUrls, packages: dict[str, Package]) -> None:
    key = "ALTER TABLE data.access_log ADD CONSTRAINT access_log__user_id__fkey"
    with psycopg.connect(own_urls.owner) as connection:  # as older releases made them
        connection.execute(f'{key} FOREIGN KEY (tenant_id, user_id) REFERENCES data."user" (tenant_id, id)'.encode())

    publish(own_urls.owner, next_version(packages["platform"], "99.0.0"))

    with psycopg.connect(own_urls.owner) as connection:
        found = connection.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])",
            [[f"data.{each}" for each in JOURNALS]],
        ).fetchall()
    assert found == []


def test_an_index_of_an_older_release_is_made_anew(own_urls: DatabaseUrls) -> None:
    old = "CREATE INDEX workshop__name__idx ON data.workshop (tenant_id, name__lower, id)"
    with psycopg.connect(own_urls.owner, autocommit=True) as connection:
        [(now,)] = connection.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'workshop' AND indexdef LIKE '%name%INCLUDE (owner_id)'"
        ).fetchall()
        connection.execute(f"DROP INDEX data.{now}".encode())
        connection.execute(old.replace("workshop__name__idx", now).encode())
        connection.execute(f"CREATE INDEX {now}__new ON data.workshop (id)".encode())  # somebody was interrupted

        first, second = (list(renew_indexes(connection, published_objects(connection))) for _ in range(2))

        found = connection.execute("SELECT indexdef FROM pg_indexes WHERE indexname LIKE %s", [f"{now}%"]).fetchall()
    assert (first, second) == ([now], [])
    assert [each.endswith("(tenant_id, name__lower, id) INCLUDE (owner_id)") for (each,) in found] == [True]


def test_another_package_adds_its_fields_to_the_same_table(own_urls: DatabaseUrls, garage: Package) -> None:
    extension = Package(
        manifest=replace(garage.manifest, name="tuning", depends_on={"garage": "1.0.0"}),
        objects={"Workshop": ObjectDefinition("Workshop", "", "", "", NameField("text", ""), extends=True)},
        fields={"Workshop": (FieldDefinition("Dyno", FieldType.CHECKBOX, "Has a dyno"),)},
    )

    publish(own_urls.owner, extension)
    again = publish(own_urls.owner, next_version(garage))

    assert again.statements == ()
    with psycopg.connect(own_urls.owner) as connection:
        connection.execute("SELECT dyno FROM tenant.workshop")


def test_two_versions_published_at_once_take_turns(own_urls: DatabaseUrls, garage: Package) -> None:
    new = next_version(garage)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: publish(own_urls.owner, new), range(4)))

    assert sorted(each.is_new for each in done) == [False, False, False, True]


async def test_installing_makes_no_table(owner_dsn: str, make_tenant: MakeTenant) -> None:
    with psycopg.connect(owner_dsn) as connection:
        [(before,)] = connection.execute("SELECT count(*) FROM pg_class")

    await make_tenant("garage")

    with psycopg.connect(owner_dsn) as connection:
        [(after,)] = connection.execute("SELECT count(*) FROM pg_class")
    assert after == before
