"""Describe over REST: objects, fields and layouts. What a caller has already is not sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import NotFound
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.conditions import conditions_of, early_answer, tag_headers
from chassis_platform.api.deps import Handler, definitions_route, server_of
from chassis_platform.api.describe import Document, visible_object
from chassis_platform.api.describe_layouts import (
    approval_layouts,
    compact_layouts,
    describe_layouts,
    layout_of_record_type,
)
from chassis_platform.api.describe_objects import describe_global, describe_object
from chassis_platform.api.oauth import base_url
from chassis_platform.api.versions import ROOT, demand_version

Describe = Callable[[Context, Request], Document]


def answered_once(describe: Describe) -> Handler:
    """A handler that describes; 304 to whoever has the description as it is."""

    async def handler(context: Context, request: Request) -> Response:
        demand_version(request)
        identity = _identity(context)
        who = (context.tenant.id, context.principal.user_id)
        since = server_of(request).definitions_seen.since(who, identity, clock.now())
        tag = hashlib.sha256(repr((*identity, str(request.url))).encode()).hexdigest()[:32]
        early = early_answer(conditions_of(request), tag, since)
        return early or json_response(describe(context, request), 200, **tag_headers(tag, since))

    handler.__module__, handler.__name__ = describe.__module__, describe.__name__  # routes are called by these
    return handler


def _identity(context: Context) -> tuple[object, ...]:
    """Whatever a description depends on."""
    tenant, grants = context.tenant, context.policy.grants
    return tenant.metadata_version, tenant.access_version, grants.identity, context.principal.language


def _object_of(context: Context, request: Request) -> Object:
    return visible_object(context, request.path_params["object"])


def all_objects(context: Context, request: Request) -> Document:
    """`GET /sobjects`."""
    return describe_global(context, demand_version(request))


def one_object(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe`."""
    obj = _object_of(context, request)
    return describe_object(context, obj, demand_version(request), base_url(request))


def layouts(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe/layouts`."""
    return describe_layouts(context, _object_of(context, request), demand_version(request))


def layout(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe/layouts/{recordTypeId}`: that of records of a record type."""
    obj = _object_of(context, request)
    return layout_of_record_type(context, obj, request.path_params["record_type"])


def compact(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe/compactLayouts`."""
    return compact_layouts(context, _object_of(context, request))


def approval(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe/approvalLayouts`."""
    return approval_layouts(context, _object_of(context, request))


def named(context: Context, request: Request) -> Document:
    """`GET /sobjects/{Object}/describe/namedLayouts/{name}`: no object has any, as its description says."""
    obj = _object_of(context, request)
    raise NotFound.of("not_found", f"{obj.name} has no layout named {request.path_params['name']!r}.")


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/sobjects"
    paths: list[tuple[str, Describe]] = [
        (base, all_objects),
        (f"{base}/{{object}}/describe", one_object),
        (f"{base}/{{object}}/describe/layouts", layouts),
        (f"{base}/{{object}}/describe/layouts/{{record_type}}", layout),
        (f"{base}/{{object}}/describe/compactLayouts", compact),
        (f"{base}/{{object}}/describe/approvalLayouts", approval),
        (f"{base}/{{object}}/describe/approvalLayouts/{{name}}", approval),
        (f"{base}/{{object}}/describe/namedLayouts/{{name}}", named),
    ]
    return [definitions_route(path, ["GET"], answered_once(describe)) for path, describe in paths]
