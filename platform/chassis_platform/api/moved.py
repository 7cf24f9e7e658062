"""The answer for a record that was merged into another: where it has gone."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import server_of
from chassis_platform.api.errors import problem_document
from chassis_platform.automation.merging.redirect import master_of

#: Not kept by browsers: the record may be restored from the recycle bin.
_TEMPORARY = 307
_DELETED = b'"is_deleted":true'


async def moved_or_raise(context: Context, request: Request, record_id: str, error: ChassisError) -> Response:
    """A redirect to the record that stayed, if the user may see it; the error otherwise."""
    master_id = await master_of(server_of(request).database, context, record_id)
    if master_id is None:
        raise error
    query = f"?{request.url.query}" if request.url.query else ""
    location = request.url.path.replace(record_id, master_id) + query
    document = problem_document(error.problems[0]) | {"masterRecordId": master_id}
    return json_response([document], _TEMPORARY, location=location)


async def with_master(context: Context, request: Request, record_id: str, body: bytes) -> bytes:
    """A record page's document; of a deleted record it says what it was merged into."""
    if _DELETED not in body.replace(b": ", b":"):
        return body
    document: dict[str, Any] = orjson.loads(body)
    master_id = await master_of(server_of(request).database, context, record_id) if document["is_deleted"] else None
    return orjson.dumps(document | {"merged_into": master_id}) if master_id else body
