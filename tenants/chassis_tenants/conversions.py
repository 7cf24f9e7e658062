"""Fields whose stored values are being encrypted, or laid in clear again: from the definition until a job is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis_metadata.components import Package
from chassis_metadata.errors import Conflict
from chassis_metadata.ids import new_id
from chassis_metadata.snapshot import Conversion, Field, Snapshot
from chassis_tenants.database import Row
from chassis_tenants.journal import JOB_PREFIX, enqueue
from chassis_tenants.statement import Statement

CONVERT = "convert_values"
#: What seals values of a tenant does so in turns.
KEYS_LOCK = "tenant_keys"
#: What decides how an encrypted value is found.
_FOUND_BY = ("indexed", "unique", "external_id", "case_sensitive")
Conversions = Mapping[str, Conversion]

_ANEW = (
    " ON CONFLICT (tenant_id, field) DO UPDATE SET seals = excluded.seals, was_indexed = excluded.was_indexed,"
    " began_at = now(), total = NULL, done = 0, last_id = NULL, emptied = 0, finished_at = NULL"
)
_BEGIN = Statement(
    "INSERT INTO chassis.field_conversion (tenant_id, field, seals, was_indexed)"  # noqa: S608  all of it is ours
    f" VALUES (%(tenant_id)s, %(field)s, %(seals)s, %(was_indexed)s){_ANEW}"
)
_INSTALLED = "FROM chassis.installation i WHERE i.package = %(package)s AND i.version = %(version)s"
_BEGIN_EVERYWHERE = (
    "INSERT INTO chassis.field_conversion (tenant_id, field, seals, was_indexed)"
    f" SELECT i.tenant_id, %(field)s, %(seals)s, %(was_indexed)s {_INSTALLED}{_ANEW}"
)
_QUEUE_EVERYWHERE = (
    "INSERT INTO chassis.job (tenant_id, id, kind, lock_key)"
    f" SELECT i.tenant_id, %(id)s, %(kind)s, %(lock)s {_INSTALLED}"
)
_FORGET = Statement("DELETE FROM chassis.field_conversion WHERE tenant_id = %(tenant_id)s AND field = %(field)s")
_UNFINISHED = Statement(
    "SELECT field, seals, was_indexed FROM chassis.field_conversion"
    " WHERE tenant_id = %(tenant_id)s AND finished_at IS NULL ORDER BY field"
)


def begin(tenant_id: int, conversions: Conversions) -> list[Statement]:
    """Note that fields are converted, and queue the job; nothing for none. The metadata's version has to rise too."""
    if not conversions:
        return []
    noted = [
        _BEGIN.bind(tenant_id=tenant_id, field=name, seals=each.seals, was_indexed=each.was_indexed)
        for name, each in sorted(conversions.items())
    ]
    return [*noted, enqueue(tenant_id, CONVERT, lock_key=KEYS_LOCK)]


def forget(tenant_id: int, field: str) -> Statement:
    """The field is gone, and its values with it."""
    return _FORGET.bind(tenant_id=tenant_id, field=field)


def unfinished(tenant_id: int) -> Statement:
    """What is under way; rows are read by `conversions_of`."""
    return _UNFINISHED.bind(tenant_id=tenant_id)


def conversions_of(rows: Sequence[Row]) -> dict[str, Conversion]:
    """Such rows by field."""
    return {field: Conversion(seals, was_indexed) for field, seals, was_indexed in rows}


def newly_encrypted(before: Snapshot, after: Snapshot) -> dict[str, Conversion]:
    """The fields that were stored in clear and are encrypted from now on."""
    found = (
        (obj.fields.get(each.name), each)
        for name, of in after.objects.items()
        if (obj := before.objects.get(name)) is not None
        for each in of.fields.values()
        if each.encrypted
    )
    return {
        f"{each.object_name}.{each.name}": to_seal(old, each)
        for old, each in found
        if old is not None and not old.encrypted
    }


def to_seal(old: Field, new: Field) -> Conversion:
    """What becomes of values of a field that was in clear."""
    return Conversion(seals=True, was_indexed=old.has_index and old.case_sensitive == new.case_sensitive)


def begin_everywhere(package: Package, conversions: Conversions) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The owner's statements that begin them in every tenant that has this very version, which was replaced."""
    manifest = package.manifest
    named = {"package": manifest.name, "version": manifest.version}
    for name, each in sorted(conversions.items()):
        said = {"field": name, "seals": each.seals, "was_indexed": each.was_indexed}
        yield _BEGIN_EVERYWHERE, {**named, **said}
    if conversions:
        yield _QUEUE_EVERYWHERE, {**named, "id": new_id(JOB_PREFIX), "kind": CONVERT, "lock": KEYS_LOCK}


# A tenant's own fields, as their bodies say.


def check_encryption(name: str, before: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """What is encrypted stays so until it was laid in clear, and bears no index that wasn't made with its values."""
    if not before.get("encrypted"):
        return
    if not body.get("encrypted"):
        message = f"{name} is stored encrypted. Have it stored in clear under Setup, Keys and encryption, first."
        raise Conflict.of("encryption_changed", message, path="encrypted")
    changed = [each for each in _FOUND_BY if bool(before.get(each)) != bool(body.get(each))]
    if changed:
        message = f"{changed[0]} of {name} can't change: its encrypted values are found as they were saved."
        raise Conflict.of("encryption_changed", message, path=changed[0])


def own_encrypted(name: str, before: Mapping[str, Any] | None, body: Mapping[str, Any]) -> dict[str, Conversion]:
    """The field, where its stored values are to be encrypted from now on."""
    if before is None or before.get("encrypted") or not body.get("encrypted"):
        return {}
    same_case = bool(before.get("case_sensitive")) == bool(body.get("case_sensitive"))
    return {name: Conversion(seals=True, was_indexed=same_case and has_index(before))}


def has_index(body: Mapping[str, Any]) -> bool:
    """Whether values of such a field stand in an index."""
    return any(body.get(each) for each in ("indexed", "unique", "external_id"))
