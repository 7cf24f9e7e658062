"""The data files that declared functions look things up in: CSV, gzipped, carried as base64 in the function's body.

A file is unpacked when the first value is asked for, once a process. Rows are kept as text and split when their key is
asked for: a quarter of a million rows take forty megabytes so, and a value is decoded in under a millisecond.
"""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid

LARGEST_TABLE = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class FunctionTable:
    """A data file by one of its columns. `lines` are the file's own; `places` says in which of them a key is."""

    columns: tuple[str, ...]
    lines: list[str]
    places: Mapping[str, list[int]]

    def rows(self, key: str) -> Iterator[dict[str, str]]:
        """The rows with that key, in the file's order."""
        for values in csv.reader(self.lines[place] for place in self.places.get(key, ())):
            yield dict(zip(self.columns, values, strict=False))

    def row(self, key: str) -> dict[str, str] | None:
        """The first row with that key."""
        return next(self.rows(key), None)


def table_of(definition: FunctionDefinition, file: str, key: str) -> FunctionTable:
    """The file of that name in the function's body, by the column `key`; keys are compared in small letters."""
    packed = definition.body.get("files", {}).get(file)
    if packed is None:
        raise Invalid.of("missing_file", f"functions.{definition.name}: the data file {file} is not in the package.")
    return _table(packed, key)


@lru_cache(maxsize=64)
def _table(packed: str, key: str) -> FunctionTable:
    lines = _unpack(packed).splitlines(keepends=True)
    columns = tuple(next(csv.reader(lines[:1]), ()))
    if key not in columns:
        raise Invalid.of("unknown_column", f"The data file has no column {key!r}, only {', '.join(columns)}.")
    return FunctionTable(columns, lines, _places(lines, columns.index(key)))


def _places(lines: list[str], column: int) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, values in enumerate(csv.reader(lines)):
        if place and column < len(values):
            places.setdefault(values[column].lower(), []).append(place)
    return places


def _unpack(packed: str) -> str:
    try:
        content = base64.b64decode(packed, validate=True)
        if content.startswith(_GZIP):
            content = _inflate(content)
        return content.decode("utf-8-sig")
    except (binascii.Error, gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise Invalid.of("invalid_data_file", f"A data file is CSV in UTF-8, perhaps gzipped: {error}.") from None


def _inflate(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        inflated = file.read(LARGEST_TABLE + 1)
    if len(inflated) > LARGEST_TABLE:
        raise Invalid.of("file_too_large", f"A data file unpacks to at most {LARGEST_TABLE:,} bytes.")
    return inflated
