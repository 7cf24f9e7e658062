"""An audience as the users and queues that may own records: what `owned_by` of a sharing rule means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Select

from chassis_metadata.logic.audience import Audience
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_tenants import storage

_TEXTS = pg.ARRAY(sa.Text())


def users_and_queues(audience: Audience, snapshot: Snapshot) -> CompoundSelect[Any] | Select[Any]:
    """The ids of the audience's users, and of its groups themselves: queues own records."""
    return sa.union_all(*_Owners(snapshot).of(audience))


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
