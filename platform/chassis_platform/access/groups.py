"""Permission set groups: the sets in them, without what the group mutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from chassis_metadata.components import FieldPermission, Muting, ObjectPermission, PermissionSet
from chassis_metadata.snapshot import Snapshot

_ALL_FIELDS = "*"


def sets_of(snapshot: Snapshot, names: Iterable[str]) -> list[PermissionSet]:
    """The sets of these names, and in place of a group also what the group leaves of the sets in it."""
    return [each for name in sorted(names) for each in _opened(snapshot, snapshot.permission_sets[name])]


def _opened(snapshot: Snapshot, group: PermissionSet) -> Iterator[PermissionSet]:
    yield group
    for name in group.includes:
        found = snapshot.permission_sets.get(name)
        if found is not None:
            muted = found if group.muting is None else _muted(snapshot, found, group.muting)
            yield replace(muted, name=f"{group.name}:{name}")


def _muted(snapshot: Snapshot, found: PermissionSet, muting: Muting) -> PermissionSet:
    return replace(
        found,
        objects={name: _without(each, muting.objects.get(name)) for name, each in found.objects.items()},
        fields=dict(_fields(snapshot, found.fields, muting)),
        system=tuple(each for each in found.system if each not in muting.permissions),
        custom_permissions=tuple(each for each in found.custom_permissions if each not in muting.permissions),
    )


def _without(granted: ObjectPermission, taken: ObjectPermission | None) -> ObjectPermission:
    if taken is None:
        return granted
    left = {each.name: getattr(granted, each.name) and not getattr(taken, each.name) for each in fields(granted)}
    return ObjectPermission(**left) if left["read"] else ObjectPermission()


def _fields(
    snapshot: Snapshot, granted: Mapping[str, FieldPermission], muting: Muting
) -> Iterator[tuple[str, FieldPermission]]:
    """A field muted by name is named, so that the set's star does not grant it after all."""
    for path, each in granted.items():
        yield path, _left(path, each, muting)
    for path in muting.edits:
        object_name, _, name = path.partition(".")
        star = granted.get(f"{object_name}.{_ALL_FIELDS}")
        if name != _ALL_FIELDS and path not in granted and star is not None and object_name in snapshot.objects:
            yield path, _left(path, star, muting)


def _left(path: str, granted: FieldPermission, muting: Muting) -> FieldPermission:
    stars = (path, f"{path.partition('.')[0]}.{_ALL_FIELDS}")
    if any(each in muting.fields for each in stars):
        return FieldPermission()
    return replace(granted, edit=False) if any(each in muting.edits for each in stars) else granted
