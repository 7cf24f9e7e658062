"""The built web application: files as they are, and its first page for every other address."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis_metadata.errors import Problem
from chassis_platform.api.errors import error_response

#: Addresses that are never a page of the web application.
API_ROOTS = ("/services", "/ui/", "/setup/", "/inbound", "/id/", "/metrics", "/health", "/assets/")

#: Built files carry a digest of their content in their name.
FOREVER = "public, max-age=31536000, immutable"

CONTENT_POLICY = (
    b"default-src 'self'",
    b"script-src 'self'",
    b"style-src 'self' 'unsafe-inline'",
    b"img-src 'self' data:",
    b"font-src 'self' data:",
    b"connect-src 'self'",
    b"object-src 'none'",
    b"base-uri 'none'",
    b"frame-ancestors 'none'",
    b"form-action 'self'",
)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(self)"),
    (b"content-security-policy", b"; ".join(CONTENT_POLICY)),
)


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
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class TrailingSlash:
    """`sobjects/Lead/` is `sobjects/Lead`: some clients write one, some the other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"].endswith("/") and scope["path"].startswith("/services/"):
            scope = {**scope, "path": scope["path"].rstrip("/")}
        await self._app(scope, receive, send)


def routes(folder: Path) -> list[BaseRoute]:
    """The web application's routes; they come last, for they answer whatever nothing else did."""
    index = folder / "index.html"
    files = {f"/{each.relative_to(folder)}": each for each in folder.rglob("*") if each.is_file() and each != index}

    async def page(request: Request) -> Response:
        path = request.url.path
        if path in files and request.method in ("GET", "HEAD"):
            headers = {"cache-control": FOREVER} if path.startswith("/assets/") else None
            return FileResponse(files[path], headers=headers)
        if request.method not in ("GET", "HEAD") or path.startswith(API_ROOTS):
            return error_response([Problem("", "not_found", "The requested resource does not exist")], 404)
        if not index.is_file():
            return PlainTextResponse("The web application is not built: run `make up`.\n", 503)
        return FileResponse(index, headers={"cache-control": "no-cache"})

    everything = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return [Route("/{path:path}", page, methods=everything, name="web")]
