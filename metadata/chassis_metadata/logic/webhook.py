"""Webhooks as packages declare them: which changes of which objects are sent. Where to is the tenant's affair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "webhook"
EVENTS = ("CREATE", "UPDATE", "DELETE", "UNDELETE")


@dataclass(frozen=True, slots=True)
class Watched:
    """The changes of one object that are sent.

    `criteria`: a formula that the record meets when it is sent. `fields`: what is told of it in place of what changed.
    `changed`: an update is sent only where one of these did.
    """

    object_name: str
    events: frozenset[str] = frozenset(EVENTS)
    criteria: str | None = None
    fields: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()

    def wants(self, change_type: str, fields: Iterable[str]) -> bool:
        """Whether a change of this kind, of these fields, is sent at all."""
        if change_type not in self.events:
            return False
        return change_type != "UPDATE" or not self.changed or not self.changed.isdisjoint(fields)

    @property
    def document(self) -> dict[str, Any]:
        """As it is written down."""
        return {
            "object": self.object_name,
            "events": sorted(self.events),
            "criteria": self.criteria,
            "fields": list(self.fields),
            "changed": sorted(self.changed),
        }


@dataclass(frozen=True, slots=True)
class DeclaredWebhook:
    """A webhook of a package, or of the tenant's own, that is in force."""

    name: str
    label: str
    watched: Mapping[str, Watched]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """What is watched, as it is written down."""
        return [each.document for each in self.watched.values()]

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What administrators read."""
        return snapshot.text(language, f"webhooks.{self.name}.label", self.label)


def watched_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, Watched]:
    """What is watched, by object, as it is written down."""
    found = (
        Watched(
            each["object"],
            frozenset(each.get("events") or EVENTS),
            each.get("criteria"),
            tuple(each.get("fields", ())),
            frozenset(each.get("changed", ())),
        )
        for each in documents
    )
    return {each.object_name: each for each in found}


def webhooks_of(snapshot: Snapshot) -> Mapping[str, DeclaredWebhook]:
    """The webhooks in force by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: _read(each) for name, each in components.items()})


def _read(component: LogicComponent) -> DeclaredWebhook:
    body = component.body
    return DeclaredWebhook(component.full_name, body["label"], watched_of(body["objects"]))
