"""The link in an approver's e-mail: a page that shows what is asked, and a form that decides it, without a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.context import Context, Principal
from chassis_platform.api.approvals import raise_problems, result_document
from chassis_platform.api.bodies import body_bytes, json_object, json_response
from chassis_platform.api.deps import Server, open_route, server_of, source_ip
from chassis_platform.api.errors import status_of
from chassis_platform.api.web import NONCE_PLACE, page_response
from chassis_platform.automation.approvals.carry_out import carry_out
from chassis_platform.automation.approvals.links import Link, load_key, read_link
from chassis_platform.automation.approvals.pending import request_by_id
from chassis_platform.automation.approvals.requests import Decision
from chassis_tenants.database import Binding
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.statement import Statement

PATH = "/ui/approval-links"
_USER = Statement(
    'SELECT username, language_locale_key, time_zone_sid_key FROM tenant."user"'
    " WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s AND is_active AND NOT is_deleted"
)
_LARGEST = 64 * 1024
_WORDS = {
    "en_US": {"approve": "Approve", "reject": "Reject", "comments": "Comments", "by": "Submitted by", "done": "Done"},
    "zh_CN": {"approve": "批准", "reject": "拒绝", "comments": "意见", "by": "提交人", "done": "已完成"},
}


async def show(request: Request) -> Response:
    """`GET /ui/approval-links/{token}`: what is asked; as a page for browsers, as JSON for others."""
    return await _told(request, _show)


async def _told(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """What is wrong, for people, where a page is wanted."""
    try:
        return await answer(request)
    except ChassisError as error:
        if not _wants_page(request):
            raise
        told = "".join(f"<p>{escape(each.message)}</p>" for each in error.problems)
        return page_response(_frame(told), status_of(error))


async def _show(request: Request) -> Response:
    context, link = await _context(request)
    found = await request_by_id(server_of(request).database, context, link.workitem_id)
    if found is None:
        raise _gone()
    if not _wants_page(request):
        return json_response(found)
    return page_response(_page(_words(context), found))


async def decide(request: Request) -> Response:
    """`POST /ui/approval-links/{token}`: `decision` (approve, reject) and `comments`, as a form or as JSON."""
    return await _told(request, _decide)


async def _decide(request: Request) -> Response:
    context, link = await _context(request)
    document = await _sent(request)
    if document.get("decision") not in ("approve", "reject"):
        raise Invalid.of("invalid_field", "decision must be approve or reject.", fields=["decision"])
    comments = str(document.get("comments") or "").strip() or None
    asked = Decision(link.workitem_id, document["decision"] == "approve", comments)
    [outcome] = await carry_out(server_of(request).database, context, [asked])
    raise_problems(outcome)
    if not _wants_page(request):
        return json_response(result_document(outcome))
    return page_response(_frame(f"<p>{_words(context)['done']}</p>"))


def _gone() -> NotFound:
    return NotFound.of("not_found", "The request was decided, reassigned or taken back meanwhile.")


async def _context(request: Request) -> tuple[Context, Link]:
    """The context of the user whose link it is; what the user may see and do holds as ever."""
    server = server_of(request)
    link = read_link(load_key(server.settings.home), request.path_params["token"], clock.now())
    return await context_of_link(server, link, source_ip(request)), link


async def context_of_link(server: Server, link: Link, address: str | None) -> Context:
    """The same, for a link that was read."""
    tenant = await tenant_by_organization_id(server.database, link.organization_id)
    if tenant is None or tenant.status != "active":
        raise _gone()
    asked = _USER.bind(tenant_id=tenant.id, user_id=link.user_id)
    [rows] = await server.database.read(Binding(tenant.id), asked)
    if not rows:
        raise _gone()
    username, language, zone = rows[0]
    snapshot = await server.snapshots.of(tenant.id, tenant.metadata_version)
    policy = await server.policies.of(tenant, link.user_id, snapshot, tenant.access_version)
    principal = Principal(
        link.user_id,
        username,
        "link",
        client_name="approval link",
        source_ip=address,
        language=language or tenant.language,
        time_zone=zone or tenant.time_zone,
    )
    return Context(tenant, principal, snapshot, policy, Binding(tenant.id))


async def _sent(request: Request) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return await json_object(request)
    await body_bytes(request, largest=_LARGEST)
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _words(context: Context) -> Mapping[str, str]:
    return _WORDS.get(context.principal.language, _WORDS["en_US"])


def _page(words: Mapping[str, str], found: Mapping[str, Any]) -> str:
    record = found["record"]
    rows = [(words["by"], found["submitted_by"]["name"]), (words["comments"], found["comments"])]
    rows += [(each["label"], each["value"]) for each in record["fields"]]
    listed = "".join(
        f"<dt>{escape(str(label))}</dt><dd>{escape(str(value))}</dd>" for label, value in rows if value is not None
    )
    return _frame(
        f"<h1>{escape(found['process_label'])} · {escape(found['step_label'])}</h1>"
        f"<h2>{escape(str(record['name'] or record['id']))}</h2><dl>{listed}</dl>"
        f'<form method="post"><label>{words["comments"]}<br><textarea name="comments" rows="4"></textarea></label>'
        f'<p><button name="decision" value="approve">{words["approve"]}</button> '
        f'<button name="decision" value="reject">{words["reject"]}</button></p></form>'
    )


def _frame(body: str) -> str:
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex"><title>Chassis</title>'
        f'<style nonce="{NONCE_PLACE}">'
        "body{font:16px/1.5 system-ui;"
        "max-width:40em;margin:2em auto;padding:0 1em}textarea{width:100%}dt{color:#555}</style></head>"
        f"<body>{body}</body></html>"
    )


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route(f"{PATH}/{{token}}", ["GET"], show),
        open_route(f"{PATH}/{{token}}", ["POST"], decide),
    ]
