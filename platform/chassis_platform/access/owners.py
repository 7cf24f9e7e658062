"""Audiences as the users and queues that may own records: what `owned_by` of a rule means.

Whoever is in an audience is known from users, roles, groups and permission sets alone. So the ids are looked up when a
policy is compiled, once for all users of a tenant, and statements get them as parameters.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select

from chassis_metadata.logic.audience import Audience, all_of_them
from chassis_metadata.logic.masking_rule import masking_rules
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.logic.sharing_rule import SharingRule, restriction_rules_of, sharing_rules_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.sharing import ARRAY, TENANT_ID, as_array, as_text
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

RecordReach = Literal["visible", "writable"]
REACHES: tuple[RecordReach, ...] = ("visible", "writable")
_TEXTS = pg.ARRAY(sa.Text())
Owners = Mapping[Audience, frozenset[str]]


def parameter_of(audience: Audience) -> str:
    """The name of the parameter that holds the ids of an audience's users and queues."""
    return f"owners_{hashlib.sha256(repr(audience).encode()).hexdigest()[:12]}"


def rules_that_share(
    snapshot: Snapshot, object_name: str, held: frozenset[str], reach: RecordReach, *, passing_on: bool
) -> list[SharingRule]:
    """The object's sharing rules for users who are among the audiences `held`.

    `passing_on`: for the sake of other records, which those see who see this one; some rules let nobody in for that.
    """
    return [
        each
        for each in sharing_rules_of(snapshot, object_name)
        if each.key in held and (reach == "visible" or each.may_edit) and (each.passes_on or not passing_on)
    ]


def owners_named(rules: Iterable[SharingRule], *, alone: bool) -> list[Audience]:
    """Whose records the rules share that look at nothing but owners; or those that look at something else, too."""
    named = [each.records.owned_by for each in rules if looks_at_owners_alone(each.records) is alone]
    return [each for each in named if each is not None]


def looks_at_owners_alone(condition: RecordCondition) -> bool:
    """Whether nothing but the owner decides."""
    return condition.owned_by is not None and condition == RecordCondition(owned_by=condition.owned_by)


def owning_audiences(snapshot: Snapshot) -> Sequence[Audience]:
    """Every audience that a rule of the tenant names as owners."""

    def make() -> Sequence[Audience]:
        return list(dict.fromkeys(each.owned_by for each in _conditions(snapshot) if each.owned_by is not None))

    return snapshot.keep("owning_audiences", make)


def _conditions(snapshot: Snapshot) -> Iterable[RecordCondition]:
    for name in snapshot.objects:
        yield from (each.records for each in sharing_rules_of(snapshot, name))
        yield from (each.records for each in restriction_rules_of(snapshot, name))
    for rule in masking_rules(snapshot).values():
        yield from (each.when for each in rule.clear)
        yield from (each.when for each in rule.reveal)


def find_owners(snapshot: Snapshot) -> Statement:
    """One row: for each of `owning_audiences` the ids of its users and of its groups, for queues own records."""

    def make() -> Statement:
        owners = _Owners(snapshot)
        wanted = [sa.union_all(*owners.of(each)).subquery() for each in owning_audiences(snapshot)]
        arrays = [sa.func.array(sa.select(next(iter(each.c))).scalar_subquery(), type_=_TEXTS) for each in wanted]
        return compile_statement(sa.select(*(each.label(f"a{place}") for place, each in enumerate(arrays))))

    return snapshot.keep("find_owners", make)


def owner_parameters(snapshot: Snapshot, held: frozenset[str], owners: Owners) -> Mapping[str, str]:
    """The parameters of statements for users who are among the audiences `held`."""
    found = dict(owners)
    for name, reach, passing_on in itertools.product(snapshot.objects, REACHES, (False, True)):
        rules = rules_that_share(snapshot, name, held, reach, passing_on=passing_on)
        for named in (owners_named(rules, alone=True), owners_named(rules, alone=False)):
            together = all_of_them(named)
            if named and together not in found:
                found[together] = frozenset().union(*(owners[each] for each in named))
    texts = {parameter_of(audience): as_text(ids) for audience, ids in found.items()}
    return texts | {name + ARRAY: as_array(text) for name, text in texts.items()}


class _Owners:
    """Builds one SELECT of ids for each part of an audience."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def of(self, audience: Audience) -> Iterable[Select[Any]]:
        if audience.everyone:
            yield self._users(lambda _: sa.true())
        if audience.user_types:
            yield self._users(lambda person: person.c.user_type == _one_of(audience.user_types))
        if audience.roles or audience.roles_and_below:
            yield self._in_roles(audience)
        sets = self._sets(audience)
        if sets:
            yield self._holders(sets)
        if audience.groups:
            groups = self._groups(audience.groups)
            yield sa.select(groups.c.id)
            yield self._members(groups)

    def _rows(self, object_name: str, alias: str) -> FromClause:
        return storage.tenant_view(self._snapshot.objects[object_name]).alias(alias)

    def _users(self, condition: Callable[[FromClause], ColumnElement[bool]]) -> Select[Any]:
        person = self._rows("User", "person")
        return sa.select(person.c.id).where(person.c.tenant_id == TENANT_ID, condition(person))

    def _in_roles(self, audience: Audience) -> Select[Any]:
        roles = [self._roles(audience.roles)] if audience.roles else []
        if audience.roles_and_below:
            roles.append(self._roles_and_below(audience.roles_and_below))
        return self._users(lambda person: person.c.user_role_id.in_(sa.union_all(*roles)))

    def _roles(self, names: Iterable[str]) -> Select[Any]:
        role = self._rows("UserRole", "role")
        return sa.select(role.c.id).where(role.c.tenant_id == TENANT_ID, role.c.developer_name == _one_of(names))

    def _roles_and_below(self, names: Iterable[str]) -> Select[Any]:
        return self._below(self._roles(names), "under")

    def _below(self, roles: Select[Any], name: str) -> Select[Any]:
        """The roles, and all that stand under one of them."""
        under = roles.cte(name, recursive=True, nesting=True)
        role = self._rows("UserRole", f"role_{name}")
        step = sa.select(role.c.id).join(under, role.c.parent_role_id == next(iter(under.c)))
        walked = under.union(step.where(role.c.tenant_id == TENANT_ID, sa.not_(role.c.is_deleted)))
        return sa.select(next(iter(walked.c)))

    def _sets(self, audience: Audience) -> list[str]:
        wanted = set(audience.permissions)
        holding = (
            each.name for each in self._snapshot.permission_sets.values() if wanted & set(each.custom_permissions)
        )
        return sorted({*audience.permission_sets, *holding})

    def _holders(self, sets: Iterable[str]) -> Select[Any]:
        held = self._rows("PermissionSetAssignment", "assignment")
        granted = self._rows("PermissionSet", "granted")
        joined = sa.select(held.c.assignee_id).join(
            granted, sa.and_(granted.c.tenant_id == TENANT_ID, granted.c.id == held.c.permission_set_id)
        )
        return joined.where(held.c.tenant_id == TENANT_ID, sa.not_(held.c.is_deleted), granted.c.name == _one_of(sets))

    def _groups(self, names: Iterable[str]) -> FromClause:
        group = self._rows("Group", "named_group")
        start = sa.select(group.c.id).where(
            group.c.tenant_id == TENANT_ID, sa.not_(group.c.is_deleted), group.c.developer_name == _one_of(names)
        )
        reached = start.cte("reached_group", recursive=True, nesting=True)
        member = self._rows("GroupMember", "nested")
        inner = self._rows("Group", "inner_group")
        step = (
            sa.select(inner.c.id)
            .join(member, sa.and_(member.c.tenant_id == TENANT_ID, member.c.user_or_group_id == inner.c.id))
            .join(reached, member.c.group_id == reached.c.id)
        )
        return reached.union(step.where(inner.c.tenant_id == TENANT_ID, sa.not_(member.c.is_deleted)))

    def _members(self, groups: FromClause) -> Select[Any]:
        """Users who are members, and those in a role that is one; with the roles below where the member says so."""
        members = self._member_ids(groups, with_roles_below=False)
        wide = self._below(self._member_ids(groups, with_roles_below=True), "wide")
        return self._users(
            lambda person: sa.or_(
                person.c.id.in_(members), person.c.user_role_id.in_(members), person.c.user_role_id.in_(wide)
            )
        )

    def _member_ids(self, groups: FromClause, *, with_roles_below: bool) -> Select[Any]:
        member = self._rows("GroupMember", "member")
        found = sa.select(member.c.user_or_group_id).where(
            member.c.tenant_id == TENANT_ID, sa.not_(member.c.is_deleted), member.c.group_id.in_(sa.select(groups.c.id))
        )
        return found.where(member.c.include_subordinates) if with_roles_below else found


def _one_of(names: Iterable[str]) -> ColumnElement[Any]:
    return sa.any_(sa.literal(sorted(names), _TEXTS))
