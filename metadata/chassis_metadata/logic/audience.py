"""Audiences: which users a rule is for, decided when a user's access policy is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever one of these describes. Roles and groups by developer name; `permissions` are custom permissions."""

    everyone: bool = False
    permissions: tuple[str, ...] = ()
    permission_sets: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    roles_and_below: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    user_types: tuple[str, ...] = ()


def read_audience(body: Mapping[str, Any]) -> Audience:
    """The audience that a body's keys describe; other keys are not looked at."""
    lists = {each.name: tuple(body.get(each.name, ())) for each in fields(Audience) if each.name != "everyone"}
    return Audience(everyone=body.get("everyone", False), **lists)


def all_of_them(audiences: Iterable[Audience]) -> Audience:
    """Whoever is in one of the audiences, as one audience."""
    found = list(audiences)
    lists = {
        each.name: tuple(sorted({name for one in found for name in getattr(one, each.name)}))
        for each in fields(Audience)
        if each.name != "everyone"
    }
    return Audience(everyone=any(each.everyone for each in found), **lists)
