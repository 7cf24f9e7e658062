"""How values travel to PostgreSQL and back where psycopg's own way costs more than is needed."""

from __future__ import annotations

from typing import Any

import orjson
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.array import ListDumper


class _BytesLoader(Loader):
    """A `json` value stays the bytes that PostgreSQL sent: they are the answer's body."""

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


class _TextsDumper(ListDumper):
    """A list of texts is written as JSON writes it, which takes a tenth of the time: but for escapes it is the same."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        if set(map(type, obj)) == {str}:
            try:
                texts = orjson.dumps(obj)
            except orjson.JSONEncodeError:  # half a surrogate pair: psycopg says so
                return super().dump(obj)
            if b"\\" not in texts:
                return b"{" + texts[1:-1] + b"}"
        return super().dump(obj)


def adapt(connection: AsyncConnection[Any]) -> None:
    """Have a connection adapt values in these ways."""
    connection.adapters.register_loader("json", _BytesLoader)
    connection.adapters.register_dumper(list, _TextsDumper)
