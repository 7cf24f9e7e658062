"""Which records a user may see or change, as one SQL predicate: the same for every road to the data.

Org-wide default, ownership and the role hierarchy, sharing rules, records shared by hand, requests for approval; what
restriction rules leave of all that. Everything is worked out while the statement runs: a change of a role, a group, a
rule or a branch counts for the next statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Select

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.logic.approval import objects_in_approval
from chassis_metadata.logic.audience import Audience, all_of_them
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.logic.sharing_rule import default_access, restriction_rules_of, sharing_rules_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.sharing import (
    ASKED_AT,
    FIRST_DAY,
    GROUP_IDS,
    LAST_DAY,
    TENANT_ID,
    USER_ID,
)
from chassis_platform.sql.record_conditions import each_of_us, holds, is_index_served, one_of, owned_by_us
from chassis_tenants import storage

RecordReach = Literal["visible", "writable"]
Condition = ColumnElement[bool]

_EVERYBODY = {
    "visible": frozenset({OrgWideDefault.PUBLIC_READ, OrgWideDefault.PUBLIC_READ_WRITE}),
    "writable": frozenset({OrgWideDefault.PUBLIC_READ_WRITE}),
}
_ON_ALL = {"visible": "view_all", "writable": "modify_all"}
_HIGHEST_PARENT = 5
_OWN = RecordCondition(owner=True)


def visible(obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot) -> Condition:
    """The records of `source`, an alias of the object's view, that the user may see."""
    return _Sharing("visible", policy, snapshot).within(obj, source)


def writable(obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot) -> Condition:
    """The records of `source` that the user may change, where the object permission lets the user change any."""
    return _Sharing("writable", policy, snapshot).within(obj, source)


def found_by_indexes(
    obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot
) -> list[Condition] | None:
    """The ways in which a record can be within the user's reach, each served by an index; None where one is not.

    Together they say what `visible` says, but for what restriction rules take away.
    """
    sharing = _Sharing("visible", policy, snapshot)
    if sharing.is_open(obj) or sharing.default_of(obj) is not OrgWideDefault.PRIVATE:
        return None
    conditions = sharing.conditions(obj)
    if not all(is_index_served(each, obj) for each in conditions):
        return None
    return sharing.ways(obj, source, conditions)


class Way(NamedTuple):
    """One way in which a record can be within reach, by itself."""

    kind: str
    name: str | None
    condition: Condition


def named_ways(
    reach: RecordReach, obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot
) -> tuple[list[Way], list[Way]]:
    """What grants access to a record, each by its name, and the restriction rules that a record must meet."""
    sharing = _Sharing(reach, policy, snapshot)
    return list(sharing.named(obj, source)), list(sharing.named_restrictions(obj, source))


class _Sharing:
    """Builds the predicate of one user's reach."""

    def __init__(self, reach: RecordReach, policy: AccessPolicy, snapshot: Snapshot) -> None:
        self._reach: RecordReach = reach
        self._policy = policy
        self._snapshot = snapshot

    def within(self, obj: Object, source: FromClause, above: int = 0) -> Condition:
        """What grants access, and what every restriction rule leaves of it."""
        granted = self._granted(obj, source, above)
        left = [holds(each, obj, source, self._snapshot) for each in self._restrictions(obj)]
        return sa.and_(granted, *left) if left else granted

    def _restrictions(self, obj: Object) -> Iterable[RecordCondition]:
        rules = restriction_rules_of(self._snapshot, obj.name)
        return (each.records for each in rules if each.key in self._policy.grants.held)

    def _granted(self, obj: Object, source: FromClause, above: int) -> Condition:
        if self.is_open(obj):
            return sa.true()
        if self.default_of(obj) is OrgWideDefault.CONTROLLED_BY_PARENT:
            found = [self._parent_within(obj, source, above), *self._asked(obj, source)]
        else:
            found = self.ways(obj, source, self.conditions(obj))
        return sa.or_(sa.false(), *found)

    def named(self, obj: Object, source: FromClause) -> Iterator[Way]:
        """Every way by itself; together they are what `_granted` says."""
        if getattr(self._policy.on(obj.name), _ON_ALL[self._reach]):
            yield Way("object_permission", _ON_ALL[self._reach], sa.true())
        default = self.default_of(obj)
        if default in _EVERYBODY[self._reach]:
            yield Way("org_wide_default", default.value, sa.true())
        if default is OrgWideDefault.CONTROLLED_BY_PARENT:
            yield Way("parent", obj.controlled_by, self._parent_within(obj, source, 0))
        else:
            yield from self._named_grants(obj, source)
        for condition in self._asked(obj, source):
            yield Way("approval", None, condition)

    def _named_grants(self, obj: Object, source: FromClause) -> Iterator[Way]:
        if obj.has_owner:
            yield Way("owner", None, source.c.owner_id == USER_ID)
            yield Way("group_of_owner", None, source.c.owner_id == sa.any_(GROUP_IDS))
            others = sa.and_(source.c.owner_id != USER_ID, source.c.owner_id != sa.all_(GROUP_IDS))
            yield Way("role_hierarchy", None, sa.and_(others, owned_by_us(source, self._snapshot)))
            yield Way("record_share", None, self._is_shared(obj, source))
        for rule in sharing_rules_of(self._snapshot, obj.name):
            if rule.key in self._policy.grants.held and (self._reach == "visible" or rule.may_edit):
                yield Way("sharing_rule", rule.name, holds(rule.records, obj, source, self._snapshot))

    def named_restrictions(self, obj: Object, source: FromClause) -> Iterator[Way]:
        """The rules that narrow what the user meets."""
        for rule in restriction_rules_of(self._snapshot, obj.name):
            if rule.key in self._policy.grants.held:
                yield Way("restriction_rule", rule.name, holds(rule.records, obj, source, self._snapshot))

    def is_open(self, obj: Object) -> bool:
        """Whether all records are within reach before rules narrow it."""
        on_all: bool = getattr(self._policy.on(obj.name), _ON_ALL[self._reach])
        return on_all or self.default_of(obj) in _EVERYBODY[self._reach]

    def default_of(self, obj: Object) -> OrgWideDefault:
        """The org-wide default for this user."""
        return default_access(self._snapshot, obj, is_external=self._policy.grants.is_external)

    def conditions(self, obj: Object) -> list[RecordCondition]:
        """Ownership, and the rules that share with the user; each once, and those that look at owners alone in one."""
        rules = [each for each in sharing_rules_of(self._snapshot, obj.name) if each.key in self._policy.grants.held]
        shared = [each.records for each in rules if self._reach == "visible" or each.may_edit]
        own = [_OWN] if obj.has_owner else []
        return list(dict.fromkeys([*own, *_together(shared)]))

    def ways(self, obj: Object, source: FromClause, conditions: Iterable[RecordCondition]) -> list[Condition]:
        """The conditions as predicates, and what is recorded of single records."""
        found = [holds(each, obj, source, self._snapshot) for each in conditions]
        if obj.has_owner:
            found.append(self._is_shared(obj, source))
        return [*found, *self._asked(obj, source)]

    def _is_shared(self, obj: Object, source: FromClause) -> Condition:
        name = f"shared_{obj.name}_{self._reach}"
        return source.c.id == one_of(name, lambda: self._shared_records(obj), self._snapshot)

    def _shared_records(self, obj: Object) -> Select[Any]:
        """Shared by hand or through a team with the user, a group, or anybody below."""
        share = storage.tenant_view(self._snapshot.objects["RecordShare"]).alias("share")
        found = sa.select(share.c.record_id).where(
            share.c.tenant_id == TENANT_ID,
            share.c.object_name == sa.literal(obj.name, sa.Text()),
            sa.not_(share.c.is_deleted),
            share.c.user_or_group_id.in_(each_of_us(self._snapshot)),
            sa.or_(share.c.expires_at.is_(None), share.c.expires_at > ASKED_AT),
        )
        return found if self._reach == "visible" else found.where(share.c.access_level == sa.literal_column("'Edit'"))

    def _asked(self, obj: Object, source: FromClause) -> list[Condition]:
        """Whoever is asked to approve a record sees it as long as the request waits; delegates, queue members too."""
        if self._reach != "visible" or obj.name not in objects_in_approval(self._snapshot):
            return []
        return [source.c.id == one_of("asked_about", self._asked_about, self._snapshot)]

    def _asked_about(self) -> Select[Any]:
        request = storage.tenant_view(self._snapshot.objects["ProcessInstanceWorkitem"]).alias("request")
        away = storage.tenant_view(self._snapshot.objects["DelegatedApprover"]).alias("away")
        for_others = sa.select(away.c.user_id).where(
            away.c.tenant_id == TENANT_ID,
            away.c.delegate_id == USER_ID,
            away.c.is_active,
            sa.not_(away.c.is_deleted),
            away.c.start_date <= LAST_DAY,
            away.c.end_date >= FIRST_DAY,
        )
        actors = sa.union_all(sa.select(USER_ID), sa.select(sa.func.unnest(GROUP_IDS)), for_others)
        return sa.select(request.c.target_object_id).where(
            request.c.tenant_id == TENANT_ID, sa.not_(request.c.is_deleted), request.c.actor_id == _any_of(actors)
        )

    def _parent_within(self, obj: Object, source: FromClause, above: int) -> Condition:
        """The record that controls this one is within reach; without one, only who sees all sees it."""
        field = obj.fields[obj.controlled_by] if obj.controlled_by else None
        if field is None or above >= _HIGHEST_PARENT:
            return sa.false()
        reference = storage.value(field, source)
        parents = [self._snapshot.objects[name] for name in field.references if name in self._snapshot.objects]
        found = [self._exists(each, reference, above) for each in parents if self._policy.on(each.name).read]
        return sa.or_(sa.false(), *found)

    def _exists(self, parent: Object, reference: ColumnElement[Any], above: int) -> Condition:
        source = storage.tenant_view(parent).alias(f"parent_{above + 1}")
        conditions = [source.c.tenant_id == TENANT_ID, source.c.id == reference]
        this_object = storage.only_this_object(parent, source)
        if this_object is not None:
            conditions.append(this_object)
        conditions.append(self.within(parent, source, above + 1))
        return sa.exists().where(*conditions)


def _any_of(ids: CompoundSelect[Any]) -> ColumnElement[Any]:
    return sa.any_(sa.func.array(ids.scalar_subquery(), type_=pg.ARRAY(sa.Text())))


def _together(conditions: Iterable[RecordCondition]) -> list[RecordCondition]:
    """What fifty rules about owners would make PostgreSQL plan fifty times, it plans once, and before the others."""
    of_owners: list[Audience] = []
    others: list[RecordCondition] = []
    for each in conditions:
        if each.owned_by is not None and each == RecordCondition(owned_by=each.owned_by):
            of_owners.append(each.owned_by)
        else:
            others.append(each)
    return [RecordCondition(owned_by=all_of_them(of_owners)), *others] if of_owners else others
