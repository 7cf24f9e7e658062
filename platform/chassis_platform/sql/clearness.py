"""Whether a record shows a masked field's value to the user in clear: by a rule's condition, or as it was revealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select

from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.field_masks import Conditions, FieldMask, RuleMask
from chassis_platform.access.sharing import ASKED_AT, TENANT_ID, USER_ID
from chassis_platform.sql.record_conditions import Scan, holds, ids_once, is_among
from chassis_tenants import storage

Clear = ColumnElement[bool]
#: Conditions that are columns of a page already, each worked out once a record.
Known = Mapping[Conditions, Clear]

GRANT = "RevealGrant"


def is_clear(masked: FieldMask, obj: Object, source: FromClause, snapshot: Snapshot, known: Known) -> Clear:
    """Whether every rule shows the value; never null."""
    return sa.and_(*(_by_rule(each, obj, source, snapshot, known) for each in masked.rules))


def _by_rule(rule: RuleMask, obj: Object, source: FromClause, snapshot: Snapshot, known: Known) -> Clear:
    ways: list[Clear] = []
    if rule.clear:
        found = known.get(rule.clear)
        ways.append(met(rule.clear, obj, source, snapshot) if found is None else found)
    if rule.revealable:
        key = source.c.id + sa.literal_column(f"'.{rule.field}'", sa.Text())
        ways.append(is_among(key, ids_once("revealed", lambda: _revealed(snapshot), snapshot), Scan.ONE_BY_ONE))
    return sa.or_(*ways) if ways else sa.false()


def met(conditions: Conditions, obj: Object, source: FromClause, snapshot: Snapshot) -> Clear:
    """Whether one of the conditions holds; what is unknown does not."""
    found = sa.or_(*(holds(each, obj, source, snapshot, Scan.ONE_BY_ONE) for each in conditions))
    return sa.func.coalesce(found, sa.false(), type_=sa.Boolean())


def _revealed(snapshot: Snapshot) -> Select[str]:
    """Record and field of all that is shown to the user at the moment."""
    grant = storage.tenant_view(snapshot.objects[GRANT]).alias("revealed")
    key: ColumnElement[str] = grant.c.record_id + sa.literal_column("'.'", sa.Text()) + grant.c.field_name
    return sa.select(key).where(
        grant.c.tenant_id == TENANT_ID,
        grant.c.user_id == USER_ID,
        grant.c.expires_at > ASKED_AT,
        sa.not_(grant.c.is_deleted),
    )


def conditions_of(masks: Iterable[FieldMask]) -> list[Conditions]:
    """The conditions by which the fields are clear, each once."""
    return list(dict.fromkeys(rule.clear for each in masks for rule in each.rules if rule.clear))


def columns_asked(conditions: Conditions, obj: Object, source: FromClause, snapshot: Snapshot) -> set[str]:
    """The columns of `source` that the conditions look at."""
    parts = visitors.iterate(met(conditions, obj, source, snapshot))
    return {each.name for each in parts if isinstance(each, ColumnClause) and each.table is source}
