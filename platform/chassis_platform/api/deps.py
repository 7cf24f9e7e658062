"""From a request to its Context: credential, snapshot, policy; cached, and made anew when any of them changed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import wraps

import structlog
from psycopg import errors as pg_errors
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis_metadata.errors import ChassisError, Forbidden, Invalid, LimitExceeded, Problem
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.api.errors import error_response, response_for
from chassis_platform.auth.sessions import (
    csrf_matches,
    find_session,
    invalid_session,
    organization_of,
    token_hash,
    touch_session,
)
from chassis_platform.automation.matching.details import add_record_details
from chassis_platform.settings import Settings
from chassis_platform.telemetry import REQUESTS, request_id
from chassis_tenants.database import Binding, Database, SessionEndedError, StaleBindingError, TenantClosedError
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.snapshots import SnapshotStore

log = structlog.get_logger()

SESSION_COOKIE = "chassis_session"
#: A session in use moves its end this often at most.
TOUCH_SECONDS = 60.0
CACHED_CONTEXTS = 10_000

Handler = Callable[[Context, Request], Awaitable[Response]]


@dataclass(slots=True)
class _Cached:
    context: Context
    touched: float


@dataclass(slots=True)
class Server:
    """What a server process holds: the pool, the stores of compiled values, the settings."""

    database: Database
    snapshots: SnapshotStore
    policies: PolicyStore
    settings: Settings
    contexts: OrderedDict[bytes, _Cached] = field(default_factory=OrderedDict)

    async def refreshed(self, context: Context) -> Context:
        """The same user's context with the tenant's metadata as it is now; the policy stays."""
        tenant = await tenant_by_organization_id(self.database, context.tenant.organization_id)
        if tenant is None:
            raise invalid_session()
        snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)
        return replace(context.unversioned, tenant=tenant, snapshot=snapshot)

    def forget(self, token: str) -> None:
        """Drop what is cached for a token."""
        self.contexts.pop(token_hash(token), None)


def server_of(request: Request) -> Server:
    """The server that the application was made with."""
    server: Server = request.app.state.server
    return server


def credential(request: Request) -> tuple[str, bool]:
    """The session token and whether it came as a cookie; raises Unauthenticated where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() in ("bearer", "oauth"):
        return token.strip(), False
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie:
        return cookie, True
    raise invalid_session()


def source_ip(request: Request) -> str | None:
    """The address that the request came from; a proxy's word counts only where the proxy is trusted."""
    peer = request.client.host if request.client else None
    if not server_of(request).settings.trusted_proxies:
        return peer
    trusted = [each.strip() for each in server_of(request).settings.trusted_proxies.split(",") if each.strip()]
    forwarded = request.headers.get("x-forwarded-for")
    if peer in trusted and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return peer


async def current_context(request: Request) -> Context:
    """The Context of the request's credential. A change made with a cookie must carry the page's token."""
    token, by_cookie = credential(request)
    if (
        by_cookie
        and request.method not in ("GET", "HEAD")
        and not csrf_matches(token, request.headers.get("x-csrf-token"))
    ):
        raise Forbidden.of("invalid_csrf_token", "The X-CSRF-Token header is missing or wrong: reload the page.")
    cached = await _cached_context(server_of(request), token)
    address = source_ip(request)
    if cached.context.principal.source_ip != address:
        cached.context = replace(cached.context, principal=replace(cached.context.principal, source_ip=address))
    return cached.context


async def _cached_context(server: Server, token: str) -> _Cached:
    """What is cached of a token, made where nothing is."""
    hashed = token_hash(token)
    cached = server.contexts.get(hashed)
    if cached is None:
        cached = _Cached(await _make_context(server, token, hashed), time.monotonic())
        server.contexts[hashed] = cached
        if len(server.contexts) > CACHED_CONTEXTS:
            server.contexts.popitem(last=False)
    server.contexts.move_to_end(hashed)
    if time.monotonic() - cached.touched > TOUCH_SECONDS:
        cached.touched = time.monotonic()
        await _touch(server, cached.context.tenant.id, hashed)
    return cached


async def _touch(server: Server, tenant_id: int, hashed: bytes) -> None:
    settings = server.settings
    touched = touch_session(tenant_id, hashed, idle_minutes=settings.session_idle_minutes, hours=settings.session_hours)
    await server.database.read(Binding(tenant_id), touched)


async def _make_context(server: Server, token: str, hashed: bytes) -> Context:
    tenant = await tenant_by_organization_id(server.database, organization_of(token))
    if tenant is None or tenant.status != "active":
        raise invalid_session()
    [rows] = await server.database.read(Binding(tenant.id), find_session(tenant.id, hashed))
    if not rows:
        raise invalid_session()
    session_id, user_id, kind, client, address, username, language, zone, metadata_version, access_version = rows[0]
    principal = Principal(
        user_id=user_id,
        username=username,
        kind=kind,
        session_id=session_id,
        client_name=client,
        source_ip=address,
        language=language or tenant.language,
        time_zone=zone or tenant.time_zone,
    )
    current = replace(tenant, metadata_version=metadata_version, access_version=access_version)
    snapshot = await server.snapshots.of(tenant.id, metadata_version)
    policy = await server.policies.of(current, user_id, snapshot, access_version)
    binding = Binding(tenant.id, metadata_version, access_version, hashed)
    return Context(current, principal, snapshot, policy, binding)


async def answer(request: Request, handler: Handler) -> Response:
    """Run a handler with the request's Context; once more with a fresh one if what was cached had changed."""
    for last_try in (False, True):
        context = as_asked(await current_context(request), request)
        try:
            return await _answer_or_refuse(context, request, handler)
        except StaleBindingError:
            server_of(request).forget(credential(request)[0])
            if last_try:
                break
        except (SessionEndedError, TenantClosedError):
            server_of(request).forget(credential(request)[0])
            raise invalid_session() from None
    raise LimitExceeded.of("server_unavailable", "Definitions are changing right now: try again.")


async def _answer_or_refuse(context: Context, request: Request, handler: Handler) -> Response:
    try:
        return await handler(context, request)
    except ChassisError as error:
        # A refusal may need no round trip of its own; it must not rest on what is no longer so.
        await _demand_current(context, request)
        await _tell_candidates(context, request, error)
        raise


_DUPLICATES = "sforce-duplicate-rule-header"


def _duplicate_options(request: Request) -> dict[str, bool]:
    """`Sforce-Duplicate-Rule-Header: allowSave=true; includeRecordDetails=true`, names in lower case."""
    parts = (each.partition("=") for each in request.headers.get(_DUPLICATES, "").split(";"))
    return {name.strip().lower(): value.strip().lower() == "true" for name, _, value in parts}


def as_asked(context: Context, request: Request) -> Context:
    """The Context with what the request's headers say."""
    if _duplicate_options(request).get("allowsave"):
        return replace(context, allow_duplicates=True)
    return context


async def _tell_candidates(context: Context, request: Request, error: ChassisError) -> None:
    """Where duplicates were found, show the records that the user may see: always in the web application."""
    results = [each.details["duplicateResult"] for each in error.problems if "duplicateResult" in each.details]
    wanted = request.url.path.startswith("/ui/") or _duplicate_options(request).get("includerecorddetails")
    if results and wanted:
        await add_record_details(server_of(request).database, context, results)


async def _demand_current(context: Context, request: Request) -> None:
    """Raise unless session, metadata and access are still as cached."""
    await server_of(request).database.read(context.binding)


async def guarded(request: Request, run: Callable[[], Awaitable[Response]]) -> Response:
    """Every error as the one JSON shape; what nobody foresaw is logged under the request's id."""
    started = time.perf_counter()
    try:
        response = await run()
    except ChassisError as error:
        response = response_for(error)
    except pg_errors.DataError as error:
        response = response_for(Invalid.of("malformed_query", f"A value is out of range: {error.diag.message_primary}"))
    except pg_errors.QueryCanceled:
        response = response_for(LimitExceeded.of("query_timeout", "The query ran too long: narrow it."))
    except (pg_errors.DeadlockDetected, pg_errors.LockNotAvailable):
        response = response_for(Invalid.of("unable_to_lock_row", "Another request holds the record: try again."))
    except Exception:
        log.exception("request failed", request_id=request_id(request), path=request.url.path)
        problem = Problem("", "unknown_exception", f"An unexpected error occurred. Reference: {request_id(request)}")
        response = error_response([problem], 500)
    REQUESTS.labels(request.method, response.status_code // 100).observe(time.perf_counter() - started)
    return response


def route(path: str, methods: list[str], handler: Handler) -> Route:
    """A Starlette route whose handler gets the Context: the short way for what is called most."""

    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: answer(request, handler))

    return Route(path, endpoint, methods=methods, name=f"{handler.__module__}.{handler.__name__}")


def definitions_route(path: str, methods: list[str], handler: Handler) -> Route:
    """A route that answers from what is cached alone: it asks first whether that still holds."""

    @wraps(handler)
    async def checked(context: Context, request: Request) -> Response:
        await _demand_current(context, request)
        return await handler(context, request)

    return route(path, methods, checked)


def open_route(path: str, methods: list[str], handler: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route for who has no session yet."""

    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: handler(request))

    return Route(path, endpoint, methods=methods, name=f"{handler.__module__}.{handler.__name__}")
