"""Outbound documents: which there are, and that of one record."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.logic.outbound_document import outbound_documents
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.documents.outbound import document_named, make_document


async def list_documents(context: Context, request: Request) -> Response:
    """`GET /chassis/documents?object=`: those of objects that the user may read."""
    demand_version(request)
    context.policy.demand("ApiEnabled")
    await server_of(request).database.read(context.binding)  # are the definitions still so?
    wanted = request.query_params.get("object")
    snapshot, language = context.snapshot, context.principal.language or context.tenant.language
    listed = [
        {
            "name": each.name,
            "label": each.label_in(snapshot, language),
            "object": each.object_name,
            "format": each.format,
        }
        for each in sorted(outbound_documents(snapshot).values(), key=lambda each: each.name)
        if context.policy.on(each.object_name).read and wanted in (None, each.object_name)
    ]
    return json_response({"documents": listed})


async def get_document(context: Context, request: Request) -> Response:
    """`GET /chassis/documents/{name}/{record_id}`: the document, as a file with what the user may read."""
    demand_version(request)
    context.policy.demand("ApiEnabled")
    document = document_named(context, request.path_params["name"])
    database = server_of(request).database
    made = await make_document(database, context, document, request.path_params["record_id"], clock.now())
    headers = {
        "Content-Disposition": f'attachment; filename="{_ascii(made.file_name)}"',
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(made.content, media_type=f"{made.content_type}; charset=utf-8", headers=headers)


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace("?", "_")


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/chassis/documents", ["GET"], list_documents),
        route(f"{ROOT}/chassis/documents/{{name}}/{{record_id}}", ["GET"], get_document),
    ]
