"""Conditional requests: what a caller believes about a record or a description, and whether it holds (RFC 9110, 13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from wsgiref.handlers import format_date_time

from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import Conflict, Invalid
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.records.write import Expectation

_NOT_MODIFIED = 304
ANY = "*"
_TAG = re.compile(r'\s*(?:W/)?"?([\w.~+-]+)"?\s*', re.ASCII)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the headers ask; None where they don't."""

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None
    modified_since: datetime | None = None
    unmodified_since: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == NOTHING_ASKED


NOTHING_ASKED = Conditions()
_ASKING = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


def conditions_of(request: Request) -> Conditions:
    """The conditions of a request; a tag overrules the date beside it."""
    headers = request.headers
    if all(headers.get(each) is None for each in _ASKING):
        return NOTHING_ASKED
    match, none_match = _tags(headers.get("if-match")), _tags(headers.get("if-none-match"))
    return Conditions(
        match,
        none_match,
        _http_date(request, "If-Modified-Since") if none_match is None else None,
        _http_date(request, "If-Unmodified-Since") if match is None else None,
    )


def _tags(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    if text.strip() == ANY:
        return frozenset({ANY})
    found = [_TAG.fullmatch(each) for each in text.split(",")]
    if not all(found):
        raise Invalid.of("invalid_header", 'An entity tag is * or stands in quotes, such as "3".')
    return frozenset(each[1] for each in found if each)


def _http_date(request: Request, name: str) -> datetime | None:
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        message = f"{name} must be an HTTP date, such as Sun, 22 Nov 2026 08:00:00 GMT."
        raise Invalid.of("invalid_header", message) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def expectation_of(request: Request) -> Expectation | None:
    """What a write is to find: the record at a version, or unmodified since a time."""
    asked = conditions_of(request)
    if asked.none_match is not None:
        raise Conflict.of("precondition_failed", "If-None-Match does not hold: the record is there")
    if asked.match is None and asked.unmodified_since is None:
        return None
    return Expectation(version=_version(asked.match), unmodified_since=asked.unmodified_since)


def _version(tags: frozenset[str] | None) -> int | None:
    """The one version that is expected; None where any is."""
    if tags is None or tags == {ANY}:
        return None
    numbers = [int(each) for each in map(_own_version, tags) if is_whole_number(each)]
    if len(numbers) != 1 or len(tags) > 1:
        raise Invalid.of("invalid_header", 'If-Match must be a record\'s version in quotes, such as "3".')
    return numbers[0]


def _own_version(tag: str) -> str:
    """What of a tag is the version: what the platform did to a record since is nobody's change to overwrite."""
    return tag.partition("-")[0]


def conditional_answer(asked: Conditions, body: bytes | dict[str, object], tag: str, modified: datetime) -> Response:
    """The body under its tag; 304 where the caller has it, 412 where it is not what the caller expects."""
    early = early_answer(asked, tag, modified)
    return early or json_response(body, 200, **tag_headers(tag, modified))


def early_answer(asked: Conditions, tag: str, modified: datetime | None) -> Response | None:
    """What can be answered without a body; None: the body has to be sent. `modified`: None where nobody can say."""
    if asked is NOTHING_ASKED:
        return None
    moment = None if modified is None else modified.replace(microsecond=0)
    if not _holds(asked, tag, moment):
        raise Conflict.of("precondition_failed", "What is asked for is not as If-Match or If-Unmodified-Since expects")
    known = asked.none_match is not None and not asked.none_match.isdisjoint({tag, ANY})
    if asked.modified_since is not None and moment is not None:
        known = moment <= asked.modified_since
    return Response(status_code=_NOT_MODIFIED, headers=tag_headers(tag, modified)) if known else None


def _holds(asked: Conditions, tag: str, moment: datetime | None) -> bool:
    if asked.match is not None:
        return asked.match == {ANY} or _own_version(tag) in map(_own_version, asked.match)
    return asked.unmodified_since is None or moment is None or moment <= asked.unmodified_since


def tag_headers(tag: str, modified: datetime | None) -> dict[str, str]:
    """The headers by which a caller may ask again."""
    headers = {"etag": f'"{tag}"'}
    if modified is not None:
        headers["last-modified"] = _date_of(int(modified.timestamp()))
    return headers


@lru_cache(maxsize=10_000)
def _date_of(second: int) -> str:
    return format_date_time(second)
