"""Where the rows of one SELECT come from: the object's view, and the parents that its paths lead to, each walled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.naming import storage_name
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.read_plan import Hop, PlannedField
from chassis_platform.sql import field_values
from chassis_platform.sql.clearness import Known, is_clear
from chassis_platform.sql.record_conditions import Scan
from chassis_platform.sql.sharing import visible
from chassis_tenants import storage

#: What `Owner.Type` says of an owner that is a group: owners are queues.
_TYPE_WORDS = {"Group": "Queue"}


_NOTHING_KNOWN: Known = {}


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose eyes a statement reads with, and whether they look into the recycle bin."""

    snapshot: Snapshot
    policy: AccessPolicy
    include_deleted: bool = False

    def conditions(
        self,
        obj: Object,
        source: FromClause,
        scan: Scan = Scan.BY_INDEX,
        known: ColumnElement[bool] | None = None,
    ) -> list[ColumnElement[bool]]:
        """What holds for every record of `source` that the user can meet; `known`: something grants access already."""
        sharing = visible(obj, source, self.policy, self.snapshot, scan, known)
        return [*self._alive(obj, source), *([] if isinstance(sharing, sa.True_) else [sharing])]

    def conditions_of_few(self, obj: Object, source: FromClause) -> list[ColumnElement[bool]]:
        """The same for records that are looked up by their ids: sharing is a question about each of them.

        PostgreSQL takes the making of hashed ids for a cost of each look-up, and would rather ask about all records.
        """
        sharing = visible(obj, source, self.policy, self.snapshot, Scan.ONE_BY_ONE)
        asked = [] if isinstance(sharing, sa.True_) else [sa.select(sharing).correlate(source).scalar_subquery()]
        return [*self._alive(obj, source), *asked]

    def _alive(self, obj: Object, source: FromClause) -> list[ColumnElement[bool]]:
        found = [source.c.tenant_id == TENANT_ID]
        this_object = storage.only_this_object(obj, source)
        if this_object is not None:
            found.append(this_object)
        if not self.include_deleted:
            found.append(sa.not_(source.c.is_deleted))
        return found

    def mask_of(self, field: Field) -> FieldMask | None:
        """How the user sees the field; None: in clear, wherever the record is seen."""
        return self.policy.on(field.object_name).masks.get(field.name)


def alias_of(obj: Object) -> str:
    """What the object's rows are called in a statement."""
    return storage_name(obj.name)


@dataclass(slots=True)
class Sources:
    """The rows of `obj` and, joined as paths ask for them, those of their parents.

    Values are the true ones: whoever shows them asks `clear` first. `known` are conditions that the rows hold already.
    """

    obj: Object
    root: FromClause
    reach: Reach
    prefix: str = ""
    known: Known = field(default_factory=lambda: _NOTHING_KNOWN)
    #: Whether the rows are a page, so that their parents are few.
    of_page: bool = False
    #: What functions are worked out to: one SQL element for each call, as for each value.
    calls: dict[int, ColumnElement[Any]] = field(default_factory=dict)
    _parents: dict[tuple[str, ...], Mapping[str, FromClause]] = field(default_factory=dict)
    _joins: list[tuple[FromClause, ColumnElement[bool]]] = field(default_factory=list)
    _values: dict[tuple[str, str, str, int], ColumnElement[Any]] = field(default_factory=dict)

    def at(self, hops: tuple[Hop, ...]) -> Mapping[str, FromClause]:
        """The sources at the end of the hops, by object name."""
        if not hops:
            return {self.obj.name: self.root}
        key = tuple(f"{hop.relationship}:{hop.field.object_name}:{_names(hop)}" for hop in hops)
        if key not in self._parents:
            self._parents[key] = self._join(hops)
        return self._parents[key]

    def _join(self, hops: tuple[Hop, ...]) -> Mapping[str, FromClause]:
        hop = hops[-1]
        reference = self.reference(hop.field, self.at(hops[:-1])[hop.field.object_name])
        name = self.prefix + "_".join(storage_name(each.relationship) for each in hops)
        found: dict[str, FromClause] = {}
        for target in hop.targets:
            own_name = name if len(hop.targets) == 1 else f"{name}_{alias_of(target)}"
            source = storage.tenant_view(target).alias(self._free(own_name))
            self._joins.append((source, sa.and_(source.c.id == reference, *self._within(target, source))))
            found[target.name] = source
        return found

    def _within(self, target: Object, source: FromClause) -> list[ColumnElement[bool]]:
        if self.of_page:
            return self.reach.conditions_of_few(target, source)
        return self.reach.conditions(target, source, Scan.ONE_BY_ONE)

    def reference(self, field: Field, source: FromClause) -> ColumnElement[Any]:
        """Where a reference leads as the user sees it: nowhere, where it is masked."""
        value = storage.value(field, source)
        clear = self.clear_of(field, source)
        return value if clear is None else sa.case((clear, value))

    def clear_of(self, field: Field, source: FromClause) -> ColumnElement[bool] | None:
        """Whether a row shows the field in clear; None: all rows do."""
        masked = self.reach.mask_of(field)
        if masked is None:
            return None
        snapshot = self.reach.snapshot
        known = self.known if source is self.root else _NOTHING_KNOWN
        return is_clear(masked, snapshot.objects[field.object_name], source, snapshot, known)

    def clear(self, operand: PlannedField) -> ColumnElement[bool] | None:
        """Whether the row at the end of the path shows the value in clear; None: all rows do."""
        if operand.is_type:
            return None
        found = [self.clear_of(field, source) for field, source in self.each(operand)]
        if all(each is None for each in found):
            return None
        return sa.and_(*(each for each in found if each is not None))

    def _free(self, name: str) -> str:
        taken = {self.root.name, *(source.name for source, _ in self._joins)}  # type: ignore[attr-defined]  # aliases
        return name if name not in taken else f"{name}_{len(taken)}"

    def all(self) -> FromClause:
        """The FROM clause: whatever was asked for so far."""
        joined = self.root
        for source, condition in self._joins:
            joined = joined.outerjoin(source, condition)
        return joined

    def each(self, operand: PlannedField) -> list[tuple[Field, FromClause]]:
        """The operand's fields, each with the source that holds it."""
        sources = self.at(operand.hops)
        return [(field, sources[field.object_name]) for field in operand.fields]

    def value(self, operand: PlannedField) -> ColumnElement[Any]:
        """The operand's typed value."""
        if operand.is_type:
            return self.type_of(operand.hops)
        return _first([self._once("value", field, source) for field, source in self.each(operand)])

    def value_in(self, field: Field, source: FromClause) -> ColumnElement[Any]:
        """The typed value of a field in one of the sources."""
        return self._once("value", field, source)

    def comparable(self, operand: PlannedField) -> ColumnElement[Any]:
        """What the operand is compared and ordered by."""
        if operand.is_type:
            return sa.func.lower(self.type_of(operand.hops))
        return _first([self._once("comparable", field, source) for field, source in self.each(operand)])

    def _once(self, form: str, field: Field, source: FromClause) -> ColumnElement[Any]:
        """One SQL element for each value: PostgreSQL knows a group's formula again only by the very same text."""
        key = (form, field.object_name, field.name, id(source))
        if key not in self._values:
            make = field_values.value if form == "value" else field_values.comparable
            made = make(field, source, self.reach.snapshot)
            # A formula says something even of a parent that is not there.
            is_empty_here = not field.is_computed or source is self.root
            self._values[key] = made if is_empty_here else sa.case((source.c.id.is_not(None), made))
        return self._values[key]

    def type_of(self, hops: tuple[Hop, ...]) -> ColumnElement[Any]:
        """The name of the object at the end of the hops."""
        found = [
            (source.c.id.is_not(None), sa.literal(_TYPE_WORDS.get(name, name), sa.Text()))
            for name, source in self.at(hops).items()
        ]
        return sa.case(*found)

    def id_of(self, hops: tuple[Hop, ...]) -> ColumnElement[Any]:
        """The id of the record at the end of the hops, null where there is none that the user may see."""
        return _first([source.c.id for source in self.at(hops).values()])


def _names(hop: Hop) -> str:
    """Of a reference to several objects, some may be asked alone."""
    return ",".join(each.name for each in hop.targets) if len(hop.field.references) > 1 else ""


def _first(values: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    return values[0] if len(values) == 1 else sa.func.coalesce(*values, type_=values[0].type)
