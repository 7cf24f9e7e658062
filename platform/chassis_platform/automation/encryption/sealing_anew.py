"""The job that seals values anew which an older data key sealed: field by field, in the order of ids, a batch at once.

It may stop anywhere and goes on where it was. Nothing is locked: a value that somebody changed meanwhile is sealed with
the new key already, and is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.encryption.kept_secrets import seal_kept_secrets
from chassis_platform.automation.encryption.rotation import encrypted_fields
from chassis_platform.automation.encryption.stored_values import BATCH, replace_values
from chassis_platform.sql.sealed_values import older_values
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.sealed_columns import place_of, sealing_mark
from chassis_tenants.secret_settings import seal_clear_secrets, seal_secrets_anew
from chassis_tenants.statement import Statement

_WHERE_WE_ARE = Statement(
    "SELECT object_name, last_id FROM chassis.key_rotation WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
    " AND finished_at IS NULL AND number = (SELECT max(number) FROM chassis.key_rotation"
    " WHERE tenant_id = %(tenant_id)s)"
)
_ADVANCE = Statement(
    "UPDATE chassis.key_rotation SET object_name = %(place)s, last_id = %(last_id)s,"
    " sealed_anew = sealed_anew + %(sealed)s WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
)
_FINISH = Statement(
    "UPDATE chassis.key_rotation SET finished_at = %(now)s, object_name = NULL, last_id = NULL"
    " WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
)
_COUNTED = Statement(
    "UPDATE chassis.key_rotation SET sealed_anew = sealed_anew + %(sealed)s"
    " WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
)


async def seal_anew(database: Database, home: Path, context: Context, number: int) -> None:
    """Until nothing is left that an older key sealed. Where a newer rotation began, that one's job does it."""
    anew = _Anew(database, home, context.snapshot, context.tenant.id, number)
    where = await anew.place()
    while where is not None and await anew.go_over(*where):  # what was written while we went is found by going again
        where = None if await anew.place() is None else (None, "")
    if where is not None:
        await database.read(Binding(anew.tenant_id), _FINISH.bind(**anew.named, now=clock.now()))


@dataclass(frozen=True, slots=True)
class _Anew:
    database: Database
    home: Path
    snapshot: Snapshot
    tenant_id: int
    number: int

    @property
    def named(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "number": self.number}

    async def place(self) -> tuple[str | None, str] | None:
        """How far it is; None where it is done, or a newer rotation's to do."""
        [rows] = await self.database.read(Binding(self.tenant_id), _WHERE_WE_ARE.bind(**self.named))
        return (rows[0][0], rows[0][1] or "") if rows else None

    async def go_over(self, place: str | None, last_id: str) -> int:
        """Over all fields, from a position on; answers how many values were sealed anew."""
        done = 0
        for field in encrypted_fields(self.snapshot):
            if not field.is_sealed_when_saved:  # it is being laid in clear
                continue
            if place is not None and place_of(field) < place:
                continue
            done += await self._field(field, last_id if place_of(field) == place else "")
        return done + await self._secrets()

    async def _secrets(self) -> int:
        """Of settings and of connections: so few that those of a kind are one batch."""
        names = [each.name for each in self.snapshot.settings.values() if each.is_secret]
        async with self.database.transaction(Binding(self.tenant_id)) as transaction:
            done = await seal_clear_secrets(transaction, names) + await seal_secrets_anew(transaction, self.number)
        done += await seal_kept_secrets(self.database, self.home, self.tenant_id, self.number)
        if done:
            await self.database.read(Binding(self.tenant_id), _COUNTED.bind(**self.named, sealed=done))
        return done

    async def _field(self, field: Field, after: str) -> int:
        done = 0
        while True:
            async with self.database.transaction(Binding(self.tenant_id)) as transaction:
                found, sealed = await self._batch(transaction, field, after)
            done += sealed
            if len(found) < BATCH:
                return done
            after = found[-1][0]

    async def _batch(self, transaction: Transaction, field: Field, after: str) -> tuple[list[Row], int]:
        obj = self.snapshot.objects[field.object_name]
        asked = {"tenant_id": self.tenant_id, "after": after, "most": BATCH, "number": str(self.number)}
        found = await transaction.fetch(older_values(obj, field).bind(**asked))
        rows = [
            {"id": record_id, "was": stored, "becomes": sealing_mark(field, record_id, clear)}
            for record_id, stored, clear in found
            if clear is not None  # its key was destroyed
        ]
        sealed = len(await replace_values(transaction, obj, field, rows))
        last = found[-1][0] if found else after
        await transaction.fetch(_ADVANCE.bind(**self.named, place=place_of(field), last_id=last, sealed=sealed))
        return found, sealed
