"""The cookies: the session's, and the one by which a browser is known again. And requests that other sites make."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import Forbidden

SESSION, DEVICE = "chassis_session", "chassis_device"
#: With it, browsers take the cookie only from this very host, over TLS, for all paths: no neighbour can plant one.
HOST_PREFIX = "__Host-"
_YEAR = 365 * 86_400


def is_secure(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy that we trust."""
    if request.scope["scheme"] == "https":
        return True
    trusted = request.app.state.server.settings.trusted_proxies
    if not trusted:
        return False
    peers = {each.strip() for each in trusted.split(",") if each.strip()}
    by_proxy = request.client is not None and request.client.host in peers
    return by_proxy and request.headers.get("x-forwarded-proto", "").lower() == "https"


def cookie_name(request: Request, name: str) -> str:
    """What the cookie is called on this connection. Over TLS no other name is believed."""
    return HOST_PREFIX + name if is_secure(request) else name


def cookie_of(request: Request, name: str) -> str | None:
    """The cookie's value, if there is one."""
    return request.cookies.get(cookie_name(request, name)) or None


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """The cookie lives as long as the browser is open; the session's own end is the server's matter."""
    _set(request, response, SESSION, token, None)


def set_device_cookie(request: Request, response: Response, device: str | None) -> None:
    """The browser is known from now on."""
    if device is not None:
        _set(request, response, DEVICE, device, _YEAR)


def _set(request: Request, response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
        path="/",
    )


def forget_session_cookie(request: Request, response: Response) -> None:
    """Sign out of the browser."""
    response.delete_cookie(
        cookie_name(request, SESSION), path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )


def demand_same_site(request: Request) -> None:
    """Refuse what a page of another site sends before there is a session whose token could tell."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _elsewhere()
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in _own_hosts(request):
        raise _elsewhere()


def _own_hosts(request: Request) -> set[str]:
    public = request.app.state.server.settings.public_url
    return {request.url.netloc, urlsplit(public).netloc if public else request.url.netloc}


def _elsewhere() -> Forbidden:
    return Forbidden.of("cross_site_request", "This request came from another site's page.")
