"""Masking rules of generated tenants as plain data, and values to be masked. Nothing here knows the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

PHONES = (None, "13812345678", "+8613912345678", "138 0013 8000", "010-88886666", "0571-8765432", "12345")
EMAILS = (None, "anna@example.com", "bo@example.cn", "li.wei@mail.example")
BUDGETS = (None, 10, 50, 90, 2500, 123456)
DAYS = (None, "1985-06-30", "2001-12-01")
TAX_NUMBERS = (None, "91330100MA2B1C3D4E", "440106-77")
NAMES = (("张", "三丰"), ("欧阳", "娜娜"), ("Li", "Anna"))
#: The masks that fit each field; an empty one is the field's own.
MASKS: Mapping[str, tuple[str, ...]] = {
    "Phone": ("", "phone", "all", "keep 3 2"),
    "Email": ("", "email", "all"),
    "Budget": ("range", "range", "all"),
    "OpenedOn": ("year", "year", "all"),
    "SerialNumber": ("id_number", "keep 2 1", "all"),
    "TaxNumber": ("", "id_number"),
    "Region": ("all",),
    "IsActive": ("all",),
    "ForemanId": ("all",),
}
FIELDS = tuple(MASKS)


@dataclass(frozen=True)
class Audience:
    """Who a rule is for."""

    everyone: bool = False
    roles: frozenset[int] = frozenset()
    roles_and_below: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    partners: bool = False
    permission: bool = False


@dataclass(frozen=True)
class Condition:
    """Which records; all parts hold. `in_set` is the field that is compared with the access set."""

    owner: bool = False
    owned_by: Audience | None = None
    foreman: bool = False
    in_set: str | None = None
    criteria: int | None = None


@dataclass(frozen=True)
class MaskingRule:
    """Which fields are masked how; to whom which records are clear; who may reveal; who never sees the values."""

    fields: tuple[tuple[str, str], ...]
    clear: tuple[tuple[Audience, Condition], ...]
    reveal: tuple[Audience, ...]
    never: tuple[Audience, ...]
    lookup: bool


@dataclass(frozen=True)
class Revealed:
    """A value that was shown to a person in clear, or still is."""

    person: int
    workshop: int
    field: str
    has_expired: bool


@st.composite
def masking_rules(
    draw: st.DrawFn, audiences: st.SearchStrategy[Audience], conditions: st.SearchStrategy[Condition]
) -> MaskingRule:
    names = draw(st.sets(st.sampled_from(FIELDS), min_size=1, max_size=4))
    rarely = st.sampled_from([0, 0, 0, 0, 1])
    whole_or_some = st.one_of(conditions, conditions, conditions, st.just(Condition()))
    return MaskingRule(
        tuple((name, draw(st.sampled_from(MASKS[name]))) for name in sorted(names)),
        tuple(draw(st.lists(st.tuples(audiences, whole_or_some), min_size=0, max_size=3))),
        tuple(draw(st.lists(audiences, max_size=1))),
        tuple(draw(audiences) for _ in range(draw(rarely))),
        draw(st.booleans()),
    )


def revealed(people: int, workshops: int) -> st.SearchStrategy[list[Revealed]]:
    """Some values of some records."""
    one = st.builds(
        Revealed,
        st.integers(0, people - 1),
        st.integers(0, workshops - 1),
        st.sampled_from(FIELDS),
        st.sampled_from([False, False, True]),
    )
    return st.lists(one, min_size=2, max_size=10)
