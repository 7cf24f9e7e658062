"""Reading request bodies and writing answers: JSON with clear errors, within limits."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import Invalid
from chassis_platform.api.decompression import decoded

LARGEST_BODY = 16 * 1024 * 1024
MOST_DIGITS = 18
JSON = "application/json;charset=UTF-8"


async def body_bytes(request: Request, *, largest: int = LARGEST_BODY) -> bytes:
    """The whole body, decompressed; refused as soon as it grows over `largest` bytes."""
    declared = request.headers.get("content-length", "0")
    if not is_whole_number(declared) or int(declared) > largest:
        raise Invalid.of("request_too_large", f"The body is larger than {largest:,} bytes.")
    if hasattr(request, "_body"):
        return await request.body()
    chunks = [each async for each in decoded(request, largest=largest)]
    request._body = b"".join(chunks)  # noqa: SLF001  as Request.body() does: a second try reads it again
    return request._body  # noqa: SLF001


async def json_body(request: Request) -> Any:
    """The body as JSON; a problem with line and column where it is none."""
    text = await body_bytes(request)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid.of("json_parser_error", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object."""
    document = await json_body(request)
    if not isinstance(document, dict):
        raise Invalid.of("json_parser_error", 'The body must be a JSON object, such as {"Name": "Example"}.')
    return document


def values_in(document: dict[str, Any], member: str) -> dict[str, Any]:
    """The values of a record, which stand in this member of the body."""
    values = document.get(member)
    if not isinstance(values, dict):
        raise Invalid.of("json_parser_error", f'The body must have "{member}": an object of field values.')
    return values


def is_whole_number(text: str) -> bool:
    """Whether a text of the request is a number that may be read: other scripts' digits and endless ones are none."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def json_response(document: object, status: int = 200, **headers: str) -> Response:
    """A document, or bytes that are JSON already."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Response(body, status_code=status, media_type=JSON, headers=headers or None)


def no_content() -> Response:
    """Done; nothing to say."""
    return Response(status_code=204)
