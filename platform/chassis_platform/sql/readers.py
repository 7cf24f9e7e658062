"""Records that the readers of others read, found by indexes: of the others, those within reach are listed first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.record_conditions import Ids, Scan, holds, is_among, is_index_served
from chassis_tenants import storage

Condition = ColumnElement[bool]
#: So far up is asked who reads what a record depends on.
HIGHEST_PARENT = 5
#: So many records of an object are listed, and no more.
MOST_LISTED = 2_000


class Sharing(Protocol):
    """What a user may reach, as `sql/sharing.py` says it."""

    def is_open(self, obj: Object) -> bool:
        """Whether all records are."""

    def default_of(self, obj: Object) -> OrgWideDefault:
        """The org-wide default."""

    def conditions(self, obj: Object, above: int = 0) -> list[RecordCondition]:
        """What lets the user in."""

    def ways(
        self, obj: Object, source: FromClause, conditions: Iterable[RecordCondition], above: int = 0
    ) -> list[Condition]:
        """The same as predicates."""

    def referred(self, field: Field) -> list[Object]:
        """The objects that a field may refer to."""

    def exists(self, parent: Object, reference: ColumnElement[Any], above: int) -> Condition:
        """The reference names a record within reach."""

    def asked(self, obj: Object) -> list[Ids]:
        """Records that wait for the user's word."""


class Readers:
    """Records that are read by the readers of others: of the others, those within reach are listed, up to a number."""

    def __init__(self, sharing: Sharing, snapshot: Snapshot) -> None:
        self._sharing = sharing
        self._snapshot = snapshot
        self._listed: dict[str, Ids | None] = {}

    def ways(self, condition: RecordCondition, obj: Object, source: FromClause) -> Iterator[Condition]:
        """A way for each object whose readers are meant: by the index on the reference, if its records are listed."""
        others = holds(replace(condition, readers_of=()), obj, source, self._snapshot)
        for name in condition.readers_of:
            reference = storage.value(obj.fields[name], source)
            for each in self._sharing.referred(obj.fields[name]):
                ids = self._ids(each, 1)
                within = self._sharing.exists(each, reference, 0) if ids is None else _is_in(reference, ids)
                yield sa.and_(others, within)

    def too_many(self) -> list[Condition]:
        """True where a list was cut: whoever reads so much is no case for lists."""
        most: ColumnElement[int] = sa.literal_column(str(MOST_LISTED))
        lists = [each for each in self._listed.values() if each is not None]
        return [sa.func.cardinality(each.scalar_subquery()) > most for each in lists]

    def _ids(self, obj: Object, above: int) -> Ids | None:
        """The object's records within reach as an array, one more than `MOST_LISTED` at most; None: all, or unknown."""
        if obj.name not in self._listed:
            self._listed[obj.name] = None  # for an object that leads back to itself
            self._listed[obj.name] = self._list(obj, above)
        return self._listed[obj.name]

    def _list(self, obj: Object, above: int) -> Ids | None:
        source = storage.tenant_view(obj).alias(f"listed_{above}")
        ways = None if above > HIGHEST_PARENT or self._sharing.is_open(obj) else self._reached(obj, source, above)
        if not ways:
            return None
        this_object = storage.only_this_object(obj, source)
        here = [source.c.tenant_id == TENANT_ID, *([] if this_object is None else [this_object])]
        most: ColumnElement[int] = sa.literal_column(str(MOST_LISTED + 1))
        found = [sa.select(source.c.id).where(*here, each).limit(most).subquery() for each in ways]
        together = sa.union_all(*(sa.select(each.c.id) for each in found)).subquery()
        ids = sa.func.array(sa.select(together.c.id).limit(most).scalar_subquery(), type_=pg.ARRAY(sa.Text()))
        return sa.select(sa.select(ids.label("ids")).cte(f"listed_{obj.name}").c.ids)

    def _reached(self, obj: Object, source: FromClause, above: int) -> list[Condition] | None:
        """The ways to the object's records, each served by an index; None where one is not."""
        default = self._sharing.default_of(obj)
        if default is OrgWideDefault.PRIVATE:
            conditions = self._sharing.conditions(obj, above)
            are_served = all(is_index_served(each, obj) and not each.readers_of for each in conditions)
            return self._sharing.ways(obj, source, conditions, above) if are_served else None
        if default is not OrgWideDefault.CONTROLLED_BY_PARENT or obj.controlled_by is None:
            return None
        field = obj.fields[obj.controlled_by]
        lists = [self._ids(each, above + 1) for each in self._sharing.referred(field)]
        reference = storage.value(field, source)
        found = [_is_in(reference, each) for each in lists if each is not None]
        asked = [_is_in(source.c.id, each) for each in self._sharing.asked(obj)]
        return [*found, *asked] if len(found) == len(lists) and field.column is not None else None


def _is_in(value: ColumnElement[Any], ids: Ids) -> Condition:
    return is_among(value, ids, Scan.BY_INDEX)
