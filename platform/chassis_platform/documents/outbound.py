"""A record as a document for others: read down the road of every read, as a user; written as a mapping says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from lxml import etree

from chassis_metadata.errors import Invalid, LimitExceeded, NotFound
from chassis_metadata.forms import near
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.outbound_document import OutboundDocument, outbound_documents
from chassis_platform.access.context import Context
from chassis_platform.documents.elements import grow
from chassis_platform.documents.expressions import At, Scope, Setting, evaluate
from chassis_platform.documents.questions import Question, answer_all
from chassis_platform.documents.setting import setting_of
from chassis_platform.documents.writers import WRITERS
from chassis_platform.records import read as reading
from chassis_tenants.database import Database

DOOR = "document"
_MOST_ROUNDS = 8
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.-]+")
LONGEST_FILE_NAME = 80


@dataclass(frozen=True, slots=True)
class MadeDocument:
    """A document's bytes, what they are, and how a file of them is called."""

    content: bytes
    content_type: str
    file_name: str


def document_named(context: Context, name: str) -> OutboundDocument:
    """The active document of that name; NotFound without one."""
    known = outbound_documents(context.snapshot)
    if name not in known:
        raise NotFound.of("not_found", f"There is no outbound document {name[:80]!r}.{near(name, known)}")
    return known[name]


async def make_document(
    database: Database, context: Context, document: OutboundDocument, record_id: str, now: datetime
) -> MadeDocument:
    """The document of a record, with what the context's user may read, masked as the user sees it."""
    record = await _record(database, context, document, record_id)
    setting = setting_of(context, now)
    known: dict[Question, Any] = {}
    for _ in range(_MOST_ROUNDS):
        made, wanted = await asyncio.to_thread(_written, document, record, setting, known)
        if not wanted:
            return made
        known |= await answer_all(database, context, wanted, DOOR)
    raise Invalid.of("invalid_mapping", "The document's look-ups need each other's answers without end.")


async def _record(
    database: Database, context: Context, document: OutboundDocument, record_id: str
) -> Mapping[str, Any]:
    prefix = context.snapshot.objects[document.object_name].key_prefix
    if not is_id(record_id) or record_id[:3] != prefix:
        raise NotFound.of("not_found", f"There is no such record of {document.object_name}.")
    text = f"{document.soql()}'{normal_id(record_id)}'"
    records = orjson.loads(await reading.query(database, context, text, door=DOOR))["records"]
    if not records:
        raise NotFound.of("not_found", f"There is no such record of {document.object_name}.")
    record: Mapping[str, Any] = _plain(records[0])
    return record


def _plain(value: Any) -> Any:
    """A record of an answer without what is about the answer; child sets as lists."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "records" in value and "done" in value:
        if not value["done"]:
            raise LimitExceeded.of("too_many_records", "The record has more children than a document may hold.")
        return _plain(value["records"])
    return {name: _plain(each) for name, each in value.items() if name != "attributes"}


def _written(
    document: OutboundDocument, record: Mapping[str, Any], setting: Setting, known: Mapping[Question, Any]
) -> tuple[MadeDocument, set[Question]]:
    root = etree.Element("record")
    grow(root, record)
    scope = Scope(document.body.get("values", {}), (), frozenset(), setting, root, known)
    at = At(root, root, scope)
    content = WRITERS[document.format](document.body, at)
    name = evaluate(document.body["file_name"], at) if "file_name" in document.body else None
    safe = _NOT_IN_FILE_NAMES.sub("_", str(name or record["Id"]))[:LONGEST_FILE_NAME].strip("._") or str(record["Id"])
    return MadeDocument(content, document.content_type, f"{safe}.{document.format}"), scope.wanted
