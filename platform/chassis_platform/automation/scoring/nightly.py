"""Scoring every record of a model, batch by batch, each in a transaction of its own."""

from __future__ import annotations

from chassis_metadata.logic.scoring import ScoringModel, models_of
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.automation.scoring.score import score
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.score_rows import next_records
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

BATCH = 5_000


async def score_nightly(database: Database, snapshots: SnapshotStore, tenant_id: int) -> None:
    """All models of a tenant that ask for it. What is scored twice is written once."""
    context = await unattended(database, snapshots, tenant_id)
    for model in models_of(context.snapshot) if context is not None else ():
        assert context is not None  # noqa: S101  by the line above
        if model.nightly:
            await score_all(database, context, model)


async def score_all(database: Database, context: Context, model: ScoringModel, *, batch: int = BATCH) -> int:
    """Score all records of a model; answers how many changed. First bands are written quietly."""
    obj = context.snapshot.objects[model.object_name]
    after, changed = "", 0
    while True:
        asked = next_records(obj).bind(**common(context), after=after, most=batch)
        async with database.transaction(context.binding) as transaction:
            ids = [row[0] for row in await transaction.fetch(asked)]
            if not ids:
                return changed
            changed += len(await score(transaction, context, model.name, ids, first_is_quiet=True))
        after = ids[-1]
