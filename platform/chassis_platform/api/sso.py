"""Single sign-on: which providers a sign-in page offers, the way to one, and back with what it vouches for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, NotFound, Unavailable
from chassis_platform.api.bodies import body_bytes, json_response
from chassis_platform.api.cookies import cookie_name, cookie_of, is_secure, set_device_cookie, set_session_cookie
from chassis_platform.api.deps import current_context, open_route, server_of, source_ip
from chassis_platform.api.oauth import base_url
from chassis_platform.api.ui_session import browser
from chassis_platform.auth.federation import oidc, saml
from chassis_platform.auth.federation.arrivals import NotAdmittedError, arrive, link
from chassis_platform.auth.federation.attempts import (
    LIFETIME,
    Attempt,
    Vouched,
    begin_attempt,
    browser_hash,
    derived,
    new_browser_secret,
    refused,
    see_attempt,
    take_attempt,
    vouch,
)
from chassis_platform.auth.federation.identity import Identity
from chassis_platform.auth.federation.links import note_link
from chassis_platform.auth.federation.oidc import NotBelievedError, RelyingParty
from chassis_platform.auth.federation.providers import (
    OIDC,
    SAML,
    IdentityProvider,
    active_providers,
    find_provider,
    find_secret,
)
from chassis_platform.auth.federation.redirects import own_path, with_parameters
from chassis_platform.auth.federation.saml_encryption import Opener
from chassis_platform.auth.federation.saml_keys import KeyPair, key_pairs
from chassis_platform.auth.federation.saml_metadata import metadata_document
from chassis_platform.auth.federation.saml_sessions import keep_session
from chassis_platform.auth.federation.used import is_first_use
from chassis_platform.auth.sign_in import sign_in_user
from chassis_platform.auth.sso_policy import read_sso_policy
from chassis_platform.automation.identity import context_of_job
from chassis_platform.outbound import Destinations
from chassis_tenants.database import Binding
from chassis_tenants.journal import login_entry
from chassis_tenants.registry import tenant_by_id, tenant_by_name, tenant_by_organization_id
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

ROOT = "/ui/sso"
COOKIE = "chassis_sso"
_LARGEST_FORM = 512 * 1024
_LONGEST_STATUS = 80
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_TENANT_OF_DOMAIN = Statement("SELECT tenant_id FROM chassis.tenant_of_domain(%(domain)s)")


@dataclass(frozen=True, slots=True)
class Door:
    """A provider's door into a tenant, under this server's address."""

    request: Request
    tenant: Tenant
    provider: IdentityProvider

    @property
    def url(self) -> str:
        """Where the door is."""
        return f"{base_url(self.request)}{ROOT}/{self.tenant.organization_id}/{self.provider.name}"

    async def relying_party(self) -> RelyingParty:
        """We at an OpenID provider."""
        server, provider = server_of(self.request), self.provider
        settings = server.settings
        destinations = Destinations(
            settings.identity_provider_hosts, settings.identity_provider_private, "CHASSIS_IDENTITY_PROVIDER_HOSTS"
        )
        return RelyingParty(
            provider.text("issuer"),
            provider.text("client_id"),
            (await find_secret(server.database, provider)).opened(settings.home),
            f"{self.url}/callback",
            provider.text("scopes"),
            destinations,
        )

    def service_provider(self, keys: Sequence[KeyPair] = ()) -> saml.ServiceProvider:
        """We at a SAML provider, with our keys where they are needed."""
        body = self.provider.body
        return saml.ServiceProvider(
            f"{self.url}/metadata",
            f"{self.url}/acs",
            f"{self.url}/slo",
            self.provider.text("entity_id"),
            body.get("certificates") or (),
            Opener([each.key for each in keys], takes_cbc=body.get("older_encryption") is True),
        )

    async def keys(self) -> list[KeyPair]:
        """Our keys towards a SAML provider, the newest first."""
        server = server_of(self.request)
        return await key_pairs(server.database, server.settings.home, self.provider)

    def state_of(self, text: str) -> str:
        """The state of a text that stands for it: SAML allows 80 characters, and the organization is in the path."""
        return text if "!" in text else f"{self.tenant.organization_id}!{text}"


async def door_of(request: Request, kind: str | None = None) -> Door:
    """The door that an address names."""
    database, parameters = server_of(request).database, request.path_params
    tenant = await tenant_by_organization_id(database, parameters["organization"])
    if tenant is not None and tenant.status == "active":
        provider = await find_provider(database, tenant.id, parameters["provider"])
        if provider is not None and provider.is_active and kind in (None, provider.kind):
            return Door(request, tenant, provider)
    raise NotFound.of("not_found", "The requested resource does not exist")


async def options(request: Request) -> Response:
    """`GET /ui/sso/options?username=…|tenant=…`: what the sign-in page offers. Of a username only its end counts."""
    tenant = await _asked_tenant(request)
    if tenant is None or tenant.status != "active":
        return json_response({"tenant": None, "providers": [], "only_sso": False})
    database = server_of(request).database
    policy = await read_sso_policy(database, tenant.id)
    providers = [
        {"name": name, "label": label, "start": f"{ROOT}/{tenant.organization_id}/{name}/start"}
        for name, label in await active_providers(database, tenant.id)
    ]
    shown = {"name": tenant.name, "label": tenant.label} if providers else None
    return json_response({"tenant": shown, "providers": providers, "only_sso": policy.only_sso and bool(providers)})


async def _asked_tenant(request: Request) -> Tenant | None:
    database = server_of(request).database
    name = request.query_params.get("tenant")
    if name:
        return await tenant_by_name(database, name)
    domain = request.query_params.get("username", "").strip().rpartition("@")[2]
    found = await database.registry(_TENANT_OF_DOMAIN.bind(domain=domain))
    return await tenant_by_id(database, found[0][0]) if found and found[0][0] is not None else None


async def start(request: Request) -> Response:
    """`GET /ui/sso/{organization}/{provider}/start?return=/path`: to the provider."""
    door = await door_of(request)
    return_to = own_path(request.query_params.get("return"))
    secret = browser_secret(request)
    try:
        address = await way_to(door, secret, Attempt(browser_hash(secret), return_to))
    except NotBelievedError as error:
        return await failed(door, "unavailable", str(error))
    except Unavailable as error:
        return await failed(door, "unavailable", error.problems[0].message)
    return with_cookie(request, RedirectResponse(address, 303), secret)


def browser_secret(request: Request) -> str:
    """The browser's own, so that two tabs don't take it from each other."""
    held = cookie_of(request, COOKIE)
    return held if held and _SECRET.fullmatch(held) else new_browser_secret()


def with_cookie(request: Request, response: Response, secret: str) -> Response:
    """The response with what the browser keeps while it is away."""
    response.set_cookie(
        cookie_name(request, COOKIE),
        secret,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
        path="/",
    )
    return response


async def way_to(door: Door, secret: str, attempt: Attempt) -> str:
    """Keep the attempt; answers the provider's address with our request."""
    database, tenant, provider = server_of(door.request).database, door.tenant, door.provider
    if provider.kind == SAML:
        request_id = saml.new_request_id()
        attempt = Attempt(attempt.browser, attempt.return_to, attempt.user_id, request_id)
        state = await begin_attempt(database, tenant.id, tenant.organization_id, provider.id, attempt)
        relay = state.partition("!")[2]
        key = (await door.keys())[0].key if provider.body.get("sign_requests") is True else None
        return saml.request_address(door.service_provider(), provider.text("sign_in_url"), request_id, relay, key)
    party = await door.relying_party()
    await party.configuration()
    state = await begin_attempt(database, tenant.id, tenant.organization_id, provider.id, attempt)
    nonce, verifier = derived(secret, state, "nonce"), derived(secret, state, "verifier")
    return await oidc.authorization_address(party, state, nonce, verifier)


async def callback(request: Request) -> Response:
    """`GET /ui/sso/{organization}/{provider}/callback`: back from an OpenID provider."""
    door = await door_of(request, OIDC)
    return await believing(door, lambda: _callback(door))


async def _callback(door: Door) -> Response:
    request, query = door.request, door.request.query_params
    secret, state = cookie_of(request, COOKIE) or "", query.get("state", "")
    attempt = await take_attempt(server_of(request).database, door.tenant.id, door.provider.id, state, secret)
    if query.get("iss", door.provider.text("issuer")) != door.provider.text("issuer"):
        raise NotBelievedError("the answer is another provider's (iss)")
    if "error" in query:
        raise NotBelievedError(f"the provider says {query['error'][:80]}")
    party = await door.relying_party()
    tokens = await oidc.exchange_code(party, query.get("code", ""), derived(secret, state, "verifier"))
    claims = await oidc.verified_claims(party, tokens, derived(secret, state, "nonce"))
    identity = oidc.identity_from(claims, door.provider.attributes, door.provider.text("groups"))
    return await _welcome(door, attempt, identity)


async def consume(request: Request) -> Response:
    """`POST /ui/sso/{organization}/{provider}/acs`: a SAML response. The browser's cookie doesn't come with it."""
    door = await door_of(request, SAML)
    return await believing(door, lambda: _consume(door))


async def _consume(door: Door) -> Response:
    await body_bytes(door.request, largest=_LARGEST_FORM)
    form = await door.request.form()
    database, tenant_id, provider = server_of(door.request).database, door.tenant.id, door.provider
    relay = str(form.get("RelayState", ""))
    attempt = await see_attempt(database, tenant_id, provider.id, door.state_of(relay))
    encoded = str(form.get("SAMLResponse", ""))
    us = door.service_provider(await door.keys() if saml.holds_encrypted(encoded) else ())
    assertion = saml.read_response(us, encoded, attempt.request_id or "")
    if not await is_first_use(database, tenant_id, f"saml:{provider.id}", assertion.id, assertion.expires_at):
        raise NotBelievedError("the assertion came before")
    identity = assertion.identity(provider.attributes, provider.text("groups"), provider.text("subject_attribute"))
    vouched = Vouched(identity, assertion.name.document())
    await vouch(database, tenant_id, provider.id, door.state_of(relay), vouched)
    return RedirectResponse(with_parameters(f"{door.url}/finish", {"state": relay}), 303)


async def finish(request: Request) -> Response:
    """`GET /ui/sso/{organization}/{provider}/finish`: the browser itself comes for what SAML vouched for."""
    door = await door_of(request, SAML)
    return await believing(door, lambda: _finish(door))


async def _finish(door: Door) -> Response:
    database, secret = server_of(door.request).database, cookie_of(door.request, COOKIE)
    state = door.state_of(door.request.query_params.get("state", ""))
    attempt = await take_attempt(database, door.tenant.id, door.provider.id, state, secret)
    if attempt.identity is None:
        raise refused()
    return await _welcome(door, attempt, attempt.identity)


async def _welcome(door: Door, attempt: Attempt, identity: Identity) -> Response:
    """Begin the session, or link the identity to who is signed in."""
    request, server = door.request, server_of(door.request)
    if attempt.user_id is not None:
        await _link(door, attempt.user_id, identity)
        return RedirectResponse(own_path(attempt.return_to), 303)
    context = await context_of_job(server.database, server.snapshots, door.tenant.id)
    if context is None:
        raise refused()
    user_id = await arrive(server.database, context.unversioned, door.provider, identity)
    caller = browser(request, door.provider.label)
    signed_in = await sign_in_user(
        server.database, server.settings, door.tenant.id, user_id, caller, judge=server.judge
    )
    if attempt.at_provider is not None:
        kept = keep_session(door.provider, signed_in.token, saml.NameId.of(attempt.at_provider))
        await server.database.read(Binding(door.tenant.id), kept)
    response = RedirectResponse(own_path(attempt.return_to), 303)
    set_session_cookie(request, response, signed_in.token)
    set_device_cookie(request, response, signed_in.device)
    return response


async def _link(door: Door, user_id: str, identity: Identity) -> None:
    """The user's own act, finished by the very session that began it."""
    context = await current_context(door.request)
    if context.tenant.id != door.tenant.id or context.principal.user_id != user_id:
        raise refused()
    database = server_of(door.request).database
    await link(database, door.provider, identity.subject, user_id, user_id)
    await note_link(database, context, door.provider, user_id, identity.subject)


async def believing(door: Door, run: Callable[[], Awaitable[Response]]) -> Response:
    """Back to the sign-in page with a word, and a line in the login history, where something is wrong."""
    try:
        return await run()
    except NotBelievedError as error:
        return await failed(door, "refused", str(error))
    except NotAdmittedError as error:
        return await failed(door, error.code, str(error))
    except ChassisError as error:
        return await failed(door, "refused", error.problems[0].message)


async def failed(door: Door, code: str, text: str) -> Response:
    """A line in the login history, and back to the sign-in page with a word."""
    request = door.request
    entry = login_entry(
        door.tenant.id,
        user_id=None,
        username=door.provider.name,
        status=f"Failed: {text}"[:_LONGEST_STATUS],
        login_type="Single sign-on",
        application=door.provider.label,
        source_ip=source_ip(request),
        user_agent=request.headers.get("user-agent"),
    )
    await server_of(request).database.read(Binding(door.tenant.id), entry)
    return RedirectResponse(with_parameters("/", {"sso_problem": code}), 303)


async def metadata(request: Request) -> Response:
    """`GET /ui/sso/{organization}/{provider}/metadata`: what a SAML provider's administrator loads."""
    door = await door_of(request, SAML)
    certificates = [each.certificate for each in await door.keys()]
    signs = door.provider.body.get("sign_requests") is True
    document = metadata_document(door.service_provider(), certificates, signs_requests=signs)
    return Response(document, media_type="application/samlmetadata+xml")


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    door = f"{ROOT}/{{organization}}/{{provider}}"
    return [
        open_route(f"{ROOT}/options", ["GET"], options),
        open_route(f"{door}/start", ["GET"], start),
        open_route(f"{door}/callback", ["GET"], callback),
        open_route(f"{door}/acs", ["POST"], consume),
        open_route(f"{door}/finish", ["GET"], finish),
        open_route(f"{door}/metadata", ["GET"], metadata),
    ]
