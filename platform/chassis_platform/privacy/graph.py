"""What there is about a person: the records of all declared objects, found level by level, one round trip a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.data_subject import Holding, SubjectMap, subject_map, targets_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.sql.check import children_of, versions_of
from chassis_platform.sql.subject_rows import records_alike, records_meeting
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

MOST_SUBJECTS = 20


@dataclass(frozen=True, slots=True)
class PersonalData:
    """The ids of a person's records by object, and which of them must be kept for now."""

    subjects: tuple[str, ...]
    ids: Mapping[str, Sequence[str]]
    held: Mapping[str, frozenset[str]]

    @property
    def all_ids(self) -> list[str]:
        """Of all objects."""
        return sorted(each for ids in self.ids.values() for each in ids)


def checked_subjects(context: Context, wanted: object) -> list[str]:
    """The records that are the person, as a request names them; Invalid unless each is of an object that is one."""
    ids = wanted if isinstance(wanted, list) else [wanted]
    if not 1 <= len(ids) <= MOST_SUBJECTS or not all(is_id(each) for each in ids):
        message = f"`subjects` names one to {MOST_SUBJECTS} records by Id."
        raise Invalid.of("malformed_id", message, path="subjects")
    roots = subject_map(context.snapshot).roots
    prefixes = {context.snapshot.objects[each].key_prefix for each in roots}
    for each in ids:
        if str(each)[:3] not in prefixes:
            message = f"{each} is no person. Name records of: {', '.join(sorted(roots)) or 'no object is declared'}."
            raise Invalid.of("invalid_cross_reference_key", message, path="subjects")
    return sorted({normal_id(str(each)) for each in ids})


async def collect(transaction: Transaction, context: Context, subjects: Sequence[str]) -> PersonalData:
    """All records about a person, in the recycle bin too. NotFound where a subject is not there."""
    declared = subject_map(context.snapshot)
    found = await _start(transaction, context, declared, subjects)
    for level in declared.levels:
        asked = [each for name in level for each in _questions(context, declared, declared.holdings[name], found)]
        if asked:
            answers = await transaction.fetch_each([statement for _, statement in asked])
            for (name, _), rows in zip(asked, answers, strict=True):
                found.setdefault(name, set()).update(row[0] for row in rows)
    ids = {name: sorted(each) for name, each in found.items() if each}
    return PersonalData(tuple(subjects), ids, await _held(transaction, context, declared, ids))


async def _start(
    transaction: Transaction, context: Context, declared: SubjectMap, subjects: Sequence[str]
) -> dict[str, set[str]]:
    found = await _roots_there(transaction, context, declared, subjects)
    missing = sorted(set(subjects) - {each for ids in found.values() for each in ids})
    if missing:
        raise NotFound.of("not_found", f"There is no record {', '.join(missing)}.", path="subjects")
    return found


async def those_there(transaction: Transaction, context: Context, subjects: Sequence[str]) -> list[str]:
    """Which of these records, each a person, are there."""
    found = await _roots_there(transaction, context, subject_map(context.snapshot), subjects)
    return sorted(each for ids in found.values() for each in ids)


async def _roots_there(
    transaction: Transaction, context: Context, declared: SubjectMap, subjects: Sequence[str]
) -> dict[str, set[str]]:
    roots = [context.snapshot.objects[each] for each in declared.roots]
    asked = [versions_of(each).bind(**common(context), ids=_of(each, subjects)) for each in roots]
    answers = await transaction.fetch_each(asked)
    return {obj.name: {row[0] for row in rows} for obj, rows in zip(roots, answers, strict=True)}


def _of(obj: Object, ids: Sequence[str]) -> list[str]:
    return [each for each in ids if each.startswith(obj.key_prefix)]


def _questions(
    context: Context, declared: SubjectMap, holding: Holding, found: Mapping[str, set[str]]
) -> list[tuple[str, Statement]]:
    obj = context.snapshot.objects[holding.object_name]
    asked = []
    for each in (obj.fields[name] for name in holding.through if name in obj.fields):
        targets = [one for one in targets_of(each, declared.holdings) if declared.holdings[one].leads_on]
        ids = sorted({one for target in targets for one in found.get(target, ())})
        if ids:
            asked.append((obj.name, children_of(obj, each, deleted=None).bind(**common(context), ids=ids)))
    return asked


async def _held(
    transaction: Transaction, context: Context, declared: SubjectMap, ids: Mapping[str, Sequence[str]]
) -> Mapping[str, frozenset[str]]:
    snapshot = context.snapshot
    criteria = {name: hold.criteria for name in ids if (hold := declared.holdings[name].hold) is not None}
    if not criteria:
        return {}
    asked = [
        records_meeting(snapshot, snapshot.objects[name], each).bind(**common(context), ids=ids[name])
        for name, each in criteria.items()
    ]
    answers = await transaction.fetch_each(asked)
    return {name: frozenset(row[0] for row in rows) for name, rows in zip(criteria, answers, strict=True) if rows}


async def others_alike(transaction: Transaction, context: Context, subjects: Sequence[str]) -> list[str]:
    """Other records that may be the same person: they have the same phone, e-mail or whatever identifies one."""
    declared, snapshot = subject_map(context.snapshot), context.snapshot
    asked = [
        records_alike(snapshot.objects[root], snapshot.objects[root].fields[name]).bind(
            **common(context), ids=_of(snapshot.objects[root], subjects)
        )
        for root in declared.roots
        for name in declared.holdings[root].identified_by
        if name in snapshot.objects[root].fields and _of(snapshot.objects[root], subjects)
    ]
    answers = await transaction.fetch_each(asked) if asked else []
    return sorted({row[0] for rows in answers for row in rows})
