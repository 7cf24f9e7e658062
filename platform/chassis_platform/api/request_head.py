"""How long the head of a request may be: its line and its header fields. What is longer is told so and hung up on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

#: Cookies and tokens of ours take less than a thousand bytes; proxies add their own.
MOST_FIELDS, MOST_FIELD_BYTES = 100, 32 * 1024
#: A query of 20,000 characters, all of them encoded, fits into an address. The parser takes no longer one.
MOST_ADDRESS_BYTES = 64 * 1024 - 1
LINGERS_SECONDS = 2
_MOST_HEAD_BYTES = MOST_ADDRESS_BYTES + MOST_FIELD_BYTES
_TOO_MUCH = f"The header of a request may have {MOST_FIELDS} fields and {MOST_FIELD_BYTES:,} bytes."
_TOO_LONG = f"The address of a request may have {MOST_ADDRESS_BYTES:,} bytes."


def _refusing(status: int, code: str, message: str) -> ASGI3Application:
    """An application that refuses whatever is asked."""
    body = orjson.dumps([{"message": message, "errorCode": code}])
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]

    async def refuse(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return refuse


_FIELDS_REFUSED = _refusing(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", _TOO_MUCH)
_ADDRESS_REFUSED = _refusing(414, "URI_TOO_LONG", _TOO_LONG)
_HEAD_REFUSED = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_TOO_MUCH), _TOO_MUCH.encode())
)


class LimitedHead(HttpToolsProtocol):
    """A connection whose requests have heads of a bounded length."""

    _head_is_open = True
    _head_bytes = 0
    _is_over = False

    def data_received(self, data: bytes) -> None:
        """Whatever came while the head is open counts as the head: the parser holds an endless field back."""
        if self._is_over:
            return
        if self._head_is_open:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_is_open and self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
            self._hang_up()

    def _hang_up(self) -> None:
        """Say so; who is still sending would lose the answer if the connection were closed at once."""
        self._is_over = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_HEAD_REFUSED)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGERS_SECONDS, self.transport.close)

    def on_headers_complete(self) -> None:
        """Begin the request, or refuse it."""
        self._head_is_open, self._head_bytes = False, 0
        refused, app = self._refused(), self.app
        if refused is not None:
            self.app, self.url = refused, b"/"
        try:
            super().on_headers_complete()
        finally:
            self.app = app

    def _refused(self) -> ASGI3Application | None:
        if len(self.url) > MOST_ADDRESS_BYTES:
            return _ADDRESS_REFUSED
        size = sum(len(name) + len(value) for name, value in self.headers)
        return _FIELDS_REFUSED if len(self.headers) > MOST_FIELDS or size > MOST_FIELD_BYTES else None

    def on_message_complete(self) -> None:
        """What comes next is the head of another request."""
        self._head_is_open, self._head_bytes = True, 0
        super().on_message_complete()
