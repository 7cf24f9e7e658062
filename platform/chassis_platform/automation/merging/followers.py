"""What engines keep of merged records goes over to the one that stays: by declaration, or by an engine's own word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from chassis_metadata.errors import Conflict, Forbidden
from chassis_metadata.fields import REFERENCE_TYPES
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common, inserted, updated, with_ids
from chassis_platform.automation.merging.children import Family
from chassis_platform.sql.merging import IN_APPROVAL, rows_that_follow
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import stored_fields
from chassis_tenants.tables import is_journal

ID_LENGTH = 18
Follower = Callable[[Transaction, Context, Family], Awaitable[None]]
_followers: list[Follower] = []


def register_follower(follower: Follower) -> None:
    """An engine that does more than rename: it is called inside the merge, before the losers are deleted."""
    _followers.append(follower)


async def follow_merge(transaction: Transaction, context: Context, family: Family) -> None:
    """What names a loser names the survivor."""
    fields = following_fields(context.snapshot)
    if fields:
        ids = sorted(family.ids)
        asked = [rows_that_follow(obj, each, _more(obj, each)).bind(**common(context), ids=ids) for obj, each in fields]
        answers = await transaction.fetch_each(asked)
        statements = [
            statement
            for (obj, each), rows in zip(fields, answers, strict=True)
            for statement in _written(context, obj, each, list(_chosen(each, rows, family)), family.master_id)
        ]
        if statements:
            await transaction.fetch_each(statements)
    for follower in _followers:
        await follower(transaction, context, family)


def following_fields(snapshot: Snapshot) -> list[tuple[Object, Field]]:
    """The declared fields that hold an Id and nothing else, with their objects."""

    def make() -> list[tuple[Object, Field]]:
        return [
            (obj, each)
            for obj in snapshot.objects.values()
            for each in obj.fields.values()
            if each.follows_merge is not None and _is_an_id(each)
        ]

    return snapshot.keep("follows_merge", make)


def _is_an_id(field: Field) -> bool:
    return field.type in REFERENCE_TYPES or (field.length or 0) <= ID_LENGTH


def _keys(obj: Object) -> list[str]:
    """Longer texts of the object in which the Id is a part."""
    return [each.name for each in obj.fields.values() if each.follows_merge is not None and not _is_an_id(each)]


def _more(obj: Object, field: Field) -> tuple[str, ...]:
    """What is read of a row: by what rows are alike, and what is written anew."""
    rest = [each.name for each in stored_fields(obj) if not each.system] if is_journal(obj) else _keys(obj)
    return (*(field.follows_merge or ()), *rest)


def _chosen(field: Field, rows: Sequence[Row], family: Family) -> Iterator[Row]:
    """Of rows that are alike, the survivor keeps its own, or the first loser's newest; the others stay as they are."""
    alike = len(field.follows_merge or ())
    taken = {row[2 : 2 + alike] for row in rows if row[1] == family.master_id}
    for loser in family.loser_ids:
        for row in sorted((row for row in rows if row[1] == loser), key=lambda row: str(row[0]), reverse=True):
            same = row[2 : 2 + alike]
            if not alike or same not in taken:
                taken.add(same)
                yield row


def _written(context: Context, obj: Object, field: Field, rows: Sequence[Row], master_id: str) -> Iterable[Statement]:
    """Rows that name the survivor. A journal's never change: what they say is said again, of the survivor."""
    names = _more(obj, field)[len(field.follows_merge or ()) :]
    renamed = [
        {
            "Id": row[0],
            **{
                name: master_id if said == row[1] else said
                for name, said in zip(names, row[len(row) - len(names) :], strict=True)
            },
            field.name: master_id,
        }
        for row in rows
    ]
    if is_journal(obj):
        return inserted(context, obj.name, with_ids(obj, renamed))
    losers = {row[0]: row[1] for row in rows}
    for each in renamed:
        each |= {name: each[name] and each[name].replace(losers[each["Id"]], master_id) for name in _keys(obj)}
    return updated(context, obj.name, renamed)


async def refuse_in_approval(transaction: Transaction, context: Context, family: Family) -> None:
    """Of merged records one at most may be in approval, and a locked one is an administrator's to merge."""
    rows = await transaction.fetch(IN_APPROVAL.bind(tenant_id=context.tenant.id, ids=sorted(family.ids)))
    running = [record_id for record_id, is_running, _ in rows if is_running]
    if len(running) > 1:
        message = (
            f"{', '.join(running)} are in approval; of merged records one may be. Decide or recall the others first."
        )
        raise Conflict.of("already_in_process", message)
    locked = [record_id for record_id, _, is_locking in rows if is_locking]
    if locked and not context.policy.on(family.obj.name).modify_all:
        message = f"{', '.join(locked)}: the record is locked while it is in approval."
        raise Forbidden.of("entity_is_locked", message)
