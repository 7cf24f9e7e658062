"""What saving a record may set off: the triggers of all kinds of logic, by object.

A kind that reacts to saves puts a function into `SOURCES` (after commit or in the same transaction), or into
`BEFORE_SAVE` (values set on the record itself before it is written). The write road asks nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot


class Event(StrEnum):
    """What happened to a record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that a save may set off. `criteria` is a formula over the record (old values known); None: always.

    `becomes` demands of an update that the criteria did not hold before. Triggers run by `order`, then by name.
    `old_fields` names the fields whose old values the engine wants to find in `Change.old`; None: all.
    Criteria that can't be worked out refuse the record, or do not fire where `is_lenient`. One that `diverts` may find
    that a new record is none: what was written of it is undone then.
    """

    kind: str
    name: str
    object_name: str
    events: frozenset[Event]
    criteria: str | None = None
    becomes: bool = False
    order: int = 1_000
    old_fields: frozenset[str] | None = None
    is_lenient: bool = False
    diverts: bool = False


@dataclass(frozen=True, slots=True)
class BeforeSaveUpdate:
    """Values set on the record before it is written: field name to formula, seen one after the other by `order`."""

    kind: str
    name: str
    object_name: str
    events: frozenset[Event]
    assignments: Mapping[str, str]
    criteria: str | None = None
    becomes: bool = False
    order: int = 1_000


#: Kind of logic -> the triggers that one of its components is.
SOURCES: dict[str, Callable[[LogicComponent, Snapshot], Iterable[Trigger]]] = {}
#: Kind of logic -> what one of its components sets before a record is written.
BEFORE_SAVE: dict[str, Callable[[LogicComponent, Snapshot], Iterable[BeforeSaveUpdate]]] = {}


def triggers_of(snapshot: Snapshot, object_name: str) -> tuple[Trigger, ...]:
    """The triggers of an object in the order in which they run."""
    found: tuple[Trigger, ...] = _by_object(snapshot, "triggers", SOURCES).get(object_name, ())
    return found


def before_save_updates_of(snapshot: Snapshot, object_name: str) -> tuple[BeforeSaveUpdate, ...]:
    """What is set on an object's records before they are written, in order."""
    found: tuple[BeforeSaveUpdate, ...] = _by_object(snapshot, "before_save_updates", BEFORE_SAVE).get(object_name, ())
    return found


def _by_object(snapshot: Snapshot, key: str, sources: Mapping[str, Callable[..., Iterable[Any]]]) -> Mapping[str, Any]:
    def make() -> dict[str, tuple[Any, ...]]:
        found: dict[str, list[Any]] = {}
        for kind, triggers_in in sources.items():
            for component in snapshot.logic_of(kind).values():
                for each in triggers_in(component, snapshot):
                    found.setdefault(each.object_name, []).append(each)
        return {name: tuple(sorted(each, key=lambda one: (one.order, one.name))) for name, each in found.items()}

    return snapshot.keep(key, make)
