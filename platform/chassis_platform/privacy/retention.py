"""Retention: every week what was kept long enough is emptied or removed, rule by rule, in batches."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis_metadata.ids import new_id
from chassis_metadata.logic.data_subject import Erasure, Treatment, subject_map
from chassis_metadata.logic.retention_rule import KIND, RetentionRule, retention_rules
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer
from chassis_platform.automation.keeping import common
from chassis_platform.automation.person_acts import PREFIX
from chassis_platform.automation.unattended import unattended
from chassis_platform.privacy.acts import end_run, keep_run
from chassis_platform.privacy.erasure import legal_holds
from chassis_platform.privacy.treatment import Eraser, anonymise, remove, treatments_of
from chassis_platform.sql.subject_rows import outdated, records_meeting
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore

JOB = "retention"
BATCH = 500
MONTHS = 12


async def run_retention(database: Database, snapshots: SnapshotStore, signer: Signer, tenant_id: int) -> None:
    """Do what a tenant's rules say, and keep a line about the run."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None or not retention_rules(context.snapshot):
        return
    act_id = new_id(PREFIX)
    await keep_run(database, context, act_id)
    report = {}
    for rule in retention_rules(context.snapshot).values():
        report[rule.name] = await _apply(database, context, signer, act_id, rule)
    await end_run(database, context, act_id, {"rules": report})


async def preview_retention(database: Database, context: Context) -> dict[str, dict[str, Any]]:
    """What the next run would do, by rule."""
    report = {}
    for rule in retention_rules(context.snapshot).values():
        report[rule.name] = await _apply(database, context, None, "", rule)
    return report


async def _apply(
    database: Database, context: Context, signer: Signer | None, act_id: str, rule: RetentionRule
) -> dict[str, Any]:
    """One rule over all its records. Without a signer, or in a dry run, they are only counted."""
    after, found, spared = "", 0, 0
    is_dry = signer is None or rule.dry_run
    while True:
        async with database.transaction(context.binding) as transaction:
            ids = await _outdated(transaction, context, rule, after)
            due = await _without_held(transaction, context, rule, ids)
            if due and signer is not None and not is_dry:
                await _treat(Eraser(transaction, context, signer, act_id), rule, due)
        found, spared = found + len(due), spared + len(ids) - len(due)
        if len(ids) < BATCH:
            break
        after = ids[-1]
    if found and not is_dry:
        coverage.note(KIND, rule.name)
    return {
        "object": rule.object_name,
        "action": rule.action.value,
        "records": found,
        "held": spared,
        "dry_run": is_dry,
    }


async def _outdated(transaction: Transaction, context: Context, rule: RetentionRule, after: str) -> list[str]:
    oldest = months_before(clock.now(), rule.months)
    statement = outdated(context.snapshot, rule, _stored(context, rule))
    rows = await transaction.fetch(statement.bind(**common(context), after=after, most=BATCH, oldest=oldest))
    return [row[0] for row in rows]


def _fields(context: Context, rule: RetentionRule) -> Mapping[str, Treatment]:
    declared = subject_map(context.snapshot).holdings.get(rule.object_name)
    return rule.fields or (declared.fields if declared is not None else {})


def _stored(context: Context, rule: RetentionRule) -> dict[str, Treatment]:
    return treatments_of(context.snapshot.objects[rule.object_name], _fields(context, rule))


async def _without_held(
    transaction: Transaction, context: Context, rule: RetentionRule, ids: Sequence[str]
) -> list[str]:
    """Those that neither a legal hold nor the declaration's `keep_while` keeps."""
    if not ids:
        return []
    holds = await legal_holds(transaction, context, ids)
    kept = {subject for _, subject, _ in holds}
    if None in kept:
        return []
    declared = subject_map(context.snapshot).holdings.get(rule.object_name)
    if declared is not None and declared.hold is not None:
        obj = context.snapshot.objects[rule.object_name]
        asked = records_meeting(context.snapshot, obj, declared.hold.criteria)
        kept |= {row[0] for row in await transaction.fetch(asked.bind(**common(context), ids=list(ids)))}
    return [each for each in ids if each not in kept]


async def _treat(eraser: Eraser, rule: RetentionRule, ids: Sequence[str]) -> None:
    if rule.action is Erasure.DELETE:
        await remove(eraser, rule.object_name, ids)
    else:
        await anonymise(eraser, rule.object_name, ids, _fields(eraser.context, rule))


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time so many months earlier, or the month's last day where it has no such day."""
    year, month = divmod(moment.year * MONTHS + moment.month - 1 - months, MONTHS)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
