"""The typed table of a packaged object as DDL: columns, indexes, foreign keys, the wall and the tenant's view.

Written against what is there already: only what is missing is made, and nothing is dropped but what stands in the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.errors import Problem
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_tenants.isolation import BOUND_TENANT, JOURNAL_COMMENT, JOURNALS, SERVER_ROLE
from chassis_tenants.search_indexes import search_form
from chassis_tenants.storage import (
    CUSTOM_INDEX_TABLE,
    CUSTOM_TABLE,
    DATA_SCHEMA,
    SYSTEM_COLUMNS,
    VIEW_SCHEMA,
    begins_at_zero,
    companion,
    sql_type,
    stored_fields,
)

LONGEST_NAME = 63  # bytes, PostgreSQL's limit
_HASH_LENGTH = 8
#: Longer texts may not fit into an index row (2,704 bytes, four a character).
LONGEST_INDEXED_TEXT = 600

#: System references that no list is filtered by often enough to pay for an index on every write.
_UNINDEXED = frozenset({"id", "created_by_id", "last_modified_by_id", "record_type_id", "is_deleted"})
#: Keys that wait to enter a GIN index, in kB: what the worker has not entered yet, so that no reader has to.
_ROOM_OF_JOURNALS = "gin_pending_list_limit = 32768"
_UNINDEXED_IN_JOURNALS = _UNINDEXED | {"name", "last_modified_date", "system_modstamp"}


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """What a table has: column -> type, the names of its indexes and foreign keys, how many columns its view shows."""

    columns: Mapping[str, str] = field(default_factory=dict)
    indexes: frozenset[str] = frozenset()
    foreign_keys: frozenset[str] = frozenset()
    view_columns: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be: `rest` follows the type (constraints, the expression of a generated one)."""

    name: str
    type: str
    rest: str = ""

    @property
    def ddl(self) -> str:
        """As CREATE TABLE and ADD COLUMN want it."""
        return " ".join(part for part in (quoted(self.name), self.type, self.rest) if part)


def quoted(name: str) -> str:
    """An identifier that came through the checks of API names: no quotes inside."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no identifier")
    return f'"{name}"'


def short_name(*parts: str) -> str:
    """An index or constraint name within PostgreSQL's limit; what is cut off is replaced by a hash of all."""
    name = "__".join(parts)
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{name[: LONGEST_NAME - _HASH_LENGTH - 1]}_{digest}"


def is_journal(obj: Object) -> bool:
    """Written by the platform alone, and only ever added to: the server may not change or remove an entry.

    What belongs to a user is no journal: a request goes when it is answered, a notice is read.
    """
    writable = obj.createable or obj.updateable or obj.deletable
    return obj.sharing is OrgWideDefault.PRIVATE and not writable and not obj.has_owner


def table_name(obj: Object) -> str:
    """The object's own table."""
    if obj.table is None:
        raise ValueError(f"{obj.name} has no table of its own")
    return obj.table


def columns(obj: Object) -> list[Column]:
    """System columns first, then a column for each stored field, each followed by its companion."""
    found = {
        name: Column(name, kind, " ".join(_system_rest(may_be_null=nullable, default=default)))
        for name, kind, nullable, default in SYSTEM_COLUMNS
    }
    for each in stored_fields(obj):
        if each.column is None:
            continue
        default = "DEFAULT 0" if begins_at_zero(each) else ""
        found.setdefault(each.column, Column(each.column, sql_type(each), default))
        extra = companion(each)
        if extra is not None:
            found[extra.column] = Column(
                extra.column, extra.sql_type, f"GENERATED ALWAYS AS ({extra.expression}) STORED"
            )
    return list(found.values())


def _system_rest(*, may_be_null: bool, default: str | None) -> Iterator[str]:
    if not may_be_null:
        yield "NOT NULL"
    if default is not None:
        yield f"DEFAULT {default}"


def create_table(obj: Object) -> Iterator[str]:
    """The table and its wall. Its foreign keys are added one by one, when all tables are there."""
    table = table_name(obj)
    key = f"CONSTRAINT {quoted(short_name(table, 'pkey'))} PRIMARY KEY (tenant_id, id)"
    lines = ",\n    ".join([*(each.ddl for each in columns(obj)), key])
    yield f"CREATE TABLE {DATA_SCHEMA}.{quoted(table)} (\n    {lines}\n)"
    yield from _build_wall(obj)


def _build_wall(obj: Object) -> Iterator[str]:
    """Row-level security and what the server may do."""
    table = f"{DATA_SCHEMA}.{quoted(table_name(obj))}"
    condition = f"tenant_id = {BOUND_TENANT}"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY isolation ON {table} USING ({condition}) WITH CHECK ({condition})"
    rights = "SELECT, INSERT" if is_journal(obj) else "SELECT, INSERT, UPDATE, DELETE"
    yield f"GRANT {rights} ON {table} TO {SERVER_ROLE}"
    if is_journal(obj):
        yield f"COMMENT ON TABLE {table} IS '{JOURNAL_COMMENT}'"


def extend_table(obj: Object, existing: ExistingTable) -> Iterator[str]:
    """Adds the columns that are missing, in one statement: a generated one makes PostgreSQL write the table anew."""
    missing = [each for each in columns(obj) if each.name not in existing.columns]
    if missing:
        clauses = ",\n    ".join(f"ADD COLUMN {each.ddl}" for each in missing)
        yield f"ALTER TABLE {DATA_SCHEMA}.{quoted(table_name(obj))}\n    {clauses}"


def widen_columns(obj: Object, existing: ExistingTable) -> Iterator[str]:
    """Makes numbers hold more digits. View and companion stand in the way and have to be made anew afterwards."""
    table = table_name(obj)
    for each in stored_fields(obj):
        old = existing.columns.get(each.column or "")
        if old is None or each.type not in NUMERIC_TYPES or _digits(sql_type(each)) <= _digits(old):
            continue
        extra = companion(each)
        yield f"DROP VIEW IF EXISTS {VIEW_SCHEMA}.{quoted(table)}"
        if extra is not None:
            yield f"ALTER TABLE {DATA_SCHEMA}.{quoted(table)} DROP COLUMN IF EXISTS {quoted(extra.column)}"
        yield f"ALTER TABLE {DATA_SCHEMA}.{quoted(table)} ALTER COLUMN {quoted(str(each.column))} TYPE {sql_type(each)}"


def _digits(numeric: str) -> tuple[int, ...]:
    """(18, 2) of `numeric(18,2)`."""
    return tuple(int(part) for part in numeric.removeprefix("numeric").strip("()").split(",") if part.isdigit())


def storage_problems(obj: Object, existing: ExistingTable) -> Iterator[Problem]:
    """What can't be stored: names that PostgreSQL would cut, texts too long for an index, a column of another type."""
    if obj.table in (CUSTOM_TABLE, CUSTOM_INDEX_TABLE):
        yield Problem(
            f"objects.{obj.name}", "reserved_name", f"{obj.name} is the platform's own name. Use another one."
        )
    for each in columns(obj):
        path = f"objects.{obj.name}.{each.name}"
        if len(each.name) > LONGEST_NAME:
            yield Problem(path, "name_too_long", f"The column {each.name} is longer than {LONGEST_NAME} characters.")
        old = existing.columns.get(each.name)
        if old is not None and _kind(old) != _kind(each.type):
            message = f"The column {each.name} of {obj.name} is {old} already and can't become {each.type}."
            yield Problem(path, "type_changed", message)
    for field_ in stored_fields(obj):
        if _is_indexed_text(field_) and _length(field_) > LONGEST_INDEXED_TEXT:
            message = f"A text longer than {LONGEST_INDEXED_TEXT} characters can't be indexed. Shorten {field_.name}."
            yield Problem(f"objects.{obj.name}.fields.{field_.name}.length", "index_too_long", message)


def _is_indexed_text(each: Field) -> bool:
    """Whether the text itself stands in the index; of an encrypted one, it is a hash of fixed length."""
    return bool(each.column) and each.has_index and sql_type(each) == "text" and not each.encrypted


def _length(each: Field) -> int:
    return each.length or 0


def _kind(type_name: str) -> str:
    """PostgreSQL's printed name and ours, without sizes and collations, as one."""
    plain = type_name.partition("(")[0].removesuffix(' COLLATE "C"')
    return {"timestamp with time zone": "timestamptz", "time without time zone": "time"}.get(plain, plain)


def create_indexes(obj: Object, existing: ExistingTable) -> Iterator[str]:
    """Every index that is missing; each is led by tenant_id."""
    for index in indexes_of(obj):
        if index.name not in existing.indexes:
            yield f"CREATE {'UNIQUE ' if index.is_unique else ''}INDEX {quoted(index.name)} ON {index.shape}"


@dataclass(frozen=True, slots=True)
class Index:
    """An index to be."""

    table: str
    name: str
    keys: tuple[str, ...]
    method: str = "btree"
    is_unique: bool = False
    where: str = ""
    included: tuple[str, ...] = ()
    settings: str = ""

    @property
    def shape(self) -> str:
        """On what, and how: what stands behind ON when it is made."""
        where = f" WHERE {self.where}" if self.where else ""
        included = f" INCLUDE ({', '.join(self.included)})" if self.included else ""
        settings = f" WITH ({self.settings})" if self.settings else ""
        table = f"{DATA_SCHEMA}.{quoted(self.table)}"
        return f"{table} USING {self.method} ({', '.join(self.keys)}){included}{settings}{where}"


def indexes_of(obj: Object) -> Iterator[Index]:
    """All that an object's table has."""
    table, journal = table_name(obj), is_journal(obj)
    skipped = _UNINDEXED_IN_JOURNALS if journal else _UNINDEXED
    for each in stored_fields(obj):
        if each.column is not None and each.column not in skipped:
            yield from _field_indexes(obj, table, each)
            if obj.searchable and (each.searchable or each.is_name):
                yield from _search_index(table, each)
    if not journal:
        yield Index(table, short_name(table, "bin", "idx"), ("tenant_id", "deleted_date", "id"), where="is_deleted")


def _field_indexes(obj: Object, table: str, each: Field) -> Iterator[Index]:
    column = _compared_column(each)
    if each.type is FieldType.MULTI_PICKLIST:
        if each.has_index:
            room = _ROOM_OF_JOURNALS if table in JOURNALS else ""
            values = ("tenant_id", quoted(column))
            yield Index(table, short_name(table, column, "gin"), values, method="gin", settings=room)
    elif each.unique:
        unique = ("tenant_id", quoted(column))
        yield Index(table, short_name(table, column, "key"), unique, is_unique=True, where="NOT is_deleted")
    elif each.has_index or each.is_name or each.column == "last_modified_date":
        # Most references of a wide object are empty. Leaving those out saves a third of a write's time; nobody sorts by
        # a reference, and the keys' own checks never look for an empty one.
        where = f"{quoted(column)} IS NOT NULL" if each.is_reference and not (each.system or each.required) else ""
        if table in JOURNALS and column != "created_date":  # the trail of a person, or of a record, in order of time
            timed = ("tenant_id", quoted(column), "created_date", "id")
            yield Index(table, short_name(table, column, "time"), timed, where=where)
        else:
            # Whoever goes through records in this order learns from the index alone which of them may be the user's.
            owner = ("owner_id",) if obj.has_owner and not each.is_reference else ()
            keys = ("tenant_id", quoted(column), "id")
            yield Index(table, short_name(table, column, "idx"), keys, where=where, included=owner)


def _search_index(table: str, each: Field) -> Iterator[Index]:
    column = _compared_column(each)
    if sql_type(each) == "text":
        keys = ("tenant_id", f"{quoted(column)} gin_trgm_ops")
        yield Index(table, short_name(table, column, "trgm"), keys, method="gin")
        further = search_form(each, quoted(column))
        if further is not None:
            name, expression, where = further
            keys = ("tenant_id", f"({expression}) gin_trgm_ops")
            yield Index(table, short_name(table, column, name), keys, method="gin", where=where)


def _compared_column(each: Field) -> str:
    extra = companion(each)
    return extra.column if extra is not None else str(each.column)


def create_foreign_keys(obj: Object, targets: Mapping[str, Object], existing: ExistingTable) -> Iterator[str]:
    """A key for each new column that refers to one object; drops those of columns that refer to several by now.

    Deleting is the write road's work, so the key only refuses what would dangle. It is checked with each statement, and
    at the commit where a transaction says `SET CONSTRAINTS ALL DEFERRED`. JOURNALS have none: an entry stays whatever
    becomes of its user, and to lock the user's row for each was a third of what an entry costs.
    """
    table = f"{DATA_SCHEMA}.{quoted(table_name(obj))}"
    for each in stored_fields(obj):
        if each.column is None or not each.is_reference or each.system:
            continue
        name = short_name(table_name(obj), each.column, "fkey")
        has_key = len(each.references) == 1 and table_name(obj) not in JOURNALS
        if has_key and each.column not in existing.columns:
            target = quoted(table_name(targets[each.references[0]]))
            yield (
                f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} FOREIGN KEY (tenant_id, {quoted(each.column)})"
                f" REFERENCES {DATA_SCHEMA}.{target} (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE"
            )
        if not has_key and name in existing.foreign_keys:
            yield f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}"


def create_view(obj: Object, existing: ExistingTable) -> Iterator[str]:
    """The tenant's view, where it lacks a column; they follow the table's order, which only grows at the end."""
    if existing.view_columns == len(existing.columns.keys() | {each.name for each in columns(obj)}):
        return
    name = quoted(table_name(obj))
    yield (
        f"CREATE OR REPLACE VIEW {VIEW_SCHEMA}.{name} AS SELECT * FROM {DATA_SCHEMA}.{name}"  # noqa: S608
        f" WHERE tenant_id = {BOUND_TENANT} WITH LOCAL CHECK OPTION"
    )
    yield f"GRANT SELECT ON {VIEW_SCHEMA}.{name} TO {SERVER_ROLE}"
