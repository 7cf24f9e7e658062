"""Documents whose units are accepted each for itself: in parts, each committed, beside a row of the document's own.

What a crash cuts off is seen by that row, and its replay goes on: units that are there already are duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from psycopg import errors as pg_errors

from chassis_platform.inbound.acceptance import (
    MOST_TRIES,
    Acceptance,
    DocumentClaims,
    is_claimed_meanwhile,
    new_units,
    receipts_of,
)
from chassis_platform.inbound.mapping import Unit
from chassis_platform.inbound.messages import conclude_document, keep_document
from chassis_platform.inbound.receipts import Receipt, UnitReceipt
from chassis_platform.inbound.writing import write_units
from chassis_tenants.database import Database

#: Units of one transaction.
PART = 500


async def accept_by_unit(database: Database, acceptance: Acceptance, units: Sequence[Unit]) -> Receipt:
    """Accept what is fine; the receipt says what became of each unit."""
    document_id = acceptance.replayed
    if document_id is None:
        kept = keep_document(acceptance.context, acceptance.mapping, acceptance.post, len(units))
        [[(document_id,)]] = await database.read(acceptance.context.binding, kept)
    receipts: list[UnitReceipt] = []
    for start in range(0, len(units), PART):
        receipts += await _accept_part(database, acceptance, str(document_id), units[start : start + PART])
    receipt = Receipt(str(document_id), tuple(receipts))
    await _conclude(database, acceptance, receipt)
    return receipt


async def _accept_part(
    database: Database, acceptance: Acceptance, document_id: str, units: Sequence[Unit]
) -> list[UnitReceipt]:
    for tried in range(1, MOST_TRIES + 1):
        try:
            async with database.transaction(acceptance.context.binding) as transaction:
                done = await acceptance.before(transaction, units)
                claims = DocumentClaims(acceptance, document_id)
                fresh = new_units(units, done)
                written = await write_units(transaction, acceptance.context, acceptance.mapping, fresh, claims)
                return receipts_of(units, done, written, claims.message_ids)
        except pg_errors.UniqueViolation as error:
            if not is_claimed_meanwhile(error) or tried == MOST_TRIES:
                raise
    raise AssertionError  # the last try returns or raises


async def _conclude(database: Database, acceptance: Acceptance, receipt: Receipt) -> None:
    problems = [problem for unit in receipt.units for problem in unit.problems]
    status = receipt.status if problems else "accepted"
    counts = {name: sum(1 for unit in receipt.units if unit.status == name) for name in ("accepted", "refused")}
    concluded = conclude_document(
        acceptance.context.tenant.id,
        receipt.message_id,
        status,
        problems,
        record_ids=receipt.record_ids,
        result={"repairs": list(acceptance.repairs), **counts, **acceptance.sender()},
    )
    with suppress(pg_errors.UniqueViolation):  # the same document came twice at once: the other row says it
        await database.read(acceptance.context.binding, concluded)
