"""The reference: which values of which records a person sees in clear, masked or not at all. Slow, and on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leak_towns.masking import FIELDS, Condition, MaskingRule, Revealed
from leak_towns.masks import HIDDEN, left_by
from leak_towns.visibility import Visibility

#: What the fields' own definitions say.
OWN_MASKS = {"Phone": "phone", "Email": "email", "TaxNumber": "all"}
FORMULAS = ("Line__c", "Above__c")
COMPARED = (*FIELDS, *FORMULAS)
LOGGED = frozenset({"Phone", "Email", "TaxNumber", *FORMULAS})


@dataclass(frozen=True)
class Left:
    """What one rule leaves a person of a field: the conditions under which it is clear, and whether it is revealed."""

    mask: str
    conditions: tuple[Condition, ...] = ()
    revealable: bool = False


class Clearness:
    """Answers for one person of a town."""

    def __init__(self, visibility: Visibility) -> None:
        self.visibility = visibility
        self.town = visibility.town
        self.person = visibility.person

    def is_absent(self, field: str) -> bool:
        """No such field exists for the person."""
        return field == "TaxNumber" and not self.visibility.me.reads_tax_numbers

    def is_masked(self, field: str) -> bool:
        """Whether some record might show it masked."""
        return bool(self._left("Phone" if field in FORMULAS else field))

    def may_look_up(self, field: str) -> bool:
        """Whether records may be found by the whole value."""
        of_field = [rule for rule in self.town.masks if self._leaves(rule, field)]
        return all(rule.lookup for rule in of_field)

    def is_clear(self, number: int, field: str) -> bool:
        if field == "Above__c":  # it reads another record
            return not self._left("Phone")
        name = "Phone" if field == "Line__c" else field
        return all(self._is_clear_by(left, number, name) for left in self._left(name))

    def _is_clear_by(self, left: Left, number: int, field: str) -> bool:
        if any(self.visibility.meets(each, number) for each in left.conditions):
            return True
        return left.revealable and any(self._is_shown(each, number, field) for each in self.town.reveals)

    def _is_shown(self, revealed: Revealed, number: int, field: str) -> bool:
        return (revealed.person, revealed.workshop, revealed.field) == (self.person, number, field) and (
            not revealed.has_expired
        )

    def _left(self, field: str) -> list[Left]:
        return [left for rule in self.town.masks if (left := self._leaves(rule, field)) is not None]

    def _leaves(self, rule: MaskingRule, field: str) -> Left | None:
        """None: the rule is not about the field, or shows the person all of it."""
        masks = dict(rule.fields)
        if field not in masks:
            return None
        mask = masks[field] or OWN_MASKS[field]
        if any(self.visibility.is_in(who, self.person) for who in rule.never):
            return Left(mask)
        conditions = tuple(when for who, when in rule.clear if self.visibility.is_in(who, self.person))
        if Condition() in conditions:
            return None
        return Left(mask, conditions, any(self.visibility.is_in(who, self.person) for who in rule.reveal))

    def shown(self, number: int, field: str, value: Any) -> Any:
        """What stands in the place of the record's value: itself, or what the mask leaves."""
        if self.is_clear(number, field):
            return value
        if field in FORMULAS:
            return None if value is None else HIDDEN
        masks = {each.mask for each in self._left(field)}
        return left_by(masks.pop() if len(masks) == 1 else "all", field, value)

    def shows_customer(self, number: int) -> bool:
        """Whether the customer's name is clear."""
        owner = self.town.customers[number].owner
        found = [when for who, when in self.town.hidden_names if self.visibility.is_in(who, self.person)]
        return any(not when.owner or owner in self.visibility.everybody_i_stand_for for when in found)
