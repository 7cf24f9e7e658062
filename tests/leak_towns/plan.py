"""Generated tenants as plain data: roles, people, groups, rules, records. Nothing here knows the platform."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st

from leak_towns.masking import (
    BUDGETS,
    DAYS,
    EMAILS,
    PHONES,
    TAX_NUMBERS,
    Audience,
    Condition,
    MaskingRule,
    Revealed,
    masking_rules,
    revealed,
)

REGIONS = ("North", "South", "West")
DEFAULTS = ("private", "private", "private", "public_read", "public_read_write")
#: Criteria as the formula language says them, and what they mean of a workshop and the person who asks.
CRITERIA = (
    "ISPICKVAL(Region, 'North')",
    "Budget > 50",
    "NOT(IsActive)",
    "ForemanId = $User.Id",
    "ISPICKVAL(Region, 'South') && Budget <= 50",
    "$Permission.SeeSouth__c && ISPICKVAL(Region, 'South')",
)


@dataclass(frozen=True)
class Person:
    """Somebody: `role` is a place in the list of roles."""

    role: int | None
    external: bool
    sees_all: bool
    holds_permission: bool
    reads_tax_numbers: bool


@dataclass(frozen=True)
class Group:
    """A public group or a queue; `roles` say whether those below count; `groups` stand before it in the list."""

    is_queue: bool
    people: frozenset[int]
    roles: tuple[tuple[int, bool], ...]
    groups: frozenset[int]


@dataclass(frozen=True)
class Rule:
    """A sharing rule, or a restriction rule where it `restricts`."""

    audience: Audience
    records: Condition
    may_edit: bool
    restricts: bool = False
    passes_on: bool = True


@dataclass(frozen=True)
class Workshop:
    """A record: the owner is a person (`p3`) or a queue (`g1`)."""

    owner: str
    region: str | None
    budget: int | None
    is_active: bool
    foreman: int | None
    parent: int | None
    is_deleted: bool
    phone: str | None
    email: str | None
    opened_on: str | None
    tax_number: str | None


@dataclass(frozen=True)
class Customer:
    """A record that everybody sees; `name` is a place in the list of names."""

    owner: str
    name: int


@dataclass(frozen=True)
class Stay:
    """A record that its workshop's readers see; both are places in lists."""

    workshop: int | None
    customer: int | None


@dataclass(frozen=True)
class Errand:
    """A record about a workshop (`w3`) or a stay (`s1`), which a rule shares with those who read that."""

    owner: str
    about: str | None


@dataclass(frozen=True)
class Readers:
    """The rule that shares errands with readers: with whom of them, and for what."""

    audience: Audience
    may_edit: bool


@dataclass(frozen=True)
class Share:
    """A record shared by hand with a person or a group."""

    workshop: int
    with_whom: str
    may_edit: bool
    has_expired: bool


@dataclass(frozen=True)
class Town:
    """A whole tenant."""

    roles: tuple[int | None, ...]  # each role's parent
    people: tuple[Person, ...]
    groups: tuple[Group, ...]
    internal: str
    external: str | None
    rules: tuple[Rule, ...]
    set_by_hierarchy: bool
    set_and_below: bool
    workshops: tuple[Workshop, ...]
    shares: tuple[Share, ...]
    stays: tuple[Stay, ...]
    customers: tuple[Customer, ...]
    masks: tuple[MaskingRule, ...]
    hidden_names: tuple[tuple[Audience, Condition], ...]  # to whom the names of which customers are clear
    reveals: tuple[Revealed, ...]
    errands: tuple[Errand, ...]
    readers: Readers


@st.composite
def audiences(draw: st.DrawFn, roles: int, groups: int) -> Audience:
    kind = draw(
        st.sampled_from(
            ["roles", "roles", "roles_and_below", "roles_and_below", "groups", "everyone", "partners", "permission"]
        )
    )
    some_roles = draw(st.frozensets(st.integers(0, roles - 1), min_size=1, max_size=2))
    match kind:
        case "roles":
            return Audience(roles=some_roles)
        case "roles_and_below":
            return Audience(roles_and_below=some_roles)
        case "groups" if groups:
            return Audience(groups=draw(st.frozensets(st.integers(0, groups - 1), min_size=1, max_size=2)))
        case "partners":
            return Audience(partners=True)
        case "permission":
            return Audience(permission=True)
        case _:
            return Audience(everyone=True)


@st.composite
def conditions(draw: st.DrawFn, roles: int, groups: int) -> Condition:
    kind = draw(st.sampled_from(["owner", "owned_by", "foreman", "set", "criteria", "criteria", "set and criteria"]))
    criteria = draw(st.integers(0, len(CRITERIA) - 1))
    fields = st.sampled_from(["Id", "ParentWorkshopId"])
    match kind:
        case "owner":
            return Condition(owner=True)
        case "owned_by":
            return Condition(owned_by=draw(audiences(roles, groups)))
        case "foreman":
            return Condition(foreman=True)
        case "set":
            return Condition(in_set=draw(fields))
        case "set and criteria":
            return Condition(in_set=draw(fields), criteria=criteria)
        case _:
            return Condition(criteria=criteria)


@st.composite
def rules(draw: st.DrawFn, roles: int, groups: int) -> Rule:
    restricts = draw(st.sampled_from([False, False, False, True]))
    condition = draw(conditions(roles, groups))
    audience, may_edit, passes_on = draw(audiences(roles, groups)), draw(st.booleans()), draw(st.booleans())
    return Rule(audience, condition, may_edit=may_edit, restricts=restricts, passes_on=passes_on)


@st.composite
def group_lists(draw: st.DrawFn, people: int, roles: int) -> tuple[Group, ...]:
    found: list[Group] = []
    for number in range(draw(st.integers(1, 3))):
        members = draw(st.frozensets(st.integers(0, people - 1), max_size=2))
        in_roles = draw(st.lists(st.tuples(st.integers(0, roles - 1), st.booleans()), max_size=1))
        nested = draw(st.frozensets(st.integers(0, number - 1), max_size=1)) if number else frozenset()
        found.append(Group(draw(st.booleans()), members, tuple(in_roles), nested))
    return tuple(found)


@dataclass(frozen=True)
class Those:
    """What the parts of a town may name."""

    roles: int
    people: int
    owners: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def audiences(self) -> st.SearchStrategy[Audience]:
        return audiences(self.roles, len(self.groups))

    @property
    def conditions(self) -> st.SearchStrategy[Condition]:
        return conditions(self.roles, len(self.groups))


#: Of every town: lets everybody in, and nobody on to what depends on a workshop.
ALONE = Rule(Audience(everyone=True), Condition(criteria=2), may_edit=False, passes_on=False)
RARELY = st.sampled_from([False, False, False, False, True])


def _place(count: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(0, count - 1)) if count else st.none()


@st.composite
def workshop_lists(draw: st.DrawFn, those: Those) -> tuple[Workshop, ...]:
    return tuple(
        Workshop(
            draw(st.sampled_from(those.owners)),
            draw(st.sampled_from((None, *REGIONS))),
            draw(st.sampled_from(BUDGETS)),
            draw(st.booleans()),
            draw(_place(those.people)),
            draw(_place(number)),
            draw(RARELY),
            draw(st.sampled_from(PHONES)),
            draw(st.sampled_from(EMAILS)),
            draw(st.sampled_from(DAYS)),
            draw(st.sampled_from(TAX_NUMBERS)),
        )
        for number in range(draw(st.integers(7, 10)))
    )


@st.composite
def shares(draw: st.DrawFn, those: Those, workshops: int) -> tuple[Share, ...]:
    people = [f"p{each}" for each in range(those.people)]
    with_whom = st.sampled_from([*people, *(f"g{number}" for number in range(len(those.groups)))])
    one = st.builds(Share, st.integers(0, workshops - 1), with_whom, st.booleans(), RARELY)
    return tuple(draw(st.lists(one, min_size=1, max_size=4)))


@st.composite
def errand_lists(draw: st.DrawFn, those: Those, workshops: int, stays: int) -> tuple[Errand, ...]:
    """One about each workshop, so that nothing of who reads it goes unseen, and some others."""
    others = draw(st.lists(st.sampled_from([None, *(f"s{number}" for number in range(stays))]), max_size=3))
    about = [*(f"w{number}" for number in range(workshops)), *others]
    return tuple(Errand(draw(st.sampled_from(those.owners)), each) for each in about)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """A tenant in which something is to be seen: never an empty one, nor the simplest that there is."""
    assume(draw(st.integers(0, 255)))
    role_count = draw(st.integers(3, 6))
    roles = tuple(None if each == 0 else draw(st.integers(0, each - 1)) for each in range(role_count))
    role = st.one_of(st.integers(0, role_count - 1), _place(role_count))
    person = st.builds(Person, role, RARELY, RARELY, st.booleans(), st.booleans())
    people = tuple(draw(st.lists(person, min_size=4, max_size=6)))
    groups = draw(group_lists(len(people), role_count))
    queues = [f"g{number}" for number, each in enumerate(groups) if each.is_queue]
    those = Those(role_count, len(people), (*(f"p{each}" for each in range(len(people))), *queues), groups)
    workshops = draw(workshop_lists(those))
    customers = tuple(draw(st.lists(st.builds(Customer, st.sampled_from(those.owners), st.integers(0, 2)), max_size=3)))
    stay = st.builds(Stay, _place(len(workshops)), _place(len(customers)))
    stays = tuple(draw(st.lists(stay, min_size=1, max_size=6)))
    names = st.tuples(those.audiences, st.sampled_from([Condition(), Condition(owner=True)]))
    return Town(
        roles,
        people,
        groups,
        draw(st.sampled_from(DEFAULTS)),
        draw(st.sampled_from((None, "private", "public_read"))),
        (*draw(st.lists(rules(role_count, len(groups)), min_size=2, max_size=5)), ALONE),
        draw(st.booleans()),
        draw(st.booleans()),
        workshops,
        draw(shares(those, len(workshops))),
        stays,
        customers,
        tuple(draw(st.lists(masking_rules(those.audiences, those.conditions), min_size=2, max_size=5))),
        tuple(draw(st.lists(names, max_size=2))),
        tuple(draw(revealed(len(people), len(workshops)))),
        draw(errand_lists(those, len(workshops), len(stays))),
        draw(st.builds(Readers, st.one_of(st.just(Audience(everyone=True)), those.audiences), st.booleans())),
    )
