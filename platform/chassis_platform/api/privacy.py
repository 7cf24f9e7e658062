"""For those who answer for people's data: preview, hand over, erase with four eyes, and what retention would do."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id
from chassis_metadata.logic.retention_rule import RetentionRule, retention_rules
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import field_label, object_label
from chassis_platform.privacy import acts
from chassis_platform.privacy.consents import consent_overview
from chassis_platform.privacy.people import find_people, name_people
from chassis_platform.privacy.retention import preview_retention
from chassis_tenants.statement import Statement

MANAGE = "ManagePrivacy"
LONGEST_REASON = 1_000

_NAMES = Statement('SELECT id, name FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = ANY (%(ids)s::text[])')


async def preview(context: Context, request: Request) -> Response:
    """`POST /privacy/preview` with `subjects`: what an erasure would do. Nothing happens."""
    context.policy.demand(MANAGE)
    document = await json_object(request)
    return json_response(await acts.preview(server_of(request).database, context, document.get("subjects")))


async def export(context: Context, request: Request) -> Response:
    """`POST /privacy/exports` with `subjects`, `language`, `request`, `reason`."""
    return await _ask(context, request, "export")


async def erase(context: Context, request: Request) -> Response:
    """`POST /privacy/erasures` with `subjects`, `reason`, `request`, `with_mentions`: waits until somebody agrees."""
    return await _ask(context, request, "erasure")


async def _ask(context: Context, request: Request, kind: str) -> Response:
    context.policy.demand(MANAGE)
    document = await json_object(request)
    subjects, texts = document.get("subjects"), {}
    for name in ("reason", "request", "language"):
        value = document.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_REASON):
            raise Invalid.of("json_parser_error", f"`{name}` is a text of at most {LONGEST_REASON}.", path=name)
        texts[name] = value
    if texts["request"] is not None and not is_id(texts["request"]):
        raise Invalid.of("malformed_id", "`request` is the Id of the record that keeps the request.", path="request")
    if not isinstance(subjects, list):
        raise Invalid.of("required_field_missing", "`subjects` is missing: a list of record Ids.", path="subjects")
    with_mentions = document.get("with_mentions", False)
    if not isinstance(with_mentions, bool):
        raise Invalid.of("json_parser_error", "`with_mentions` is true or false.", path="with_mentions")
    wish = acts.Wish(kind, subjects, texts["reason"], texts["request"], texts["language"], with_mentions)
    made = await acts.ask(server_of(request).database, context, context.actor, wish)
    return json_response({"id": made}, 201)


async def list_acts(context: Context, request: Request) -> Response:
    """`GET /privacy/acts`: what was asked for, by whom, and what came of it; `users` are the names of those people."""
    context.policy.demand(MANAGE)
    database = server_of(request).database
    found = await acts.list_acts(database, context)
    ids = {each[key] for each in found for key in ("requested_by", "decided_by") if each[key]}
    [rows] = await database.read(context.binding, _NAMES.bind(tenant_id=context.tenant.id, ids=sorted(ids)))
    return json_response({"acts": found, "users": dict(rows)})


async def people(context: Context, request: Request) -> Response:
    """`POST /privacy/people` with `known_as` (a whole phone number, e-mail address or Id), or with `records` (Ids).

    Not a GET: what a person is known by is in no address.
    """
    context.policy.demand(MANAGE)
    document, database = await json_object(request), server_of(request).database
    if "records" in document:
        found = await name_people(database, context, document["records"])
    else:
        found = await find_people(database, context, document.get("known_as"))
    labels = {each["object"]: object_label(context, context.snapshot.objects[each["object"]]) for each in found}
    return json_response({"people": [{**each, "label": labels[each["object"]]} for each in found]})


async def consents(context: Context, request: Request) -> Response:
    """`GET /privacy/consents`: how many people agreed to what, by consent model, purpose and channel."""
    context.policy.demand(MANAGE)
    return json_response({"models": await consent_overview(server_of(request).database, context)})


async def read_act(context: Context, request: Request) -> Response:
    """`GET /privacy/acts/{id}`."""
    context.policy.demand(MANAGE)
    return json_response(await acts.read_act(server_of(request).database, context, request.path_params["id"]))


async def approve(context: Context, request: Request) -> Response:
    """`POST /privacy/acts/{id}/approve`: an erasure that somebody else asked for."""
    return await _decide(context, request, agree=True)


async def refuse(context: Context, request: Request) -> Response:
    """`POST /privacy/acts/{id}/refuse`."""
    return await _decide(context, request, agree=False)


async def _decide(context: Context, request: Request, *, agree: bool) -> Response:
    context.policy.demand(MANAGE)
    database, act_id = server_of(request).database, request.path_params["id"]
    await acts.decide(database, context, context.actor, act_id, agree=agree)
    return json_response(await acts.read_act(database, context, act_id))


async def content(context: Context, request: Request) -> Response:
    """`GET /privacy/acts/{id}/content`: the archive, for a week."""
    context.policy.demand(MANAGE)
    act_id = request.path_params["id"]
    found = await acts.read_archive(server_of(request).database, context, context.actor, act_id)
    headers = {"content-disposition": f'attachment; filename="person-{act_id}.zip"'}
    return Response(found, media_type="application/zip", headers=headers)


async def retention(context: Context, request: Request) -> Response:
    """`GET /privacy/retention`: the rules, and what their next run would do; with `dry_run` it only counts."""
    context.policy.demand(MANAGE)
    figures = await preview_retention(server_of(request).database, context)
    known = retention_rules(context.snapshot)
    rules = {name: {**figures[name], **_told(context, each)} for name, each in known.items()}
    return json_response({"rules": rules})


def _told(context: Context, rule: RetentionRule) -> dict[str, Any]:
    obj, language = context.snapshot.objects[rule.object_name], context.principal.language
    return {
        "label": context.snapshot.text(language, f"retention_rules.{rule.name}.label", rule.label),
        "object_label": object_label(context, obj),
        "age_label": field_label(context, obj.fields[rule.age_field]),
        "months": rule.months,
        "dry_run": rule.dry_run,
    }


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/privacy/people", ["POST"], people),
        route("/privacy/consents", ["GET"], consents),
        route("/privacy/preview", ["POST"], preview),
        route("/privacy/exports", ["POST"], export),
        route("/privacy/erasures", ["POST"], erase),
        route("/privacy/acts", ["GET"], list_acts),
        route("/privacy/acts/{id}", ["GET"], read_act),
        route("/privacy/acts/{id}/approve", ["POST"], approve),
        route("/privacy/acts/{id}/refuse", ["POST"], refuse),
        route("/privacy/acts/{id}/content", ["GET"], content),
        route("/privacy/retention", ["GET"], retention),
    ]
