"""Compressed answers: zstd or gzip, as the client says; event streams, small answers and secrets go out as they are."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis_platform.api.quick_headers import QuickHeaders

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdCompressor
else:
    from backports.zstd import ZstdCompressor

MINIMUM_SIZE = 4096
#: Sizes tell of content: nothing that holds a secret is made shorter by what else is in it (BREACH).
WITH_SECRETS = ("/services/oauth2/", "/ui/session", "/ui/bootstrap")
#: What no shared cache keeps: nobody has to be told that others may get it compressed.
PRIVATE = ("/services/", "/ui/", "/setup/", "/audit/")
_LEVEL = 3
_IN_THREAD = 128 * 1024
#: The better first, for where a client likes several as much.
_OURS = ("zstd", "gzip")


class Compression:
    """Compresses what clients take compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"].startswith(WITH_SECRETS):
            await self._app(scope, receive, send)
            return
        encoding = accepted(QuickHeaders(scope=scope).get("accept-encoding", ""))
        if encoding is None and scope["path"].startswith(PRIVATE):
            await self._app(scope, receive, send)
            return
        await self._responder(encoding)(scope, receive, send)

    def _responder(self, encoding: str | None) -> ASGIApp:
        if encoding == "zstd":
            return _ZstdResponder(self._app, MINIMUM_SIZE)
        if encoding == "gzip":
            return GZipResponder(self._app, MINIMUM_SIZE, compresslevel=_LEVEL)
        return IdentityResponder(self._app, MINIMUM_SIZE)


class _ZstdResponder(IdentityResponder):
    content_encoding = "zstd"
    _compressor: ZstdCompressor | None = None

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if self._compressor is None:
            self._compressor = ZstdCompressor(level=_LEVEL)
        mode: Literal[0, 2] = ZstdCompressor.CONTINUE if more_body else ZstdCompressor.FLUSH_FRAME
        if len(body) < _IN_THREAD:
            return self._compressor.compress(body, mode)
        return await asyncio.to_thread(self._compressor.compress, body, mode)


@lru_cache(maxsize=100)
def accepted(header: str) -> str | None:
    """What of ours an `Accept-Encoding` likes best; None where it takes neither."""
    weights = dict(_weights(header))
    liked = [each for each in _OURS if weights.get(each, weights.get("*", 0.0)) > 0]
    return max(liked, key=lambda each: weights.get(each, weights.get("*", 0.0)), default=None)


def _weights(header: str) -> Iterable[tuple[str, float]]:
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        yield name.strip(), _weight(parameter)


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
