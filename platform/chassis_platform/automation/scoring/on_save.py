"""Scores made anew when a record is saved, or one that the factors look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis_metadata.logic.scoring import KIND, ScoringModel
from chassis_platform.access.context import Context
from chassis_platform.automation.scoring.score import model_named, score
from chassis_platform.records.after_save import Fired, handle
from chassis_tenants.database import Transaction


async def score_saved(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """One statement a model for all the records that a batch concerns."""
    concerned: dict[str, set[str]] = {}
    for each in fired:
        model = model_named(context.snapshot, each.trigger.name)
        concerned.setdefault(model.name, set()).update(_concerned(model, each))
    for name, ids in concerned.items():
        await score(transaction, context, name, ids)


def _concerned(model: ScoringModel, fired: Fired) -> Iterable[str]:
    if fired.obj.name == model.object_name:
        yield from (str(change.id) for change in fired.changes)
        return
    fields = [field for object_name, field in model.recompute_on if object_name == fired.obj.name]
    for change in fired.changes:
        for name in fields:
            # A child may have left one record for another: both are scored anew.
            found = {change.now(name), (change.old or {}).get(name)}
            yield from (str(each) for each in found if each)


handle(KIND, score_saved)
