"""Names: in their owner's namespace, not taken, not reserved, and still apart as tables and columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.compile_fields import RESERVED_COLUMNS, SYSTEM_FIELDS
from chassis_metadata.forms import Complaint
from chassis_metadata.naming import TENANT_PREFIX, TENANT_SUFFIX, component_names, namespace_of, storage_name
from chassis_metadata.package import PART_KINDS, TOP_KINDS
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

LONGEST_STORAGE_NAME = 63

_NAMED_BY_OWNER = ("apps", "permission_sets", "roles", "queues", "value_sets")


def check_names(look: Look) -> Iterator[Complaint]:
    """Objects, their fields and parts, and what belongs to no object."""
    yield from _check_objects(look)
    yield from _check_prefixes(look)
    yield from _check_tables(look)
    yield from _check_fields(look)
    yield from _check_parts(look)
    yield from _check_tops(look)


def _check_objects(look: Look) -> Iterator[Complaint]:
    for name, definition in look.package.objects.items():
        where: Where = ("objects", name, "object")
        if definition.extends and name not in look.before.objects:
            yield unknown((*where, "extends"), "object", name, look.before.objects)
        elif not definition.extends and name in look.before.objects:
            message = f"{name!r} is there already. Write `extends: true` to add to it, or choose another name."
            yield Complaint(where, "duplicate_object", message)
        elif not definition.extends:
            yield from check_ownership(look, where, name)
    for name in look.package.fields.keys() - look.package.objects.keys() - look.before.objects.keys():
        yield unknown(("objects", name), "object", name, look.before.objects)


def check_ownership(look: Look, where: Where, name: str) -> Iterator[Complaint]:
    """What a tenant makes ends in __c; what a package owns carries its namespace."""
    namespace = look.package.manifest.namespace
    if look.is_tenant:
        if not name.endswith(TENANT_SUFFIX):
            yield Complaint(where, "invalid_name", f"What a tenant makes ends in __c: {name}{TENANT_SUFFIX}.")
    elif name.endswith(TENANT_SUFFIX):
        message = f"Names in __c are tenants'. Call it {name.removesuffix(TENANT_SUFFIX)!r}."
        yield Complaint(where, "invalid_name", message)
    elif namespace_of(name) != namespace:
        own = name.rpartition("__")[2]
        right = f"{namespace}__{own}" if namespace else own
        yield Complaint(where, "wrong_namespace", f"{name!r} is outside the package's namespace. Call it {right!r}.")


def _check_prefixes(look: Look) -> Iterator[Complaint]:
    taken = {each.key_prefix: name for name, each in look.before.objects.items()}
    for where, each in look.objects():
        here = (*where, "key_prefix")
        prefix = each.key_prefix
        if not prefix:
            yield Complaint(where, "required_key_missing", "'key_prefix' is missing: three letters or digits.")
        elif prefix in taken:
            yield Complaint(here, "duplicate_key_prefix", f"{prefix!r} is the prefix of {taken[prefix]}. Take another.")
        elif prefix.startswith(TENANT_PREFIX) != look.is_tenant:
            message = f"Prefixes in {TENANT_PREFIX!r} are for objects that tenants make, and only they. Take another."
            yield Complaint(here, "reserved_key_prefix", message)
        taken.setdefault(prefix, each.name)


def _check_tables(look: Look) -> Iterator[Complaint]:
    taken = {storage_name(name): name for name in look.before.objects}
    for where, each in look.objects():
        table = storage_name(each.name)
        other = taken.setdefault(table, each.name)
        if other != each.name:
            message = f"{each.name!r} and {other!r} would both be stored as {table!r}. Choose another name."
            yield Complaint(where, "name_clash", message)
        if len(table) > LONGEST_STORAGE_NAME:
            yield Complaint(where, "name_too_long", f"{table!r} has more than {LONGEST_STORAGE_NAME} characters.")


def _check_fields(look: Look) -> Iterator[Complaint]:
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for where, of, each in look.fields():
        if each.extends:
            continue
        yield from _check_field_name(look, where, of, each.name)
        if of.name not in columns:
            old = look.before.objects.get(of.name)
            columns[of.name] = {storage_name(name): name for name in old.fields} if old else {}
        for name in component_names(each.name, each.type) or (each.name,):
            yield from _check_column(columns[of.name], where, name, each.name)


def _check_field_name(look: Look, where: Where, of: Object, name: str) -> Iterator[Complaint]:
    old = look.before.objects.get(of.name)
    if name in SYSTEM_FIELDS:
        yield Complaint(where, "reserved_name", f"{name!r} is there by itself on every object. Leave it out.")
    elif storage_name(name) in RESERVED_COLUMNS:
        yield Complaint(where, "reserved_name", f"{name!r} is reserved for the platform. Choose another name.")
    elif old is not None and name in old.fields:
        message = f"{of.name} has a field {name!r} of another package. Use `extends: true` to add values to it."
        yield Complaint(where, "duplicate_field", message)
    elif old is not None or look.is_tenant or name.endswith(TENANT_SUFFIX):
        yield from check_ownership(look, where, name)


def _check_column(taken: dict[str, str], where: Where, name: str, declared: str) -> Iterator[Complaint]:
    column = storage_name(name)
    other = taken.setdefault(column, declared)
    if other != declared:
        yield Complaint(where, "name_clash", f"{name!r} clashes with {other!r}: both would be stored as {column!r}.")
    if len(column) > LONGEST_STORAGE_NAME:
        yield Complaint(where, "name_too_long", f"{column!r} has more than {LONGEST_STORAGE_NAME} characters.")


def _check_parts(look: Look) -> Iterator[Complaint]:
    for key, (_, attribute) in PART_KINDS.items():
        for each in getattr(look.package, attribute) if key != "fields" else ():
            where: Where = ("objects", each.object_name, key, each.name)
            old = look.before.objects.get(each.object_name)
            if each.object_name not in look.after.objects:
                yield unknown(where[:2], "object", each.object_name, look.after.objects)
            elif old is not None and each.name in {one.name for one in getattr(old, key) if one.source is not None}:
                yield _taken(where, each.name)
            elif old is not None and look.package.manifest.namespace is not None:
                yield from check_ownership(look, where, each.name)


def _check_tops(look: Look) -> Iterator[Complaint]:
    for key, known in _known_tops(look):
        for each in getattr(look.package, TOP_KINDS[key][1]):
            if each.name in known:
                yield _taken((key, each.name), each.name)
            elif not look.is_tenant and key in _NAMED_BY_OWNER:
                yield from check_ownership(look, (key, each.name), each.name)


def _known_tops(look: Look) -> Iterator[tuple[str, set[str]]]:
    before = look.before
    for key, (_, attribute) in TOP_KINDS.items():
        known: Iterable[Any] = getattr(before, attribute, ())
        if key not in ("translations", "data"):
            yield key, {each if isinstance(each, str) else each.name for each in known}


def _taken(where: Where, name: str) -> Complaint:
    return Complaint(where, "duplicate_name", f"{name!r} is there already. Choose another name.")
