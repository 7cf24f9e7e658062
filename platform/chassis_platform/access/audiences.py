"""All audiences that metadata names, by key: which of them a user is among is decided once a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from chassis_metadata.logic.audience import Audience
from chassis_metadata.logic.identity_check import identity_checks
from chassis_metadata.logic.masking_rule import masking_rules
from chassis_metadata.logic.sharing_rule import restriction_rules_of, sharing_rules_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.masking import approvers_key, clear_key, never_key, reveal_key
from chassis_platform.access.user_facts import UserFacts, is_among


class Named(NamedTuple):
    """An audience under its key; whether those above its users in the role hierarchy belong to it."""

    key: str
    audience: Audience
    through_hierarchy: bool = False


def _of_sharing(snapshot: Snapshot) -> Iterable[Named]:
    for name in snapshot.objects:
        for sharing in sharing_rules_of(snapshot, name):
            yield Named(sharing.key, sharing.audience, through_hierarchy=True)
        for restriction in restriction_rules_of(snapshot, name):
            yield Named(restriction.key, restriction.audience)


def _of_masking(snapshot: Snapshot) -> Iterable[Named]:
    for rule in masking_rules(snapshot).values():
        for place, each in enumerate(rule.clear):
            yield Named(clear_key(rule, place), each.audience)
        for place, way in enumerate(rule.reveal):
            yield Named(reveal_key(rule, place), way.audience)
            if way.approvers is not None:
                yield Named(approvers_key(rule, place), way.approvers)
        for place, barred in enumerate(rule.never):
            yield Named(never_key(rule, place), barred)


def _of_checks(snapshot: Snapshot) -> Iterable[Named]:
    return (Named(each.key, each.audience) for each in identity_checks(snapshot).values())


#: Each kind of rule that names audiences adds a function here.
PROVIDERS: tuple[Callable[[Snapshot], Iterable[Named]], ...] = (_of_sharing, _of_masking, _of_checks)


def _all_audiences(snapshot: Snapshot) -> Mapping[str, Named]:
    return snapshot.keep("audiences", lambda: {each.key: each for find in PROVIDERS for each in find(snapshot)})


def audiences_of(snapshot: Snapshot, user: UserFacts) -> frozenset[str]:
    """The keys of the audiences that the user is among."""
    named = _all_audiences(snapshot).values()
    return frozenset(
        each.key for each in named if is_among(each.audience, user, through_hierarchy=each.through_hierarchy)
    )
