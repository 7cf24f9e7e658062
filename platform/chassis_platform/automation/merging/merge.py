"""A merge from the request to the answer, in one transaction: locks, children, losers, values, traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, Invalid, NotFound, Problem
from chassis_metadata.ids import is_id, new_ids, normal_id
from chassis_metadata.logic.duplicate_rule import merge_choices
from chassis_metadata.snapshot import Field, Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.merging.children import Family, heads_of, move_children
from chassis_platform.automation.merging.choices import (
    Stored,
    choosable_fields,
    filled_values,
    is_enforced,
    ruled_values,
)
from chassis_platform.automation.merging.followers import follow_merge, refuse_in_approval
from chassis_platform.automation.merging.repeated import drop_repeated
from chassis_platform.plan.write import object_to_write
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.records.write import write_within
from chassis_platform.sql.check import (
    FIRST_VALUE,
    ID,
    IS_DELETED,
    LAST_MODIFIED,
    VERSION,
    VISIBLE,
    WRITABLE,
    ancestors_by,
    load_records,
)
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.merging import FORGET_REDIRECT, REDIRECT, REDIRECT_FURTHER, SETTLE_SETS
from chassis_platform.sql.trail import insert_history
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import HISTORY_PREFIX, SetupChange, setup_entry
from chassis_tenants.statement import Statement

MOST_LOSERS = 2
_PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Which record stays, which go into it, and whose value wins where it is not the survivor's own.

    `sources` names a record by field, `values` are new ones as in an update. `fill_blanks`: the survivor's blank fields
    get the newest value that another has. `version` is the survivor's that the caller knows.
    """

    object_name: str
    master_id: str
    loser_ids: Sequence[str]
    sources: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    fill_blanks: bool = True
    reason: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The survivor, what went into it, and what was re-parented."""

    id: str
    merged_ids: Sequence[str]
    updated_related_ids: Sequence[str]


async def merge_records(database: Database, context: Context, request: MergeRequest) -> MergeResult:
    """Merge; raises all that is wrong, and nothing has happened then."""
    obj = object_to_merge(context, request.object_name)
    request = replace(
        request,
        master_id=_id_of(obj, request.master_id),
        loser_ids=[_id_of(obj, each) for each in request.loser_ids],
    )
    _check(context, obj, request)
    async with database.transaction(context.binding) as transaction:
        return await merge_within(transaction, context, obj, request)


def object_to_merge(context: Context, name: str) -> Object:
    """The object, if records of it can be merged and the user may."""
    obj = object_to_write(context, name)
    if obj.package == _PLATFORM or not (obj.updateable and obj.deletable):
        raise Invalid.of("cannot_insert_update_activate_entity", f"Records of {obj.name} can't be merged by anybody")
    access = context.policy.on(obj.name)
    for permission in ("update", "delete"):
        if not getattr(access, permission):
            message = f"insufficient access rights on {obj.name}: may not {permission}, which a merge needs"
            raise Forbidden.of("insufficient_access_or_readonly", message)
    return obj


def _id_of(obj: Object, record_id: object) -> str:
    if not is_id(record_id) or str(record_id)[:3] != obj.key_prefix:
        raise Invalid.of("malformed_id", f"{obj.label} ID: id value of incorrect type: {str(record_id)[:80]}")
    return normal_id(str(record_id))


def _check(context: Context, obj: Object, request: MergeRequest) -> None:
    ids = [request.master_id, *request.loser_ids]
    if not 1 <= len(request.loser_ids) <= MOST_LOSERS or len(set(ids)) < len(ids):
        message = f"A merge takes one record that stays and one or {MOST_LOSERS} that go, each once."
        raise Invalid.of("invalid_number_of_records", message)
    problems = list(_source_problems(context, obj, request))
    if problems:
        raise Invalid(problems)


def _source_problems(context: Context, obj: Object, request: MergeRequest) -> list[Problem]:
    access, rules = context.policy.on(obj.name), merge_choices(context.snapshot, obj.name)
    choosable = {each.name: each for each in choosable_fields(obj)}
    ids = {request.master_id, *request.loser_ids}
    problems: list[Problem] = []
    for name, record_id in request.sources.items():
        if name not in choosable or name not in access.editable or name not in access.readable:
            message = f"{name} is no field of {obj.name} that you may choose a value of."
            problems.append(Problem(name, "invalid_field_for_insert_update", message, fields=(name,)))
        elif not is_id(record_id) or normal_id(record_id) not in ids:
            message = f"{name}: name one of the records that are merged, not {str(record_id)[:80]}."
            problems.append(Problem(name, "invalid_cross_reference_key", message, fields=(name,)))
    for name in {*request.sources, *request.values}:
        if is_enforced(rules.get(name)):
            message = f"{name}: a rule says which value stays; it can't be chosen."
            problems.append(Problem(name, "invalid_field_for_insert_update", message, fields=(name,)))
    return problems


async def merge_within(transaction: Transaction, context: Context, obj: Object, request: MergeRequest) -> MergeResult:
    """The merge itself. Children first: what belongs to the losers must not go into the recycle bin with them."""
    records = await _stored(transaction, context, obj, request)
    losers = list(request.loser_ids)
    own = [each for each in choosable_fields(obj) if each.is_reference and obj.name in each.references]
    family = Family(obj, request.master_id, losers, heads_of(own, {each.id: each.values for each in records}))
    await refuse_in_approval(transaction, context, family)
    moved = await move_children(transaction, context, family)
    await _refuse_circles(transaction, context, family, own)
    await drop_repeated(transaction, context, moved)
    await follow_merge(transaction, as_automation(context), family)
    _raise_wrong(await write_within(transaction, context, obj.name, "delete", [{"Id": each} for each in losers]))
    await _give_values(transaction, context, obj, request, records)
    await transaction.fetch_each(_traces(context, obj, request, len(moved)))
    return MergeResult(request.master_id, losers, moved)


async def _stored(transaction: Transaction, context: Context, obj: Object, request: MergeRequest) -> list[Stored]:
    """The records, locked; the survivor first, then the others as they were named."""
    names = [each.name for each in choosable_fields(obj)]
    ids = [request.master_id, *request.loser_ids]
    tenant_id = context.tenant.id
    bound = {"tenant": tenant_id, "tenant_id": tenant_id, **asking(context), "ids": sorted(ids)}
    statements = [LOCK_TIMEOUT, lock_records(obj), load_records(obj, names, context)]
    [_, _, rows] = await transaction.fetch_each([each.bind(**bound) for each in statements])
    found = {row[ID]: row for row in rows}
    for each in ids:
        _check_row(found.get(each), each)
    version = found[request.master_id][VERSION]
    if request.version is not None and request.version != version:
        message = f"The record was saved meanwhile: it is at version {version}, not {request.version}"
        raise Conflict.of("stale_version", message)
    return [
        Stored(each, found[each][LAST_MODIFIED], dict(zip(names, found[each][FIRST_VALUE:], strict=True)))
        for each in ids
    ]


def _check_row(row: Sequence[Any] | None, record_id: str) -> None:
    if row is None or not row[VISIBLE]:
        raise NotFound.of("not_found", f"There is no record {record_id}, or you may not see it.")
    if row[IS_DELETED]:
        raise NotFound.of("entity_is_deleted", f"{record_id}: entity is deleted")
    if not row[WRITABLE]:
        raise Forbidden.of("insufficient_access_or_readonly", f"{record_id}: insufficient access rights on object id")


async def _refuse_circles(transaction: Transaction, context: Context, family: Family, fields: Sequence[Field]) -> None:
    """A survivor below one of the losers would be its own ancestor now."""
    tenant = {"tenant": context.tenant.id, "tenant_id": context.tenant.id, "ids": [family.master_id]}
    for each in fields:
        parents: dict[str, str | None] = dict(await transaction.fetch(ancestors_by(family.obj, each).bind(**tenant)))
        above, met = parents.get(family.master_id), set[str]()
        while above is not None and above not in met and above != family.master_id:
            met.add(above)
            above = parents.get(above)
        if above == family.master_id:
            message = f"{each.label}: the record would be its own ancestor. Choose the one above it to stay."
            raise Conflict(Problem(each.name, "circular_dependency", message, fields=(each.name,)))


async def _give_values(
    transaction: Transaction, context: Context, obj: Object, request: MergeRequest, records: Sequence[Stored]
) -> None:
    """What the user chose is written as the user; what rules say and what was blank as automation, in full."""
    by_id = {each.id: each for each in records}
    sources = {name: normal_id(record_id) for name, record_id in request.sources.items()}
    chosen = {name: by_id[each].values.get(name) for name, each in sources.items() if each != request.master_id}
    chosen |= request.values
    settled = {*sources, *request.values}
    ruled = ruled_values(obj, records, merge_choices(context.snapshot, obj.name), settled)
    filled = filled_values(obj, records, settled | ruled.keys()) if request.fill_blanks else {}
    confirmed = replace(context, allow_duplicates=True)
    for writer, values in ((confirmed, chosen), (as_automation(context), {**filled, **ruled})):
        if values:
            record = {**values, "Id": request.master_id}
            _raise_wrong(await write_within(transaction, writer, obj.name, "update", [record]))


_KINDS: dict[str, type[ChassisError]] = {
    "not_found": NotFound,
    "entity_is_deleted": NotFound,
    "insufficient_access_or_readonly": Forbidden,
}


def _raise_wrong(results: Sequence[Any]) -> None:
    problems = [problem for each in results for problem in each.problems]
    if problems:
        raise _KINDS.get(problems[0].code, Invalid)(problems)


def _traces(context: Context, obj: Object, request: MergeRequest, moved: int) -> list[Statement]:
    """Where the losers have gone, an entry in the history of each, one in the audit trail."""
    principal, losers = context.principal, list(request.loser_ids)
    common = {"tenant": context.tenant.id, "stamp": clock.now(), "actor": principal.user_id}
    redirect = {"ids": losers, "master_id": request.master_id, "object_name": obj.name}
    history = [
        {"id": entry_id, "object_name": obj.name, "record_id": each, "field_name": "merged", "old_value": each}
        | {"new_value": request.master_id}
        for entry_id, each in zip(new_ids(HISTORY_PREFIX, len(losers)), losers, strict=True)
    ]
    change = SetupChange(
        "mergedRecords",
        "Records",
        request.master_id,
        f"Merged {obj.label} {', '.join(losers)} into {request.master_id}",
        before={"records": [request.master_id, *losers]},
        after={"record": request.master_id, "moved": moved, "reason": request.reason},
    )
    statements = [FORGET_REDIRECT, REDIRECT, REDIRECT_FURTHER, SETTLE_SETS]
    return [
        *(each.bind(**common, **redirect) for each in statements),
        insert_history(context.snapshot, history).bind(**common),
        setup_entry(context.tenant.id, context.actor, change),
    ]
