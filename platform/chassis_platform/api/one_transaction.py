"""Handlers in one transaction: each believes that it has a database of its own, and all is committed together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from starlette.datastructures import State
from starlette.requests import Request
from starlette.routing import Router

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.api.deps import Server, server_of
from chassis_platform.api.directory import directory_of
from chassis_platform.records.after_save import with_aftermath
from chassis_platform.records.kept_access import keep_access_log
from chassis_tenants.database import Transaction
from chassis_tenants.joined import JoinedDatabase

MOST_TRIES = 5
_PAUSE_SECONDS = 0.05
_LOCKED = "unable_to_lock_row"

Result = TypeVar("Result")


class UndoneError(Exception):
    """Leave the transaction without a commit. `is_locked`: somebody else's was in the way, so it may be tried again."""

    def __init__(self, *, is_locked: bool = False) -> None:
        super().__init__()
        self.is_locked = is_locked


@dataclass(frozen=True, slots=True)
class _Application:
    """What a handler finds as `request.app`."""

    state: State
    router: Router


def _joined(request: Request, server: Server) -> Request:
    application = _Application(State({"server": server, "directory": directory_of(request)}), request.app.router)
    joined = Request({**request.scope, "app": application}, request.receive)
    if hasattr(request, "_body"):
        joined._body = request._body  # noqa: SLF001  the stream of the body was read
    return joined


async def in_one_transaction(
    context: Context, request: Request, work: Callable[[Request, Transaction], Awaitable[Result]]
) -> Result:
    """Do some work with a request whose handlers join one transaction; an error of the work's undoes all of it.

    Where other writes were in the way all of it begins anew, four times at most. The pauses between grow: the
    same two may meet again.
    """
    for tried in count(1):
        try:
            return await _once(context, request, work)
        except (ChassisError, UndoneError) as error:
            if tried >= MOST_TRIES or not _is_locked(error):
                raise
        await asyncio.sleep(_PAUSE_SECONDS * 2**tried * random.random())  # noqa: S311  no secret
    raise AssertionError  # count() does not end


def _is_locked(error: ChassisError | UndoneError) -> bool:
    return error.is_locked if isinstance(error, UndoneError) else error.problems[0].code == _LOCKED


async def _once(
    context: Context, request: Request, work: Callable[[Request, Transaction], Awaitable[Result]]
) -> Result:
    server = server_of(request)
    refused: ChassisError | UndoneError
    async with with_aftermath(server.database, context.binding):
        try:
            async with server.database.transaction(context.binding) as transaction:
                await transaction.fetch_each([])  # does all that is cached still hold? Nobody asks later
                joined = copy(server)
                joined.database = JoinedDatabase(server.database, transaction)
                try:
                    return await work(_joined(request, joined), transaction)
                except (ChassisError, UndoneError):
                    await keep_access_log(transaction, context)
                    raise
        except (ChassisError, UndoneError) as error:
            refused = error  # what is kept of it is kept all the same
    raise refused
