"""Asking formulas of the records of approvals: one statement for each process or object that is involved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chassis_metadata.expressions.typed import Expression
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer, Asked, answers, evaluation
from chassis_platform.automation.approvals.running import Running
from chassis_tenants.database import Transaction

Wanted = Sequence[tuple[Sequence[Running], Sequence[Expression]]]


async def ask_all(transaction: Transaction, context: Context, wanted: Wanted) -> Mapping[Running, Answer]:
    """The answers of groups of approvals to their formulas, in one round trip. A group is about one object."""
    groups = [(runnings, expressions) for runnings, expressions in wanted if runnings and expressions]
    if not groups:
        return {}
    prepared = [
        evaluation(context, context.snapshot.objects[runnings[0].process.object_name], expressions, asked_of(runnings))
        for runnings, expressions in groups
    ]
    rows = await transaction.fetch_each([statement for statement, _ in prepared])
    found: dict[Running, Answer] = {}
    for (runnings, _), (_, expressions), each in zip(groups, prepared, rows, strict=True):
        by_place = answers(each, expressions)
        found |= {one: by_place.get(place, NO_ANSWER) for place, one in enumerate(runnings)}
    return found


def asked_of(runnings: Iterable[Running]) -> list[Asked]:
    """The records with what their requests say."""
    return [
        Asked(place, each.record_id, each.comments, each.actor_id, each.submitter_id, _step_of(each))
        for place, each in enumerate(runnings)
    ]


def _step_of(running: Running) -> str | None:
    return running.steps[0].name if running.steps else None
