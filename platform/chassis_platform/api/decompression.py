"""Compressed request bodies: gzip and zstd, opened piece by piece: a small body never becomes an endless one."""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from starlette.requests import Request

from chassis_metadata.errors import Invalid

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

PIECE = 256 * 1024
#: Memory that opening may take: windows of 8 MB, which every encoder for the web keeps to (RFC 9659).
_WINDOW_LOG = 23


class _Opener(Protocol):
    """Opens one stream."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What comes out of these bytes, in pieces; raises ValueError where they are none of the kind."""

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is missing."""


async def decoded(request: Request, *, largest: int) -> AsyncIterator[bytes]:
    """The body in pieces, decompressed where it came compressed; refused as soon as it grows over `largest` bytes."""
    size, opener = 0, _opener_of(request)
    async for chunk in request.stream():
        for piece in (chunk,) if opener is None else _opened(opener, chunk):
            size += len(piece)
            if size > largest:
                raise Invalid.of("request_too_large", f"The body is larger than {largest:,} bytes.")
            yield piece
    if opener is not None and not opener.is_at_end:
        raise _unreadable("It ends in the middle.")


def _opener_of(request: Request) -> _Opener | None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip"):
        return _Gzip()
    if encoding == "zstd":
        return _Zstd()
    raise Invalid.of("unsupported_media_type", f"Content-Encoding {encoding[:40]!r}: use gzip or zstd, or none.")


def _opened(opener: _Opener, chunk: bytes) -> Iterator[bytes]:
    try:
        yield from opener.pieces(chunk)
    except (ValueError, EOFError, zlib.error, ZstdError):
        raise _unreadable("It is not what Content-Encoding says.") from None


def _unreadable(why: str) -> Invalid:
    return Invalid.of("invalid_encoding", f"The body cannot be decompressed. {why}")


class _Gzip:
    """Members of gzip, one behind the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._began = False

    @property
    def is_at_end(self) -> bool:
        return self._member.eof or not self._began

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._began = True
            piece = self._member.decompress(data, PIECE)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece


class _Zstd:
    """Frames of zstd, one behind the other."""

    def __init__(self) -> None:
        self._frame, self._began = _frame(), False

    @property
    def is_at_end(self) -> bool:
        return self._frame.eof or not self._began

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data or not self._frame.needs_input:
            if self._frame.eof:
                if not data:
                    return
                self._frame = _frame()
            self._began = True
            piece = self._frame.decompress(data, PIECE)
            data = self._frame.unused_data if self._frame.eof else b""
            if piece:
                yield piece


def _frame() -> ZstdDecompressor:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})
