"""SCIM 2.0: a directory's door to users and groups, and Setup's tokens for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import structlog
from psycopg import errors as pg_errors
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.system import system_grants
from chassis_platform.api.bodies import body_bytes, json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of, source_ip
from chassis_platform.api.oauth import base_url
from chassis_platform.api.setup_users import array
from chassis_platform.auth.federation.scim import groups, users
from chassis_platform.auth.federation.scim.filters import parse_filter
from chassis_platform.auth.federation.scim.problems import ScimError, as_scim, error_document, not_found
from chassis_platform.auth.federation.scim.resources import MOST, Desk, Document, list_document, shown
from chassis_platform.auth.federation.scim.schema import provider_configuration, resource_types, schemas
from chassis_platform.auth.federation.scim.tokens import create_token, find_directory, list_tokens, revoke_token
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.telemetry import request_id
from chassis_tenants.database import Binding, StaleBindingError
from chassis_tenants.registry import tenant_by_id

log = structlog.get_logger()

ROOT = "/scim/v2/{organization}"
TOKENS = "/setup/scim-tokens"
MEDIA_TYPE = "application/scim+json"
_LARGEST_BODY = 4 * 1024 * 1024
_OBJECTS = frozenset({"User", "Group", "GroupMember", "PermissionSet", "PermissionSetAssignment"})

Handler = Callable[[Desk, Request], Awaitable[Response]]
Change = Callable[[Desk, str, Document, str | None], Awaitable[Document]]


def _answer(document: Mapping[str, Any], status: int = 200) -> Response:
    response = Response(orjson.dumps(document), status_code=status, media_type=MEDIA_TYPE)
    meta = document.get("meta")
    if isinstance(meta, dict) and "version" in meta:
        response.headers["etag"] = str(meta["version"])
        response.headers["location"] = str(meta["location"])
    return response


def _refusal(error: ScimError) -> Response:
    response = _answer(error_document(error), error.status)
    if error.status == 401:  # noqa: PLR2004  401 is 401
        response.headers["www-authenticate"] = "Bearer"
    return response


async def _desk(request: Request) -> Desk:
    """The directory behind the bearer token, with rights on users and groups alone."""
    server, organization = server_of(request), request.path_params["organization"]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    directory = await find_directory(server.database, organization, token.strip() if scheme.lower() == "bearer" else "")
    tenant = await tenant_by_id(server.database, directory.tenant.id) or directory.tenant
    snapshot = await server.snapshots.of(tenant.id, tenant.metadata_version)
    nobody: Any = None  # no user of the tenant acts: the journal keeps the token's label
    principal = Principal(
        nobody, f"SCIM: {directory.label}"[:80], "api", client_name=directory.label, source_ip=source_ip(request)
    )
    policy = AccessPolicy(nobody, system_grants(snapshot, _OBJECTS))
    binding = Binding(tenant.id, metadata_version=tenant.metadata_version)
    url = f"{base_url(request)}/scim/v2/{organization}"
    return Desk(server.database, Context(tenant, principal, snapshot, policy, binding), directory, url)


def scim_route(path: str, methods: list[str], handler: Handler) -> Route:
    """A route whose errors have SCIM's shape."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(await _desk(request), request)
        except ScimError as error:
            return _refusal(error)
        except ChassisError as error:
            return _refusal(as_scim(error))
        except pg_errors.DataError:
            return _refusal(ScimError(400, "A value is out of range.", "invalidValue"))
        except StaleBindingError:
            return _refusal(ScimError(503, "Definitions are changing right now: try again."))
        except Exception:
            log.exception("request failed", request_id=request_id(request), path=request.url.path)
            return _refusal(ScimError(500, f"An unexpected error occurred. Reference: {request_id(request)}"))

    return Route(f"{ROOT}{path}", endpoint, methods=methods, name=f"{handler.__module__}.{handler.__name__}{path}")


async def _body(request: Request) -> Document:
    try:
        document = orjson.loads(await body_bytes(request, largest=_LARGEST_BODY))
    except orjson.JSONDecodeError as error:
        raise ScimError(400, "The body is no JSON.", "invalidSyntax") from error
    if not isinstance(document, dict):
        raise ScimError(400, "The body must be an object.", "invalidSyntax")
    return document


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    sign, digits = (text[:1] == "-"), text.lstrip("-")
    if not text:
        return default
    if not digits.isdecimal() or len(digits) > 9:  # noqa: PLR2004  nobody pages so far
        raise ScimError(400, f"{name} must be a whole number.", "invalidValue")
    return 0 if sign else int(digits)


def _shown(request: Request, document: Document) -> Document:
    query = request.query_params
    return shown(document, query.get("attributes"), query.get("excludedAttributes"))


def _one(request: Request, document: Document, status: int = 200) -> Response:
    """A resource; nothing where the directory has this very version."""
    version = document["meta"]["version"]
    if request.method == "GET" and request.headers.get("if-none-match") == version:
        return Response(status_code=304, headers={"etag": version})
    response = _answer(_shown(request, document), status)
    response.headers["etag"], response.headers["location"] = version, document["meta"]["location"]
    return response


def _listing(read: Callable[..., Awaitable[tuple[int, list[Document]]]]) -> Handler:
    async def list_(desk: Desk, request: Request) -> Response:
        text = request.query_params.get("filter")
        start = max(_number(request, "startIndex", 1), 1)
        count = min(_number(request, "count", 100), MOST)
        total, found = await read(desk, parse_filter(text) if text else None, start, count)
        return _answer(list_document(total, start, [_shown(request, each) for each in found]))

    return list_


def _reading(read: Callable[[Desk, str], Awaitable[Document]]) -> Handler:
    async def get(desk: Desk, request: Request) -> Response:
        return _one(request, await read(desk, request.path_params["id"]))

    return get


def _creating(create: Callable[[Desk, Document], Awaitable[Document]]) -> Handler:
    async def post(desk: Desk, request: Request) -> Response:
        return _one(request, await create(desk, await _body(request)), 201)

    return post


def _changing(change: Change) -> Handler:
    async def put(desk: Desk, request: Request) -> Response:
        version = request.headers.get("if-match")
        return _one(request, await change(desk, request.path_params["id"], await _body(request), version))

    return put


def _deleting(delete: Callable[[Desk, str, str | None], Awaitable[None]]) -> Handler:
    async def remove(desk: Desk, request: Request) -> Response:
        await delete(desk, request.path_params["id"], request.headers.get("if-match"))
        return no_content()

    return remove


async def configuration(desk: Desk, request: Request) -> Response:
    """`GET /scim/v2/{organization}/ServiceProviderConfig`."""
    del request
    return _answer(provider_configuration(desk.url))


def _described(make: Callable[[str], list[dict[str, Any]]]) -> Handler:
    async def describe(desk: Desk, request: Request) -> Response:
        found, wanted = make(desk.url), request.path_params.get("id")
        if wanted is None:
            return _answer(list_document(len(found), 1, found))
        document = next((each for each in found if each["id"] == wanted), None)
        if document is None:
            raise not_found()
        return _answer(document)

    return describe


async def unknown(desk: Desk, request: Request) -> Response:
    """Anything else below the root."""
    del desk, request
    raise not_found()


async def tokens(context: Context, request: Request) -> Response:
    """`GET /setup/scim-tokens`."""
    context.policy.demand("ManageConnections")
    [rows] = await server_of(request).database.read(context.binding, list_tokens(context.tenant.id))
    url = f"{base_url(request)}/scim/v2/{context.tenant.organization_id}".encode()
    return json_response(b'{"url":"' + url + b'","tokens":' + array(rows) + b"}")


async def make_token(context: Context, request: Request) -> Response:
    """`POST /setup/scim-tokens` `{"label", "permission_sets", "days"}`: answers the token, once."""
    context.policy.demand("ManageConnections")
    context.policy.demand("ManageUsers")
    require_recent_verification(context)
    return json_response(
        {"token": await create_token(server_of(request).database, context, await json_object(request))}, 201
    )


async def end_token(context: Context, request: Request) -> Response:
    """`DELETE /setup/scim-tokens/{id}`."""
    context.policy.demand("ManageConnections")
    await revoke_token(server_of(request).database, context, request.path_params["id"])
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    everything = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [
        scim_route("/Users", ["GET"], _listing(users.list_users)),
        scim_route("/Users", ["POST"], _creating(users.create_user)),
        scim_route("/Users/{id}", ["GET"], _reading(users.get_user)),
        scim_route("/Users/{id}", ["PUT"], _changing(users.replace_user)),
        scim_route("/Users/{id}", ["PATCH"], _changing(users.patch_user)),
        scim_route("/Users/{id}", ["DELETE"], _deleting(users.delete_user)),
        scim_route("/Groups", ["GET"], _listing(groups.list_groups)),
        scim_route("/Groups", ["POST"], _creating(groups.create_group)),
        scim_route("/Groups/{id}", ["GET"], _reading(groups.get_group)),
        scim_route("/Groups/{id}", ["PUT"], _changing(groups.replace_group)),
        scim_route("/Groups/{id}", ["PATCH"], _changing(groups.patch_group)),
        scim_route("/Groups/{id}", ["DELETE"], _deleting(groups.delete_group)),
        scim_route("/ServiceProviderConfig", ["GET"], configuration),
        scim_route("/ResourceTypes", ["GET"], _described(resource_types)),
        scim_route("/ResourceTypes/{id}", ["GET"], _described(resource_types)),
        scim_route("/Schemas", ["GET"], _described(schemas)),
        scim_route("/Schemas/{id}", ["GET"], _described(schemas)),
        scim_route("/{path:path}", everything, unknown),
        route(TOKENS, ["GET"], tokens),
        route(TOKENS, ["POST"], make_token),
        route(f"{TOKENS}/{{id}}", ["DELETE"], end_token),
    ]
