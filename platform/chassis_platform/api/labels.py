"""What objects and fields are called in the user's language, for the screens of the journals and of privacy."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import field_label, object_label

#: So many objects are named in one answer.
MOST_LABELLED = 50


async def labels(context: Context, request: Request) -> Response:
    """`GET /ui/labels?object=&object=`: what objects and their fields are called, for who reads journals.

    Auditors and privacy officers see names of objects that they can't read; a label is no customer's data.
    """
    if not context.policy.may("ManagePrivacy"):
        context.policy.demand("ViewAudit")
    names = request.query_params.getlist("object")[:MOST_LABELLED]
    found = [obj for name in names if (obj := context.snapshot.objects.get(name)) is not None]
    return json_response({"objects": {each.name: _labels(context, each) for each in found}})


def _labels(context: Context, obj: Object) -> dict[str, Any]:
    fields = {each.name: field_label(context, each) for each in obj.fields.values()}
    return {"label": object_label(context, obj), "fields": fields}


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [definitions_route("/ui/labels", ["GET"], labels)]
