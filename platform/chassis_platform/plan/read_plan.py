"""What a read will do, as data: names resolved, forbidden ones refused, values apart from the shape.

Every value of the query stands in a numbered slot, bound when the statement runs. Plans of queries that differ only in
their values therefore have one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import Operator, SearchForm

#: How a slot's value follows from the moment and the time zone of the request: the bounds of a date literal.
Moving = Callable[[datetime, ZoneInfo], Any]


@dataclass(frozen=True, slots=True)
class Hop:
    """From a record to its parent through a reference field; several targets where the field is polymorphic."""

    relationship: str
    field: Field
    targets: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class PlannedField:
    """A field at the end of a path; behind a polymorphic hop, one field for each target that has it.

    `is_type` stands for the target's own name (`Owner.Type`), for which there is no field.
    """

    hops: tuple[Hop, ...]
    fields: tuple[Field, ...]
    is_type: bool = False

    @property
    def field(self) -> Field:
        """The field, or the first of them: they agree in type."""
        return self.fields[0]

    @property
    def type(self) -> FieldType:
        """The type of the value."""
        return FieldType.TEXT if self.is_type else self.fields[0].type

    @property
    def is_encrypted(self) -> bool:
        """Whether SQL doesn't know the value: it can be shown, and compared as a whole."""
        return not self.is_type and any(each.encrypted for each in self.fields)

    @property
    def name(self) -> str:
        """The name of the field itself."""
        return "Type" if self.is_type else self.fields[0].name


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`COUNT(Id)`, `SUM(Amount)`; no field for COUNT() of whole rows."""

    function: str  # count | count_distinct | sum | avg | min | max
    field: PlannedField | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A value worked out of others: `CALENDAR_YEAR(CreatedDate)`, `DISTANCE(…)`, `toLabel(Status)`, `A + B`.

    `slots` hold what the query says besides; `words` what the metadata do (labels by value, a locale's pattern).
    `in_zone`: moments are taken on the user's calendar, else in UTC. `hops` say where the value is answered.
    """

    function: str  # in capitals, or the sign of a sum
    operands: tuple[PlannedField | Aggregate | Computed, ...]
    type: FieldType
    slots: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    in_zone: bool = False
    hops: tuple[Hop, ...] = ()


PlannedOperand = PlannedField | Aggregate | Computed


def fields_of(operand: PlannedOperand) -> tuple[PlannedField, ...]:
    """The fields that an operand's value is made of."""
    if isinstance(operand, Computed):
        return tuple(field for each in operand.operands for field in fields_of(each))
    if isinstance(operand, Aggregate):
        return () if operand.field is None else (operand.field,)
    return (operand,)


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator slot`; a slot of None compares with null."""

    operand: PlannedOperand
    operator: Operator
    slot: str | None


@dataclass(frozen=True, slots=True)
class Formed:
    """The value in a form that searches have of it is like the slot's pattern."""

    operand: PlannedField
    form: SearchForm
    slot: str


@dataclass(frozen=True, slots=True)
class Within:
    """A moment or a day in a date literal's range, from the first slot up to, not including, the second."""

    operand: PlannedOperand
    operator: Operator
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """`field IN (…)`: the slot holds the list without its nulls."""

    operand: PlannedField | Computed
    slot: str
    with_null: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Includes:
    """A multi-picklist has all values of one of the slots' lists."""

    operand: PlannedField
    slots: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery:
    """A semi-join, or negated an anti-join: the value is among those of a field that another plan finds."""

    operand: PlannedField
    column: PlannedField
    source: ReadPlan
    negated: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    conditions: tuple[PlannedCondition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple[PlannedCondition, ...]


@dataclass(frozen=True, slots=True)
class NotSo:
    """The condition doesn't hold; what is unknown doesn't hold either."""

    condition: PlannedCondition


@dataclass(frozen=True, slots=True)
class Seen:
    """The condition holds for a value that the record shows to the user in clear."""

    condition: PlannedCondition
    operand: PlannedField


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """The record is owned by the user, or also by a group that the user is in."""

    groups: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """Whom the field names agreed to the purpose in a slot, by the channel in another or by any where it is null."""

    person: PlannedField
    purpose: str
    channel: str


PlannedCondition = (
    Compare | Formed | Within | OneOf | Includes | InQuery | AllOf | AnyOf | NotSo | Seen | Agreed | OwnedBy
)


@dataclass(frozen=True, slots=True)
class Column:
    """A selected field under the path as it is answered (`Account.Name`), or an aggregate under its alias."""

    path: str
    operand: PlannedOperand

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Where it is answered: below which parents."""
        return () if isinstance(self.operand, Aggregate) else self.operand.hops

    @property
    def name(self) -> str:
        """What it is called there."""
        return self.operand.name if isinstance(self.operand, PlannedField) else self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class KindSet:
    """`TYPEOF What …`: for each kind of record that the reference may lead to, the columns that are shown of it."""

    name: str
    branches: tuple[tuple[Hop, tuple[Column, ...]], ...]


@dataclass(frozen=True, slots=True)
class ChildSet:
    """A subquery over children: the records of `plan` whose `field` refers to the record."""

    name: str
    field: Field
    plan: ReadPlan


Selected = Column | ChildSet | KindSet


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One term of the order."""

    operand: PlannedOperand
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A read of one object's records."""

    object: Object
    selected: tuple[Selected, ...]
    where: PlannedCondition | None = None
    order_by: tuple[PlannedOrder, ...] = ()
    limit: int | None = None
    offset: int = 0
    count_only: bool = False
    group_by: tuple[PlannedField | Computed, ...] = ()
    group_kind: str | None = None  # ROLLUP, CUBE
    having: PlannedCondition | None = None
    is_aggregate: bool = False
    include_deleted: bool = False
    is_looked_at: bool = False  # FOR VIEW, FOR REFERENCE: what is answered counts as seen by the user
    is_held: bool = False  # FOR UPDATE: a transaction holds what is answered until it ends
    values: Mapping[str, Any] = field(default_factory=dict)
    moving: Mapping[str, Moving] = field(default_factory=dict)
    #: Worked out when it is first asked for, by `plan/signature.py`; a changed copy has its own.
    known_signature: Hashable = field(init=False, default=None, repr=False, compare=False)

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is selected but the child sets."""
        return tuple(column for each in self.selected for column in columns_of(each))

    @property
    def child_sets(self) -> tuple[ChildSet, ...]:
        """The child sets selected."""
        return tuple(each for each in self.selected if isinstance(each, ChildSet))

    def bound_values(self, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
        """A value for every slot, at this moment on this calendar."""
        if not self.moving:
            return dict(self.values)
        return {**self.values, **{name: moving(now, zone) for name, moving in self.moving.items()}}


def columns_of(selected: Selected) -> tuple[Column, ...]:
    """The columns of something selected; a child set's are those of its own plan."""
    if isinstance(selected, KindSet):
        return tuple(column for _, columns in selected.branches for column in columns)
    return (selected,) if isinstance(selected, Column) else ()


def child_sets_within(plan: ReadPlan, above: str = "") -> Iterator[tuple[str, ChildSet]]:
    """All child sets of a plan, those in them behind each, with the path of names that leads to them."""
    for each in plan.child_sets:
        path = f"{above}/{each.name}" if above else each.name
        yield path, each
        yield from child_sets_within(each.plan, path)
