"""What follows from a write: which roll-up summaries of which parents it can change, which stored formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.fields import child_of, fields_read, fields_summarised, formula_of
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.plan.changes import Change

#: Every write moves them, though nobody sends them.
_STAMPS = frozenset({"LastModifiedDate", "LastModifiedById", "SystemModstamp"})


def is_moved(change: Change, reads: frozenset[str]) -> bool:
    """Whether the change may move what rests on these fields."""
    return any(change.differs(name) for name in reads) or not reads.isdisjoint(_STAMPS)


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A parent object's summaries over one child relationship; they are worked out together.

    `reads` are the child's stored fields that decide any of them, beside `reference`.
    """

    parent: Object
    child: Object
    reference: Field
    summaries: tuple[Field, ...]
    reads: frozenset[str]

    def is_touched(self, change: Change) -> bool:
        """Whether the change of a child may change a summary."""
        if change.creating:
            return change.values.get(self.reference.name) is not None
        return change.differs(self.reference.name) or is_moved(change, self.reads)

    def is_touched_by(self, names: Iterable[str]) -> bool:
        """The same for a change of these fields of the child."""
        return not self.reads.isdisjoint(names)


def relations_over(snapshot: Snapshot, child: Object) -> tuple[Relation, ...]:
    """The relations in which the object's records are summed up, in the order in which parents are locked."""

    def make() -> tuple[Relation, ...]:
        return tuple(each for each in _all_relations(snapshot) if each.child.name == child.name)

    return snapshot.keep(("relations over", child.name), make)


def relations_of(snapshot: Snapshot, parent: Object) -> tuple[Relation, ...]:
    """The relations whose summaries the object has."""
    return tuple(each for each in _all_relations(snapshot) if each.parent.name == parent.name)


def summaries_of(obj: Object) -> list[Field]:
    """The roll-up summaries of an object."""
    fields: list[Field] | None = obj.__dict__.get("_summaries")
    if fields is None:
        fields = obj.__dict__["_summaries"] = [each for each in obj.fields.values() if each.summary is not None]
    return fields


def stored_formulas(obj: Object) -> list[Field]:
    """The formula fields of an object whose values lie beside the record."""
    fields: list[Field] | None = obj.__dict__.get("_stored_formulas")
    if fields is None:
        found = [each for each in obj.fields.values() if each.formula is not None and each.stored]
        fields = obj.__dict__["_stored_formulas"] = found
    return fields


def read_by_stored(snapshot: Snapshot, obj: Object) -> frozenset[str]:
    """The fields that the stored formulas of an object rest on."""
    return snapshot.keep(("read by stored formulas", obj.name), lambda: frozenset(_read_by(snapshot, obj)))


def _read_by(snapshot: Snapshot, obj: Object) -> Iterable[str]:
    for each in stored_formulas(obj):
        try:
            yield from fields_read(snapshot, obj, formula_of(snapshot, each))
        except Invalid:
            continue


def _all_relations(snapshot: Snapshot) -> tuple[Relation, ...]:
    """One value for each relation: statements are kept by it."""
    return snapshot.keep("summary_relations", lambda: tuple(_relations(snapshot)))


def _relations(snapshot: Snapshot) -> Iterable[Relation]:
    for name in sorted(snapshot.objects):
        parent = snapshot.objects[name]
        named = dict.fromkeys(each.summary.child.lower() for each in summaries_of(parent) if each.summary is not None)
        found = (_relation(snapshot, parent, each) for each in named)
        yield from (each for each in found if each is not None)


def _relation(snapshot: Snapshot, parent: Object, name: str) -> Relation | None:
    """None where the metadata no longer has the children: their summaries stay as they are."""
    relationship = parent.children_by_lower_name.get(name)
    if relationship is None:
        return None
    of_it = [each for each in summaries_of(parent) if each.summary is not None and each.summary.child.lower() == name]
    sound: list[Field] = []
    reads: set[str] = set()
    for each in of_it:
        try:
            reads |= fields_summarised(snapshot, each)
        except (Invalid, KeyError):
            continue
        sound.append(each)
    if not sound:
        return None
    child = child_of(snapshot, sound[0])
    return Relation(parent, child, child.fields[relationship.field], tuple(sound), frozenset(reads))
