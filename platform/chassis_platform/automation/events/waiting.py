"""Waiting for changes: one connection of the process listens for all its subscribers, however many they are.

A notice wakes; what there is, is asked of the stream. So one that is lost (a writer that did not see yet that somebody
waits, a connection that broke) costs a few seconds, never a change.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

import psycopg
import structlog

from chassis_metadata.errors import LimitExceeded, Problem
from chassis_platform.access.context import Context
from chassis_platform.sql.change_rows import CHANGE_CHANNEL
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

log = structlog.get_logger()

#: Who waits looks at least so often.
LOOK_SECONDS = 5.0
#: So many may wait at once in one process.
MOST_OF_USER, MOST_OF_TENANT = 10, 200
_OUTAGE_SECONDS, _BEGIN_SECONDS = 2.0, 1.0
_WATCHED_SECONDS, _RENEWED_SECONDS = 180, 60

#: Writers tell of changes for as long as somebody said to be waiting.
_WATCH = Statement(
    "INSERT INTO chassis.change_stream AS s (tenant_id, watched_until)"
    " VALUES (%(tenant_id)s, now() + make_interval(secs => %(seconds)s))"
    " ON CONFLICT (tenant_id) DO UPDATE SET watched_until = excluded.watched_until",
    {"seconds": _WATCHED_SECONDS},
)


class Hub:
    """Who of this process waits, and the task that listens while anybody does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._users: Counter[tuple[int, str]] = Counter()
        self._listening: asyncio.Task[None] | None = None
        self._hears = asyncio.Event()
        self._watched: dict[int, float] = {}  # since when, by tenant

    @asynccontextmanager
    async def place(self, context: Context) -> AsyncIterator[Place]:
        """A place to wait at; refused where the user or the tenant has too many."""
        tenant_id, user = context.tenant.id, (context.tenant.id, context.principal.user_id)
        if self._users[user] >= MOST_OF_USER or len(self._waiting.get(tenant_id, ())) >= MOST_OF_TENANT:
            raise _too_many()
        woken = asyncio.Event()
        self._users[user] += 1
        self._waiting.setdefault(tenant_id, set()).add(woken)
        try:
            await self._begin()
            yield Place(self, tenant_id, woken)
        finally:
            self._users -= Counter([user])  # which forgets who waits nowhere any more
            self._waiting[tenant_id].discard(woken)
            if not self._waiting[tenant_id]:
                del self._waiting[tenant_id]
            await self._rest()

    async def watch(self, tenant_id: int) -> None:
        """See to it that writers of the tenant tell."""
        now = asyncio.get_running_loop().time()
        if now - self._watched.get(tenant_id, -_WATCHED_SECONDS) >= _RENEWED_SECONDS:
            await self._database.read(Binding(tenant_id), _WATCH.bind(tenant_id=tenant_id))
            self._watched[tenant_id] = now

    async def _begin(self) -> None:
        """Listen, if nobody does yet."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hears.wait(), _BEGIN_SECONDS)

    async def _rest(self) -> None:
        """Nobody waits any more: nobody has to listen."""
        if not self._waiting and self._listening is not None:
            listening, self._listening = self._listening, None
            self._hears.clear()
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        while True:
            try:
                async for tenant in self._database.notices(CHANGE_CHANNEL):
                    self._hears.set()
                    for woken in self._waiting.get(int(tenant), ()) if tenant else ():
                        woken.set()
            except (psycopg.Error, OSError) as error:
                log.warning("changes_not_heard", error=str(error))
            self._hears.clear()
            await asyncio.sleep(_OUTAGE_SECONDS)


class Place:
    """Where one subscriber waits."""

    def __init__(self, hub: Hub, tenant_id: int, woken: asyncio.Event) -> None:
        self._hub, self._tenant_id, self._woken = hub, tenant_id, woken

    async def ready(self) -> None:
        """Say that what comes from now on is waited for: what was there before is to be read after this."""
        self._woken.clear()
        await self._hub.watch(self._tenant_id)

    async def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after a few seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), min(seconds, LOOK_SECONDS))


_hubs: WeakKeyDictionary[Database, Hub] = WeakKeyDictionary()


def hub_of(database: Database) -> Hub:
    """The hub of a process: there is one for each pool."""
    return _hubs.setdefault(database, Hub(database))


def _too_many() -> LimitExceeded:
    message = (
        f"Too many requests wait for changes: at most {MOST_OF_USER} of a user and {MOST_OF_TENANT} of an organization."
    )
    return LimitExceeded(Problem("", "too_many_requests", message, details={"retryAfter": 5}))
