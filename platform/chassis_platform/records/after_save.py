"""Who acts when a save set something off. Engines register here; a trigger of a kind that nobody handles is a bug."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass

import psycopg

from chassis_metadata.logic.triggers import Event, Trigger
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import Change
from chassis_tenants.database import (
    Binding,
    Database,
    SessionEndedError,
    StaleBindingError,
    TenantClosedError,
    Transaction,
)


@dataclass(frozen=True, slots=True)
class Fired:
    """A trigger and the records of the batch for which it fired; their `old` values are those before the write.

    A handler notes what is wrong with a record by `change.wrong(...)`: then the record is not written, or nothing is.
    """

    trigger: Trigger
    event: Event
    obj: Object
    changes: tuple[Change, ...]


#: Runs in the transaction of the write, after the records are in the database and valid. `fired` is in running order.
AfterSave = Callable[[Transaction, Context, Sequence[Fired]], Awaitable[None]]

_handlers: dict[str, AfterSave] = {}


def handle(kind: str, handler: AfterSave) -> None:
    """Register the engine of a kind of logic."""
    _handlers[kind] = handler


#: Runs behind the records of the batch: what was to be created goes to records that are there. It notes what is wrong
#: with a record, or takes its attachment away, where the other record is none any more that it could go to.
Attach = Callable[[Transaction, Context, Object, Sequence[Change]], Awaitable[None]]

_attachers: dict[str, Attach] = {}


def handle_attached(kind: str, handler: Attach) -> None:
    """Register who carries out the attachments of a kind of logic."""
    _attachers[kind] = handler


async def attach(transaction: Transaction, context: Context, obj: Object, changes: Sequence[Change]) -> None:
    """Let the engines carry out what they decided on records that are not created."""
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        if change.attached is not None:
            by_kind.setdefault(change.attached.kind, []).append(change)
    for kind, found in by_kind.items():
        await _attachers[kind](transaction, context, obj, found)


#: What an engine keeps of a write that came to nothing; in a transaction of its own, when the write is over.
Aftermath = Callable[[Transaction], Awaitable[None]]

_aftermath: ContextVar[list[Aftermath] | None] = ContextVar("aftermath", default=None)


def afterwards(keep: Aftermath) -> None:
    """Have something kept that the rollback of this write would take away. Nobody listens in a dry run."""
    listening = _aftermath.get()
    if listening is not None:
        listening.append(keep)


def is_tried_again() -> bool:
    """Whether the write around here begins anew when others were in its way."""
    return _aftermath.get() is not None


@asynccontextmanager
async def with_aftermath(database: Database, binding: Binding) -> AsyncIterator[None]:
    """Around a write and its transaction. Within another one, what is kept waits for the end of that one."""
    outer = _aftermath.get()
    if outer is not None:
        known = len(outer)
        try:
            yield
        except BaseException:
            del outer[known:]
            raise
        return
    kept: list[Aftermath] = []
    token = _aftermath.set(kept)
    try:
        yield
    finally:
        _aftermath.reset(token)
    if kept:
        with suppress(psycopg.Error, StaleBindingError, TenantClosedError, SessionEndedError):
            async with database.transaction(binding) as transaction:
                for keep in kept:
                    await keep(transaction)


async def act(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Let the engines act, in the order of the triggers; neighbours of one kind are handed over together."""
    start = 0
    while start < len(fired):
        kind = fired[start].trigger.kind
        end = next((place for place in range(start, len(fired)) if fired[place].trigger.kind != kind), len(fired))
        handler = _handlers.get(kind)
        if handler is None:
            raise RuntimeError(f"nothing handles {kind}: chassis_platform.automation was not loaded")
        await handler(transaction, context, fired[start:end])
        if any(change.attached for each in fired[start:end] for change in each.changes):
            return  # the record is undone: nobody else has to do with it
        start = end
