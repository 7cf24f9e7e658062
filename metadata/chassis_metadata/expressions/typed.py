"""A formula whose names are bound and whose kinds are known: what the compiler reads and caches go by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from chassis_metadata.expressions.kinds import Kind


class Source(StrEnum):
    """Which row a field is read of."""

    ROW = "row"  # the row at hand: the record, or inside EXISTS a row of the other object
    THIS = "this"  # the record being saved
    PRIOR = "prior"  # the same record before the change
    USER = "user"  # the running user


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    kind: Kind
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Variable:
    """A free name: an argument of a declared function, a flow's variable."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """From a row to its parent: the reference field and the object it leads to."""

    field: str
    target: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field of `obj`, reached over parents. A polymorphic reference has a FieldValue for each of its targets."""

    kind: Kind
    source: Source
    obj: str
    field: str
    steps: tuple[Step, ...] = ()
    root: str = ""  # the object the path begins at

    @property
    def path(self) -> str:
        """The path in field names: `AccountId.OwnerId.Name`."""
        return ".".join((*(step.field for step in self.steps), self.field))


@dataclass(frozen=True, slots=True)
class RecordTypeValue:
    """`RecordType.DeveloperName` or `RecordType.Name` of a row."""

    kind: Kind
    identity: FieldValue  # its RecordTypeId
    part: str


@dataclass(frozen=True, slots=True)
class Global:
    """`$User.Id`, `$Permission.X`, `$Setting.X`, `$Organization.X` or `$System.OriginDateTime`."""

    kind: Kind
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A function or operator of the catalogue; `detail` is what a function keeps of its literals."""

    kind: Kind
    name: str
    arguments: tuple[Typed, ...]
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """EXISTS, COUNT, SUM, AVG, MIN, MAX, LOOKUP or SET over the rows of an object."""

    kind: Kind
    function: str
    obj: str
    value: Typed | None
    criteria: Typed | None


@dataclass(frozen=True, slots=True)
class Many:
    """A set for IN: single values, and sets of rows."""

    kind: Kind
    items: tuple[Typed, ...]


@dataclass(frozen=True, slots=True)
class Inlined:
    """A formula inside a formula: a declared function with its arguments, or a formula field without storage."""

    kind: Kind
    expression: Expression
    bindings: tuple[tuple[str, Typed], ...] = ()


Typed = Constant | Variable | FieldValue | RecordTypeValue | Global | Operation | Related | Many | Inlined


def children(node: Typed) -> tuple[Typed, ...]:
    """The nodes right below."""
    match node:
        case Operation():
            return node.arguments
        case Related():
            return tuple(each for each in (node.value, node.criteria) if each is not None)
        case Many():
            return node.items
        case Inlined():
            return (*(value for _, value in node.bindings), node.expression.root)
        case RecordTypeValue():
            return (node.identity,)
        case _:
            return ()


def walk(node: Typed) -> Iterator[Typed]:
    """The node and everything below it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(children(each))


#: What these answer changes though the row does not.
_FLEETING = frozenset({"TODAY", "NOW", "TIMENOW", "BUSINESS_MINUTES", "ADD_BUSINESS_MINUTES"})
_ZONED = frozenset({"DATEVALUE"})
_OF_CHANGE = frozenset({"ISNEW", "ISCHANGED", "ISCLONE"})


@dataclass(frozen=True)
class Expression:
    """A checked formula. It can be hashed: two of the same text, kinds and names are one value."""

    text: str
    kind: Kind
    root: Typed
    blanks_as: str = "zero"

    @cached_property
    def _nodes(self) -> tuple[Typed, ...]:
        return tuple(walk(self.root))

    @cached_property
    def _values(self) -> tuple[FieldValue, ...]:
        return tuple(each for each in self._nodes if isinstance(each, FieldValue))

    @cached_property
    def fields(self) -> frozenset[str]:
        """Fields of the record itself that are read, references that are followed among them."""
        inner = {id(each) for node in self._nodes if isinstance(node, Related) for each in _inside(node)}
        return frozenset(
            each.steps[0].field if each.steps else each.field
            for each in self._values
            if each.source is not Source.USER and (id(each) not in inner or each.source is not Source.ROW)
        )

    @cached_property
    def row_fields(self) -> frozenset[str]:
        """The same, but only of the row at hand: inside criteria, of the record that is looked at."""
        inner = {id(each) for node in self._nodes if isinstance(node, Related) for each in _inside(node)}
        return frozenset(
            each.steps[0].field if each.steps else each.field
            for each in self._values
            if each.source is Source.ROW and id(each) not in inner
        )

    @cached_property
    def paths(self) -> frozenset[str]:
        """All paths that are read, in field names; those inside EXISTS and its like with their object before."""
        inner = {id(each): node.obj for node in self._nodes if isinstance(node, Related) for each in _inside(node)}
        return frozenset(
            f"{inner[id(each)]}.{each.path}" if id(each) in inner and each.source is Source.ROW else each.path
            for each in self._values
            if each.source is not Source.USER
        )

    @cached_property
    def objects(self) -> frozenset[str]:
        """Other objects it looks at: over parents, and in EXISTS and its like."""
        over_parents = {step.target for each in self._values for step in each.steps}
        user = {each.obj for each in self._values if each.source is Source.USER}
        return frozenset(over_parents | user | {each.obj for each in self._nodes if isinstance(each, Related)})

    @cached_property
    def uses_prior(self) -> bool:
        """Whether it asks what was before the change."""
        changes = any(isinstance(each, Operation) and each.name in _OF_CHANGE for each in self._nodes)
        return changes or any(each.source is Source.PRIOR for each in self._values)

    @cached_property
    def is_deterministic(self) -> bool:
        """Whether the answer changes only with the row: no clock, no user, no other record."""
        if self.objects or self.uses_prior:
            return False
        return not any(isinstance(each, Global) or _is_fleeting(each) for each in self._nodes)

    @cached_property
    def settings(self) -> frozenset[str]:
        """Settings that are read."""
        return frozenset(each.name for each in self._nodes if isinstance(each, Global) and each.group == "Setting")

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Custom permissions that are asked."""
        return frozenset(each.name for each in self._nodes if isinstance(each, Global) and each.group == "Permission")


def _inside(node: Related) -> Iterator[Typed]:
    for each in children(node):
        yield from walk(each)


def _is_fleeting(node: Typed) -> bool:
    if not isinstance(node, Operation):
        return False
    zoned = node.name in _ZONED and node.arguments[0].kind is Kind.DATETIME
    return zoned or node.name in _FLEETING
