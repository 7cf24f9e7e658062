"""The road of a document: read, looked up, written in one transaction; or refused, kept, and told why.

Every unit of a document (one order of many) has a key. A unit whose key was accepted before is a duplicate, and
makes nothing. The rest is written together: if anything is wrong with one unit, nothing of the document is kept but the
document itself, which can be replayed when the cause is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from psycopg import errors as pg_errors

from chassis_metadata.components import InboundMapping
from chassis_metadata.errors import ChassisError, Conflict, Invalid, NotFound, Problem, Unavailable
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.handler import received
from chassis_platform.inbound.documents import Document, read_document
from chassis_platform.inbound.expressions import RecordReference
from chassis_platform.inbound.lookups import find_all
from chassis_platform.inbound.mapping import PlannedRecord, Reading, Setting, Unit, read_units
from chassis_platform.inbound.messages import (
    Post,
    claim,
    claim_refused,
    content_key,
    find_accepted,
    find_message,
    keep_refused,
    note_problems,
    note_records,
)
from chassis_platform.records.write import write_within
from chassis_tenants.database import Database, SessionEndedError, StaleBindingError, TenantClosedError, Transaction

log = structlog.get_logger()

#: Look-ups may build on each other; a mapping that needs more rounds asks in circles.
_MOST_ROUNDS = 8
#: Another request is writing the same unit: by the second try it has, or has given up.
_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class UnitReceipt:
    """What became of one unit: `accepted` now, or a `duplicate` of one that was before."""

    key: str
    status: str
    message_id: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a document. With `problems` it was refused; its id is that of the kept message."""

    message_id: str
    units: tuple[UnitReceipt, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> str:
        """`accepted`, `duplicate` (all of it was there before) or `refused`."""
        if self.problems:
            return "refused"
        return "accepted" if any(unit.status == "accepted" for unit in self.units) else "duplicate"

    @property
    def record_ids(self) -> list[str]:
        """The records of all units, each once."""
        return list(dict.fromkeys(record_id for unit in self.units for record_id in unit.record_ids))


def mapping_of(context: Context, name: str) -> InboundMapping:
    """The mapping of that name in the tenant's metadata."""
    mapping = context.snapshot.inbound_mappings.get(name)
    if mapping is None:
        known = ", ".join(sorted(context.snapshot.inbound_mappings)) or "none"
        raise NotFound.of("not_found", f"There is no inbound mapping {name[:80]!r}. Known: {known}.")
    return mapping


async def receive(database: Database, context: Context, mapping: InboundMapping, post: Post, now: datetime) -> Receipt:
    """Accept a document or keep it as refused. Only what is no fault of the document raises."""
    problems, units = await _try(mapping, lambda: _accept(database, context, mapping, post, now=now))
    if not problems:
        return _receipt(units)
    kept = keep_refused(context, mapping.name, post, problems)
    [[(message_id,)]] = await database.read(context.binding, kept)
    return Receipt(message_id, problems=problems)


async def replay(
    database: Database, context: Context, mapping: InboundMapping, message_id: str, now: datetime
) -> Receipt:
    """Try a refused message again, as the context's user. Conflict for one that was accepted."""
    [rows] = await database.read(context.binding, find_message(context.tenant.id, message_id))
    if not rows:
        raise NotFound.of("not_found", "There is no such message.")
    _, status, content_type, content, _ = rows[0]
    if status != "refused":
        raise Conflict.of("already_accepted", "The message was accepted; there is nothing to replay.")
    post = Post(bytes(content), content_type, context.principal.source_ip, context.principal.client_name)
    problems, units = await _try(
        mapping, lambda: _accept(database, context, mapping, post, now=now, replayed=message_id)
    )
    if not problems:
        return _receipt(units)
    await database.read(context.binding, note_problems(context.tenant.id, message_id, problems))
    return Receipt(message_id, problems=problems)


def _receipt(units: Sequence[UnitReceipt]) -> Receipt:
    own = next((unit.message_id for unit in units if unit.status == "accepted"), units[0].message_id)
    return Receipt(own, tuple(units))


async def _try(
    mapping: InboundMapping, accept: Callable[[], Awaitable[list[UnitReceipt]]]
) -> tuple[tuple[Problem, ...], list[UnitReceipt]]:
    try:
        return (), await accept()
    except (StaleBindingError, SessionEndedError, TenantClosedError, Unavailable):
        raise
    except ChassisError as error:
        return error.problems, []
    except pg_errors.DataError as error:
        return (Problem("", "invalid_value", f"A value can't be stored: {error.diag.message_primary}"),), []
    except Exception:
        # A lead must not be lost to a mistake of ours: it is kept, and replayed when the mistake is mended.
        log.exception("inbound document failed", mapping=mapping.name)
        return (Problem("", "unknown_exception", "The document could not be processed. It is kept."),), []


async def _accept(
    database: Database,
    context: Context,
    mapping: InboundMapping,
    post: Post,
    *,
    now: datetime,
    replayed: str | None = None,
) -> list[UnitReceipt]:
    lenient = mapping.body.get("lenient", ())
    document = await asyncio.to_thread(read_document, post.content, post.content_type, lenient)
    units = await _units(database, context, mapping, document, now)
    writing = _Writing(context, mapping.name, post, document.repairs, replayed)
    for tried in range(1, _MOST_TRIES + 1):
        try:
            async with database.transaction(context.binding) as transaction:
                return await writing.write(transaction, units)
        except pg_errors.UniqueViolation as error:
            if error.diag.constraint_name != "inbound_message_once" or tried == _MOST_TRIES:
                raise
    raise AssertionError  # the last try returns or raises


async def _units(
    database: Database, context: Context, mapping: InboundMapping, document: Document, now: datetime
) -> tuple[Unit, ...]:
    zone = ZoneInfo(context.tenant.time_zone)
    setting = Setting(context.snapshot.functions, context.principal.user_id, zone, now.astimezone(zone).date())
    known: dict[Any, Any] = {}
    for _ in range(_MOST_ROUNDS):
        reading: Reading = await asyncio.to_thread(read_units, document, mapping, setting, known)
        if not reading.wanted:
            return reading.units
        known |= await find_all(database, context, reading.wanted)
    raise Invalid.of("invalid_mapping", "The mapping's look-ups need each other's answers without end.")


@dataclass(frozen=True, slots=True)
class _Writing:
    """A document's units on their way into the database."""

    context: Context
    mapping: str
    post: Post
    repairs: Sequence[str]
    replayed: str | None

    async def write(self, transaction: Transaction, units: Sequence[Unit]) -> list[UnitReceipt]:
        keys = [unit.key for unit in units]
        rows = await transaction.fetch(find_accepted(self.context.tenant.id, self.mapping, keys))
        done = {key: UnitReceipt(key, "duplicate", message_id, tuple(ids)) for key, message_id, ids in rows}
        receipts: list[UnitReceipt] = []
        own: str | None = None
        for unit in units:
            if unit.key not in done:
                accepted = await self._accept_unit(transaction, unit, own)
                own = own or accepted.message_id
                receipts.append(accepted)
                done[unit.key] = UnitReceipt(unit.key, "duplicate", accepted.message_id, accepted.record_ids)
            else:
                receipts.append(done[unit.key])
        if self.replayed and own is None:
            await self._close_replayed(transaction, receipts)
        return receipts

    async def _accept_unit(self, transaction: Transaction, unit: Unit, own: str | None) -> UnitReceipt:
        """The first unit's message keeps the whole document, the others' their part of it."""
        tenant_id = self.context.tenant.id
        if own is None and self.replayed:
            claiming = claim_refused(tenant_id, self.replayed, unit.key)
        else:
            content = self.post.content if own is None else unit.content
            claiming = claim(self.context, self.mapping, unit.key, self.post, content)
        claimed = await transaction.fetch(claiming)
        if not claimed:
            raise Conflict.of("already_accepted", "The message was accepted meanwhile.")
        message_id: str = claimed[0][0]
        record_ids, attached = await write_unit(transaction, self.context, unit)
        made = [each for each in record_ids if each not in attached]
        problems = await received(transaction, self.context, self.mapping, made)
        if problems:
            raise Invalid(problems)
        result = {"first": own or message_id, "repairs": list(self.repairs), **self._sender()}
        await transaction.fetch(note_records(tenant_id, message_id, record_ids, result))
        return UnitReceipt(unit.key, "accepted", message_id, tuple(record_ids))

    async def _close_replayed(self, transaction: Transaction, receipts: Sequence[UnitReceipt]) -> None:
        """All of a replayed document had come in another way meanwhile: its row says so, under a key of its own."""
        assert self.replayed is not None  # noqa: S101  the caller asked
        tenant_id = self.context.tenant.id
        record_ids = list(dict.fromkeys(each for receipt in receipts for each in receipt.record_ids))
        await transaction.fetch(claim_refused(tenant_id, self.replayed, content_key(self.post.content)))
        await transaction.fetch(
            note_records(tenant_id, self.replayed, record_ids, {"duplicate": True, **self._sender()})
        )

    def _sender(self) -> dict[str, str | None]:
        return {"run_as": self.context.principal.user_id, "key": self.post.key_label}


async def write_unit(transaction: Transaction, context: Context, unit: Unit) -> tuple[list[str], set[str]]:
    """Write a unit's records, target by target, as the context's user; Invalid with what is wrong.

    Answers their ids, and which of them were there before and took what came (a duplicate rule attaches).
    """
    made: dict[str, str] = {}
    record_ids: list[str] = []
    attached: set[str] = set()
    for (target, object_name), records in groupby(unit.records, key=lambda each: (each.target, each.object_name)):
        payloads = [_payload(record, made) for record in records]
        results = await write_within(transaction, context, object_name, "insert", payloads, all_or_none=True)
        problems = [
            _located(problem, object_name, place if len(results) > 1 else None, unit.line)
            for place, result in enumerate(results, 1)
            for problem in result.problems
            if problem.code != "all_or_none_operation_rolled_back"
        ]
        if problems:
            raise Invalid(problems)
        ids = [str(result.id) for result in results]
        made[target] = ids[0]
        record_ids += ids
        attached |= {str(result.id) for result in results if result.attached}
    return record_ids, attached


def _payload(record: PlannedRecord, made: Mapping[str, str]) -> dict[str, Any]:
    missing = [
        each.target for each in record.values.values() if isinstance(each, RecordReference) and each.target not in made
    ]
    if missing:
        raise Invalid.of(
            "invalid_mapping", f"{record.object_name} refers to {missing[0]!r}, which was not made before it."
        )
    return {
        name: made[value.target] if isinstance(value, RecordReference) else value
        for name, value in record.values.items()
    }


def _located(problem: Problem, object_name: str, place: int | None, line: int) -> Problem:
    name = object_name if place is None else f"{object_name} {place}"
    message = f"{name}: {problem.message}"
    return Problem(problem.path, problem.code, message, fields=problem.fields, line=line, column=1)
