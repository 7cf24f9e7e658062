"""CSV, as it comes in piece by piece, to rows of cells; and rows to CSV in the same dialect."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from chassis_metadata.errors import Invalid

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_BYTE_ORDER_MARK = "\ufeff"
_UNFINISHED = "unexpected end of data"
#: A row that never ends would be read again and again, and be in memory as a whole.
_LONGEST_ROW = 10_000_000

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a job's files are written, by the wire's names."""

    delimiter: str = "COMMA"
    line_ending: str = "LF"

    def lines(self, rows: Iterable[Iterable[object]]) -> str:
        """The rows as text, every cell in quotes.

        What a job was sent is told back as it was sent, formulas of spreadsheets too: these files are read by the
        programs that made the job, and sent again when they are mended.
        """
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=DELIMITERS[self.delimiter],
            lineterminator=LINE_ENDINGS[self.line_ending],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerows(rows)
        return text.getvalue()


def bad_file(message: str) -> Invalid:
    """The file as a whole can't be read."""
    return Invalid.of("invalidbatch", f"InvalidBatch : {message}")


@dataclass(slots=True)
class RowReader:
    """Takes bytes, gives rows. A row that is not whole yet waits for the bytes that follow.

    `line` is the number of the line behind the last row given.
    """

    dialect: Dialect
    line: int = 1
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))
    _rest: str = ""
    _is_begun: bool = False

    def feed(self, content: bytes, *, is_last: bool = False) -> Iterator[tuple[int, Cells]]:
        """The rows that these bytes complete, each with the line on which it begins. Empty lines are no rows."""
        if len(self._rest) > _LONGEST_ROW:
            raise bad_file(f"Line {self.line} begins a row of more than {_LONGEST_ROW:,} characters")
        text = self._rest + self._decoded(content, is_last=is_last)
        if not self._is_begun and text:
            self._is_begun, text = True, text.removeprefix(_BYTE_ORDER_MARK)
        lines = [f"{each}\n" for each in text.split("\n")]
        lines[-1] = lines[-1][:-1]
        if is_last:
            self._rest = ""
            yield from self._rows(lines if lines[-1] else lines[:-1], is_last=True)
            return
        self._rest = lines.pop()  # it may go on
        yield from self._rows(lines, is_last=False)

    def _decoded(self, content: bytes, *, is_last: bool) -> str:
        try:
            return self._decoder.decode(content, is_last)
        except UnicodeDecodeError as error:
            raise bad_file(f"The file is not UTF-8: near line {self.line}, {error.reason}") from None

    def _rows(self, lines: Sequence[str], *, is_last: bool) -> Iterator[tuple[int, Cells]]:
        reader = csv.reader(lines, delimiter=DELIMITERS[self.dialect.delimiter], strict=True)
        done, first = 0, self.line
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if str(error) == _UNFINISHED and not is_last:
                    self._rest = "".join(lines[done:]) + self._rest
                    return
                raise bad_file(f"Line {first + done} can't be read: {error}") from None
            if cells is None:
                return
            begins, done = first + done, reader.line_num
            self.line = first + done
            if cells:
                yield begins, cells
