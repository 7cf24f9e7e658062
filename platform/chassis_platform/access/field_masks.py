"""How one user sees a field that rules mask: the mask, and which records show the value in clear."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.masks import Mask

Conditions = tuple[RecordCondition, ...]


@dataclass(frozen=True, slots=True)
class RuleMask:
    """What one rule leaves the user: records that meet one of `clear` are clear; others can be revealed, or not.

    `field` is whose reveal counts: a formula is clear where what it reads is.
    """

    rule: str
    field: str
    clear: Conditions = ()
    revealable: bool = False

    @property
    def is_never_clear(self) -> bool:
        """Whether no record shows the value to the user."""
        return not self.clear and not self.revealable


@dataclass(frozen=True, slots=True)
class FieldMask:
    """The value is clear where every rule says so. `lookup`: a record may be found by the whole value all the same."""

    mask: Mask
    rules: tuple[RuleMask, ...]
    lookup: bool = False

    @property
    def is_never_clear(self) -> bool:
        """Whether no record shows the value to the user."""
        return any(each.is_never_clear for each in self.rules)

    @property
    def is_revealable(self) -> bool:
        """Whether the user may ask for the value of a record that does not show it."""
        return all(each.revealable or each.clear for each in self.rules) and any(each.revealable for each in self.rules)
