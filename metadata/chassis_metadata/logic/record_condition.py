"""Conditions on a record and on who asks: what sharing, restriction and masking rules are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.audience import Audience, read_audience
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Object, Snapshot


@dataclass(frozen=True, slots=True)
class RecordCondition:
    """All parts that are given hold; with none, every record meets it.

    `owner`: the user's own, a joined queue's, a subordinate's. `owned_by`: the owner is among these users or queues.
    `user_field`: the reference names the user. `field` and `access_set`: the field's value is one of the set's ids.
    `criteria`: a formula over the record, $User and $Permission. `readers_of`: one of these references leads to a
    record that the user may read; of sharing rules only, and met in `sql/sharing.py`.
    """

    owner: bool = False
    owned_by: Audience | None = None
    user_field: str | None = None
    field: str | None = None
    access_set: str | None = None
    criteria: str | None = None
    readers_of: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every record meets it."""
        return self == RecordCondition()


def read_condition(body: Mapping[str, Any]) -> RecordCondition:
    """The condition that a body's keys describe; other keys are not looked at."""
    owners = body.get("owned_by")
    return RecordCondition(
        owner=body.get("owner", False),
        owned_by=None if owners is None else read_audience(owners),
        user_field=body.get("user_field"),
        field=body.get("field"),
        access_set=body.get("in"),
        criteria=body.get("criteria"),
        readers_of=tuple(body.get("readers_of", ())),
    )


def criteria_of(snapshot: Snapshot, obj: Object, text: str) -> Expression:
    """The condition's formula, typed. Raises Invalid with all that is wrong with it."""
    return formula_of(snapshot, obj, text, Kind.BOOLEAN)
