"""A request whose headers are found in one step: each is asked for a dozen, most of which it doesn't have."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request


class QuickHeaders(Headers):
    """Starlette's, which goes through all of them for each, and raises and catches an error where there is none."""

    _first: dict[bytes, bytes] | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """The first header of that name."""
        if self._first is None:
            self._first = dict(reversed(self._list))
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")


class ApiRequest(Request):
    """Starlette's request with such headers."""

    @property
    def headers(self) -> Headers:
        """The headers."""
        if not hasattr(self, "_headers"):
            self._headers = QuickHeaders(scope=self.scope)
        return self._headers
