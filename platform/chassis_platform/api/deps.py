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
from starlette.types import Receive, Scope, Send

from chassis_metadata.check.manifest import version_of
from chassis_metadata.errors import ChassisError, Forbidden, Invalid, LimitExceeded, Problem
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import demand_door
from chassis_platform.api.cookies import SESSION, cookie_of
from chassis_platform.api.entrance import check_door, judge, make_context, touch
from chassis_platform.api.errors import error_response, response_for
from chassis_platform.api.first_seen import FirstSeen
from chassis_platform.api.messages import SOURCE_LANGUAGE, Reader, is_spoken_to, speak_to
from chassis_platform.api.quick_headers import ApiRequest
from chassis_platform.api.turns import in_turn, tell_usage
from chassis_platform.auth.pending import demand_complete
from chassis_platform.auth.sessions import (
    csrf_matches,
    invalid_session,
    token_hash,
)
from chassis_platform.auth.sign_in import Judgement
from chassis_platform.automation.assignment.asked import with_assignment
from chassis_platform.automation.matching.details import add_record_details
from chassis_platform.limits.gate import Gate
from chassis_platform.settings import Settings
from chassis_platform.telemetry import REQUESTS, request_id
from chassis_tenants.database import Database, SessionEndedError, StaleBindingError, TenantClosedError
from chassis_tenants.registry import list_package_versions, tenant_by_organization_id
from chassis_tenants.snapshots import SnapshotStore

log = structlog.get_logger()

PLATFORM = "platform"
BROWSER = "browser"
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
    definitions_seen: FirstSeen = field(default_factory=FirstSeen)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(self.database, self.settings)

    async def refreshed(self, context: Context) -> Context:
        """The same user's context with the tenant's metadata as it is now; the policy stays."""
        tenant = await tenant_by_organization_id(self.database, context.tenant.organization_id)
        if tenant is None:
            raise invalid_session()
        snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)
        return replace(context.unversioned, tenant=tenant, snapshot=snapshot)

    async def judge(self, tenant_id: int, user_id: str, address: str | None) -> Judgement:
        """Whether a user who showed who it is may come in from there and now."""
        return await judge(self, tenant_id, user_id, address)

    async def context_of(self, token: str) -> Context:
        """The Context of a session, made where none is cached."""
        return (await _cached_context(self, token)).context

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
    cookie = cookie_of(request, SESSION)
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
    server, address = server_of(request), source_ip(request)
    cached = await _cached_context(server, token)
    if by_cookie and cached.context.principal.kind != BROWSER:
        raise invalid_session()  # a program's token is no cookie: it is bound to no browser
    if cached.context.principal.source_ip != address:
        cached.context = replace(cached.context, principal=replace(cached.context.principal, source_ip=address))
    return cached.context


async def _cached_context(server: Server, token: str) -> _Cached:
    """What is cached of a token, made where nothing is."""
    hashed = token_hash(token)
    cached = server.contexts.get(hashed)
    if cached is None:
        cached = _Cached(await make_context(server, token, hashed), time.monotonic())
        server.contexts[hashed] = cached
        if len(server.contexts) > CACHED_CONTEXTS:
            server.contexts.popitem(last=False)
    server.contexts.move_to_end(hashed)
    if time.monotonic() - cached.touched > TOUCH_SECONDS:
        cached.touched = time.monotonic()
        await touch(server, cached.context, hashed)
    return cached


async def answer(request: Request, handler: Handler, *, incomplete: bool = False, waits: bool = False) -> Response:
    """Run a handler with the request's Context, when it is the request's turn.

    Most need a session whose user has shown all that is asked for; `incomplete` ones are what it is shown to.
    """
    context = as_asked(await current_context(request), request)

    def work() -> Awaitable[Response]:
        return _answer_afresh(context, request, handler, incomplete=incomplete)

    try:
        return await in_turn(server_of(request).gate, context, request, work, waits=waits)
    except (SessionEndedError, TenantClosedError):
        server_of(request).forget(credential(request)[0])
        raise invalid_session() from None


async def _answer_afresh(context: Context, request: Request, handler: Handler, *, incomplete: bool) -> Response:
    """The handler's answer; once more with a fresh Context if what was cached had changed."""
    for last_try in (False, True):
        speak_to(_reader_of(context, request))
        try:
            return await _answer_or_refuse(context, request, handler, incomplete=incomplete)
        except StaleBindingError:
            server_of(request).forget(credential(request)[0])
            if last_try:
                break
            context = as_asked(await current_context(request), request)
    raise LimitExceeded.of("server_unavailable", "Definitions are changing right now: try again.")


def _reader_of(context: Context, request: Request) -> Reader:
    """Who reads what is wrong: the user, in the language that the request asks for or in their own."""
    language = request.query_params.get("language") or context.principal.language
    return Reader(context.snapshot, language, request.path_params)


async def _speak_to_stranger(request: Request) -> None:
    """Whoever is not signed in to the web application reads what their browser says that they read."""
    wanted = request.query_params.get("language") or request.headers.get("accept-language", "")
    language = wanted[:5].replace("-", "_")
    if is_spoken_to() or not request.url.path.startswith("/ui/") or language in ("", SOURCE_LANGUAGE):
        return
    server = server_of(request)
    published = await list_package_versions(server.database)
    newest = max((each for each in published if each.package == PLATFORM), key=lambda each: version_of(each.version))
    speak_to(Reader(await server.snapshots.base(frozenset({newest})), language, {}))


async def _answer_or_refuse(context: Context, request: Request, handler: Handler, *, incomplete: bool) -> Response:
    try:
        await check_door(server_of(request), context, request)
        demand_door(context.principal, request.method, request.scope["path"])
        if not incomplete:
            demand_complete(context.principal.pending)
        return await handler(with_assignment(context, request.headers.get(AUTO_ASSIGN)), request)
    except ChassisError as error:
        # A refusal may need no round trip of its own; it must not rest on what is no longer so.
        await _demand_current(context, request)
        await _tell_candidates(context, request, error)
        raise


#: Whether assignment rules run on what the request writes, or which one does.
AUTO_ASSIGN = "sforce-auto-assign"
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
    speak_to(None)
    try:
        response = await run()
    except ChassisError as error:
        await _speak_to_stranger(request)
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
    tell_usage(request, response)
    REQUESTS.labels(request.method, response.status_code // 100).observe(time.perf_counter() - started)
    return response


def route(path: str, methods: list[str], handler: Handler, *, incomplete: bool = False, waits: bool = False) -> Route:
    """A Starlette route whose handler gets the Context: the short way for what is called most.

    One that `waits` for something to happen keeps nobody else from working meanwhile.
    """

    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: answer(request, handler, incomplete=incomplete, waits=waits))

    return _route(path, methods, endpoint, f"{handler.__module__}.{handler.__name__}")


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

    return _route(path, methods, endpoint, f"{handler.__module__}.{handler.__name__}")


def _route(path: str, methods: list[str], endpoint: Callable[[Request], Awaitable[Response]], name: str) -> Route:
    """A route without Starlette's handling of errors: `guarded` leaves none."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(ApiRequest(scope, receive, send))
        await response(scope, receive, send)

    made = Route(path, endpoint, methods=methods, name=name)
    made.app = app
    return made
