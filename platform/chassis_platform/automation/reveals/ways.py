"""By which ways of which rules the fields that a user asks for can be revealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import Forbidden, Invalid
from chassis_metadata.logic.masking_rule import MaskingRule, Requirement, Reveal, masking_rules
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.field_masks import Conditions, RuleMask
from chassis_platform.access.masking import ways_to_reveal

MOST_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Way:
    """One way of a rule for one field: the grant will name the field."""

    field: str
    rule: MaskingRule
    reveal: Reveal

    @property
    def asks_for_verification(self) -> bool:
        """Whether somebody must have been identified."""
        return self.reveal.requires is Requirement.VERIFICATION


@dataclass(frozen=True, slots=True)
class Asked:
    """What one rule of one field asks: nothing, where the record meets `clear` already; else one of the ways."""

    field: str
    clear: Conditions
    ways: tuple[Way, ...]

    def conditions(self) -> Iterable[Conditions]:
        """What must be known of the record."""
        if self.clear:
            yield self.clear
        yield from ((each.reveal.when,) for each in self.ways)


def asked_of(context: Context, obj: Object, fields: Sequence[str]) -> list[Asked]:
    """What the rules of the fields ask. Refuses fields that the user does not see masked or can't have revealed."""
    if not 0 < len(fields) <= MOST_FIELDS:
        raise Invalid.of("invalid_field", f"Name 1 to {MOST_FIELDS} fields.", path="fields")
    access = context.policy.on(obj.name)
    found: dict[tuple[str, str], Asked] = {}
    for name in fields:
        mask = access.masks.get(name) if name in access.readable else None
        if mask is None:
            message = f"{obj.name} has no field {name[:80]!r} that you see masked."
            raise Invalid.of("invalid_field", message, path="fields")
        for rule in mask.rules:
            found[rule.rule, rule.field] = _asked(context, obj, rule, name)
    return list(found.values())


def _asked(context: Context, obj: Object, mask: RuleMask, name: str) -> Asked:
    rule = masking_rules(context.snapshot).get(mask.rule)
    ways = ways_to_reveal(rule, obj.name, context.policy.grants.held) if rule is not None else []
    if rule is None or not (ways or mask.clear):
        raise not_to_reveal(name)
    return Asked(mask.field, mask.clear, tuple(Way(mask.field, rule, each) for _, each in ways))


def not_to_reveal(name: str) -> Forbidden:
    """Nothing allows this user to see the value."""
    return Forbidden.of("insufficient_access", f"You may not have {name} of this record shown in clear.")


def chosen(asked: Asked, met: Mapping[Conditions, bool], proofs: Mapping[str, str], *, is_named: bool) -> Way | None:
    """The way that asks least of those that the record allows; None where the value is clear already.

    Who was identified, or names a record that is to prove it, goes the way of verification.
    """
    if asked.clear and met[asked.clear]:
        return None
    open_ways = [each for each in asked.ways if met[each.reveal.when,]]
    if not open_ways:
        raise not_to_reveal(asked.field)

    def burden(way: Way) -> int:
        if way.asks_for_verification:
            return 1 if is_named or way.rule.name in proofs else 3
        return 0 if way.reveal.requires is Requirement.REASON else 2

    return min(open_ways, key=burden)
