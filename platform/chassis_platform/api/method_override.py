"""`POST …?_HttpMethod=PATCH`: for clients whose HTTP knows only GET and POST."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

_NAME = "_HttpMethod"
_METHODS = frozenset({"PATCH", "PUT", "DELETE"})


class MethodOverride:
    """Has a POST to the API taken for what its address says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith("/services/data/"):
            query: bytes = scope["query_string"]
            if _NAME.encode() in query:
                scope = {**scope, "method": _meant(query.decode("latin-1"))}
        await self._app(scope, receive, send)


def _meant(query: str) -> str:
    method = parse_qs(query).get(_NAME, [""])[-1].upper()
    return method if method in _METHODS else "POST"
