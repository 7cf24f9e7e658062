"""Requests of persons: objects whose records ask for an act, which saves set it off, and how the act answers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.data_subject import KIND
from chassis_metadata.logic.flow import formula_of
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Snapshot

ERASURE, EXPORT = "erasure", "export"
ACTS = (ERASURE, EXPORT)
#: Behind flows and clocks, which may still change the request.
_ORDER = 3_000
_NO_OLD_VALUES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """An object whose records are requests. `acts` has the formula that asks for each act; all formulas are texts."""

    object_name: str
    person: str
    acts: Mapping[str, str] = field(default_factory=dict)
    reason: str = "Name"
    asked_by: str = "CreatedById"
    done: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def requests_of(snapshot: Snapshot) -> Mapping[str, PersonRequest]:
    """The objects of requests by name, of all declarations in force."""

    def make() -> dict[str, PersonRequest]:
        components = snapshot.logic_of(KIND).values()
        return {each.object_name: each for component in components for each in read_requests(component)}

    return snapshot.keep((KIND, "requests"), make)


def read_requests(component: LogicComponent) -> list[PersonRequest]:
    """What one declaration says of requests."""
    return [_read(name, body) for name, body in component.body.get("requests", {}).items()]


def _read(name: str, body: Mapping[str, Any]) -> PersonRequest:
    return PersonRequest(
        object_name=name,
        person=body["person"],
        acts={each: body[each] for each in ACTS if each in body},
        reason=body.get("reason", "Name"),
        asked_by=body.get("asked_by", "CreatedById"),
        done={each: formula_of(value) for each, value in body.get("done", {}).items()},
        failed={each: formula_of(value) for each, value in body.get("failed", {}).items()},
    )


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    saves = frozenset({Event.CREATE, Event.UPDATE})
    for each in read_requests(component):
        if requests_of(snapshot)[each.object_name] == each:
            for act, criteria in each.acts.items():
                yield Trigger(KIND, act, each.object_name, saves, criteria, True, _ORDER, _NO_OLD_VALUES)


SOURCES[KIND] = _triggers
