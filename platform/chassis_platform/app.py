"""The application: all doors on one ASGI app, opened and closed with the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib import metadata
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_platform.access.compile import PolicyStore
from chassis_platform.api import (
    approval_links,
    approvals,
    assignment_rules,
    audit,
    bulk_ingest,
    bulk_query,
    changes,
    composite,
    composite_graph,
    composite_tree,
    connected_apps,
    definitions,
    documents,
    engines,
    events,
    exports,
    flows,
    functions,
    identity_checks,
    imports,
    inbound,
    invocable_actions,
    labels,
    limits,
    list_views,
    merge,
    my_identities,
    notifications,
    oauth,
    openapi,
    openid,
    privacy,
    process_rules,
    query,
    quick_actions,
    recent,
    record_collections,
    reveal,
    scim,
    search,
    setup_audit,
    setup_dictionary,
    setup_encryption,
    setup_formula,
    setup_four_eyes,
    setup_groups,
    setup_identity,
    setup_inbound,
    setup_inbound_preview,
    setup_keys,
    setup_logic,
    setup_objects,
    setup_packages,
    setup_permissions,
    setup_security,
    setup_sharing,
    setup_users,
    setup_webhooks,
    sharing,
    sign_out,
    soap_login,
    sobjects,
    sso,
    tabs,
    task_plans,
    ui_api,
    ui_api_records,
    ui_approvals,
    ui_objects,
    ui_records,
    ui_security,
    ui_session,
    versions,
    web,
)
from chassis_platform.api.compression import Compression
from chassis_platform.api.deps import Server
from chassis_platform.api.directory import Directory, Front
from chassis_platform.api.method_override import MethodOverride
from chassis_platform.key_encryption import key_problem, wrapper_of
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.registry import count_elsewhere
from chassis_tenants.snapshots import SnapshotStore

#: Routes are tried in this order: what is called most comes first.
ROOMS = (
    reveal,  # its address would be an external id's
    identity_checks,
    sign_out,
    definitions,  # as are those of layouts
    list_views,
    quick_actions,
    changes,
    recent,
    sobjects,
    query,
    record_collections,
    bulk_ingest,
    imports,
    composite,
    composite_graph,
    composite_tree,
    bulk_query,
    oauth,
    openid,
    openapi,
    soap_login,
    versions,
    limits,
    search,
    events,
    merge,
    functions,
    documents,
    assignment_rules,
    ui_session,
    ui_security,
    approvals,
    ui_approvals,
    approval_links,
    ui_objects,
    ui_records,
    exports,
    labels,
    flows,
    ui_api,
    ui_api_records,
    invocable_actions,
    process_rules,
    tabs,
    engines,
    sharing,
    task_plans,
    notifications,
    connected_apps,
    sso,
    my_identities,
    scim,
    setup_users,
    setup_security,
    setup_dictionary,
    setup_encryption,
    setup_four_eyes,
    setup_groups,
    setup_sharing,
    setup_permissions,
    setup_objects,
    setup_packages,
    setup_formula,
    setup_identity,
    setup_inbound,
    setup_inbound_preview,
    setup_keys,
    setup_webhooks,
    setup_logic,
    audit,
    setup_audit,
    privacy,
    inbound,
)


def version() -> str:
    """The installed version, or that of a source tree."""
    try:
        return metadata.version("chassis")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def api_routes() -> list[BaseRoute]:
    """Every route but the web application's."""
    return [each for room in ROOMS for each in room.routes()]


def make_server(settings: Settings, server_dsn: str) -> Server:
    """What a process holds; the database is opened with the application."""
    database = Database(
        server_dsn,
        largest=settings.database_pool,
        prepared=settings.database_prepared,
        wrapper=wrapper_of(settings, settings.home),
        region=settings.region,
    )
    return Server(database, SnapshotStore(database), PolicyStore(database), settings)


def make_app(server: Server, alongside: Callable[[], AbstractAsyncContextManager[None]] | None = None) -> Starlette:
    """The ASGI application. `alongside` runs as long as it does (the in-process worker)."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with server.database, _alongside(server.gate.keep_flushing()):
            if alongside is None:
                yield
                return
            async with alongside():
                yield

    routes = api_routes()
    operations: list[BaseRoute] = [Route("/health", _health), Route("/metrics", _metrics)]
    app = _Application(Directory(routes), [*operations, *routes, *web.routes(server.settings.web)], lifespan)
    app.state.server, app.state.version = server, version()
    return app


class _Application(Starlette):
    """Requests that meet a route in whole go to it straight away; everything else takes Starlette's way."""

    def __init__(self, directory: Directory, routes: list[BaseRoute], lifespan: Lifespan[Starlette]) -> None:
        super().__init__(routes=[directory, *routes], lifespan=lifespan)
        self.state.directory = directory

    def build_middleware_stack(self) -> ASGIApp:
        """What every request passes."""
        usual = super().build_middleware_stack()
        compressed = Compression(Front(self.state.directory, usual))
        return web.SecurityHeaders(web.TrailingSlash(MethodOverride(compressed)))


@asynccontextmanager
async def _alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have the work done meanwhile."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _health(request: Request) -> Response:
    """Well, or what is not: a server whose key opens no tenant's keys should get no requests."""
    server: Server = request.app.state.server
    elsewhere = await count_elsewhere(server.database)
    problem = await key_problem(server.database)
    if problem is not None and not problem.passes:
        return PlainTextResponse(f"encryption: {problem.text}\n", 503)
    told = f"region {server.database.region}: {elsewhere} tenants belong elsewhere and are refused\n"
    keys = "" if problem is None else f"encryption: {problem.text}\n"
    return PlainTextResponse(f"ok\n{told if elsewhere else ''}{keys}")


async def _metrics(request: Request) -> Response:
    """Only for who is on the machine or behind a proxy that asks as such."""
    if request.client is None or request.client.host not in ("127.0.0.1", "::1"):
        return PlainTextResponse("not found\n", 404)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
