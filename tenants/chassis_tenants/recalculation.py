"""What was there before a calculated field: a job works out its value in all records, soon after the definition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from chassis_metadata.components import FieldDefinition, Package
from chassis_metadata.ids import new_id
from chassis_metadata.snapshot import Snapshot
from chassis_tenants.journal import JOB_PREFIX, enqueue
from chassis_tenants.statement import Statement

RECALCULATE = "recalculate"
#: A summary of which one of these is another one holds values of another kind.
_DECIDING = ("child", "function", "field")


def is_kept(field: FieldDefinition) -> bool:
    """Whether the field's values lie beside the records though nobody writes them."""
    return field.stored or field.summary is not None


def changes_kind(before: Mapping[str, Any] | None, body: Mapping[str, Any]) -> bool:
    """Whether values of before must go at once: they may be of another type."""
    return before is not None and any(before.get(key) != body.get(key) for key in _DECIDING)


def recalculation(tenant_id: int, names: Sequence[str]) -> list[Statement]:
    """Queue the work for fields (`Account.OpenOrders`) of one tenant; nothing for none."""
    return [enqueue(tenant_id, RECALCULATE, {"fields": sorted(names)}, lock_key=RECALCULATE)] if names else []


def kept_fields(packages: Iterable[Package]) -> list[str]:
    """The calculated fields that packages keep values of."""
    return [
        f"{object_name}.{each.name}"
        for package in packages
        for object_name, definitions in package.fields.items()
        for each in definitions
        if is_kept(each)
    ]


def fields_resting_on(snapshot: Snapshot, objects: Collection[str]) -> Iterator[str]:
    """The calculated fields whose kept values follow from records of these objects."""
    for obj in snapshot.objects.values():
        for each in obj.fields.values():
            child = obj.children_by_lower_name.get(each.summary.child.lower()) if each.summary is not None else None
            is_own = each.formula is not None and each.stored and obj.name in objects
            if is_own or (child is not None and child.child in objects):
                yield f"{obj.name}.{each.name}"


def everywhere(package: Package) -> tuple[str, Mapping[str, Any]] | None:
    """The owner's statement that queues the work in every tenant that has this very version; None where it has none."""
    names = sorted(kept_fields([package]))
    if not names:
        return None
    text = (
        "INSERT INTO chassis.job (tenant_id, id, kind, payload, run_at, lock_key)"
        " SELECT i.tenant_id, %(id)s, %(kind)s, jsonb_build_object('fields', %(names)s::text[]), now(), %(kind)s"
        " FROM chassis.installation i WHERE i.package = %(package)s AND i.version = %(version)s"
    )
    manifest = package.manifest
    identity = {"id": new_id(JOB_PREFIX), "kind": RECALCULATE, "names": names}
    return text, {**identity, "package": manifest.name, "version": manifest.version}
