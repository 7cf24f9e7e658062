"""The road of a document: read, looked up, written in one transaction; or refused, kept, and told why.

Every unit of a document (one order of many) has a key. A unit whose key was accepted before is a duplicate, and
makes nothing. The rest is written together: if anything is wrong with one unit, nothing of the document is kept but the
document itself, which can be replayed when the cause is mended. A mapping may say that units are accepted each for
itself (`by_unit.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from psycopg import errors as pg_errors

from chassis_metadata.components import InboundMapping
from chassis_metadata.errors import ChassisError, Conflict, Invalid, NotFound, Problem, Unavailable
from chassis_platform.access.context import Context
from chassis_platform.documents.questions import Question, answer_all
from chassis_platform.documents.reading import Document, read_by
from chassis_platform.documents.setting import setting_of
from chassis_platform.inbound.acceptance import MOST_TRIES, Acceptance, is_claimed_meanwhile
from chassis_platform.inbound.by_unit import accept_by_unit
from chassis_platform.inbound.mapping import Reader, Reading, Unit
from chassis_platform.inbound.messages import Post, find_message, keep_refused, note_problems
from chassis_platform.inbound.receipts import Receipt, UnitReceipt
from chassis_tenants.database import Database, SessionEndedError, StaleBindingError, TenantClosedError

log = structlog.get_logger()

DOOR = "inbound"
#: Look-ups may build on each other; a mapping that needs more rounds asks in circles.
_MOST_ROUNDS = 8


def mapping_of(context: Context, name: str) -> InboundMapping:
    """The mapping of that name in the tenant's metadata."""
    mapping = context.snapshot.inbound_mappings.get(name)
    if mapping is None:
        known = ", ".join(sorted(context.snapshot.inbound_mappings)) or "none"
        raise NotFound.of("not_found", f"There is no inbound mapping {name[:80]!r}. Known: {known}.")
    return mapping


@dataclass(frozen=True, slots=True)
class _Came:
    """A document that came, or comes again (`replayed` is its message), to be taken in by a mapping."""

    database: Database
    context: Context
    mapping: InboundMapping
    post: Post
    now: datetime
    replayed: str | None = None


async def receive(database: Database, context: Context, mapping: InboundMapping, post: Post, now: datetime) -> Receipt:
    """Accept a document or keep it as refused. Only what is no fault of the document raises."""
    problems, receipt = await _try(mapping, lambda: _accept(_Came(database, context, mapping, post, now)))
    if receipt is not None:
        return receipt
    kept = keep_refused(context, mapping.name, post, problems)
    [[(message_id,)]] = await database.read(context.binding, kept)
    return Receipt(message_id, problems=problems)


async def replay(
    database: Database, context: Context, mapping: InboundMapping, message_id: str, now: datetime
) -> Receipt:
    """Try a message again of which not all was accepted, as the context's user. Conflict for one that was."""
    [rows] = await database.read(context.binding, find_message(context.tenant.id, message_id))
    if not rows:
        raise NotFound.of("not_found", "There is no such message.")
    _, status, content_type, content, _ = rows[0]
    if status == "accepted":
        raise Conflict.of("already_accepted", "The message was accepted; there is nothing to replay.")
    post = Post(bytes(content), content_type, context.principal.source_ip, context.principal.client_name)
    came = _Came(database, context, mapping, post, now, message_id)
    problems, receipt = await _try(mapping, lambda: _accept(came))
    if receipt is not None:
        return receipt
    await database.read(context.binding, note_problems(context.tenant.id, message_id, problems))
    return Receipt(message_id, problems=problems)


async def _try(
    mapping: InboundMapping, accept: Callable[[], Awaitable[Receipt]]
) -> tuple[tuple[Problem, ...], Receipt | None]:
    try:
        return (), await accept()
    except (StaleBindingError, SessionEndedError, TenantClosedError, Unavailable):
        raise
    except ChassisError as error:
        return error.problems, None
    except pg_errors.DataError as error:
        return (Problem("", "invalid_value", f"A value can't be stored: {error.diag.message_primary}"),), None
    except Exception:
        # A lead must not be lost to a mistake of ours: it is kept, and replayed when the mistake is mended.
        log.exception("inbound document failed", mapping=mapping.name)
        return (Problem("", "unknown_exception", "The document could not be processed. It is kept."),), None


async def _accept(came: _Came) -> Receipt:
    document = await asyncio.to_thread(read_by, came.mapping.body, came.post.content, came.post.content_type)
    units = (await planned(came.database, came.context, came.mapping, document, came.now)).units
    acceptance = Acceptance(came.context, came.mapping.name, came.post, document.repairs, came.replayed)
    if came.mapping.body.get("acceptance") == "unit" and len(units) > 1:
        return await accept_by_unit(came.database, acceptance, units)
    return _receipt(await _accept_whole(came.database, acceptance, units))


def _receipt(units: Sequence[UnitReceipt]) -> Receipt:
    own = next((unit.message_id for unit in units if unit.status == "accepted"), units[0].message_id)
    return Receipt(own, tuple(units))


async def _accept_whole(database: Database, acceptance: Acceptance, units: Sequence[Unit]) -> list[UnitReceipt]:
    problems = [problem for unit in units for problem in unit.problems]
    if problems:
        raise Invalid(problems)
    for tried in range(1, MOST_TRIES + 1):
        try:
            async with database.transaction(acceptance.context.binding) as transaction:
                return await acceptance.all_of(transaction, units)
        except pg_errors.UniqueViolation as error:
            if not is_claimed_meanwhile(error) or tried == MOST_TRIES:
                raise
    raise AssertionError  # the last try returns or raises


@dataclass(frozen=True, slots=True)
class Planned:
    """The units of a document, and what was asked for them."""

    units: tuple[Unit, ...]
    answers: Mapping[Question, Any]


async def planned(
    database: Database, context: Context, mapping: InboundMapping, document: Document, now: datetime
) -> Planned:
    """The units of a document with all questions answered."""
    reader = Reader(document, mapping, setting_of(context, now))
    known: dict[Question, Any] = {}
    for _ in range(_MOST_ROUNDS):
        reading: Reading = await asyncio.to_thread(reader.read, known)
        if not reading.wanted:
            return Planned(reading.units, known)
        known |= await answer_all(database, context, reading.wanted, DOOR)
    raise Invalid.of("invalid_mapping", "The mapping's look-ups need each other's answers without end.")
