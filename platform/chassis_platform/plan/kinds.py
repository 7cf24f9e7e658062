"""`TYPEOF`: of a reference that may lead to several kinds of records, what is shown of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Path, TypeOf
from chassis_platform.plan.names import Aliases, Names
from chassis_platform.plan.problems import no_field, no_object, refuse
from chassis_platform.plan.read_plan import Column, Hop, KindSet, PlannedField


@dataclass(frozen=True, slots=True)
class Kinds:
    """Plans the TYPEOFs of one query over `obj`."""

    names: Names
    obj: Object
    aliases: Aliases

    def plan(self, each: TypeOf) -> KindSet:
        """The reference's targets, each with its branch's fields, or those behind ELSE."""
        path = each.relationship
        names = path.names[1:] if len(path.names) > 1 and path.names[0].lower() in self.aliases else path.names
        if len(names) > 1:
            raise refuse("malformed_query", f"TYPEOF takes a relationship of {self.obj.name} itself", path.position)
        hop = self.names.hop((self.obj,), names[0], path)
        if len(hop.targets) == 1 and len(hop.field.references) == 1:
            message = f"TYPEOF takes a reference to several objects: {hop.relationship} leads to {hop.targets[0].name}"
            raise refuse("invalid_field", message, path.position)
        for each_path in each.otherwise:
            self._demand_somewhere(hop, each_path)
        branches = {self._target(hop, name, path).name: paths for name, paths in each.branches}
        planned = ((target, branches.get(target.name, each.otherwise)) for target in hop.targets)
        known = {target.name for target in hop.targets if target.name in branches}
        return KindSet(
            hop.relationship,
            tuple(self._branch(hop, target, paths, strict=target.name in known) for target, paths in planned),
        )

    def _demand_somewhere(self, hop: Hop, path: Path) -> None:
        readable = {name for target in hop.targets for name in self.names.readable(target)}
        if len(path.names) == 1 and path.names[0].lower() not in {name.lower() for name in readable}:
            raise no_field(path.names[0], hop.relationship, readable, path.position)

    def _target(self, hop: Hop, name: str, path: Path) -> Object:
        found = next((each for each in hop.targets if each.name.lower() == name.lower()), None)
        if found is None:
            raise no_object(name, (each.name for each in hop.targets), path.position)
        return found

    def _branch(
        self, hop: Hop, target: Object, paths: tuple[Path, ...], *, strict: bool
    ) -> tuple[Hop, tuple[Column, ...]]:
        """What is behind ELSE need not be there in every kind of record."""
        own = Hop(hop.relationship, hop.field, (target,))
        readable = {each.lower() for each in self.names.readable(target)}
        kept = (each for each in paths if strict or len(each.names) > 1 or each.names[0].lower() in readable)
        return own, tuple(self._columns(own, target, kept))

    def _columns(self, hop: Hop, target: Object, paths: Iterator[Path]) -> Iterator[Column]:
        seen: set[str] = set()
        for path in paths:
            below = self.names.field(target, path)
            found = PlannedField((hop, *below.hops), below.fields, below.is_type)
            name = path_of(found)
            if name.lower() in seen:
                raise refuse("invalid_field", f"duplicate field selected: {name}", path.position)
            seen.add(name.lower())
            yield Column(name, found)


def path_of(found: PlannedField) -> str:
    """The path as it is answered, with the names as they are defined."""
    return ".".join([*(hop.relationship for hop in found.hops), found.name])
