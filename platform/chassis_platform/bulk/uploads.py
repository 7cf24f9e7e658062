"""An upload: bytes as they come are read, cut into batches of rows and kept, so that memory stays flat.

The whole file is read before a record is written: one that is broken on its last line changes nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import Chunk, insert_chunk
from chassis_platform.bulk.columns import check_header
from chassis_platform.bulk.csv_rows import Cells, Dialect, RowReader, bad_file
from chassis_platform.bulk.jobs import PREFIX, BulkJob, JobType, State, wrong_state
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

LARGEST_UPLOAD = 150 * 1024 * 1024
#: Of an import, whose rows people look at, try first and take back. A bulk job has no such limit.
MOST_IMPORTED_ROWS = 500_000
#: A batch is written as one set. Larger ones are hardly faster, and hold locks longer.
BATCH_ROWS, BATCH_CHARACTERS = 1_000, 2_000_000
_PIECE = 256 * 1024

_BEGIN = (
    Statement(
        "UPDATE chassis.bulk_job SET upload = %(upload)s, changed_at = %(now)s WHERE tenant_id = %(tenant_id)s"
        " AND id = %(job_id)s AND state = 'Open' AND chunks = 0 RETURNING id"
    ),
    Statement("DELETE FROM chassis.bulk_chunk WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s"),
)
_FINISH = Statement(
    "UPDATE chassis.bulk_job SET upload = NULL, chunks = %(chunks)s, records = %(records)s, content_bytes = %(size)s,"
    " settings = settings || %(settings)s::jsonb, changed_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s AND upload = %(upload)s AND state = 'Open' RETURNING id"
)
_SPOILT = Statement(
    "UPDATE chassis.bulk_job SET upload = NULL, chunks = 1, content_bytes = %(size)s,"
    " settings = settings || %(settings)s::jsonb, changed_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s AND upload = %(upload)s RETURNING id"
)
#: In a job's settings: the columns, and what is wrong with the file.
HEADER, PROBLEM = "header", "problem"


async def take_upload(
    database: Database, context: Context, job: BulkJob, content: AsyncIterator[bytes], *, compressed: bool = False
) -> None:
    """Keep a job's file. What is wrong with its form is kept too: the job fails by it when it is closed."""
    upload = _Upload(database, context, job)
    if job.state is not State.OPEN or not await upload.begin():
        message = (
            f"Found multiple contents for job: {job.id}, please 'Close' / 'Abort' / 'Delete' the current Job then"
            " create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise wrong_state(message if job.chunks else f"The job is in state {job.state}: it takes no content")
    pieces = _inflated(content) if compressed else content
    try:
        async for piece in pieces:
            await upload.take(piece)
        await upload.finish()
    except Invalid as error:
        if error.problems[0].code != "invalidbatch":
            raise
        await upload.spoil(error.problems[0].message)


async def _inflated(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpacked in small pieces: a little sent may be very much when it is unpacked."""
    packed = zlib.decompressobj(wbits=31)
    try:
        async for sent in content:
            tail, is_more = sent, False
            while tail or is_more:
                if packed.eof:  # packed files may stand one behind the other
                    packed = zlib.decompressobj(wbits=31)
                piece = packed.decompress(tail, _PIECE)
                if piece:
                    yield piece
                tail = packed.unused_data if packed.eof else packed.unconsumed_tail
                is_more = len(piece) == _PIECE and not packed.eof
        if not packed.eof:
            raise bad_file("The gzip stream ends too early")
    except zlib.error:
        raise bad_file("The content is not gzip, as its Content-Encoding says") from None


def _too_many() -> Invalid:
    return bad_file(f"The file has more than {MOST_IMPORTED_ROWS:,} rows: make several imports, or a bulk job")


def _too_large() -> Invalid:
    return Invalid.of("request_too_large", f"The content is larger than {LARGEST_UPLOAD:,} bytes: make several jobs.")


@dataclass(slots=True)
class _Upload:
    """An upload on its way, with the rows of the batch that is not full yet."""

    database: Database
    context: Context
    job: BulkJob
    token: str = field(default_factory=lambda: new_id(PREFIX))
    size: int = 0
    chunks: int = 0
    records: int = 0
    header: Cells | None = None
    rows: list[Cells] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    characters: int = 0
    reader: RowReader = field(init=False)

    def __post_init__(self) -> None:
        settings = self.job.settings
        self.reader = RowReader(Dialect(settings["columnDelimiter"], settings["lineEnding"]))

    @property
    def _named(self) -> dict[str, Any]:
        return {
            "tenant_id": self.context.tenant.id,
            "job_id": self.job.id,
            "upload": self.token,
            "now": clock.now(),
        }

    async def begin(self) -> bool:
        """Take the place of an upload that broke off; False where the job has its content already."""
        async with self.database.transaction(self.context.binding) as transaction:
            begun = await transaction.fetch(_BEGIN[0].bind(**self._named))
            if begun:
                await transaction.fetch(_BEGIN[1].bind(**self._named))
        return bool(begun)

    async def take(self, content: bytes) -> None:
        """Read on, a piece at a time: others are served in between."""
        self.size += len(content)
        if self.size > LARGEST_UPLOAD:
            raise _too_large()
        for start in range(0, len(content), _PIECE):
            for line, cells in self.reader.feed(content[start : start + _PIECE]):
                self._keep(line, cells)
                if len(self.rows) >= BATCH_ROWS or self.characters >= BATCH_CHARACTERS:
                    await self._send()

    def _keep(self, line: int, cells: Cells) -> None:
        if self.header is None:
            check_header(cells)
            self.header = cells
            return
        if len(cells) != len(self.header):
            raise bad_file(f"Line {line} has {len(cells)} cells; the header has {len(self.header)} columns")
        if self.job.job_type is JobType.IMPORT and self.records + len(self.rows) >= MOST_IMPORTED_ROWS:
            raise _too_many()
        self.rows.append(cells)
        self.lines.append(line)
        self.characters += sum(map(len, cells))

    async def _send(self) -> None:
        chunk = Chunk(self.chunks, self.rows, self.lines)
        statement = insert_chunk(self.context.tenant.id, self.job.id, self.token, chunk)
        [kept] = await self.database.read(self.context.binding, statement)
        if not kept:
            raise wrong_state("Another upload has taken the place of this one, or the job was aborted")
        self.chunks, self.records = self.chunks + 1, self.records + len(self.rows)
        self.rows, self.lines, self.characters = [], [], 0

    async def finish(self) -> None:
        """The end of the file."""
        for line, cells in self.reader.feed(b"", is_last=True):
            self._keep(line, cells)
        if self.header is None:
            raise bad_file("The file is empty: its first line must name the columns")
        if self.rows:
            await self._send()
        await self._close(_FINISH, {HEADER: self.header})

    async def spoil(self, message: str) -> None:
        """Note that nothing can be done with the file."""
        await self._close(_SPOILT, {HEADER: self.header or [], PROBLEM: message})

    async def _close(self, statement: Statement, settings: dict[str, Any]) -> None:
        told = {"chunks": self.chunks, "records": self.records, "size": self.size}
        asked = statement.bind(**self._named, **told, settings=orjson.dumps(settings).decode().replace("\\u0000", " "))
        await self.database.read(self.context.binding, asked)
