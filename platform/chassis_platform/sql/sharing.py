"""Which records a user may see or change, as one SQL predicate: the same for every road to the data.

Org-wide default, ownership and the role hierarchy, sharing rules, records shared by hand, requests for approval; what
restriction rules leave of all that. Everything is worked out while the statement runs: a change of a role, a group, a
rule or a branch counts for the next statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Select

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.logic.approval import objects_in_approval
from chassis_metadata.logic.audience import all_of_them
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.logic.sharing_rule import default_access, restriction_rules_of, sharing_rules_of
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.owners import RecordReach, looks_at_owners_alone, owners_named, rules_that_share
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.sharing import (
    ASKED_AT,
    FIRST_DAY,
    GROUP_IDS,
    LAST_DAY,
    TENANT_ID,
    USER_ID,
)
from chassis_platform.sql.readers import HIGHEST_PARENT, Readers
from chassis_platform.sql.record_conditions import (
    Ids,
    Scan,
    holds,
    ids_once,
    is_among,
    is_index_served,
    owners_in,
    us,
)
from chassis_tenants import storage

Condition = ColumnElement[bool]

_EVERYBODY = {
    "visible": frozenset({OrgWideDefault.PUBLIC_READ, OrgWideDefault.PUBLIC_READ_WRITE}),
    "writable": frozenset({OrgWideDefault.PUBLIC_READ_WRITE}),
}
_ON_ALL = {"visible": "view_all", "writable": "modify_all"}
_OWN = RecordCondition(owner=True)


def visible(
    obj: Object,
    source: FromClause,
    policy: AccessPolicy,
    snapshot: Snapshot,
    scan: Scan = Scan.BY_INDEX,
    known: Condition | None = None,
) -> Condition:
    """The records of `source`, an alias of the object's view, that the user may see.

    `known`: a condition under which something grants access to the record for certain.
    """
    return _Sharing("visible", policy, snapshot, scan).within(obj, source, known=known)


def writable(obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot) -> Condition:
    """The records of `source` that the user may change, where the object permission lets the user change any."""
    return _Sharing("writable", policy, snapshot).within(obj, source)


def found_by_indexes(
    obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot
) -> list[Condition] | None:
    """The ways in which a record can be within the user's reach, each served by an index; None where one is not.

    Together they say what `visible` says and perhaps more: restriction rules are left aside, and where a record is read
    by the readers of too many others to be listed, all records are meant.
    """
    sharing = _Sharing("visible", policy, snapshot)
    if sharing.is_open(obj) or sharing.default_of(obj) is not OrgWideDefault.PRIVATE:
        return None
    conditions = sharing.conditions(obj)
    if not all(is_index_served(each, obj) for each in conditions):
        return None
    through = Readers(sharing, snapshot)
    found = sharing.ways(obj, source, [each for each in conditions if not each.readers_of])
    found += [one for each in conditions if each.readers_of for one in through.ways(each, obj, source)]
    return [*found, *through.too_many()]


class Marks(NamedTuple):
    """Arrays: what is within reach has one of these owners, or is one of these records.

    All that the owners in `whole` have is within reach, what others have may be.
    """

    whole: list[Ids]
    owners: list[Ids]
    records: list[Ids]


def marks_of_reach(obj: Object, policy: AccessPolicy, snapshot: Snapshot) -> Marks | None:
    """What an index of owners tells of the user's reach; None where a record may be within it whoever owns it."""
    sharing = _Sharing("visible", policy, snapshot)
    conditions = sharing.conditions(obj)
    if not all(each.owner or each.owned_by for each in conditions):
        return None
    whole = sharing.whole(obj)
    named = [each.owned_by for each in conditions if each.owned_by is not None and each not in whole]
    others = [RecordCondition(owned_by=all_of_them(named))] if named else []
    return Marks(
        [one for each in whole for one in owners_in(each)],
        [one for each in others for one in owners_in(each)],
        [sharing.shared(obj), *sharing.asked(obj)],
    )


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

    def __init__(
        self, reach: RecordReach, policy: AccessPolicy, snapshot: Snapshot, scan: Scan = Scan.BY_INDEX
    ) -> None:
        self._reach: RecordReach = reach
        self._policy = policy
        self._snapshot = snapshot
        self._scan = scan

    def within(self, obj: Object, source: FromClause, above: int = 0, known: Condition | None = None) -> Condition:
        """What grants access, and what every restriction rule leaves of it."""
        granted = self._granted(obj, source, above, known)
        left = [holds(each, obj, source, self._snapshot, self._scan) for each in self._restrictions(obj)]
        return sa.and_(granted, *left) if left else granted

    def _restrictions(self, obj: Object) -> Iterable[RecordCondition]:
        rules = restriction_rules_of(self._snapshot, obj.name)
        return (each.records for each in rules if each.key in self._policy.grants.held)

    def _granted(self, obj: Object, source: FromClause, above: int, known: Condition | None) -> Condition:
        if self.is_open(obj):
            return sa.true()
        if self.default_of(obj) is OrgWideDefault.CONTROLLED_BY_PARENT:
            found = [self._parent_within(obj, source, above), *self._asked(obj, source)]
        elif self._scan is Scan.OWN:
            found = [one for each in self.whole(obj) for one in self._met(each, obj, source, above)]
        else:
            asked = self.conditions(obj, above)
            if known is not None:
                whole = self.whole(obj)
                asked = [each for each in asked if each not in whole]
            found = self.ways(obj, source, asked, above)
        return sa.or_(sa.false() if known is None else known, *found)

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
            yield Way("role_hierarchy", None, sa.and_(others, is_among(source.c.owner_id, us(), self._scan)))
            yield Way("record_share", None, self._is_shared(obj, source))
        for rule in sharing_rules_of(self._snapshot, obj.name):
            if rule.key in self._policy.grants.held and (self._reach == "visible" or rule.may_edit):
                ways = self._met(rule.records, obj, source, 0)
                yield Way("sharing_rule", rule.name, sa.or_(sa.false(), *ways))

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

    def conditions(self, obj: Object, above: int = 0) -> list[RecordCondition]:
        """Ownership, and the rules that share with the user; each once, and those that look at owners alone in one.

        `above`: of a record that others depend on, for whose sake some rules let nobody in.
        """
        held = self._policy.grants.held
        rules = rules_that_share(self._snapshot, obj.name, held, self._reach, passing_on=above > 0)
        alone = owners_named(rules, alone=True)
        of_owners = [RecordCondition(owned_by=all_of_them(alone))] if alone else []
        others = [each.records for each in rules if not looks_at_owners_alone(each.records)]
        own = [_OWN] if obj.has_owner else []
        return list(dict.fromkeys([*own, *of_owners, *others]))

    def whole(self, obj: Object) -> list[RecordCondition]:
        """Those of the conditions that a record meets by its owner alone."""
        return [each for each in self.conditions(obj) if each == _OWN or looks_at_owners_alone(each)]

    def ways(
        self, obj: Object, source: FromClause, conditions: Iterable[RecordCondition], above: int = 0
    ) -> list[Condition]:
        """The conditions as predicates, and what is recorded of single records."""
        found = [one for each in conditions for one in self._met(each, obj, source, above)]
        if obj.has_owner:
            found.append(self._is_shared(obj, source))
        return [*found, *self._asked(obj, source)]

    def _met(self, condition: RecordCondition, obj: Object, source: FromClause, above: int) -> Iterator[Condition]:
        """The ways to meet a condition: a way for each object whose readers it means, for an index to serve it."""
        if not condition.readers_of:
            yield holds(condition, obj, source, self._snapshot, self._scan)
            return
        others = holds(replace(condition, readers_of=()), obj, source, self._snapshot, self._scan)
        reading = _Sharing("visible", self._policy, self._snapshot, self._scan)
        for name in condition.readers_of:
            for each in reading.leading_to(obj.fields[name], source, above):
                yield sa.and_(others, each)

    def _is_shared(self, obj: Object, source: FromClause) -> Condition:
        return is_among(source.c.id, self.shared(obj), self._scan)

    def shared(self, obj: Object) -> Ids:
        """The object's records that are shared one by one, as an array."""
        name = f"shared_{obj.name}_{self._reach}"
        return ids_once(name, lambda: self._shared_records(obj), self._snapshot)

    def _shared_records(self, obj: Object) -> Select[Any]:
        """Shared by hand or through a team with the user, a group, or anybody below."""
        share = storage.tenant_view(self._snapshot.objects["RecordShare"]).alias("share")
        found = sa.select(share.c.record_id).where(
            share.c.tenant_id == TENANT_ID,
            share.c.object_name == sa.literal(obj.name, sa.Text()),
            sa.not_(share.c.is_deleted),
            is_among(share.c.user_or_group_id, us(), Scan.BY_INDEX),
            sa.or_(share.c.expires_at.is_(None), share.c.expires_at > ASKED_AT),
        )
        return found if self._reach == "visible" else found.where(share.c.access_level == sa.literal_column("'Edit'"))

    def _asked(self, obj: Object, source: FromClause) -> list[Condition]:
        """Whoever is asked to approve a record sees it as long as the request waits; delegates, queue members too."""
        return [is_among(source.c.id, each, self._scan) for each in self.asked(obj)]

    def asked(self, obj: Object) -> list[Ids]:
        """The records that wait for the user's word, as an array; none where nothing of the kind can wait."""
        if self._reach != "visible" or obj.name not in objects_in_approval(self._snapshot):
            return []
        return [ids_once("asked_about", self._asked_about, self._snapshot)]

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
        return sa.or_(sa.false(), *(self.leading_to(field, source, above) if field else ()))

    def leading_to(self, field: Field, source: FromClause, above: int) -> list[Condition]:
        """The field names a record within reach: a condition for each object that it may refer to."""
        if above >= HIGHEST_PARENT:
            return []
        reference = storage.value(field, source)
        return [self.exists(each, reference, above) for each in self.referred(field)]

    def referred(self, field: Field) -> list[Object]:
        """The objects that a field may refer to, and the user may read."""
        there = [self._snapshot.objects[name] for name in field.references if name in self._snapshot.objects]
        return [each for each in there if self._policy.on(each.name).read]

    def exists(self, parent: Object, reference: ColumnElement[Any], above: int) -> Condition:
        """The reference names a record of the object that is within reach."""
        source = storage.tenant_view(parent).alias(f"parent_{above + 1}")
        conditions = [source.c.tenant_id == TENANT_ID, source.c.id == reference]
        this_object = storage.only_this_object(parent, source)
        if this_object is not None:
            conditions.append(this_object)
        conditions.append(self.within(parent, source, above + 1))
        return sa.exists().where(*conditions)


def _any_of(ids: CompoundSelect[Any]) -> ColumnElement[Any]:
    return sa.any_(sa.func.array(ids.scalar_subquery(), type_=pg.ARRAY(sa.Text())))
