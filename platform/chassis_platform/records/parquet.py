"""Parquet, written row group by row group: columns keep their types, and are called by their paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import parquet

from chassis_platform.plan.cells import CellKind, Heading
from chassis_platform.records.sink import Sink
from chassis_tenants.database import Row

#: Readers work on groups: many small ones cost them time.
GROUP_ROWS = 20_000
_PRECISION = 38
_KINDS = {
    CellKind.DATE: pa.date32(),
    CellKind.DATETIME: pa.timestamp("us", "UTC"),
    CellKind.TIME: pa.time64("us"),
    CellKind.CHECKBOX: pa.bool_(),
    CellKind.TEXT: pa.string(),
}


class ParquetFile:
    """A file with a column for each heading; the label is among the column's metadata."""

    def __init__(self, headings: Sequence[Heading], zone: ZoneInfo) -> None:
        del zone  # moments know theirs
        self._schema = pa.schema([_field(each) for each in headings])
        self._as_float = [each.kind is CellKind.NUMBER and each.scale is None for each in headings]
        self._sink = Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema)
        self._rows: list[Row] = []

    def written(self, rows: Sequence[Row]) -> bytes:
        """What the file grew by: nothing, until a group is full."""
        self._rows += rows
        if len(self._rows) >= GROUP_ROWS:
            self._write_group()
        return self._sink.taken()

    def ended(self) -> bytes:
        """The last group and the list of all."""
        if self._rows:
            self._write_group()
        self._writer.close()
        return self._sink.taken()

    def _write_group(self) -> None:
        rows, self._rows = self._rows, []
        columns = [self._column(values, number) for number, values in enumerate(zip(*rows, strict=True))]
        table = pa.Table.from_arrays(columns, schema=self._schema)
        self._writer.write_table(table, row_group_size=len(rows))

    def _column(self, values: Sequence[Any], number: int) -> Any:
        if self._as_float[number]:
            values = [None if each is None else float(each) for each in values]
        return pa.array(values, self._schema.field(number).type)


def _field(heading: Heading) -> Any:
    return pa.field(heading.path, _type_of(heading), metadata={"label": heading.label})


def _type_of(heading: Heading) -> Any:
    """Numbers with a known scale stay exact."""
    if heading.kind is not CellKind.NUMBER:
        return _KINDS[heading.kind]
    return pa.float64() if heading.scale is None else pa.decimal128(_PRECISION, heading.scale)
