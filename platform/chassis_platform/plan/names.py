"""Names of a query, resolved against the metadata as this user may see it: what may not be read does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chassis_metadata.snapshot import ChildRelationship, Field, Object, Snapshot
from chassis_metadata.soql.tree import Path, Position, Query
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.problems import (
    masked_field,
    no_children,
    no_field,
    no_object,
    no_relationship,
    refuse,
)
from chassis_platform.plan.read_plan import Hop, PlannedField

#: Whoever sees a record may know who owns it and of what kind it is, whatever the grants on these objects say.
PUBLIC_NAMES = frozenset({"User", "Group", "RecordType"})
_NAMES = frozenset({"Id", "Name"})
MOST_HOPS = 5
#: What stands for which relationships from the object on: its own alias for none.
Aliases = Mapping[str, tuple[str, ...]]
NO_ALIASES: Aliases = {}


@dataclass(frozen=True, slots=True)
class Names:
    """The metadata as the user may see it."""

    snapshot: Snapshot
    policy: AccessPolicy
    language: str = "en_US"

    def object(self, name: str, place: Position | None = None) -> Object:
        """The readable object of that name."""
        obj = self.snapshot.object(name)
        if obj is None or not self.policy.on(obj.name).read:
            readable = (each for each, access in self.policy.grants.objects.items() if access.read)
            raise no_object(name, readable, place)
        return obj

    def readable(self, obj: Object) -> frozenset[str]:
        """The names of the object's fields that exist for the user."""
        access = self.policy.on(obj.name)
        fields = access.readable if access.read else frozenset()
        return fields | _NAMES if obj.name in PUBLIC_NAMES else fields

    def readable_fields(self, obj: Object) -> list[Field]:
        """The fields that exist for the user, in the object's order."""
        readable = self.readable(obj)
        return [each for name, each in obj.fields.items() if name in readable]

    def value_label(self, field: Field, value: str, default: str) -> str:
        """A picklist value's label in the user's language."""
        key = f"objects.{field.object_name}.fields.{field.name}.values.{value}"
        return self.snapshot.text(self.language, key, default)

    def mask_of(self, found: PlannedField) -> FieldMask | None:
        """How the user sees the field where it is masked; None: every record shows it in clear."""
        if found.is_type:
            return None
        masks = (self.policy.on(each.object_name).masks.get(each.name) for each in found.fields)
        return next((each for each in masks if each is not None), None)

    def demand_clear(self, found: PlannedField, path: Path | str, asked: str) -> PlannedField:
        """The field, if what is asked with it can't tell the user what a mask hides."""
        if self.mask_of(found) is not None:
            raise masked_field(str(path), asked, path.position if isinstance(path, Path) else None)
        return found

    def field(self, obj: Object, path: Path, *, aliases: Aliases = NO_ALIASES) -> PlannedField:
        """The field at the end of a path that starts at `obj`, an alias or its own name."""
        names = self._own_path(obj, path.names, aliases)
        if len(names) > MOST_HOPS + 1:
            message = f"{path} crosses too many relationships: at most {MOST_HOPS} are allowed"
            raise refuse("invalid_field", message, path.position)
        targets: tuple[Object, ...] = (obj,)
        hops: list[Hop] = []
        for name in names[:-1]:
            hops.append(self.hop(targets, name, path))
            targets = hops[-1].targets
        return self.field_below(targets, tuple(hops), names[-1], path)

    def _own_path(self, obj: Object, names: tuple[str, ...], aliases: Aliases) -> tuple[str, ...]:
        if len(names) == 1:
            return names
        first = names[0].lower()
        if first in aliases:
            return (*aliases[first], *names[1:])
        return names[1:] if first == obj.name.lower() and first not in obj.fields_by_relationship else names

    def hop(self, sources: tuple[Object, ...], name: str, path: Path) -> Hop:
        """The relationship of that name. Behind a polymorphic one, the first target that has it is taken."""
        for source in sources:
            field = source.fields_by_relationship.get(name.lower())
            if field is None or field.name not in self.readable(source) or field.relationship_name is None:
                continue
            targets = tuple(self._readable_targets(field))
            if targets:
                return Hop(field.relationship_name, field, targets)
        known = (each for source in sources for each in self._relationships(source))
        raise no_relationship(name, str(path), known, path.position)

    def _readable_targets(self, field: Field) -> Iterable[Object]:
        found = (self.snapshot.objects.get(name) for name in field.references)
        return (each for each in found if each is not None and self.readable(each))

    def _relationships(self, obj: Object) -> Iterable[str]:
        readable = self.readable(obj)
        for each in obj.fields_by_relationship.values():
            if each.name in readable and each.relationship_name:
                yield each.relationship_name

    def field_below(self, targets: tuple[Object, ...], hops: tuple[Hop, ...], name: str, path: Path) -> PlannedField:
        """The field of that name at the end of the hops."""
        if len(targets) > 1 and name.lower() == "type":
            return PlannedField(hops, tuple(each.fields["Id"] for each in targets), is_type=True)
        found = [self._own_field(each, name) for each in targets]
        fields = tuple(each for each in found if each is not None)
        agreeing = tuple(each for each in fields if each.type is fields[0].type or each.is_name)
        if not agreeing:
            known = (each for target in targets for each in self.readable(target))
            entity = targets[0].name if len(targets) == 1 else hops[-1].relationship
            raise no_field(name, entity, known, path.position)
        return PlannedField(hops, agreeing)

    def _own_field(self, obj: Object, name: str) -> Field | None:
        field = obj.fields_by_lower_name.get(name.lower())
        return field if field is not None and field.name in self.readable(obj) else None

    def children(
        self, obj: Object, name: str, place: Position | None = None
    ) -> tuple[ChildRelationship, Object, Field]:
        """The child relationship of that name, its object and the field that refers here."""
        relationship = obj.children_by_lower_name.get(name.lower())
        child = self.snapshot.objects.get(relationship.child) if relationship is not None else None
        if relationship is None or child is None or relationship.field not in self._reading(child):
            known = (each.name for each in obj.children if each.field in self._reading(each.child))
            raise no_children(name, known, place)
        return relationship, child, child.fields[relationship.field]

    def _reading(self, obj: Object | str) -> frozenset[str]:
        access = self.policy.on(obj if isinstance(obj, str) else obj.name)
        return access.readable if access.read else frozenset()


def aliases_of(query: Query) -> Aliases:
    """What the names behind FROM stand for."""
    found: dict[str, tuple[str, ...]] = {} if query.source_alias is None else {query.source_alias.lower(): ()}
    for path, alias in query.joined:
        first = path.names[0].lower()
        above = found.get(first, () if first == query.source.lower() else (path.names[0],))
        found[alias.lower()] = (*above, *path.names[1:])
    return found
