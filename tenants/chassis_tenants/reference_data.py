"""The reference data of packages into a tenant's tables: found again by an external id, parents by one of theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.components import ReferenceData
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.ids import new_id
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_tenants.database import Transaction
from chassis_tenants.rows import upsert_rows
from chassis_tenants.statement import Statement
from chassis_tenants.storage import companion, sql_type, stored_fields
from chassis_tenants.tables import quoted, table_name

#: An external id that records are found by: (object, field).
_Key = tuple[str, str]


async def upsert_reference_data(
    tx: Transaction, snapshot: Snapshot, data: Sequence[ReferenceData], user_id: str | None
) -> list[Statement]:
    """The statements that bring the tenant's records to what `data` says; fields that it does not name stay."""
    if not data:
        return []
    ids = _Ids()
    for each in data:
        _note_keys(ids, snapshot, each)
    await ids.find(tx, snapshot)
    for each in data:
        ids.make_missing(snapshot.objects[each.object_name], each)
    statements = [one for each in data for one in _statements(tx.tenant_id, snapshot, each, ids, user_id)]
    if ids.problems:
        raise Invalid(ids.problems)
    # Files refer to each other in any order, so the keys are checked when all rows are there.
    return [Statement("SET CONSTRAINTS ALL DEFERRED"), *statements]


@dataclass(slots=True)
class _Ids:
    """Values of external ids, and the record ids behind them as far as they are known."""

    wanted: dict[_Key, set[Any]] = field(default_factory=lambda: defaultdict(set))
    known: dict[tuple[_Key, Any], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    async def find(self, tx: Transaction, snapshot: Snapshot) -> None:
        keys = list(self.wanted)
        found = await tx.fetch_each([_find(tx.tenant_id, snapshot, key, self.wanted[key]) for key in keys])
        for key, rows in zip(keys, found, strict=True):
            self.known |= {(key, value): record_id for value, record_id in rows}

    def make_missing(self, of: Object, data: ReferenceData) -> None:
        for record in data.records:
            value = _normal(of.fields[data.key], record[data.key])
            self.known.setdefault(((of.name, data.key), value), new_id(of.key_prefix))

    def of_parent(self, snapshot: Snapshot, reference: Field, named: Mapping[str, Any]) -> str | None:
        """The id of the parent that `{Code: AUR}` names; a problem if there is none."""
        for key, value in _parent_keys(snapshot, reference, named):
            if (key, value) in self.known:
                return self.known[key, value]
        if reference.name == "RecordTypeId":
            return snapshot.objects[reference.object_name].record_type_ids.get(next(iter(named.values())))
        path = f"data.{reference.object_name}.{reference.relationship_name}"
        self.problems.append(Problem(path, "unknown_record", f"There is no record with {dict(named)}."))
        return None


def _note_keys(ids: _Ids, snapshot: Snapshot, data: ReferenceData) -> None:
    of = snapshot.objects[data.object_name]
    for record in data.records:
        ids.wanted[of.name, data.key].add(_normal(of.fields[data.key], record[data.key]))
        for name, value in record.items():
            reference = of.fields_by_relationship.get(name.lower())
            if reference is not None:
                for key, wanted in _parent_keys(snapshot, reference, value):
                    ids.wanted[key].add(wanted)


def _parent_keys(snapshot: Snapshot, reference: Field, named: Mapping[str, Any]) -> Iterator[tuple[_Key, Any]]:
    for target in reference.references:
        for name, value in named.items():
            key = snapshot.objects[target].fields.get(name)
            if key is not None and key.external_id:
                yield (target, name), _normal(key, value)


def _normal(key: Field, value: Any) -> Any:
    """The value in the form in which the comparable column holds it."""
    if key.type in NUMERIC_TYPES:
        return float(value)
    extra = companion(key)
    return str(value).lower() if extra is not None else str(value)


def _find(tenant_id: int, snapshot: Snapshot, key: _Key, wanted: set[Any]) -> Statement:
    of = snapshot.objects[key[0]]
    extra = companion(of.fields[key[1]])
    column = quoted(extra.column if extra is not None else str(of.fields[key[1]].column))
    return Statement(
        f"SELECT {column}, id FROM tenant.{quoted(table_name(of))}"  # noqa: S608  quoted
        f" WHERE tenant_id = %(tenant_id)s AND {column} = ANY (%(wanted)s) AND NOT is_deleted",
        {"tenant_id": tenant_id, "wanted": list(wanted)},
    )


def _statements(
    tenant_id: int, snapshot: Snapshot, data: ReferenceData, ids: _Ids, user_id: str | None
) -> Iterator[Statement]:
    """One for each set of fields that records name, so that what a record leaves out stays as it is."""
    of = snapshot.objects[data.object_name]
    groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for record in data.records:
        row = _row(snapshot, of, record, ids)
        key = (of.name, data.key), _normal(of.fields[data.key], record[data.key])
        groups[frozenset(row)].append({**row, "id": ids.known[key]})
    fields = {each.column: each for each in stored_fields(of) if each.column is not None}
    for named, rows in groups.items():
        defaults = {name: _default(each) for name, each in fields.items() if name not in named and _has_default(each)}
        if of.has_owner and "owner_id" not in named:
            defaults["owner_id"] = user_id
        types = {name: sql_type(fields[name]) for name in ["id", *sorted(named), *defaults]}
        full = [{**defaults, **row} for row in rows]
        yield upsert_rows(tenant_id, table_name(of), types, full, user_id=user_id, updated=named)


def _row(snapshot: Snapshot, of: Object, record: Mapping[str, Any], ids: _Ids) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in record.items():
        stored = of.fields.get(name)
        if stored is not None and stored.column is not None:
            row[stored.column] = _stored(stored, value)
            continue
        reference = of.fields_by_relationship.get(name.lower())
        if reference is not None and reference.column is not None:
            row[reference.column] = ids.of_parent(snapshot, reference, value)
    return row | _composed_name(of, row)


def _composed_name(of: Object, row: Mapping[str, Any]) -> dict[str, str]:
    """The name of a person, for objects that have no other."""
    how = of.name_field
    parts = [row.get(str(of.fields[part].column)) for part in (how.first, how.last) if part and part in of.fields]
    return {} if "name" in row or not any(parts) else {"name": " ".join(str(part) for part in parts if part)}


def _stored(of: Field, value: Any) -> Any:
    if of.type is FieldType.MULTI_PICKLIST and isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    if isinstance(value, str):
        return value.strip() or None
    return value


def _has_default(of: Field) -> bool:
    return not of.system and of.default is not None


def _default(of: Field) -> Any:
    return list(of.default) if isinstance(of.default, tuple) else of.default
