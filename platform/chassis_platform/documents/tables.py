"""Tables of text, separated by a character or in columns of a fixed width, to elements: `/table/row/column`.

With `group_by`, rows that have the same in those columns are one `/table/group`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from lxml import etree

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import near
from chassis_platform.documents.elements import element_name, xml_text
from chassis_platform.documents.xml_text import malformed

CSV, FIXED_WIDTH = "csv", "fixed_width"
FORMATS = (CSV, FIXED_WIDTH)
MOST_COLUMNS = 500
MOST_ROWS = 50_000
LONGEST_CELL = 131_072
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "caret": "^"}

#: A row: the line in which it begins, and its cells by the names of the columns.
Row = tuple[int, Mapping[str, str]]


def read_table(content: bytes, charset: str | None, body: Mapping[str, Any]) -> etree._Element:
    """The elements of a table; Invalid says the line of whatever can't be read."""
    text = _decoded(content, charset, body.get("encoding", ("utf-8",)))
    rows = _fixed(text, body) if body["format"] == FIXED_WIDTH else _separated(text, body)
    table = etree.Element("table")
    for element in _grouped(_elements(rows), body.get("group_by", ())):
        table.append(element)
    return table


def _decoded(content: bytes, charset: str | None, encodings: Sequence[str]) -> str:
    """By its mark, by what the transport says, or the first of the mapping's encodings in which it is text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            content, encodings, charset = content[len(mark) :], (encoding,), None
            break
    tried = [charset, *encodings] if charset is not None and charset in encodings else list(encodings)
    for encoding in tried[:-1]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    last: str = tried[-1]
    try:
        return content.decode(last)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(last, "replace")
        message = f"This is no text in {' or '.join(tried)}: {error.reason}."
        raise malformed("invalid_encoding", message, before, len(before)) from None


def _separated(text: str, body: Mapping[str, Any]) -> Iterator[Row]:
    delimiter = _DELIMITERS[body.get("delimiter", "comma")]
    lines = io.StringIO(text, newline="")
    for _ in range(body.get("skip_lines", 0)):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    cells = _cells(reader, body.get("skip_lines", 0))
    columns: Sequence[Mapping[str, Any]] = body.get("columns", ())
    if body.get("header", True):
        line, header = next(cells, (1, []))
        names = _names(header, columns, line)
    else:
        names = [str(each["name"]) for each in columns]
    for line, row in cells:
        if len(row) > len(names) and any(map(str.strip, row[len(names) :])):
            message = f"The line has {len(row)} cells; there are {len(names)} columns."
            raise Invalid(Problem("", "wrong_cell_count", message, line=line, column=1))
        yield line, {name: each for name, each in zip(names, row, strict=False) if name}


def _cells(reader: Any, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with the line in which each begins."""
    before: int = skipped
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield before + 1, row
            before = skipped + int(reader.line_num)
    except csv.Error as error:
        message = f"This is not CSV: {error}."
        raise Invalid(Problem("", "csv_parser_error", message, line=skipped + reader.line_num, column=1)) from None


def _names(header: Sequence[str], columns: Sequence[Mapping[str, Any]], line: int) -> list[str]:
    """How paths call each column: by the mapping's name for that heading, or by the heading as an element's name."""
    headings = [each.strip() for each in header]
    if not any(headings):
        raise Invalid(Problem("", "nothing_found", "The table has no header.", line=line, column=1))
    known = {heading.lower(): each["name"] for each in columns for heading in _headings(each)}
    names = [known.get(each.lower()) or (element_name(each) if each else "") for each in headings]
    problems = [
        Problem("", "missing_column", _missing(each, headings), line=line, column=1)
        for each in columns
        if each.get("required") and each["name"] not in names
    ]
    twice = next((each for number, each in enumerate(names) if each and each in names[:number]), None)
    if twice is not None:
        problems.append(Problem("", "duplicate_column", f"There are two columns {twice!r}.", line=line, column=1))
    if len(names) > MOST_COLUMNS:
        problems.append(Problem("", "too_many_columns", f"A table has at most {MOST_COLUMNS} columns.", line=line))
    if problems:
        raise Invalid(problems)
    return names


def _headings(column: Mapping[str, Any]) -> Sequence[str]:
    headings: Sequence[str] = column.get("headings", (column["name"],))
    return headings


def _missing(column: Mapping[str, Any], headings: Sequence[str]) -> str:
    wanted = " or ".join(map(repr, _headings(column)))
    return f"There is no column {wanted}.{near(_headings(column)[0], headings)}"


def _fixed(text: str, body: Mapping[str, Any]) -> Iterator[Row]:
    columns: Sequence[Mapping[str, Any]] = body["columns"]
    skipped = body.get("skip_lines", 0)
    for number, line in enumerate(text.splitlines(), 1):
        if number > skipped and line.strip():
            yield number, {each["name"]: line[each["from"] - 1 : each["to"]] for each in columns}


def _elements(rows: Iterable[Row]) -> Iterator[etree._Element]:
    for count, (line, cells) in enumerate(rows):
        if count >= MOST_ROWS:
            raise Invalid.of("too_many_records", f"A table has at most {MOST_ROWS:,} lines. Send several.")
        element = etree.Element("row")
        element.sourceline = min(line, 65_535)  # type: ignore[assignment]  # more does not fit
        for name, text in cells.items():
            if len(text) > LONGEST_CELL:
                message = f"A cell has at most {LONGEST_CELL:,} characters."
                raise Invalid(Problem("", "too_long", message, line=line, column=1))
            etree.SubElement(element, name).text = xml_text(text)
        yield element


def _grouped(rows: Iterator[etree._Element], names: Sequence[str]) -> Iterable[etree._Element]:
    """Rows of the same values together, in the order of the first of each; one without any of them is for itself."""
    if not names:
        return rows
    groups: dict[tuple[str, ...], etree._Element] = {}
    alone: list[etree._Element] = []
    for row in rows:
        key = tuple((row.findtext(name) or "").strip() for name in names)
        group = groups.get(key) if any(key) else None
        if group is None:
            group = etree.Element("group")
            group.sourceline = row.sourceline
            if any(key):
                groups[key] = group
            else:
                alone.append(group)
        group.append(row)
    return chain(groups.values(), alone)
