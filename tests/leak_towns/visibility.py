"""The reference: who may see and change which record of a town, said slowly and independently of the platform."""

from __future__ import annotations

from functools import cached_property

from leak_towns.masking import Audience, Condition
from leak_towns.plan import Rule, Town, Workshop


class Visibility:
    """Answers for one person of a town."""

    def __init__(self, town: Town, person: int) -> None:
        self.town = town
        self.person = person
        self.me = town.people[person]

    @cached_property
    def seen(self) -> set[int]:
        """The workshops outside the recycle bin that the person sees."""
        workshops = enumerate(self.town.workshops)
        return {number for number, each in workshops if not each.is_deleted and self.sees(number)}

    def sees(self, number: int) -> bool:
        return self._within(number, edit=False)

    def may_change(self, number: int) -> bool:
        return self._within(number, edit=True)

    def sees_stay(self, number: int) -> bool:
        """A stay is its workshop's; without one, only who sees all sees it. A deleted workshop still controls."""
        if self.me.sees_all:
            return True
        workshop = self.town.stays[number].workshop
        return workshop is not None and self._within(workshop, edit=False, for_others=True)

    def sees_errand(self, number: int, *, edit: bool = False) -> bool:
        """An errand is its owner's, and of those who read what it is about, as far as a rule says so."""
        errand, readers = self.town.errands[number], self.town.readers
        if errand.owner in self.everybody_i_stand_for:
            return True
        is_shared = self._is_shared_with(readers.audience, [self.person, *self.subordinates])
        if errand.about is None or not is_shared or (edit and not readers.may_edit):
            return False
        about = int(errand.about[1:])
        return self._within(about, edit=False, for_others=True) if errand.about[0] == "w" else self.sees_stay(about)

    def _within(self, number: int, *, edit: bool, for_others: bool = False) -> bool:
        """Whether a workshop is within reach; `for_others`: for the sake of a record that depends on it."""
        record = self.town.workshops[number]
        if not all(self.meets(rule.records, number) for rule in self._rules(restricts=True)):
            return False
        if self.me.sees_all or self._is_public(edit=edit) or record.owner in self.everybody_i_stand_for:
            return True
        rules = (rule for rule in self._rules(restricts=False) if rule.may_edit or not edit)
        rules = (rule for rule in rules if rule.passes_on or not for_others)
        return any(self.meets(rule.records, number) for rule in rules) or self._is_shared(number, edit=edit)

    def _is_public(self, *, edit: bool) -> bool:
        widths = ["private", "public_read", "public_read_write"]
        internal = widths.index(self.town.internal)
        width = internal
        if self.me.external and self.town.external is not None:
            width = min(internal, widths.index(self.town.external))
        return width >= (2 if edit else 1)

    def _rules(self, *, restricts: bool) -> list[Rule]:
        """Sharing reaches those above its audience in the hierarchy; a restriction narrows its audience alone."""
        of_kind = [rule for rule in self.town.rules if rule.restricts is restricts]
        if restricts:
            return [rule for rule in of_kind if self.is_in(rule.audience, self.person)]
        reached = [self.person, *self.subordinates]
        return [rule for rule in of_kind if self._is_shared_with(rule.audience, reached)]

    def _is_shared_with(self, audience: Audience, reached: list[int]) -> bool:
        own = Audience(everyone=audience.everyone, partners=audience.partners, permission=audience.permission)
        by_place = Audience(roles=audience.roles, roles_and_below=audience.roles_and_below, groups=audience.groups)
        if self.is_in(own, self.person) or any(self.is_in(by_place, each) for each in reached):
            return True
        # A role or group counts for those above it even where nobody is in it.
        places = audience.roles | {each for top in audience.roles_and_below for each in self._under(top)}
        return any(self._is_above(place) for place in places) or any(
            self._is_above(role) for group in audience.groups for role, _ in self._roles_in(group)
        )

    def _roles_in(self, group: int) -> list[tuple[int, bool]]:
        found = list(self.town.groups[group].roles)
        return found + [each for inner in self.town.groups[group].groups for each in self._roles_in(inner)]

    def _is_above(self, role: int) -> bool:
        return self.me.role is not None and role != self.me.role and role in self._under(self.me.role)

    def _under(self, role: int) -> set[int]:
        """The role and all below it."""
        found = {role}
        for each, parent in enumerate(self.town.roles):  # parents stand before their children
            if parent in found:
                found.add(each)
        return found

    def is_in(self, audience: Audience, person: int) -> bool:
        somebody = self.town.people[person]
        return (
            audience.everyone
            or (audience.partners and somebody.external)
            or (audience.permission and somebody.holds_permission)
            or somebody.role in audience.roles
            or any(somebody.role in self._under(each) for each in audience.roles_and_below)
            or any(self._is_member(each, person) for each in audience.groups)
        )

    def _is_member(self, group: int, person: int) -> bool:
        found, role = self.town.groups[group], self.town.people[person].role
        in_role = any(role == each or (below and role in self._under(each)) for each, below in found.roles)
        return (
            person in found.people
            or (role is not None and in_role)
            or any(self._is_member(inner, person) for inner in found.groups)
        )

    @cached_property
    def subordinates(self) -> list[int]:
        if self.me.role is None:
            return []
        below = self._under(self.me.role) - {self.me.role}
        return [number for number, each in enumerate(self.town.people) if each.role in below]

    @cached_property
    def everybody_i_stand_for(self) -> set[str]:
        """The person, those below, and the groups of any of them."""
        people = [self.person, *self.subordinates]
        groups = {
            f"g{number}"
            for number in range(len(self.town.groups))
            if any(self._is_member(number, each) for each in people)
            or any(self._is_above(role) for role, _ in self._roles_in(number))
        }
        return {f"p{each}" for each in people} | groups

    def _is_shared(self, number: int, *, edit: bool) -> bool:
        return any(
            share.workshop == number
            and share.with_whom in self.everybody_i_stand_for
            and not share.has_expired
            and (share.may_edit or not edit)
            for share in self.town.shares
        )

    def meets(self, condition: Condition, number: int) -> bool:
        record = self.town.workshops[number]
        parts = [
            not condition.owner or record.owner in self.everybody_i_stand_for,
            condition.owned_by is None or self._owned_by(condition.owned_by, record),
            not condition.foreman or record.foreman == self.person,
            condition.in_set is None or self._is_in_set(condition.in_set, number),
            condition.criteria is None or self._fits(condition.criteria, record),
        ]
        return all(parts)

    def _owned_by(self, audience: Audience, record: Workshop) -> bool:
        kind, number = record.owner[0], int(record.owner[1:])
        if kind == "p":
            return self.is_in(audience, number)
        return number in {inner for each in audience.groups for inner in self._with_inner(each)}

    def _with_inner(self, group: int) -> set[int]:
        return {group} | {each for inner in self.town.groups[group].groups for each in self._with_inner(inner)}

    def _is_in_set(self, name: str, number: int) -> bool:
        compared = number if name == "Id" else self.town.workshops[number].parent
        return compared is not None and compared in self._set

    @cached_property
    def _set(self) -> set[int]:
        """The workshops of which the person (or somebody below) is foreman; perhaps all below those."""
        people = {self.person, *(self.subordinates if self.town.set_by_hierarchy else ())}
        found = {
            number for number, each in enumerate(self.town.workshops) if each.foreman in people and not each.is_deleted
        }
        if self.town.set_and_below:
            for number, each in enumerate(self.town.workshops):
                if each.parent in found and not each.is_deleted:
                    found.add(number)
        return found

    def _fits(self, criteria: int, record: Workshop) -> bool:
        budget = record.budget
        return (
            record.region == "North",
            budget is not None and budget > 50,
            not record.is_active,
            record.foreman == self.person,
            record.region == "South" and budget is not None and budget <= 50,
            self.me.holds_permission and record.region == "South",
        )[criteria]
