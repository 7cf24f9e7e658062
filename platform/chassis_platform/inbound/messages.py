"""The store of inbound messages: what came, what became of it. A row an accepted unit, one for a refused document.

The first unit's row keeps the whole document, and the others are parts of it; where units are accepted each for itself,
the document has a row of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chassis_metadata.errors import Problem
from chassis_metadata.ids import new_id, new_ids
from chassis_platform.access.context import Context
from chassis_platform.automation.encryption.rotation import kept_document
from chassis_tenants.seal_marks import document_in_sql
from chassis_tenants.statement import Statement

MESSAGE_PREFIX = "0Ib"
PAGE = 50
#: Of a document with thousands of units, so many problems and records are kept in its own row.
MOST_PROBLEMS = 1_000
#: What the key of a document's own row begins with, where its units have theirs.
DOCUMENT_KEY = "document:"
_PLACE = "InboundMessage.Content"
_CONTENT = document_in_sql(_PLACE, "id", "content")


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody sent: the bytes, what they are said to be, whence, and through which key."""

    content: bytes
    content_type: str | None = None
    source_ip: str | None = None
    key_label: str | None = None


def content_key(content: bytes) -> str:
    """The key of a document that could not be read well enough to have one of its own."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def find_accepted(tenant_id: int, mapping: str, keys: Sequence[str]) -> Statement:
    """Rows (key, message id, record ids) of the units that were accepted before."""
    return Statement(
        "SELECT message_key, id, record_ids FROM chassis.inbound_message"
        " WHERE tenant_id = %(tenant_id)s AND mapping = %(mapping)s AND status = 'accepted'"
        " AND message_key = ANY(%(keys)s)",
        {"tenant_id": tenant_id, "mapping": mapping, "keys": list(keys)},
    )


def claim(context: Context, mapping: str, key: str, post: Post) -> tuple[str, Statement]:
    """Insert the row of a unit before its records, with the document; its id.

    Who comes second waits here, and then fails on the unique index.
    """
    kept = _kept(context, mapping, post, key)
    return kept["id"], Statement(
        "INSERT INTO chassis.inbound_message (tenant_id, id, mapping, message_key, status, processed_at, content_type,"
        " content, source_ip) VALUES (%(tenant_id)s, %(id)s, %(mapping)s, %(key)s, 'accepted', now(), %(content_type)s,"
        " %(content)s, %(source_ip)s)",
        kept,
        sealed=True,
    )


def claim_parts(
    context: Context, mapping: str, keys: Sequence[str], post: Post, document_id: str
) -> tuple[list[str], Statement]:
    """The same for further units of a document that another row keeps; their ids."""
    ids = new_ids(MESSAGE_PREFIX, len(keys))
    return ids, Statement(
        "INSERT INTO chassis.inbound_message (tenant_id, id, mapping, message_key, status, processed_at, content_type,"
        " content, source_ip, part_of) SELECT %(tenant_id)s, id, %(mapping)s, key, 'accepted', now(), %(content_type)s,"
        " ''::bytea, %(source_ip)s, %(document_id)s FROM unnest(%(ids)s::text[], %(keys)s::text[]) AS unit (id, key)",
        {
            "tenant_id": context.tenant.id,
            "ids": ids,
            "keys": list(keys),
            "mapping": mapping,
            "content_type": _short(post.content_type),
            "source_ip": post.source_ip,
            "document_id": document_id,
        },
    )


def claim_refused(tenant_id: int, message_id: str, key: str) -> Statement:
    """Make a refused message's row that of the unit which is now accepted."""
    return Statement(
        "UPDATE chassis.inbound_message SET status = 'accepted', message_key = %(key)s, processed_at = now(),"
        " problems = '[]'::jsonb WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'refused' RETURNING id",
        {"tenant_id": tenant_id, "id": message_id, "key": key},
    )


def note_records(tenant_id: int, records: Mapping[str, Sequence[str]], result: Mapping[str, Any]) -> Statement:
    """What accepted messages made: record ids by the message's id."""
    rows = [{"id": message_id, "records": list(ids)} for message_id, ids in records.items()]
    return Statement(
        "UPDATE chassis.inbound_message m SET record_ids = ARRAY(SELECT jsonb_array_elements_text(made.records)),"
        " result = %(result)s::jsonb FROM jsonb_to_recordset(%(rows)s::jsonb) AS made (id text, records jsonb)"
        " WHERE m.tenant_id = %(tenant_id)s AND m.id = made.id",
        {"tenant_id": tenant_id, "rows": _json(rows), "result": _json(result)},
    )


def keep_document(context: Context, mapping: str, post: Post, units: int) -> Statement:
    """The row of a document whose units are accepted each for itself. The row is its id, an earlier one's too.

    Until `conclude_document` it says that it is not finished: so what a crash cut off is seen, and can be replayed.
    """
    kept = _kept(context, mapping, post, DOCUMENT_KEY + content_key(post.content))
    unfinished = _json([{"code": "NOT_FINISHED", "message": "Not all units were looked at.", "line": 1, "column": 1}])
    return Statement(
        "WITH before AS (SELECT id FROM chassis.inbound_message WHERE tenant_id = %(tenant_id)s"
        " AND mapping = %(mapping)s AND message_key = %(key)s ORDER BY received_at DESC LIMIT 1), made AS ("
        "INSERT INTO chassis.inbound_message (tenant_id, id, mapping, message_key, status, processed_at, content_type,"
        " content, problems, result, source_ip) SELECT %(tenant_id)s, %(id)s, %(mapping)s, %(key)s, 'partial', now(),"
        " %(content_type)s, %(content)s, %(problems)s::jsonb, %(result)s::jsonb, %(source_ip)s"
        " WHERE NOT EXISTS (SELECT FROM before) RETURNING id) SELECT id FROM before UNION ALL SELECT id FROM made",
        {**kept, "problems": unfinished, "result": _json({**sender(context, post), "units": units})},
        sealed=True,
    )


def conclude_document(
    tenant_id: int,
    message_id: str,
    status: str,
    problems: Sequence[Problem],
    *,
    record_ids: Sequence[str],
    result: Mapping[str, Any],
) -> Statement:
    """What became of a document whose units were accepted each for itself."""
    return Statement(
        "UPDATE chassis.inbound_message SET status = %(status)s, problems = %(problems)s::jsonb, processed_at = now(),"
        " received_at = now(), record_ids = CASE WHEN cardinality(%(record_ids)s::text[]) > 0 THEN"
        " %(record_ids)s::text[] ELSE record_ids END, result = coalesce(result, '{}'::jsonb) || %(result)s::jsonb"
        " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
        {
            "tenant_id": tenant_id,
            "id": message_id,
            "status": status,
            "problems": _problems(problems[:MOST_PROBLEMS]),
            "record_ids": list(record_ids[:MOST_PROBLEMS]),
            "result": _json(result),
        },
    )


def keep_refused(context: Context, mapping: str, post: Post, problems: Iterable[Problem]) -> Statement:
    """Keep a document that was refused; one that is kept already is only stamped anew. The row is its id."""
    return Statement(
        "WITH kept AS (UPDATE chassis.inbound_message SET received_at = now(), problems = %(problems)s::jsonb"
        " WHERE tenant_id = %(tenant_id)s AND id = (SELECT id FROM chassis.inbound_message"
        " WHERE tenant_id = %(tenant_id)s AND mapping = %(mapping)s AND message_key = %(key)s AND status = 'refused'"
        " ORDER BY received_at DESC LIMIT 1) RETURNING id), made AS ("
        "INSERT INTO chassis.inbound_message (tenant_id, id, mapping, message_key, status, processed_at, content_type,"
        " content, problems, result, source_ip) SELECT %(tenant_id)s, %(id)s, %(mapping)s, %(key)s, 'refused', now(),"
        " %(content_type)s, %(content)s, %(problems)s::jsonb, %(result)s::jsonb, %(source_ip)s"
        " WHERE NOT EXISTS (SELECT FROM kept) RETURNING id) SELECT id FROM kept UNION ALL SELECT id FROM made",
        {
            **_kept(context, mapping, post, content_key(post.content)),
            "problems": _problems(problems),
            "result": _json(sender(context, post)),
        },
        sealed=True,
    )


def _kept(context: Context, mapping: str, post: Post, key: str) -> dict[str, Any]:
    message_id = new_id(MESSAGE_PREFIX)
    return {
        "tenant_id": context.tenant.id,
        "id": message_id,
        "mapping": mapping,
        "key": key,
        "content_type": _short(post.content_type),
        "content": kept_document(context.snapshot, _PLACE, message_id, post.content),
        "source_ip": post.source_ip,
    }


def sender(context: Context, post: Post) -> dict[str, str | None]:
    """Who sent a document, for a replay."""
    return {"run_as": context.principal.user_id, "key": post.key_label}


def note_problems(tenant_id: int, message_id: str, problems: Iterable[Problem]) -> Statement:
    """What a replay found wrong this time."""
    return Statement(
        "UPDATE chassis.inbound_message SET problems = %(problems)s::jsonb, processed_at = now()"
        " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'refused'",
        {"tenant_id": tenant_id, "id": message_id, "problems": _problems(problems)},
    )


def find_message(tenant_id: int, message_id: str) -> Statement:
    """A message, or the document that it is a part of: (mapping, status, content type, content, result)."""
    return Statement(
        f"SELECT mapping, status, content_type, {_CONTENT}, result"  # noqa: S608  the place is this file's
        " FROM chassis.inbound_message WHERE tenant_id = %(tenant_id)s AND id = (SELECT coalesce(part_of, id)"
        " FROM chassis.inbound_message WHERE tenant_id = %(tenant_id)s AND id = %(id)s)",
        {"tenant_id": tenant_id, "id": message_id},
        sealed=True,
    )


def list_messages(tenant_id: int, status: str | None, after: str | None) -> Statement:
    """The newest messages, one more than a page has; `after` is the id of the last one seen."""
    return Statement(
        "SELECT id, mapping, message_key, received_at, status, problems, record_ids FROM chassis.inbound_message m"
        " WHERE tenant_id = %(tenant_id)s AND part_of IS NULL"
        " AND (%(status)s::text IS NULL OR status = %(status)s::text)"
        " AND (%(after)s::text IS NULL OR (received_at, id) < (SELECT received_at, id FROM chassis.inbound_message"
        " WHERE tenant_id = %(tenant_id)s AND id = %(after)s::text))"
        " ORDER BY received_at DESC, id DESC LIMIT %(most)s",
        {"tenant_id": tenant_id, "status": status, "after": after, "most": PAGE + 1},
    )


def problem_entries(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems as they are kept and shown."""
    return [
        {"code": each.code.upper(), "message": each.message, "line": each.line, "column": each.column}
        for each in problems
    ]


def _problems(problems: Iterable[Problem]) -> str:
    return _json(problem_entries(problems))


def _json(value: object) -> str:
    # NUL is the one character that PostgreSQL's JSON can't hold.
    return orjson.dumps(value).decode().replace("\\u0000", " ")


def _short(text: str | None) -> str | None:
    return text.replace("\0", "")[:200] if text else None
