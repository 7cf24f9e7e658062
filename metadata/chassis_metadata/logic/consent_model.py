"""Consent models: which records say that a person agreed to a purpose and channel, and which that all must rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "consent_model"


@dataclass(frozen=True, slots=True)
class Restriction:
    """Records by which a person had processing restricted: while `criteria` hold for one, nobody is contacted.

    `values` are what a new one begins with, by field.
    """

    object_name: str
    person: str
    criteria: str
    values: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentModel:
    """`person` and `captured` are fields of the object, the others formulas; the newest record of a person counts."""

    name: str
    object_name: str
    person: str
    purpose: str
    granted: str
    captured: str
    channel: str | None = None
    restriction: Restriction | None = None


def consent_models(snapshot: Snapshot) -> Mapping[str, ConsentModel]:
    """The models in force by name."""

    def make() -> Mapping[str, ConsentModel]:
        return {name: read_consent_model(each) for name, each in snapshot.logic_of(KIND).items()}

    return snapshot.keep(KIND, make)


def read_consent_model(component: LogicComponent) -> ConsentModel:
    """A component as a model."""
    body = component.body
    return ConsentModel(
        name=component.full_name,
        object_name=body["object"],
        person=body["person"],
        purpose=body["purpose"],
        granted=body["granted"],
        captured=body["captured"],
        channel=body.get("channel"),
        restriction=_restriction(body["restriction"]) if "restriction" in body else None,
    )


def _restriction(body: Mapping[str, Any]) -> Restriction:
    values = tuple(body.get("values", {}).items())
    return Restriction(body["object"], body["person"], body["criteria"], values)
