"""A request's turn: whether it may be answered now, its place at work, and what it tells of the day's requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from starlette.requests import Request
from starlette.responses import Response

from chassis_platform.access.context import Context, Principal
from chassis_platform.limits.gate import Gate
from chassis_platform.limits.meters import Asker, Meter

#: What is answered here counts towards the day's requests.
COUNTED = ("/services/data/", "/inbound/")
_METER = "chassis.meter"
#: Parts of a composite request are asked in its place: waiting for one of their own, they could wait for each other.
_has_turn: ContextVar[bool] = ContextVar("has_turn", default=False)


async def in_turn(
    gate: Gate, context: Context, request: Request, work: Callable[[], Awaitable[Response]], *, waits: bool = False
) -> Response:
    """Do the work when it is the request's turn; what mostly `waits` for something to happen takes no place."""
    if _has_turn.get():
        return await work()
    meter, counts = await gate.meter_of(context.tenant.id), request.scope["path"].startswith(COUNTED)
    if counts:
        request.scope[_METER] = meter
    gate.demand(meter, _asker(context.principal), counts=counts)
    if waits:
        return await work()
    await gate.enter(meter)
    before = _has_turn.set(True)
    try:
        return await work()
    finally:
        _has_turn.reset(before)
        gate.leave(meter)


def _asker(principal: Principal) -> Asker:
    if principal.client_id is not None:
        return Asker(principal.user_id, principal.client_id, is_client=True)
    if principal.kind == "inbound":
        return Asker(principal.user_id, f"inbound: {principal.client_name}", is_client=True)
    return Asker(principal.user_id, principal.kind, is_client=False)


def tell_usage(request: Request, response: Response) -> None:
    """`Sforce-Limit-Info`, as clients of the partner API read it."""
    meter: Meter | None = request.scope.get(_METER)
    if meter is not None:
        response.raw_headers.append((b"sforce-limit-info", meter.usage.encode()))
