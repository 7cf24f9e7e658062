"""API versions: which are answered, and where their resources are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.api.deps import definitions_route, open_route
from chassis_platform.api.describe import LATEST, VERSIONS
from chassis_platform.api.oauth import base_url

ROOT = "/services/data/v{version}"
_LABELS = {
    59: "Winter '24",
    60: "Spring '24",
    61: "Summer '24",
    62: "Winter '25",
    63: "Spring '25",
    64: "Summer '25",
} | {
    65: "Winter '26",
    66: "Spring '26",
}
RESOURCES = (
    *("actions", "appMenu", "composite", "limits", "parameterizedSearch", "process", "query", "queryAll"),
    *("quickActions", "recent", "search", "sobjects", "tabs", "theme"),
)


def demand_version(request: Request) -> str:
    """The request's API version; NotFound for one that is not answered. Older ones down to 20.0 are answered alike."""
    version: str = request.path_params["version"]
    number, dot, rest = version.partition(".")
    if not (dot and rest == "0" and is_whole_number(number) and 20 <= int(number) <= int(float(LATEST))):  # noqa: PLR2004
        raise NotFound.of("not_found", "The requested resource does not exist")
    return version


async def list_versions(request: Request) -> Response:
    """`GET /services/data`: ascending, for clients take the last."""
    del request
    return json_response(
        [{"label": _LABELS[int(float(each))], "url": f"/services/data/v{each}", "version": each} for each in VERSIONS]
    )


async def list_resources(context: Context, request: Request) -> Response:
    """`GET /services/data/vXX.0`: where each resource is."""
    version = demand_version(request)
    root = f"/services/data/v{version}"
    identity = f"{base_url(request)}/id/{context.tenant.organization_id}/{context.principal.user_id}"
    resources = {name: f"{root}/{name}" for name in RESOURCES}
    begins = {"jobs": f"{root}/jobs/ingest", "uiApi": f"{root}/ui-api/object-info"}
    return json_response(resources | begins | {"identity": identity})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/services/data", ["GET"], list_versions),
        definitions_route(ROOT, ["GET"], list_resources),
    ]
