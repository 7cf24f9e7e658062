"""What is known of a user when a policy is compiled: type, permission sets, place in the hierarchy, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.logic.audience import Audience

#: Users who are not the tenant's own people.
EXTERNAL_TYPES = frozenset({"Partner", "Customer"})

#: The objects whose records say who a user is, and whom rules mean: when one changes, policies are made anew.
FACTS_FROM = frozenset({"User", "UserRole", "Group", "GroupMember", "PermissionSet", "PermissionSetAssignment"})

#: One row: user type, own role, developer names of roles above (the own one among them) and below, ids of users below,
#: permission sets, ids and developer names of groups joined, developer names of groups joined by anybody below.
#: A group's members are users, roles (with those below where the member says so) and other groups.
FACTS = """
WITH RECURSIVE me AS (
    SELECT person.id, person.user_role_id, person.user_type
    FROM tenant."user" AS person WHERE person.tenant_id = %(tenant_id)s AND person.id = %(user_id)s
), above AS (
    SELECT role.id, role.parent_role_id, role.developer_name
    FROM tenant.user_role AS role JOIN me ON role.id = me.user_role_id
    WHERE role.tenant_id = %(tenant_id)s AND NOT role.is_deleted
    UNION
    SELECT role.id, role.parent_role_id, role.developer_name
    FROM tenant.user_role AS role JOIN above ON role.id = above.parent_role_id
    WHERE role.tenant_id = %(tenant_id)s AND NOT role.is_deleted
), below AS (
    SELECT role.id, role.developer_name
    FROM tenant.user_role AS role JOIN me ON role.parent_role_id = me.user_role_id
    WHERE role.tenant_id = %(tenant_id)s AND NOT role.is_deleted
    UNION
    SELECT role.id, role.developer_name
    FROM tenant.user_role AS role JOIN below ON role.parent_role_id = below.id
    WHERE role.tenant_id = %(tenant_id)s AND NOT role.is_deleted
), standing (id, is_me, is_above) AS (
    SELECT me.id, true, false FROM me
    UNION ALL SELECT above.id, above.id = me.user_role_id, above.id <> me.user_role_id FROM above, me
    UNION ALL SELECT below.id, false, false FROM below
    UNION ALL SELECT person.id, false, false
    FROM tenant."user" AS person JOIN below ON person.user_role_id = below.id WHERE person.tenant_id = %(tenant_id)s
), joined AS (
    SELECT member.group_id, standing.is_me OR (standing.is_above AND member.include_subordinates) AS is_mine
    FROM tenant.group_member AS member JOIN standing ON standing.id = member.user_or_group_id
    WHERE member.tenant_id = %(tenant_id)s AND NOT member.is_deleted
      AND (NOT standing.is_above OR member.include_subordinates)
    UNION
    SELECT member.group_id, joined.is_mine
    FROM tenant.group_member AS member JOIN joined ON member.user_or_group_id = joined.group_id
    WHERE member.tenant_id = %(tenant_id)s AND NOT member.is_deleted
), named AS (
    SELECT joined.group_id, joined.is_mine, found.developer_name
    FROM joined JOIN tenant."group" AS found ON found.id = joined.group_id
    WHERE found.tenant_id = %(tenant_id)s AND NOT found.is_deleted
)
SELECT
    (SELECT user_type FROM me),
    (SELECT above.developer_name FROM above JOIN me ON above.id = me.user_role_id),
    ARRAY(SELECT developer_name FROM above),
    ARRAY(SELECT developer_name FROM below),
    ARRAY(
        SELECT person.id FROM tenant."user" AS person JOIN below ON person.user_role_id = below.id
        WHERE person.tenant_id = %(tenant_id)s
    ),
    ARRAY(
        SELECT granted.name
        FROM tenant.permission_set_assignment AS assignment
        JOIN tenant.permission_set AS granted
          ON granted.tenant_id = %(tenant_id)s AND granted.id = assignment.permission_set_id
        WHERE assignment.tenant_id = %(tenant_id)s AND assignment.assignee_id = %(user_id)s
          AND NOT assignment.is_deleted AND NOT granted.is_deleted
        ORDER BY granted.name
    ),
    ARRAY(SELECT DISTINCT group_id FROM named WHERE is_mine ORDER BY group_id),
    ARRAY(SELECT DISTINCT developer_name FROM named WHERE is_mine),
    ARRAY(SELECT DISTINCT group_id FROM named ORDER BY group_id),
    ARRAY(SELECT DISTINCT developer_name FROM named)
"""


@dataclass(frozen=True, slots=True)
class UserFacts:
    """Roles and groups by developer name; `*_reached` also count what users below in the hierarchy are in."""

    user_type: str = "Standard"
    role: str | None = None
    roles_above: frozenset[str] = frozenset()
    roles_below: frozenset[str] = frozenset()
    subordinate_ids: tuple[str, ...] = ()
    permission_sets: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()  # custom permissions
    group_ids: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    group_ids_reached: tuple[str, ...] = ()
    groups_reached: frozenset[str] = frozenset()

    @property
    def is_external(self) -> bool:
        """A partner or somebody of the portal."""
        return self.user_type in EXTERNAL_TYPES


def read_facts(row: Sequence[Any]) -> UserFacts:
    """The row of FACTS; custom permissions follow from the permission sets."""
    user_type, role, above, below, subordinate_ids, sets, group_ids, groups, reached_ids, reached = row
    return UserFacts(
        user_type=user_type or "Standard",
        role=role,
        roles_above=frozenset(above),
        roles_below=frozenset(below),
        subordinate_ids=tuple(subordinate_ids),
        permission_sets=frozenset(sets),
        group_ids=tuple(group_ids),
        groups=frozenset(groups),
        group_ids_reached=tuple(reached_ids),
        groups_reached=frozenset(reached),
    )


def is_among(audience: Audience, user: UserFacts, *, through_hierarchy: bool = False) -> bool:
    """Whether the user is one of the audience; through the hierarchy, also whoever stands above one of them."""
    own = {user.role} if user.role else set()
    roles = own | user.roles_below if through_hierarchy else own
    under = user.roles_above | user.roles_below if through_hierarchy else user.roles_above
    groups = user.groups_reached if through_hierarchy else user.groups
    return (
        audience.everyone
        or not user.permissions.isdisjoint(audience.permissions)
        or not user.permission_sets.isdisjoint(audience.permission_sets)
        or not roles.isdisjoint(audience.roles)
        or not under.isdisjoint(audience.roles_and_below)
        or not groups.isdisjoint(audience.groups)
        or user.user_type in audience.user_types
    )
