"""Units that are new are written, and said to be; those that were accepted before are answered as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import errors as pg_errors

from chassis_metadata.errors import Conflict, Invalid
from chassis_platform.access.context import Context
from chassis_platform.inbound.mapping import Unit
from chassis_platform.inbound.messages import (
    Post,
    claim,
    claim_parts,
    claim_refused,
    content_key,
    find_accepted,
    note_records,
    sender,
)
from chassis_platform.inbound.receipts import UnitReceipt
from chassis_platform.inbound.writing import Written, write_units
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

#: Another request is writing the same unit: by the second try it has, or has given up.
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A document on its way into the database; `replayed` is its message, if it came before and was refused."""

    context: Context
    mapping: str
    post: Post
    repairs: Sequence[str] = ()
    replayed: str | None = None

    async def all_of(self, transaction: Transaction, units: Sequence[Unit]) -> list[UnitReceipt]:
        """All units or none: Invalid with everything that is wrong with any."""
        done = await self.before(transaction, units)
        fresh = new_units(units, done)
        claims = DocumentClaims(self)
        written = await write_units(transaction, self.context, self.mapping, fresh, claims)
        problems = [problem for each in written for problem in each.problems]
        if problems:
            raise Invalid(problems)
        if self.replayed and not fresh:
            await self._close_replayed(transaction, [done[unit.key] for unit in units])
        return receipts_of(units, done, written, claims.message_ids)

    async def before(self, transaction: Transaction, units: Sequence[Unit]) -> dict[str, UnitReceipt]:
        """The units that were accepted before, by key."""
        keys = list(dict.fromkeys(unit.key for unit in units))
        rows = await transaction.fetch(find_accepted(self.context.tenant.id, self.mapping, keys))
        return {key: UnitReceipt(key, "duplicate", message_id, tuple(ids)) for key, message_id, ids in rows}

    async def _close_replayed(self, transaction: Transaction, receipts: Sequence[UnitReceipt]) -> None:
        """All of a replayed document had come in another way meanwhile: its row says so, under a key of its own."""
        assert self.replayed is not None  # noqa: S101  the caller asked
        tenant_id = self.context.tenant.id
        record_ids = list(dict.fromkeys(each for receipt in receipts for each in receipt.record_ids))
        await transaction.fetch_each(
            [
                claim_refused(tenant_id, self.replayed, content_key(self.post.content)),
                note_records(tenant_id, {self.replayed: record_ids}, {"duplicate": True, **self.sender()}),
            ]
        )

    def sender(self) -> dict[str, str | None]:
        """Who sent the document, for a replay."""
        return sender(self.context, self.post)


def is_claimed_meanwhile(error: pg_errors.UniqueViolation) -> bool:
    """Whether another request took the same unit at the same time."""
    return error.diag.constraint_name == "inbound_message_once"


def new_units(units: Sequence[Unit], done: Mapping[str, UnitReceipt]) -> list[Unit]:
    """The units that are neither known nor said twice in the document; of two versions of one, the first."""
    seen: set[str] = set()
    found: list[Unit] = []
    for unit in units:
        if unit.key not in done and not {unit.key, unit.base} & seen:
            found.append(unit)
        seen |= {unit.key, unit.base}
    return found


def receipts_of(
    units: Sequence[Unit],
    done: Mapping[str, UnitReceipt],
    written: Sequence[Written],
    message_ids: Mapping[str, str],
) -> list[UnitReceipt]:
    """A receipt a unit, in their order."""
    made: dict[int, UnitReceipt] = {}
    by_key = dict(done)
    for each in written:
        unit, problems = each.unit, tuple(each.problems)
        status = "refused" if problems else "accepted"
        receipt = UnitReceipt(
            unit.key, status, message_ids.get(unit.key, ""), () if problems else tuple(each.record_ids), problems
        )
        made[id(unit)] = receipt
        again = UnitReceipt(
            unit.key, "refused" if problems else "duplicate", receipt.message_id, receipt.record_ids, problems
        )
        by_key |= {unit.key: again, unit.base: again}
    return [made.get(id(unit)) or by_key.get(unit.key) or by_key[unit.base] for unit in units]


@dataclass(slots=True)
class DocumentClaims:
    """The units' rows in the store: the first keeps the document, or `document_id` does, and the rest are its parts."""

    acceptance: Acceptance
    document_id: str | None = None
    message_ids: dict[str, str] = field(default_factory=dict)

    async def claim(self, transaction: Transaction, units: Sequence[Unit]) -> None:
        """Insert a row for each unit; a replayed document's becomes that of the first."""
        keys = [unit.key for unit in units]
        self.message_ids = {}
        statements: list[Statement] = []
        document_id = self.document_id
        if document_id is None:
            document_id, first = await self._first(transaction, keys.pop(0))
            statements += first
        if keys:
            ids, parts = claim_parts(
                self.acceptance.context, self.acceptance.mapping, keys, self.acceptance.post, document_id
            )
            self.message_ids |= dict(zip(keys, ids, strict=True))
            statements.append(parts)
        if statements:
            await transaction.fetch_each(statements)

    async def _first(self, transaction: Transaction, key: str) -> tuple[str, list[Statement]]:
        if self.acceptance.replayed is None:
            message_id, statement = claim(self.acceptance.context, self.acceptance.mapping, key, self.acceptance.post)
            self.message_ids[key] = message_id
            return message_id, [statement]
        if not await transaction.fetch(claim_refused(self.acceptance.context.tenant.id, self.acceptance.replayed, key)):
            raise Conflict.of("already_accepted", "The message was accepted meanwhile.")
        self.message_ids[key] = self.acceptance.replayed
        return self.acceptance.replayed, []

    async def note(self, transaction: Transaction, written: Sequence[Written]) -> None:
        """What the units made."""
        records = {self.message_ids[each.unit.key]: each.record_ids for each in written}
        result = {"repairs": list(self.acceptance.repairs), **self.acceptance.sender()}
        await transaction.fetch(note_records(self.acceptance.context.tenant.id, records, result))
