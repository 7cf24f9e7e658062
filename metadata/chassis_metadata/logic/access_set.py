"""Access sets: the ids that belong to a user, worked out from records (the branches somebody works in)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "access_set"


@dataclass(frozen=True, slots=True)
class AccessSource:
    """Records whose `field` gives ids.

    `user_field` names the user; with `hierarchy` also a subordinate. `within` and `access_set`: a field of theirs is
    in another set. `criteria`: a formula over them.
    """

    object_name: str
    field: str
    user_field: str | None = None
    hierarchy: bool = False
    within: str | None = None
    access_set: str | None = None
    criteria: str | None = None


@dataclass(frozen=True, slots=True)
class AccessSet:
    """Ids of records of `object_name`; with `parent_field`, also of all records below those."""

    name: str
    object_name: str
    sources: tuple[AccessSource, ...]
    parent_field: str | None = None


def access_sets_of(snapshot: Snapshot) -> Mapping[str, AccessSet]:
    """The active sets by name."""
    return snapshot.keep(KIND, lambda: {name: read_set(each) for name, each in snapshot.logic_of(KIND).items()})


def read_set(component: LogicComponent) -> AccessSet:
    """A component as an access set."""
    body = component.body
    sources = tuple(_source(each) for each in body["sources"])
    return AccessSet(component.name, body["object"], sources, body.get("and_below"))


def _source(body: Mapping[str, Any]) -> AccessSource:
    return AccessSource(
        object_name=body["object"],
        field=body["field"],
        user_field=body.get("user_field"),
        hierarchy=body.get("hierarchy", False),
        within=body.get("within"),
        access_set=body.get("in"),
        criteria=body.get("criteria"),
    )
