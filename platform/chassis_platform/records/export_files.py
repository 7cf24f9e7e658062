"""The formats of exported files: each is written piece by piece, and says what it can't hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from chassis_platform.plan.cells import Heading
from chassis_platform.records.csv_text import BYTE_ORDER_MARK, csv_lines
from chassis_platform.records.xlsx import MOST_RECORDS, XlsxFile
from chassis_tenants.database import Row


class FileFormat(StrEnum):
    """What a file may be written as; the ending of its name too."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """The name of the format on the wire."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    FileFormat.CSV: "text/csv;charset=UTF-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}
#: The records that a file of the format can hold.
MOST_ROWS = {FileFormat.XLSX: MOST_RECORDS}


class File(Protocol):
    """A file that is being written."""

    def written(self, rows: Sequence[Row]) -> bytes:
        """What the file grew by with these rows."""

    def ended(self) -> bytes:
        """What the file ends with."""


class CsvFile:
    """CSV for spreadsheets."""

    def __init__(self, headings: Sequence[Heading], zone: ZoneInfo) -> None:
        del zone  # moments are written in UTC, and say so
        self._head = BYTE_ORDER_MARK + csv_lines([[each.label for each in headings]])

    def written(self, rows: Sequence[Row]) -> bytes:
        """The lines of these rows."""
        head, self._head = self._head, ""
        return (head + csv_lines(rows)).encode()

    def ended(self) -> bytes:
        """Nothing follows the last line."""
        return b""


def _parquet_file(headings: Sequence[Heading], zone: ZoneInfo) -> File:
    # The library takes 75 MB of memory and 0.2 s: who never writes this format does without.
    from chassis_platform.records.parquet import ParquetFile  # noqa: PLC0415

    return ParquetFile(headings, zone)


_FILES: Mapping[FileFormat, Callable[[Sequence[Heading], ZoneInfo], File]] = {
    FileFormat.CSV: CsvFile,
    FileFormat.XLSX: XlsxFile,
    FileFormat.PARQUET: _parquet_file,
}


def new_file(file_format: FileFormat, headings: Sequence[Heading], zone: ZoneInfo) -> File:
    """A file of that format; `zone` is where formats without time zones take moments to be."""
    return _FILES[file_format](headings, zone)
