"""Duplicate record sets: what was saved although it matched, or was found by looking over all records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis_metadata.ids import new_ids
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common, inserted
from chassis_platform.automation.matching.findings import Match
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

SET, ITEM = "DuplicateRecordSet", "DuplicateRecordItem"
_OPEN = "Open"

#: The sets of some rules that hold one of `ids`: those still open, and those that somebody set aside.
_SETS_WITH = Statement(
    "SELECT s.duplicate_rule_name, i.record_id, s.id, s.status = 'Open' FROM tenant.duplicate_record_item i"
    " JOIN tenant.duplicate_record_set s ON s.tenant_id = i.tenant_id AND s.id = i.duplicate_record_set_id"
    " WHERE i.tenant_id = %(tenant_id)s AND i.record_id = ANY (%(ids)s) AND NOT s.is_deleted AND NOT i.is_deleted"
    " AND s.status <> 'Merged' AND s.duplicate_rule_name = ANY (%(rules)s) ORDER BY s.id"
)
_MEMBERS = Statement(
    "SELECT i.duplicate_record_set_id, i.record_id FROM tenant.duplicate_record_item i"
    " WHERE i.tenant_id = %(tenant_id)s AND NOT i.is_deleted AND i.duplicate_record_set_id = ANY (ARRAY("
    "SELECT m.duplicate_record_set_id FROM tenant.duplicate_record_item m"
    " WHERE m.tenant_id = %(tenant_id)s AND m.record_id = ANY (%(ids)s) AND NOT m.is_deleted))"
)
_COUNT = Statement(
    "UPDATE data.duplicate_record_set s SET record_count = (SELECT count(*) FROM data.duplicate_record_item i"
    " WHERE i.tenant_id = %(tenant)s AND i.duplicate_record_set_id = s.id AND NOT i.is_deleted)"
    " WHERE s.tenant_id = %(tenant)s AND s.id = ANY (%(ids)s)"
)


@dataclass(frozen=True, slots=True)
class Noted:
    """A record that matches others by a duplicate rule, and was saved all the same."""

    rule: str
    object_name: str
    record_id: str
    matches: Sequence[Match]

    @property
    def members(self) -> list[str]:
        """All of them."""
        return [self.record_id, *(each.record_id for each in self.matches)]


async def keep_sets(transaction: Transaction, context: Context, noted: Sequence[Noted]) -> None:
    """Keep each group in the open set that has one of its records already, or in a new one."""
    groups = [(each.rule, each.object_name, each.members) for each in noted]
    await keep_groups(transaction, context, groups)


Group = tuple[str, str, Sequence[str]]


async def keep_groups(transaction: Transaction, context: Context, groups: Sequence[Group]) -> int:
    """The same for groups of (rule, object, record ids); answers how many sets are new."""
    if not groups:
        return 0
    ids = sorted({each for _, _, members in groups for each in members})
    bound = common(context) | {"ids": ids, "rules": sorted({rule for rule, _, _ in groups})}
    rows, members = await transaction.fetch_each([_SETS_WITH.bind(**bound), _MEMBERS.bind(**bound)])
    known = {(rule, record_id): set_id for rule, record_id, set_id, is_open in rows if is_open}
    groups = _not_set_aside(groups, [row[:3] for row in rows if not row[3]])
    sets, wanted = _assigned(context.snapshot, groups, known)
    items = list(_items(context.snapshot, wanted, {(row[0], row[1]) for row in members}))
    count = _COUNT.bind(**common(context), ids=sorted(wanted))
    await transaction.fetch_each([*inserted(context, SET, sets), *inserted(context, ITEM, items), count])
    return len(sets)


def _not_set_aside(groups: Sequence[Group], rows: Iterable[Row]) -> list[Group]:
    """The groups of which nobody has said that they are no duplicates."""
    aside: dict[tuple[str, str], set[str]] = {}
    for rule, record_id, set_id in rows:
        aside.setdefault((rule, record_id), set()).add(set_id)
    return [each for each in groups if not set.intersection(*(aside.get((each[0], one), set()) for one in each[2]))]


def _assigned(
    snapshot: Snapshot, groups: Sequence[Group], known: dict[tuple[str, str], str]
) -> tuple[list[dict[str, str]], dict[str, set[str]]]:
    """New sets, and which records each set (new or not) is to hold."""
    sets: list[dict[str, str]] = []
    wanted: dict[str, set[str]] = {}
    fresh = iter(new_ids(snapshot.objects[SET].key_prefix, len(groups)) if groups else ())
    for rule, object_name, members in groups:
        set_id = next((known[rule, each] for each in members if (rule, each) in known), None)
        if set_id is None:
            set_id = next(fresh)
            common_values = {"DuplicateRuleName": rule, "ObjectName": object_name, "Status": _OPEN}
            sets.append({"Id": set_id, "Name": set_id, **common_values})
        known.update({(rule, each): set_id for each in members})
        wanted.setdefault(set_id, set()).update(members)
    return sets, wanted


def _items(
    snapshot: Snapshot, wanted: Mapping[str, set[str]], stored: set[tuple[str, str]]
) -> Iterable[dict[str, str]]:
    missing = [(set_id, each) for set_id, members in wanted.items() for each in sorted(members)]
    missing = [each for each in missing if each not in stored]
    ids = new_ids(snapshot.objects[ITEM].key_prefix, len(missing)) if missing else []
    for item_id, (set_id, record_id) in zip(ids, missing, strict=True):
        object_name = snapshot.objects_by_prefix[record_id[:3]].name
        yield {
            "Id": item_id,
            "Name": item_id,
            "DuplicateRecordSetId": set_id,
            "ObjectName": object_name,
            "RecordId": record_id,
        }
