"""`GET /services/data/vXX.0/openapi.json`: the API as this user may see it, for people and for generators."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.conditions import conditions_of, early_answer, tag_headers
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import visible_object, visible_objects
from chassis_platform.api.oauth import base_url
from chassis_platform.api.openapi_document import openapi_document
from chassis_platform.api.versions import ROOT, demand_version

#: A document of a large organization has some megabytes.
MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Made:
    """A document as it goes out, and its tag."""

    body: bytes
    tag: str


_kept: OrderedDict[Hashable, _Made] = OrderedDict()


async def get(context: Context, request: Request) -> Response:
    """`?objects=Lead,Account` has the operations of these alone, and none where it is empty."""
    version, site = demand_version(request), base_url(request)
    objects = _chosen(context, request.query_params.get("objects"))
    made = await _made(context, objects, version, site)
    early = early_answer(conditions_of(request), made.tag, None)
    return early or json_response(made.body, 200, **tag_headers(made.tag, None))


def _chosen(context: Context, names: str | None) -> list[Object]:
    if names is None:
        return visible_objects(context)
    found = (visible_object(context, each.strip()) for each in names.split(",") if each.strip())
    return list({each.name: each for each in found}.values())


async def _made(context: Context, objects: list[Object], version: str, site: str) -> _Made:
    """The document, made once for all who may see the same."""
    tenant, grants = context.tenant, context.policy.grants
    who = (tenant.id, tenant.label, context.snapshot.identity, grants.identity, context.principal.language)
    key = (*who, version, site, tuple(each.name for each in objects))
    made = _kept.get(key)
    if made is None:
        # Some tenths of a second for a large organization: others are answered meanwhile.
        made = _kept[key] = await asyncio.to_thread(_make, context, objects, version, site)
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return made


def _make(context: Context, objects: list[Object], version: str, site: str) -> _Made:
    body = orjson.dumps(openapi_document(context, objects, version, site))
    return _Made(body, hashlib.sha256(body).hexdigest()[:32])


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [definitions_route(f"{ROOT}/openapi.json", ["GET"], get)]
