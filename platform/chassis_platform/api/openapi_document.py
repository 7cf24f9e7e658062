"""The OpenAPI document of a tenant, as one user may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.describe import object_label
from chassis_platform.api.openapi_objects import object_paths, object_schemas
from chassis_platform.api.openapi_operations import Operation, operation_document
from chassis_platform.api.openapi_parameters import HEADERS, PARAMETERS, RESPONSES, security_schemes
from chassis_platform.api.openapi_resources import RESOURCES
from chassis_platform.api.openapi_shapes import SHAPES

_ABOUT = (
    "Records, queries and everything else of this organization, as this user may see it. "
    "Each object has operations of its own; the general ones take any object by its name. "
    "Errors are arrays of `{message, errorCode, fields}`."
)


def openapi_document(context: Context, objects: Iterable[Object], version: str, site: str) -> dict[str, Any]:
    """The document with these objects; `site` is the address of the server."""
    chosen = list(objects)
    schemas: dict[str, Any] = dict(SHAPES)
    paths: dict[str, Any] = {}
    for each in chosen:
        schemas |= object_schemas(context, each)
        paths |= object_paths(context, each, version)
    for operation in RESOURCES:
        paths.setdefault(address_of(operation, version), {})[operation.method] = operation_document(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Chassis: {context.tenant.label}", "version": version, "description": _ABOUT},
        "servers": [{"url": site}],
        "security": [{"oauth": []}, {"bearer": []}],
        "tags": _tags(context, chosen),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": RESPONSES,
            "securitySchemes": security_schemes(site),
        },
    }


def address_of(operation: Operation, version: str) -> str:
    """The whole address of an operation, without the host."""
    path = operation.path
    return path[1:] if path.startswith("//") else f"/services/data/v{version}{path}"


def _tags(context: Context, objects: Iterable[Object]) -> list[dict[str, str]]:
    general = dict.fromkeys(each.tag for each in RESOURCES)
    own = [{"name": each.name, "description": object_label(context, each)} for each in objects]
    return [*own, *({"name": each} for each in general)]
