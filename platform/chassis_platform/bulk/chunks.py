"""What is kept of a job's rows: batches as they were uploaded, and what became of them. Sealed and compressed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from chassis_platform.bulk.csv_rows import Cells
from chassis_tenants.seal_marks import document_in_sql, document_to_seal
from chassis_tenants.statement import Statement

_ROWS, _OUTCOME, _UNDO = "BulkChunk.Content", "BulkOutcome.Content", "BulkOutcome.Undo"
#: Rows are compressed once and read once or twice: more effort doesn't pay.
_EFFORT = 1


def _packed(document: object) -> bytes:
    return zlib.compress(orjson.dumps(document), _EFFORT)


def _unpacked(content: bytes) -> Any:
    """Nothing is left where the key that sealed it was destroyed."""
    return orjson.loads(zlib.decompress(content)) if content else []


class Outcome(NamedTuple):
    """What became of one row: the record, or what was wrong."""

    id: str | None
    is_created: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A batch of rows; `lines` says on which line of the file each begins."""

    number: int
    rows: Sequence[Cells]
    lines: Sequence[int]


_INSERT_CHUNK = Statement(
    "INSERT INTO chassis.bulk_chunk (tenant_id, job_id, number, records, first_line, content)"
    " SELECT %(tenant_id)s, %(job_id)s, %(number)s, %(records)s, %(first_line)s, %(content)s FROM chassis.bulk_job"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s AND upload = %(upload)s RETURNING number",
    sealed=True,
)


def insert_chunk(tenant_id: int, job_id: str, upload: str, chunk: Chunk) -> Statement:
    """Keep a batch of an upload; no row comes back where another upload has taken its place."""
    content = _packed({"rows": chunk.rows, "lines": chunk.lines})
    return _INSERT_CHUNK.bind(
        tenant_id=tenant_id,
        job_id=job_id,
        upload=upload,
        number=chunk.number,
        records=len(chunk.rows),
        first_line=chunk.lines[0],
        content=document_to_seal(_ROWS, f"{job_id}.{chunk.number}", content),
    )


_CHUNK_KEY = "c.job_id || '.' || c.number"
_READ_CHUNK = Statement(
    f"SELECT {document_in_sql(_ROWS, _CHUNK_KEY, 'c.content')}"  # noqa: S608  a place of this file
    " FROM chassis.bulk_chunk c WHERE c.tenant_id = %(tenant_id)s AND c.job_id = %(job_id)s AND c.number = %(number)s",
    sealed=True,
)


def read_chunk(tenant_id: int, job_id: str, number: int) -> Statement:
    """One batch; `chunk_of` understands its row."""
    return _READ_CHUNK.bind(tenant_id=tenant_id, job_id=job_id, number=number)


def chunk_of(number: int, content: Any) -> Chunk:
    """A batch as it was kept."""
    found = _unpacked(bytes(content)) or {"rows": [], "lines": []}
    return Chunk(number, found["rows"], found["lines"])


#: Who writes rows of a batch waits for whoever is writing rows of it, and sees what that one has written.
_IN_TURN = Statement(
    "SELECT FROM chassis.bulk_chunk WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND number = %(number)s"
    " FOR UPDATE"
)
#: Where some of the rows have an outcome, this one takes its key, and so fails.
_INSERT_OUTCOME = Statement(
    "INSERT INTO chassis.bulk_outcome (tenant_id, job_id, phase, number, start, records, failed, spent_ms, content,"
    " undo) SELECT %(tenant_id)s, %(job_id)s, %(phase)s, %(number)s, coalesce((SELECT o.start"
    " FROM chassis.bulk_outcome o WHERE o.tenant_id = %(tenant_id)s AND o.job_id = %(job_id)s"
    " AND o.phase = %(phase)s AND o.number = %(number)s AND o.start < %(start)s::integer + %(records)s::integer"
    " AND o.start + o.records > %(start)s::integer LIMIT 1), %(start)s::integer), %(records)s::integer, %(failed)s,"
    " %(spent_ms)s, %(content)s, %(undo)s",
    sealed=True,
)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a batch that are written together, from `start` on."""

    job_id: str
    phase: str
    number: int
    start: int

    @property
    def place(self) -> str:
        """What its content is sealed for."""
        return f"{self.job_id}.{self.phase}.{self.number}.{self.start}"


def insert_outcome(
    tenant_id: int, part: Part, outcomes: Sequence[Outcome], *, spent_ms: int = 0, undo: object = None
) -> list[Statement]:
    """Keep what became of some rows. It fails where any of them has an outcome already: somebody else wrote it."""
    kept = _INSERT_OUTCOME.bind(
        tenant_id=tenant_id,
        job_id=part.job_id,
        phase=part.phase,
        number=part.number,
        start=part.start,
        records=len(outcomes),
        failed=sum(each.error is not None for each in outcomes),
        spent_ms=spent_ms,
        content=document_to_seal(_OUTCOME, part.place, _packed([*map(list, outcomes)])),
        undo=None if undo is None else document_to_seal(_UNDO, part.place, _packed(undo)),
    )
    return [_IN_TURN.bind(tenant_id=tenant_id, job_id=part.job_id, number=part.number), kept]


_KEY = "o.job_id || '.' || o.phase || '.' || o.number || '.' || o.start"
_OF_BATCH = (
    "FROM chassis.bulk_outcome o WHERE o.tenant_id = %(tenant_id)s AND o.job_id = %(job_id)s AND o.phase = %(phase)s"
    " AND o.number = %(number)s"
)
_READ_OUTCOMES = Statement(
    f"SELECT o.start, {document_in_sql(_OUTCOME, _KEY, 'o.content')} {_OF_BATCH} ORDER BY o.start",
    sealed=True,
)
_READ_UNDO = Statement(
    f"SELECT o.start, {document_in_sql(_UNDO, _KEY, 'o.undo')} {_OF_BATCH} AND o.undo IS NOT NULL ORDER BY o.start",
    sealed=True,
)
_WRITTEN = Statement(f"SELECT o.start, o.records {_OF_BATCH}")
_PENDING = (
    "FROM chassis.bulk_chunk c WHERE c.tenant_id = %(tenant_id)s AND c.job_id = %(job_id)s AND c.records >"
    " (SELECT coalesce(sum(o.records), 0) FROM chassis.bulk_outcome o WHERE o.tenant_id = %(tenant_id)s"
    " AND o.job_id = %(job_id)s AND o.phase = %(phase)s AND o.number = c.number)"
)
_PENDING_OF_LANE = Statement(
    f"SELECT c.number {_PENDING} AND c.number %% %(lanes)s::integer = %(lane)s::integer ORDER BY c.number"
)
#: No row where batches are left.
IS_ALL_DONE = Statement(f"SELECT 1 WHERE NOT EXISTS (SELECT {_PENDING})")


def pending_batches(tenant_id: int, job_id: str, phase: str, *, lane: int, lanes: int) -> Statement:
    """The numbers of a lane's batches that are not, or not wholly, written."""
    return _PENDING_OF_LANE.bind(tenant_id=tenant_id, job_id=job_id, phase=phase, lane=lane, lanes=lanes)


def written_parts(tenant_id: int, job_id: str, phase: str, number: int) -> Statement:
    """Which rows of a batch are written: (start, records)."""
    return _WRITTEN.bind(tenant_id=tenant_id, job_id=job_id, phase=phase, number=number)


def read_outcomes(tenant_id: int, job_id: str, phase: str, number: int) -> Statement:
    """What became of the rows of a batch, part by part; `outcomes_of` understands the rows."""
    return _READ_OUTCOMES.bind(tenant_id=tenant_id, job_id=job_id, phase=phase, number=number)


def outcomes_of(rows: Sequence[tuple[Any, ...]]) -> dict[int, Outcome]:
    """Outcomes by the row's place in its batch."""
    return {
        start + place: Outcome(*told) for start, content in rows for place, told in enumerate(_unpacked(bytes(content)))
    }


_COUNT = Statement(
    "SELECT o.phase, sum(o.records)::bigint, sum(o.failed)::bigint FROM chassis.bulk_outcome o"
    " WHERE o.tenant_id = %(tenant_id)s AND o.job_id = %(job_id)s GROUP BY o.phase"
)
_CLEAR = Statement(
    "DELETE FROM chassis.bulk_outcome WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND phase = %(phase)s"
)


def count_outcomes(tenant_id: int, job_id: str) -> Statement:
    """How far each phase is: (phase, records, failed)."""
    return _COUNT.bind(tenant_id=tenant_id, job_id=job_id)


def clear_outcomes(tenant_id: int, job_id: str, phase: str) -> Statement:
    """Forget what became of a phase: it is gone through anew."""
    return _CLEAR.bind(tenant_id=tenant_id, job_id=job_id, phase=phase)


def read_undo(tenant_id: int, job_id: str, phase: str, number: int) -> Statement:
    """What would take the rows of a batch back; `undo_of` understands the rows."""
    return _READ_UNDO.bind(tenant_id=tenant_id, job_id=job_id, phase=phase, number=number)


def undo_of(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """All of it, in the order of the rows."""
    return [each for _, content in rows for each in _unpacked(bytes(content))]
