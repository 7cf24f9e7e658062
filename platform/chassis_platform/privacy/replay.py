"""Erasures done again after a backup was restored that still had the people: read from the exported journal.

The journal that was sent elsewhere is the one place that knows of an erasure and does not come back with the backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer
from chassis_platform.automation.identity import context_of_job
from chassis_platform.automation.person_acts import QUEUED, NewAct, put_down
from chassis_platform.privacy.acts import ERASED, read_act, run_act
from chassis_platform.privacy.graph import those_there
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

_STATUS = Statement("SELECT status FROM chassis.privacy_act WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE")
#: An act that the backup knows, but not how it ended.
_AGREE = Statement(
    "UPDATE chassis.privacy_act SET status = 'queued', subjects = %(subjects)s::text[], decided_by = %(by)s,"
    " decided_at = %(at)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
)
NOBODY_THERE, DONE_ALREADY = "nobody of them is there", "is done already"


def erasures_in(lines: Iterable[bytes]) -> Iterator[NewAct]:
    """The erasures that lines of an exported journal tell of, as acts that were agreed to."""
    for line in lines:
        if ERASED.encode() not in line:
            continue
        said = orjson.loads(line)
        entry = said.get("entry", {})
        if said.get("source") == "setup_audit_trail" and entry.get("action") == ERASED:
            told = orjson.loads(entry.get("new_value") or "{}")
            if "subjects" in told:
                yield NewAct(
                    id=entry["target_name"],
                    kind="erasure",
                    status=QUEUED,
                    requested_by=told["requested_by"],
                    subjects=told["subjects"],
                    reason=told["reason"],
                    decided_by=told["decided_by"],
                    result={"with_mentions": told["with_mentions"]},
                )


async def replay(
    database: Database, snapshots: SnapshotStore, signer: Signer, tenant: Tenant, acts: Iterable[NewAct]
) -> dict[str, str]:
    """Erase again whom these acts erased; by act what came of it. May be repeated."""
    said: dict[str, str] = {}
    for act in acts:
        context = await context_of_job(database, snapshots, tenant.id)
        if context is None:
            break
        async with database.transaction(context.binding) as transaction:
            hindrance = await _put_back(transaction, context, act)
        if hindrance is None:
            await run_act(database, snapshots, signer, tenant.id, act.id)
            done = await read_act(database, context, act.id)
            said[act.id] = (done["result"] or {}).get("error") or done["status"]
        else:
            said[act.id] = hindrance
    return said


async def _put_back(transaction: Transaction, context: Context, act: NewAct) -> str | None:
    """The act as it was agreed to, for those who are there (again); or why there is nothing to do."""
    there = await those_there(transaction, context, act.subjects)
    if not there:
        return NOBODY_THERE
    named = {"tenant_id": context.tenant.id, "id": act.id}
    rows = await transaction.fetch(_STATUS.bind(**named))
    if rows and rows[0][0] == "done":
        return DONE_ALREADY
    agreed = _AGREE.bind(**named, subjects=there, by=act.decided_by, at=clock.now())
    await transaction.fetch(agreed if rows else put_down(context.tenant.id, [replace(act, subjects=there)]))
    return None
