"""Where a browser may be sent: the addresses that an app registered, and paths of this server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: An app's own scheme is a reversed domain name (RFC 8252 7.1): no scheme that a browser acts on has a dot.
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LONGEST = 2000


def redirect_problem(uri: str) -> str | None:
    """What is wrong with an address that an app wants to register; None where nothing is."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if len(uri) > LONGEST or re.search(r"[\x00-\x20\x7f\\]", uri) or "#" in uri or parts.username is not None:
        return "may not be long, nor have spaces, a fragment or a user name"
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http" and host in _LOOPBACK:
        return None
    if _OWN_SCHEME.fullmatch(parts.scheme) and not host:
        return None
    return "must be https, http to this very machine, or the app's own scheme such as com.example.app:/done"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether an address is one of those registered, letter by letter; on this very machine any port will do."""
    if redirect_problem(uri) is not None:
        return False
    return any(uri == each or _same_but_port(urlsplit(uri), urlsplit(each)) for each in registered)


def _same_but_port(one: SplitResult, other: SplitResult) -> bool:
    if one.scheme != "http" or one.hostname not in _LOOPBACK:
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)


def with_parameters(uri: str, parameters: dict[str, str | None]) -> str:
    """The address with more parameters in its query."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def own_path(wanted: str | None) -> str:
    """A path of this server to go on to, and the first page instead of anything else."""
    return wanted if wanted and len(wanted) <= LONGEST and _PATH.fullmatch(wanted) else "/"
