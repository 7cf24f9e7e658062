"""Signing out: here, at the SAML provider that vouched, and here when the provider says so."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Unavailable
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import body_bytes, json_response, no_content
from chassis_platform.api.cookies import forget_session_cookie
from chassis_platform.api.deps import credential, open_route, route, server_of
from chassis_platform.api.sso import ROOT, Door, believing, door_of
from chassis_platform.auth.federation.attempts import begin_sign_out, take_sign_out
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.providers import SAML, find_provider
from chassis_platform.auth.federation.saml import ServiceProvider, new_request_id
from chassis_platform.auth.federation.saml_logout import (
    answer_address,
    check_logout_response,
    logout_address,
    read_logout_request,
    read_posted,
)
from chassis_platform.auth.federation.saml_redirect import REQUEST, RESPONSE, Message, read_redirect
from chassis_platform.auth.federation.saml_sessions import end_sessions, take_session
from chassis_platform.auth.federation.used import is_first_use
from chassis_platform.auth.sessions import revoke_session, token_hash
from chassis_tenants.database import Binding

_LARGEST_FORM = 512 * 1024


async def end(context: Context, request: Request) -> Response:
    """`DELETE /ui/session`: 204, or `{"redirect"}` where the browser goes on to be signed out at the provider too."""
    token, server = credential(request)[0], server_of(request)
    await server.database.read(Binding(context.tenant.id), revoke_session(context.tenant.id, token_hash(token)))
    server.forget(token)
    address = await _way_out(context, request)
    response = no_content() if address is None else json_response({"redirect": address})
    forget_session_cookie(request, response)
    return response


async def _way_out(context: Context, request: Request) -> str | None:
    """Where the session's own provider signs people out."""
    database, tenant = server_of(request).database, context.tenant
    found = await take_session(database, tenant.id, context.principal.session_id or "")
    provider = None if found is None else await find_provider(database, tenant.id, found[0])
    if found is None or provider is None or not provider.is_active or not provider.text("sign_out_url"):
        return None
    door, message_id = Door(request, tenant, provider), new_request_id()
    try:
        key = (await door.keys())[0].key
    except Unavailable:  # nothing keeps anybody from signing out here
        return None
    state = await begin_sign_out(database, tenant.id, tenant.organization_id, provider.id, message_id)
    relay = state.partition("!")[2]
    return logout_address(door.service_provider(), provider.text("sign_out_url"), message_id, found[1], relay, key)


async def single_logout(request: Request) -> Response:
    """`GET`, `POST /ui/sso/{organization}/{provider}/slo`: a provider's request, or its answer to ours."""
    door = await door_of(request, SAML)
    return await believing(door, lambda: _single_logout(door))


async def _single_logout(door: Door) -> Response:
    us = door.service_provider(await door.keys())
    message = await _message(door, us)
    if message.kind == REQUEST:
        return await _asked(door, us, message)
    database, state = server_of(door.request).database, door.state_of(message.relay)
    request_id = await take_sign_out(database, door.tenant.id, door.provider.id, state)
    check_logout_response(us, message, request_id)
    return RedirectResponse("/", 303)


async def _message(door: Door, us: ServiceProvider) -> Message:
    if door.request.method == "GET":
        return read_redirect(door.request.url.query, us.certificates)
    await body_bytes(door.request, largest=_LARGEST_FORM)
    form = await door.request.form()
    kind = next((each for each in (REQUEST, RESPONSE) if each in form), REQUEST)
    return read_posted(us, kind, str(form.get(kind, "")), str(form.get("RelayState", "")))


async def _asked(door: Door, us: ServiceProvider, message: Message) -> Response:
    """End what the provider says is over, and tell it so. What was asked once does nothing again."""
    database, provider = server_of(door.request).database, door.provider
    asked = read_logout_request(us, message)
    if not await is_first_use(database, door.tenant.id, f"saml:{provider.id}", asked.id, asked.expires_at):
        raise NotBelievedError("the request came before")
    await end_sessions(database, provider, asked)
    answer_at = provider.text("sign_out_answer_url") or provider.text("sign_out_url")
    if not answer_at:
        return RedirectResponse("/", 303)
    key = (await door.keys())[0].key
    return RedirectResponse(answer_address(us, answer_at, asked.id, message.relay, key), 303)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/session", ["DELETE"], end, incomplete=True),
        open_route(f"{ROOT}/{{organization}}/{{provider}}/slo", ["GET", "POST"], single_logout),
    ]
