"""Keys made of related records: when these are saved, the keys of what they refer to follow, and rules are asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis_metadata.logic.duplicate_rule import Action, DuplicateRule, asked_by, duplicate_rules
from chassis_metadata.logic.matching_rule import KIND, followed_of
from chassis_metadata.logic.triggers import Event
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.duplicates import ask_of, forget_told
from chassis_platform.automation.matching.keys import keep_keys, renew_keys
from chassis_platform.plan.changes import Change
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_tenants.database import Transaction


async def keep_all_keys(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """The keys of what was saved, and of what it refers to."""
    forget_told(fired, own=False)
    await keep_keys(transaction, context, fired)
    changes = list({id(one): one for each in fired for one in each.changes}.values())
    await follow(transaction, context, fired[0].obj.name, changes, asks=fired[0].event is not Event.DELETE)


async def follow(
    transaction: Transaction, context: Context, object_name: str, changes: Sequence[Change], *, asks: bool = False
) -> None:
    """Renew the keys of the records that these refer to or referred to; ask the duplicate rules of those if told so."""
    followed = dict.fromkeys((each.parent, each.reference) for each in followed_of(context.snapshot, object_name))
    for parent, reference in followed:
        obj = context.snapshot.objects[parent]
        await renew_keys(transaction, context, obj, sorted(set(_referred(changes, reference))))
        rules = [each for each in duplicate_rules(context.snapshot).values() if _follows(context, each, parent)]
        if asks and rules:
            await _ask(transaction, context, rules, reference, changes)


def _referred(changes: Iterable[Change], reference: str) -> Iterable[str]:
    for change in changes:
        found = (change.now(reference), (change.old or {}).get(reference))
        yield from (str(each) for each in found if each)


def _follows(context: Context, rule: DuplicateRule, parent: str) -> bool:
    """Whether the rule is asked when a related record changes. One with criteria waits for the record's own save."""
    if rule.object_name != parent or rule.on_update is Action.NOTHING or rule.criteria is not None:
        return False
    return any(side.related for one in asked_by(rule, context.snapshot) for key in one.keys for side in key.sides())


async def _ask(
    transaction: Transaction,
    context: Context,
    rules: Sequence[DuplicateRule],
    reference: str,
    changes: Sequence[Change],
) -> None:
    """What is found of the records that these refer to is told of these."""
    ids = dict.fromkeys(str(each.now(reference)) for each in changes if each.now(reference))
    parents = {each: Change(place, creating=False, id=each) for place, each in enumerate(ids)}
    await ask_of(transaction, context, rules, list(parents.values()))
    for change in changes:
        found = parents.get(str(change.now(reference)))
        if found is not None:
            change.problems += [each for each in found.problems if each not in change.problems]
            change.warnings += found.warnings


after_save.handle(KIND, keep_all_keys)
