"""Setup, audit: how long journals are kept, what is on hold, where they are sent."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.audit.retention import place_hold, read_holds, read_policy, release_hold, set_period
from chassis_platform.audit.timeline import JOURNALS
from chassis_platform.automation.four_eyes import JOURNAL_EXPORT
from chassis_platform.automation.journal_exports import NewExport, add_export, list_exports, remove_export

_TABLES = {each.object_name: each.table for each in JOURNALS}
_EXPORTS = "/setup/journal-exports"
_NAMES = {table: name for name, table in _TABLES.items()}


async def retention(context: Context, request: Request) -> Response:
    """`GET /setup/retention`: the period of each journal, the operator's floor, all holds."""
    context.policy.demand("ManageAudit")
    database = server_of(request).database
    periods = [
        {"journal": _NAMES[each.source], "months": each.months, "floor": each.floor}
        for each in await read_policy(database, context.tenant.id)
    ]
    return json_response({"journals": periods, "holds": await read_holds(database, context.tenant.id)})


async def set_retention(context: Context, request: Request) -> Response:
    """`PUT /setup/retention/{journal}`: {"months": 24}, or null for ever."""
    context.policy.demand("ManageAudit")
    document, name = await json_object(request), request.path_params["journal"]
    months = document.get("months")
    if "months" not in document or not (months is None or (isinstance(months, int) and not isinstance(months, bool))):
        raise Invalid.of("invalid_type", "months is a whole number, or null: for ever.", path="months")
    if name not in _TABLES:
        raise NotFound.of("unknown_journal", f"{name!r} is no journal. Use one of: {', '.join(_TABLES)}.")
    await set_period(server_of(request).database, context.tenant.id, context.actor, _TABLES[name], months)
    return no_content()


async def hold(context: Context, request: Request) -> Response:
    """`POST /setup/retention/holds`: {"scope": "all"|"user"|"record", "subject": id, "reason": …}."""
    context.policy.demand("ManageAudit")
    document = await json_object(request)
    subject = document.get("subject") or None
    made = await place_hold(
        server_of(request).database,
        context.tenant.id,
        context.actor,
        scope=str(document.get("scope")),
        subject=None if subject is None else str(subject),
        reason=str(document.get("reason") or ""),
    )
    return json_response({"id": made}, 201)


async def release(context: Context, request: Request) -> Response:
    """`DELETE /setup/retention/holds/{id}`: it stays to be seen, released."""
    context.policy.demand("ManageAudit")
    await release_hold(server_of(request).database, context.tenant.id, context.actor, request.path_params["id"])
    return no_content()


async def exports(context: Context, request: Request) -> Response:
    """`GET /setup/journal-exports`: where the journal is sent, how far each is, what went wrong last."""
    context.policy.demand("ExportJournal")
    return json_response({"exports": await list_exports(server_of(request).database, context)})


async def add(context: Context, request: Request) -> Response:
    """`POST /setup/journal-exports`: {"kind", "label", "url", "region", "access_key", "secret"}."""
    context.policy.demand("ExportJournal")
    document = await json_object(request)
    known = {"kind", "label", "url", "region", "access_key", "secret"}
    wrong = sorted(set(document) - known) + [name for name in ("kind", "label", "url") if not document.get(name)]
    if wrong:
        raise Invalid.of(
            "invalid_field", "kind, label and url; and region, access_key, secret of storage.", fields=wrong
        )
    new = NewExport(**{name: str(value) for name, value in document.items()})
    made = await add_export(server_of(request).database, context, context.actor, new)
    return json_response({"id": made}, 201)


async def remove(context: Context, request: Request) -> Response:
    """`DELETE /setup/journal-exports/{id}`."""
    context.policy.demand("ExportJournal")
    await remove_export(server_of(request).database, context, context.actor, request.path_params["id"])
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/retention", ["GET"], retention),
        route("/setup/retention/holds", ["POST"], hold),
        route("/setup/retention/holds/{id}", ["DELETE"], release),
        route("/setup/retention/{journal}", ["PUT"], set_retention),
        route(_EXPORTS, ["GET"], exports),
        route(_EXPORTS, ["POST"], with_four_eyes(JOURNAL_EXPORT, "ExportJournal", add, hidden=["secret"])),
        route(f"{_EXPORTS}/{{id}}", ["DELETE"], with_four_eyes(JOURNAL_EXPORT, "ExportJournal", remove)),
    ]
