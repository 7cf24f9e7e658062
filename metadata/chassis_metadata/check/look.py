"""What the checks look at: the package, the snapshots without and with it; names found, or the nearest told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chassis_metadata.components import FieldDefinition, Package
from chassis_metadata.forms import Complaint, near
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object, Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """`before` holds what the package stands on, `after` also what it declares."""

    package: Package
    before: Snapshot
    after: Snapshot
    is_tenant: bool = False

    def objects(self) -> Iterator[tuple[Where, Object]]:
        """The objects that the package owns, as they will be."""
        for name, definition in self.package.objects.items():
            if not definition.extends and name not in self.before.objects:
                yield ("objects", name, "object"), self.after.objects[name]

    def fields(self) -> Iterator[tuple[Where, Object, FieldDefinition]]:
        """The fields that the package declares on objects that there are."""
        for object_name, fields in self.package.fields.items():
            owner = self.after.objects.get(object_name)
            for each in fields if owner is not None else ():
                assert owner is not None  # noqa: S101  by the line above
                yield ("objects", object_name, "fields", each.name), owner, each


def unknown(where: Where, what: str, name: str, known: Iterable[str]) -> Complaint:
    """`There is no object 'Acount'. Did you mean 'Account'?` under the code `unknown_object`."""
    return Complaint(where, f"unknown_{what.replace(' ', '_')}", f"There is no {what} {name!r}.{near(name, known)}")


def missing_field(where: Where, of: Object, name: str) -> Complaint:
    """The same for a field of an object."""
    message = f"{of.name} has no field {name!r}.{near(name, of.fields)}"
    return Complaint(where, "unknown_field", message)


def field_at(snapshot: Snapshot, of: Object, path: str, where: Where) -> Field | Complaint:
    """The field at the end of a path over relationships, or what is wrong with the path."""
    *steps, last = path.split(".")
    standing = [of]
    for step in steps:
        found = [one for each in standing for one in each.fields.values() if one.relationship_name == step]
        if not found:
            relationships = [one.relationship_name for one in standing[0].fields.values() if one.relationship_name]
            message = f"{standing[0].name} has no relationship {step!r}.{near(step, relationships)}"
            return Complaint(where, "unknown_relationship", message)
        standing = [snapshot.objects[target] for one in found for target in one.references]
        if not standing:
            return Complaint(where, "unknown_relationship", f"{step!r} in {path!r} leads to no object that is there.")
    for each in standing:
        if last in each.fields:
            return each.fields[last]
    return missing_field(where, standing[0], last)


def path_complaints(snapshot: Snapshot, of: Object, paths: Iterable[str], where: Where) -> Iterator[Complaint]:
    """For lists of paths: what does not lead to a field."""
    for index, path in enumerate(paths):
        found = field_at(snapshot, of, path, (*where, index))
        if isinstance(found, Complaint):
            yield found


def circle(start: str, edges: dict[str, set[str]]) -> list[str]:
    """The way from `start` back to itself, or an empty list."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for target in edges.get(way[-1], ()):
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
