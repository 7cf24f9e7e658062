"""Subrequests: each is the ordinary request to the ordinary handler, with the credential of the one that carries it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Message, Scope

from chassis_metadata.errors import ChassisError, Invalid, NotFound, Problem
from chassis_platform.api.bodies import JSON
from chassis_platform.api.composite_references import References, has_reference
from chassis_platform.api.directory import FOUND, directory_of
from chassis_platform.api.errors import error_response, response_for
from chassis_platform.api.quick_headers import ApiRequest
from chassis_platform.api.versions import ROOT

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"})
LONGEST_URL = 100_000
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_PLACE = re.compile(r"(?:/?services/data)?/?(?P<path>v[0-9]{2}\.0(?:/[^?#]*)?)(?:\?(?P<query>[^#]*))?", re.DOTALL)
#: What carries subrequests itself, and what takes or answers files and streams.
_REFUSED = re.compile(r"/services/data/v[0-9.]+/(?:composite(?:/(?:batch|tree|graph)(?:/.*)?)?|jobs(?:/.*)?)/?")
COLLECTIONS = re.compile(r"/services/data/v[0-9.]+/composite/sobjects(?:/.*)?")
_READ_BY_POST = re.compile(r"/services/data/v[0-9.]+/(?:composite/sobjects/[^/]+|(?:parameterizedS|s)earch(?:/.*)?)")
_READS_MANY = re.compile(r"/services/data/v[0-9.]+/(?:query|queryAll|composite/sobjects)(?:/.*)?")
#: Headers of the call that its subrequests have too: who asks, from where, in what language.
_INHERITED = frozenset(
    b"authorization cookie x-csrf-token user-agent x-forwarded-for x-forwarded-proto host accept-language".split()
)
_ALLOWED = re.compile(r"(?:if|sforce|x-sfdc)-[a-z0-9-]{1,60}|accept-language")
#: A query is read as it was written; other signs than these arrive encoded.
_ASCII = "".join(chr(each) for each in range(32, 127))
_IGNORED = frozenset({"accept", "content-type"})
#: Of an answer's headers, those that a subrequest's result tells.
_TOLD = {"location": "Location", "etag": "ETag", "last-modified": "Last-Modified"}


Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Subrequest:
    """What one of several requests says; `path` and `query` are as they were written, with references in them."""

    method: str
    path: str
    query: str
    reference_id: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reads_many(self) -> bool:
        """A query or a collection: of these, fewer are allowed."""
        return _READS_MANY.fullmatch(self.path) is not None

    @property
    def is_read(self) -> bool:
        """Whether records are answered; those that a collection names may be asked for by POST."""
        return self.method in ("GET", "HEAD") or _READ_BY_POST.fullmatch(self.path) is not None

    @property
    def is_collection(self) -> bool:
        """Whether it writes or reads records in one collection."""
        return COLLECTIONS.fullmatch(self.path) is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a subrequest was answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether it was refused."""
        return self.status >= 400  # noqa: PLR2004  the statuses of errors

    @property
    def document(self) -> Any:
        """The body, to be put into an answer as it is."""
        return orjson.Fragment(self.body) if self.body else None


def refusal(error: ChassisError) -> Outcome:
    """The outcome of a subrequest that is refused before anybody handles it."""
    return _outcome(response_for(error))


def halted(message: str, *, code: str = "processing_halted", status: int = 400) -> Outcome:
    """The outcome of a subrequest that another one's failure stopped or undid."""
    return _outcome(error_response([Problem("", code, message)], status))


def read_subrequest(document: Mapping[str, Any], place: str, *, body_name: str = "body") -> Subrequest:
    """One of the requests that a call carries; raises all that is wrong with it. `place` says which it is."""
    problems: list[Problem] = []

    def wrong(name: str, text: str) -> None:
        problems.append(Problem(f"{place}.{name}", "json_parser_error", f"{place}.{name}: {text}"))

    method, url = document.get("method"), document.get("url")
    if not isinstance(method, str) or method.upper() not in METHODS:
        wrong("method", f"must be one of {', '.join(sorted(METHODS))}.")
    address = _PLACE.fullmatch(url) if isinstance(url, str) and len(url) <= LONGEST_URL else None
    if address is None or not _is_plain(address["path"]):
        wrong("url", "must be a path of this API, such as /services/data/v66.0/sobjects/Account.")
    headers = document.get("httpHeaders") or {}
    for text in _wrong_headers(headers):
        wrong("httpHeaders", text)
    if problems or address is None:
        raise Invalid(tuple(problems))
    return Subrequest(
        method=str(method).upper(),
        path=f"/services/data/{address['path']}".rstrip("/"),
        query=address["query"] or "",
        body=document.get(body_name),
        headers={name.lower(): each for name, each in headers.items() if name.lower() not in _IGNORED},
    )


def _wrong_headers(headers: object) -> Iterator[str]:
    if not isinstance(headers, dict) or not all(isinstance(each, str) for each in headers.values()):
        yield "must be an object of texts."
        return
    for name in headers:
        if name.lower() not in _IGNORED and not _ALLOWED.fullmatch(name.lower()):
            yield f"{name[:80]!r} can't be given to a subrequest."


def _is_plain(path: str) -> bool:
    """Whether a path says where it goes: no step upwards, nothing between two slashes, nothing unprintable."""
    segments = [unquote(each) for each in path.rstrip("/").split("/")]
    return all(each not in ("", ".", "..") and "\\" not in each and "/" not in each for each in segments) and all(
        letter.isprintable() for each in segments for letter in each
    )


def read_reference_id(document: Mapping[str, Any], place: str) -> str:
    """By what later subrequests, and the answer, name this one."""
    found = document.get("referenceId")
    if not isinstance(found, str) or not _REFERENCE_ID.fullmatch(found):
        raise Invalid.of(
            "json_parser_error", f"{place}.referenceId: must be of letters, digits and underscores, at most 255."
        )
    return found


def reads_of(subrequests: Sequence[Subrequest]) -> int:
    """How many of them are queries or collections."""
    return sum(1 for each in subrequests if each.reads_many)


async def send(request: Request, subrequest: Subrequest, references: References | None = None) -> Outcome:
    """Have a subrequest answered by the handler of its address, through every check that a request passes.

    `request` carries it; its application says which database the handlers find.
    """
    try:
        if _REFUSED.fullmatch(subrequest.path):
            message = f"{subrequest.path} can't be a subrequest."
            raise Invalid.of("invalid_input", message)
        scope = _scope(request, subrequest, references)
        body = _body(subrequest.body, references)
        endpoint = _endpoint(request, scope)
    except ChassisError as error:
        return refusal(error)
    return _outcome(await endpoint(ApiRequest(scope, _receiving(body))))


def _scope(request: Request, subrequest: Subrequest, references: References | None) -> Scope:
    path, query = unquote(subrequest.path), subrequest.query
    if references is not None and has_reference(subrequest.path):
        path = references.in_path(subrequest.path)
    if references is not None and has_reference(unquote(query)):
        query = references.in_query(query)
    inherited = [(name, value) for name, value in request.scope["headers"] if name in _INHERITED]
    own = [(name.encode(), _header_value(value)) for name, value in subrequest.headers.items()]
    own.append((b"content-type", b"application/json"))
    given = {name for name, _ in own}
    return {
        **request.scope,
        "method": subrequest.method,
        "path": path,
        "raw_path": subrequest.path.encode(),
        "query_string": quote(query, safe=_ASCII).encode(),
        "headers": [*(each for each in inherited if each[0] not in given), *own],
        "path_params": {},
    }


def _header_value(text: str) -> bytes:
    if not text.isprintable() or not text.isascii():
        raise Invalid.of("invalid_header", "A header of a subrequest holds signs that no header may hold.")
    return text.encode()


def _body(document: Any, references: References | None) -> bytes:
    if document is None:
        return b""
    try:
        text = orjson.dumps(document)
        if references is not None and b"@{" in text:
            return orjson.dumps(references.in_document(document))
    except (orjson.JSONEncodeError, RecursionError):
        raise Invalid.of("json_parser_error", "The body of a subrequest is nested too deeply.") from None
    return text


def _receiving(body: bytes) -> Callable[[], Any]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _routes(request: Request) -> Iterator[Route]:
    for each in request.app.router.routes:
        if isinstance(each, Route) and each.path.startswith(ROOT):
            yield each


def _endpoint(request: Request, scope: Scope) -> Endpoint:
    """The handler of an address, with the address's parameters put into the scope."""
    match, found = directory_of(request).matches(scope)
    if match is Match.FULL and found[FOUND].path.startswith(ROOT):
        scope.update(found)
        endpoint: Endpoint = found[FOUND].endpoint
        return endpoint
    if any(each.matches(scope)[0] is Match.PARTIAL for each in _routes(request)):
        raise Invalid.of("method_not_allowed", f"HTTP Method '{scope['method']}' not allowed.")
    raise NotFound.of("not_found", "The requested resource does not exist")


def _outcome(response: Response) -> Outcome:
    if not hasattr(response, "body"):
        return refusal(Invalid.of("invalid_input", "What answers with a file or a stream can't be a subrequest."))
    told = Headers(raw=response.raw_headers)
    headers = {shown: told[name] for name, shown in _TOLD.items() if name in told}
    body = bytes(response.body)
    if body and told.get("content-type", JSON).partition(";")[0] != "application/json":
        body = orjson.dumps(body.decode(errors="replace"))
    return Outcome(response.status_code, body, headers)
