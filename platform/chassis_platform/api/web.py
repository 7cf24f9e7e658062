"""The built web application: files as they are, and its first page for every other address."""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis_metadata.errors import Problem
from chassis_platform.api.cookies import is_secure
from chassis_platform.api.errors import error_response

#: Addresses that are never a page of the web application.
API_ROOTS = (
    "/services",
    "/ui/",
    "/setup/",
    "/inbound",
    "/id/",
    "/metrics",
    "/health",
    "/assets/",
    "/scim/",
    "/.well-known/",
)

#: Built files carry a digest of their content in their name.
FOREVER = "public, max-age=31536000, immutable"
#: What may be kept, but not used before it was asked whether it still is so.
ASKED_AGAIN = "no-cache"

#: Stands in the built first page where each answer gets a word of its own: styles that name it are ours.
NONCE_PLACE = "__CSP_NONCE__"
_CONTENT_POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'{nonce}",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
)
CONTENT_POLICY = b"content-security-policy"
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NO_STORE = (b"cache-control", b"no-store")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        (
            b"camera=(), microphone=(), geolocation=(self), publickey-credentials-get=(self),"
            b" publickey-credentials-create=(self)"
        ),
    ),
)
#: Of the route that answers whatever nothing else did.
NAME = "web"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def content_policy(nonce: str | None = None) -> str:
    """What a page may load and run. Inline styles count only with the word of this answer, inline scripts never."""
    return "; ".join(_CONTENT_POLICY).format(nonce=f" 'nonce-{nonce}'" if nonce else "")


def page_response(html: str, status: int = 200) -> Response:
    """A page whose styles name this answer's word; it is never answered twice."""
    nonce = secrets.token_urlsafe(16)
    headers = {"cache-control": "no-store", "content-security-policy": content_policy(nonce)}
    return HTMLResponse(html.replace(NONCE_PLACE, nonce), status, headers=headers)


#: No inline styles or scripts, and no browser and no proxy keeps an answer, unless the answer says otherwise.
_UNLESS_SAID = ((CONTENT_POLICY, content_policy().encode()), NO_STORE)


class SecurityHeaders:
    """Adds the headers that tell browsers to be strict."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                said = [name for name, _ in given]
                unsaid = [each for each in _UNLESS_SAID if each[0] not in said]
                message["headers"] = [*given, *SECURITY_HEADERS, *unsaid, *_transport(scope)]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _transport(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    """Over TLS: never again without. Not for this machine's own names, which also serve plain HTTP on other ports."""
    request = Request(scope)
    return (STRICT_TRANSPORT,) if is_secure(request) and request.url.hostname not in _LOCAL else ()


class TrailingSlash:
    """`sobjects/Lead/` is `sobjects/Lead`, and `//services` is `/services`: some clients write one, some the other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("//services/"):
                path = path[1:]
            if path.endswith("/") and path.startswith("/services/"):
                path = path.rstrip("/")
            if path is not scope["path"]:
                scope = {**scope, "path": path}
        await self._app(scope, receive, send)


def _refusal(request: Request) -> Response:
    """There is no such resource, or not with this method: then the answer says with which."""
    met = (each for each in request.app.router.routes if isinstance(each, Route) and each.name != NAME)
    found = [each.methods or set() for each in met if each.matches(request.scope)[0] is Match.PARTIAL]
    if not found:
        return error_response([Problem("", "not_found", "The requested resource does not exist")], 404)
    allowed = ",".join(sorted(set().union(*found)))
    message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
    response = error_response([Problem("", "method_not_allowed", message)], 405)
    response.headers["allow"] = allowed
    return response


def routes(folder: Path) -> list[BaseRoute]:
    """The web application's routes; they come last, for they answer whatever nothing else did."""
    index = folder / "index.html"
    first_page = index.read_text(encoding="utf-8") if index.is_file() else None
    files = {f"/{each.relative_to(folder)}": each for each in folder.rglob("*") if each.is_file() and each != index}

    async def page(request: Request) -> Response:
        path = request.url.path
        if path in files and request.method in ("GET", "HEAD"):
            kept = FOREVER if path.startswith("/assets/") else ASKED_AGAIN
            return FileResponse(files[path], headers={"cache-control": kept})
        if request.method not in ("GET", "HEAD") or path.startswith(API_ROOTS):
            return _refusal(request)
        if first_page is None:
            return PlainTextResponse("The web application is not built: run `make up`.\n", 503)
        return page_response(first_page)

    everything = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return [Route("/{path:path}", page, methods=everything, name=NAME)]
