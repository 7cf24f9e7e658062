"""What belongs to a record and shares its fate: details and cascading references, level by level, set by set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.components import DeleteRule
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.plan.rules import OWNER
from chassis_platform.sql.check import children_of
from chassis_tenants.database import Row, Transaction

#: Object name -> record id -> the records of the batch whose fate it shares.
Members = dict[str, dict[str, frozenset[str]]]

#: Whether a row of `children_of` belongs to the record with this id; rows are (id, parent, deleted date).
Belongs = Callable[[Row, str], bool]


@dataclass(slots=True)
class Family:
    """Records with all that belongs to them, and what stands in the way of deleting them."""

    members: Members
    held_by: list[tuple[Field, str, frozenset[str]]] = field(default_factory=list)  # the holder's field and id; roots

    def ids(self, object_name: str, roots: frozenset[str]) -> list[str]:
        """Members of one object that belong to at least one of these roots."""
        return sorted(each for each, of in self.members.get(object_name, {}).items() if of & roots)


def cascades(each: Field) -> bool:
    """Whether the record that refers is deleted with the one it refers to."""
    return each.type is FieldType.MASTER_DETAIL or (each.on_delete is DeleteRule.CASCADE and not each.system)


def restricts(each: Field) -> bool:
    """Whether the record that is referred to can't be deleted; a queue that owns records can't be either."""
    return (each.on_delete is DeleteRule.RESTRICT and not each.system) or each.name == OWNER


async def family_of(  # noqa: PLR0913  whose, where, and by which rule
    transaction: Transaction,
    snapshot: Snapshot,
    obj: Object,
    roots: Iterable[str],
    common: Mapping[str, Any],
    *,
    deleted: bool | None = False,
    belongs: Belongs = lambda _, __: True,
) -> Family:
    """The roots with what belongs to them: one round trip a level. `deleted` says in which state members are."""
    level: Members = {obj.name: {each: frozenset({each}) for each in roots}}
    family = Family({name: dict(ids) for name, ids in level.items()})
    while any(level.values()):
        asked = [each for name in level for each in _referrers(snapshot, name, holders=deleted is False)]
        statements = [
            children_of(snapshot.objects[by.object_name], by, deleted=deleted).bind(**common, ids=sorted(level[name]))
            for name, by in asked
        ]
        answers = await transaction.fetch_each(statements) if statements else []
        level = _next_level(family, level, zip(asked, answers, strict=True), belongs)
    return family


def _referrers(snapshot: Snapshot, name: str, *, holders: bool) -> list[tuple[str, Field]]:
    fields = snapshot.referrers.get(name, ())
    return [(name, each) for each in fields if cascades(each) or (holders and restricts(each))]


def _next_level(
    family: Family, level: Members, answers: Iterable[tuple[tuple[str, Field], list[Row]]], belongs: Belongs
) -> Members:
    further: Members = {}
    for (parent_name, by), rows in answers:
        for row in rows:
            roots = frozenset(each for each in level[parent_name].get(row[1], ()) if belongs(row, each))
            if not cascades(by):
                family.held_by.append((by, row[0], roots))
            elif roots - family.members.get(by.object_name, {}).get(row[0], frozenset()):
                known = family.members.setdefault(by.object_name, {})
                known[row[0]] = known.get(row[0], frozenset()) | roots
                further.setdefault(by.object_name, {})[row[0]] = known[row[0]]
    return further
