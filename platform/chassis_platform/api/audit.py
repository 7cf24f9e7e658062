"""The auditors' pages: one line of time, who saw what, proofs, evidence to be taken away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.audit.heads import prove_consistency, signed_head
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.proof import prove_entry
from chassis_platform.audit.stream import BEGINNING, Place, SealedEntry, read_sealed
from chassis_platform.audit.timeline import JOURNALS, MOST, TimelineRequest, read_timeline, summary
from chassis_platform.automation.evidence import archive_part, archive_parts, ask_for_archive, list_archives
from chassis_platform.automation.four_eyes import JOURNAL_EXPORT
from chassis_tenants.journal import SetupChange, setup_entry

_ASKED = ("user", "record", "object", "field", "from", "to", "kinds")


async def timeline(context: Context, request: Request) -> Response:
    """`GET /audit/timeline?user=&record=&object=&field=&from=&to=&kind=&after=&limit=`."""
    asked = _asked(context, request.query_params)
    return json_response(await read_timeline(server_of(request).database, context.binding, asked))


async def who_and_what(context: Context, request: Request) -> Response:
    """`GET /audit/summary?record=|user=`: who saw the record, or what the user saw."""
    asked = _asked(context, request.query_params)
    if (asked.user is None) == (asked.record is None):
        raise Invalid.of("missing_argument", "Ask for a `record` (who saw it) or for a `user` (what was seen).")
    return json_response(await summary(server_of(request).database, context.binding, asked))


def _asked(context: Context, query: Mapping[str, Any]) -> TimelineRequest:
    """The request, narrowed to the journals that the user may read as a whole."""
    context.policy.demand("ViewAudit")
    return TimelineRequest(
        user=query.get("user") or None,
        record=query.get("record") or None,
        object_name=query.get("object") or None,
        field=query.get("field") or None,
        start=_moment(query, "from"),
        end=_moment(query, "to"),
        kinds=_kinds(context, query.get("kind") or ""),
        after=_after(query.get("after") or ""),
        limit=_limit(query.get("limit") or "50"),
    )


def _kinds(context: Context, wanted: str) -> tuple[str, ...]:
    known = [each.kind for each in JOURNALS]
    asked = [each for each in wanted.split(",") if each] or known
    unknown = [each for each in asked if each not in known]
    if unknown:
        raise Invalid.of("invalid_field", f"kind is one or more of {', '.join(known)}.", path="kind")
    rights = context.policy.grants.objects
    readable = {each.kind for each in JOURNALS if (own := rights.get(each.object_name)) and own.read and own.view_all}
    return tuple(each for each in asked if each in readable)


def _moment(query: Mapping[str, Any], name: str) -> datetime | None:
    text = query.get(name)
    try:
        found = datetime.fromisoformat(text) if text else None
    except (ValueError, TypeError):
        found = None
    if text and (found is None or found.tzinfo is None):
        raise Invalid.of("invalid_date", f"{name} is a moment such as 2026-05-01T08:00:00Z.", path=name)
    return found


def _after(text: str) -> tuple[datetime, str] | None:
    moment, _, entry_id = text.partition("~")
    return (found, entry_id) if (found := _moment({"after": moment}, "after")) else None


def _limit(text: str) -> int:
    if not is_whole_number(text) or not 0 < int(text) <= MOST:
        raise Invalid.of("invalid_limit", f"limit is 1 to {MOST}.", path="limit")
    return int(text)


async def proof(context: Context, request: Request) -> Response:
    """`GET /audit/proof/{journal}/{id}`: that an entry is under a signed seal. Values of fields are in no proof."""
    context.policy.demand("ViewAudit")
    server, named = server_of(request), request.path_params
    tables = {each.object_name: each.table for each in JOURNALS if each.object_name != "FieldHistory"}
    journal = named["journal"] if named["journal"] in tables.values() else ""
    source = tables.get(named["journal"], journal)
    trusted = trusted_keys(server.settings.home)
    found = await prove_entry(server.database, context.tenant, trusted, source=source, entry_id=named["id"])
    return json_response(found)


async def head(context: Context, request: Request) -> Response:
    """`GET /audit/head`: the newest head, signed, to be noted elsewhere."""
    context.policy.demand("ViewAudit")
    server = server_of(request)
    return json_response(await signed_head(server.database, context.tenant, load_signer(server.settings.home)))


async def consistency(context: Context, request: Request) -> Response:
    """`GET /audit/consistency?first=&second=`: that a later head continues an earlier one."""
    context.policy.demand("ViewAudit")
    server, query = server_of(request), request.query_params
    numbers = {name: query[name] for name in ("first", "second") if query.get(name)}
    if "first" not in numbers or not all(map(is_whole_number, numbers.values())):
        raise Invalid.of("missing_argument", "first and second are numbers of seals; second may be left out.")
    home = server.settings.home
    sizes: dict[str, Any] = {name: int(each) for name, each in numbers.items()}
    found = await prove_consistency(server.database, context.tenant, load_signer(home), trusted_keys(home), **sizes)
    return json_response(found)


async def archives(context: Context, request: Request) -> Response:
    """`GET /audit/archives`: those that were asked for, and how far they are."""
    context.policy.demand("ViewAudit")
    return json_response({"archives": await list_archives(server_of(request).database, context)})


async def ask(context: Context, request: Request) -> Response:
    """`POST /audit/archives`: take evidence away; the same narrowing as the line of time."""
    context.policy.demand("ExportJournal")
    document = await json_object(request)
    unknown = sorted(set(document) - {*_ASKED, "kind"})
    if unknown:
        raise Invalid.of("invalid_field", f"Unknown: {', '.join(unknown)}. Use: {', '.join(_ASKED)}.", fields=unknown)
    query = {name: value for name, value in document.items() if isinstance(value, str)}
    asked = _asked(context, query)
    wanted = {**{name: query[name] for name in _ASKED if query.get(name)}, "kinds": list(asked.kinds)}
    made = await ask_for_archive(server_of(request).database, context, context.actor, wanted)
    return json_response({"id": made}, 201)


async def archive(context: Context, request: Request) -> Response:
    """`GET /audit/archives/{id}/content`: a zip, once it is made."""
    context.policy.demand("ExportJournal")
    database, archive_id = server_of(request).database, request.path_params["id"]
    count = await archive_parts(database, context, archive_id)
    change = SetupChange("downloadedEvidence", "Audit", archive_id, "Downloaded an evidence archive")
    await database.read(context.binding, setup_entry(context.tenant.id, context.actor, change))

    async def parts() -> AsyncIterator[bytes]:
        for number in range(count):
            yield await archive_part(database, context, archive_id, number)

    headers = {"content-disposition": f'attachment; filename="evidence-{archive_id}.zip"'}
    return StreamingResponse(parts(), media_type="application/zip", headers=headers)


async def export(context: Context, request: Request) -> Response:
    """`GET /audit/export?after=seal.position`: all sealed entries as JSON lines, streamed."""
    context.policy.demand("ExportJournal")
    database, after = server_of(request).database, _place(request.query_params.get("after") or "")
    change = SetupChange("exportedJournal", "Audit", "journal", f"Exported the journal from seal {after.sequence} on")
    await database.read(context.binding, setup_entry(context.tenant.id, context.actor, change))

    async def lines() -> AsyncIterator[bytes]:
        place = after
        while page := await read_sealed(database, context.tenant.id, place):
            yield b"".join(_without_values(each) for each in page)
            place = page[-1].place

    headers = {"content-disposition": 'attachment; filename="journal.jsonl"'}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


def _without_values(entry: SealedEntry) -> bytes:
    return entry.without("old_value", "new_value") if entry.source == "field_history" else entry.line


def _place(text: str) -> Place:
    if not text:
        return BEGINNING
    sequence, _, position = text.partition(".")
    if not is_whole_number(sequence) or not is_whole_number(position):
        raise Invalid.of("invalid_cursor", "after is seal.position of the last line that was received.", path="after")
    return Place(int(sequence), int(position))


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/audit/timeline", ["GET"], timeline),
        route("/audit/summary", ["GET"], who_and_what),
        route("/audit/proof/{journal}/{id}", ["GET"], proof),
        route("/audit/head", ["GET"], head),
        route("/audit/consistency", ["GET"], consistency),
        route("/audit/archives", ["GET"], archives),
        route("/audit/archives", ["POST"], with_four_eyes(JOURNAL_EXPORT, "ExportJournal", ask)),
        route("/audit/archives/{id}/content", ["GET"], archive),
        route("/audit/export", ["GET"], with_four_eyes(JOURNAL_EXPORT, "ExportJournal", export)),
    ]
