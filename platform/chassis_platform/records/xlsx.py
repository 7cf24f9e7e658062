"""XLSX written as it is read: a sheet's rows go straight into the archive, and no copy of them lies anywhere.

The libraries for this format collect a sheet in a file on the disk first, where what it says would lie in clear.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from chassis_metadata.errors import LimitExceeded
from chassis_platform.plan.cells import Heading
from chassis_platform.records.csv_text import is_formula
from chassis_platform.records.sink import Sink
from chassis_tenants.database import Row

#: A sheet has 1,048,576 rows; one is the headings'.
MOST_RECORDS = 2**20 - 1
#: What a cell holds; the last sign of a longer text says that there was more.
LONGEST_TEXT = 32_767
#: An archive without its extension for large files, which not every reader knows.
_MOST_BYTES = 2**31 - 2**24
_COMPRESSION = 3

_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    # The cells' styles in order: plain, heading, date, moment, time, a text that is no formula.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_SPREADSHEET}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="21" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
_HEADING, _DATE, _MOMENT, _TIME, _QUOTED = range(1, 6)
_SHEET = f'{_XML}<worksheet xmlns="{_SPREADSHEET}"><sheetData>'
_SHEET_END = "</sheetData></worksheet>"
#: Days are counted from here; the calendar of the format is wrong before the first of March 1900.
_DAY_ZERO, _FIRST_DAY = date(1899, 12, 30), date(1900, 3, 1)
_SECONDS_A_DAY = 86_400
#: Signs that XML doesn't have, and texts that look like what stands for them.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class XlsxFile:
    """A workbook with one sheet, written row by row."""

    def __init__(self, headings: Sequence[Heading], zone: ZoneInfo) -> None:
        self._zone = zone
        self._sink = Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION)
        for name, text in _PARTS.items():
            self._archive.writestr(name, _XML + text)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w")
        self._bytes = 0
        self._write(_SHEET + _row(_text(each.label, _HEADING) for each in headings))

    def written(self, rows: Sequence[Row]) -> bytes:
        """These rows, as far as the archive has let go of them."""
        self._write("".join(_row(self._cell(value) for value in row) for row in rows))
        return self._sink.taken()

    def ended(self) -> bytes:
        """The rest of the archive."""
        self._write(_SHEET_END)
        self._sheet.close()
        self._archive.close()
        return self._sink.taken()

    def _write(self, text: str) -> None:
        content = text.encode()
        self._bytes += len(content)
        if self._bytes > _MOST_BYTES:
            raise LimitExceeded.of("exceeded_max_size_request", "This is too long for XLSX: take CSV or Parquet.")
        self._sheet.write(content)

    def _cell(self, value: Any) -> str:  # noqa: PLR0911  a kind of value, a line
        match value:
            case None:
                return "<c/>"
            case bool():
                return f'<c t="b"><v>{value:d}</v></c>'
            case Decimal():
                return f"<c><v>{value:f}</v></c>"
            case int() | float():
                return f"<c><v>{value}</v></c>"
            case datetime():
                return _moment(value.astimezone(self._zone).replace(tzinfo=None))
            case date():
                return _day(value)
            case time():
                return f'<c s="{_TIME}"><v>{_part_of_day(value)}</v></c>'
            case _:
                return _text(str(value), _QUOTED if is_formula(value) else 0)


def _row(cells: Any) -> str:
    return f"<row>{''.join(cells)}</row>"


def _text(text: str, style: int = 0) -> str:
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    shown = _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", escape(text))
    styled = f' s="{style}"' if style else ""
    return f'<c{styled} t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def _day(value: date) -> str:
    if value < _FIRST_DAY:
        return _text(value.isoformat())
    return f'<c s="{_DATE}"><v>{(value - _DAY_ZERO).days}</v></c>'


def _moment(value: datetime) -> str:
    if value.date() < _FIRST_DAY:
        return _text(value.isoformat(" ", "seconds"))
    days = (value.date() - _DAY_ZERO).days
    return f'<c s="{_MOMENT}"><v>{days + _part_of_day(value.time()):.9f}</v></c>'


def _part_of_day(value: time) -> float:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second + value.microsecond / 1e6
    return seconds / _SECONDS_A_DAY
