"""The job that encrypts what stands in clear when a field becomes encrypted, and lays it in clear again.

Meanwhile the field holds values of both kinds, and every read bears both (`Field.conversion`). A value changes places
only where it is as it was read, in one statement with its index row: none is lost, none is shown otherwise. The job may
stop anywhere and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis_metadata.logic.matching_rule import key_ids_of
from chassis_metadata.snapshot import Conversion, Field
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer
from chassis_platform.audit.redacted import redact_converted
from chassis_platform.automation.encryption.stored_values import BATCH, count_values, next_values, put_values
from chassis_platform.automation.matching.jobs import build_keys
from chassis_platform.automation.unattended import unattended
from chassis_tenants.conversions import CONVERT, KEYS_LOCK, conversions_of, unfinished
from chassis_tenants.customise import store_in_clear
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.installer import lock_setup, new_versions
from chassis_tenants.journal import OPERATOR, enqueue
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

#: Whoever began to write before the change may still store values in the form of before.
OTHERS_END = timedelta(seconds=15)
#: As many sealed entries of the history are emptied at once.
PAGE = 500

_NOW = Statement("SELECT clock_timestamp()")
_IS_ANYBODY_OLDER = Statement(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid <> pg_backend_pid() AND xact_start < %(began)s"
)
_WHERE = Statement(
    "SELECT total, last_id FROM chassis.field_conversion WHERE tenant_id = %(tenant_id)s AND field = %(field)s"
)
#: Whoever deletes the field waits for the batch, and the batch after that finds nothing to do.
_STILL = Statement(
    "SELECT 1 FROM chassis.field_conversion WHERE tenant_id = %(tenant_id)s AND field = %(field)s"
    " AND seals = %(seals)s AND finished_at IS NULL FOR UPDATE"
)
_COUNTED = Statement(
    "UPDATE chassis.field_conversion SET total = %(total)s WHERE tenant_id = %(tenant_id)s AND field = %(field)s"
)
_ADVANCE = Statement(
    "UPDATE chassis.field_conversion SET last_id = %(last_id)s, done = done + %(done)s"
    " WHERE tenant_id = %(tenant_id)s AND field = %(field)s"
)
_EMPTIED = Statement(
    "UPDATE chassis.field_conversion SET emptied = emptied + %(count)s"
    " WHERE tenant_id = %(tenant_id)s AND field = %(field)s"
)
_FINISH = Statement(
    "UPDATE chassis.field_conversion SET finished_at = %(now)s, last_id = NULL"
    " WHERE tenant_id = %(tenant_id)s AND field = ANY (%(fields)s)"
)
_MATCH_ANEW = Statement(
    "UPDATE chassis.match_key_build SET is_done = false, last_id = ''"
    " WHERE tenant_id = %(tenant_id)s AND key_id = ANY (%(key_ids)s)"
)


async def convert_values(database: Database, snapshots: SnapshotStore, tenant_id: int, signer: Signer) -> None:
    """Convert all fields that wait for it. What others may still write in the form of before is done by another run."""
    [rows, [(began,)]] = await database.read(Binding(tenant_id), unfinished(tenant_id), _NOW)
    context = await unattended(database, snapshots, tenant_id)  # knows what was begun by then
    if context is None:
        return
    work = [_Work(database, context, name, each) for name, each in conversions_of(rows).items()]
    for each in work:
        await each.begin()
    await build_keys(database, snapshots, tenant_id)
    for each in work:
        await each.convert()
    if await _others_work(database, tenant_id, began):
        await database.read(Binding(tenant_id), _again(tenant_id))
        return
    for each in work:
        await each.convert_rest()
        await each.empty_history(signer)
    await _finish(database, snapshots, tenant_id, work)
    await build_keys(database, snapshots, tenant_id)


def _again(tenant_id: int) -> Statement:
    return enqueue(tenant_id, CONVERT, run_at=clock.now() + OTHERS_END, lock_key=KEYS_LOCK)


async def _others_work(database: Database, tenant_id: int, began: datetime) -> bool:
    [[(count,)]] = await database.read(Binding(tenant_id), _IS_ANYBODY_OLDER.bind(began=began))
    return bool(count)


@dataclass(frozen=True, slots=True)
class _Work:
    """The conversion of one field."""

    database: Database
    context: Context
    name: str
    conversion: Conversion

    @property
    def field(self) -> Field | None:
        """None: it is gone meanwhile, or was encrypted no more when the snapshot was made."""
        object_name, _, field_name = self.name.partition(".")
        obj = self.context.snapshot.objects.get(object_name)
        found = obj.fields.get(field_name) if obj is not None else None
        return found if found is not None and found.conversion == self.conversion else None

    @property
    def named(self) -> Mapping[str, Any]:
        return {"tenant_id": self.context.tenant.id, "field": self.name}

    @property
    def still(self) -> Statement:
        """Whether it is still wanted."""
        return _STILL.bind(**self.named, seals=self.conversion.seals)

    @property
    def key_ids(self) -> list[str]:
        """The match keys that are made of the field."""
        return key_ids_of(self.context.snapshot, self.name)

    async def begin(self) -> None:
        """Count what there is, once; keys by which records are matched are to be made in the new form."""
        [rows] = await self.database.read(self._binding, _WHERE.bind(**self.named))
        if self.field is None or not rows or rows[0][0] is not None:
            return
        async with self.database.transaction(self._binding) as transaction:
            count = await count_values(transaction, self.context, self.field)
            anew = _MATCH_ANEW.bind(tenant_id=self.context.tenant.id, key_ids=self.key_ids)
            await transaction.fetch_each([_COUNTED.bind(**self.named, total=count), anew])

    async def convert(self) -> None:
        """All values, from where it stopped."""
        [rows] = await self.database.read(self._binding, _WHERE.bind(**self.named))
        await self._go_over((rows[0][1] if rows else None) or "", everything=True)

    async def convert_rest(self) -> None:
        """What others wrote in the form of before while the job went over it."""
        await self._go_over("", everything=False)

    async def _go_over(self, after: str, *, everything: bool) -> None:
        is_over = self.field is None
        while not is_over:
            async with self.database.transaction(self._binding) as transaction:
                after, is_over = await self._batch(transaction, after, everything=everything)

    async def _batch(self, transaction: Transaction, after: str, *, everything: bool) -> tuple[str, bool]:
        field = self.field
        if field is None or not await transaction.fetch(self.still):
            return after, True
        values = await next_values(transaction, self.context, field, after, everything=everything)
        wrong = [each for each in values if each.is_sealed != self.conversion.seals]
        await put_values(transaction, self.context, field, wrong)
        last = values[-1].record_id if values else after
        if everything:
            await transaction.fetch(_ADVANCE.bind(**self.named, last_id=last, done=len(values)))
        return last, len(values) < BATCH

    async def empty_history(self, signer: Signer) -> None:
        """What the field history tells of an encrypted field: who changed it when, no values."""
        if not self.conversion.seals or self.field is None:
            return
        after, is_over = "", False
        while not is_over:
            async with self.database.transaction(self._binding) as transaction:
                ids = await redact_converted(transaction, self.context.tenant, signer, self.name, (after, PAGE))
                await transaction.fetch(_EMPTIED.bind(**self.named, count=len(ids)))
            after, is_over = ids[-1] if ids else after, len(ids) < PAGE

    @property
    def _binding(self) -> Binding:
        return Binding(self.context.tenant.id)


async def _finish(database: Database, snapshots: SnapshotStore, tenant_id: int, work: list[_Work]) -> None:
    """With the next request, every process knows that the fields hold values of one kind."""
    async with database.transaction(Binding(tenant_id)) as transaction:
        await transaction.fetch(lock_setup(tenant_id))
        work = [each for each in work if each.field is not None and await transaction.fetch(each.still)]
        opened = [each for each in work if not each.conversion.seals]
        for each in opened:
            await store_in_clear(transaction, snapshots, each.name, OPERATOR)
        anew = sorted({key for each in opened for key in each.key_ids})
        finished = {"tenant_id": tenant_id, "fields": [each.name for each in work], "now": clock.now()}
        await transaction.fetch_each(
            [
                _FINISH.bind(**finished),
                _MATCH_ANEW.bind(tenant_id=tenant_id, key_ids=anew),
                new_versions(tenant_id, access=False),
            ]
        )
