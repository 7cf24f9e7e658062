"""What came in, to a Document: XML, JSON, a mail round either, or a table; mistakes in XML repaired if so declared."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import orjson
from lxml import etree

from chassis_metadata.document_paths import JSON
from chassis_metadata.errors import Invalid, Problem
from chassis_platform.documents.elements import grow, refuse_deep
from chassis_platform.documents.nodes import Json, Node
from chassis_platform.documents.tables import FORMATS, read_table
from chassis_platform.documents.xml_text import REPAIRS, decode_text, malformed, trim_surroundings, without_prolog

LARGEST_DOCUMENT = 2 * 1024 * 1024
#: Lines of a table cost far less than elements of a tree.
LARGEST_TABLE = 20 * 1024 * 1024
_MOST_PARTS = 200
#: Python's mail parser asks every level about every line: what a mail of two megabytes never needs is refused.
_MOST_OF_MAIL = (10, 100_000, 1_000)
_MAIL_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,60}:[ \t]?[^\n]*\n")
#: Nothing is fetched, nothing is expanded, nothing grows without bound.
_SAFE: dict[str, bool] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}
_PLACE = re.compile(r", line \d+, column \d+$")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. `repairs` names what had to be mended before it could be read."""

    root: Node
    repairs: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None


def largest_document(body: Mapping[str, Any]) -> int:
    """How many bytes a document of the mapping may have."""
    own: int = body.get("max_bytes", LARGEST_TABLE if body.get("format") in FORMATS else LARGEST_DOCUMENT)
    return own


def read_by(body: Mapping[str, Any], content: bytes, content_type: str | None) -> Document:
    """A document in the format that a mapping's body names; without one, by what it is."""
    if len(content) > largest_document(body):
        raise Invalid.of("request_too_large", f"A document has at most {largest_document(body):,} bytes.")
    kind = body.get("format")
    if kind in FORMATS:
        return Document(read_table(content, _media_type(content_type)[1], body))
    if kind != JSON:
        return read_document(content, content_type, body.get("lenient", ()))
    value = _parse_json(decode_text(content, _media_type(content_type)[1]).lstrip("\ufeff"))
    refuse_deep(value)
    return Document(Json(value))


def read_document(content: bytes, content_type: str | None, lenient: Collection[str] = ()) -> Document:
    """Parse XML, JSON (as elements) or a mail round one; Invalid with line and column where it can't be read.

    Nothing outside of it is ever fetched.
    """
    if len(content) > LARGEST_DOCUMENT:
        raise Invalid.of("request_too_large", f"A document has at most {LARGEST_DOCUMENT:,} bytes.")
    kind, charset = _media_type(content_type)
    if kind == "message/rfc822" or (not kind.endswith(("json", "xml")) and _is_mail(content)):
        return _read_mail(content, lenient)
    text = decode_text(content, charset)
    return _read_text(text, kind, lenient)


def _media_type(content_type: str | None) -> tuple[str, str | None]:
    kind, *parameters = (content_type or "").lower().split(";")
    named = dict(each.strip().partition("=")[::2] for each in parameters)
    return kind.strip(), named.get("charset", "").strip("\"' ") or None


def _is_mail(content: bytes) -> bool:
    return _MAIL_HEADER.match(content.lstrip(b"\r\n")) is not None


def _read_text(text: str, kind: str, lenient: Collection[str]) -> Document:
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first in ("{", "[") or (kind.endswith("json") and first != "<"):
        return Document(_read_json(text))
    return _read_xml(text, lenient)


def _read_xml(text: str, lenient: Collection[str]) -> Document:
    is_lenient = "declarations" in lenient
    try:
        return Document(_parse_xml(text, lenient=is_lenient))
    except Invalid as error:
        document = _repaired(text, lenient)
        if document is None:
            raise error from None  # of the document as it came, not of what the repairs made of it
        return document


def _repaired(text: str, lenient: Collection[str]) -> Document | None:
    repairs: list[str] = []
    for name in (each for each in REPAIRS if each in lenient):
        mended = REPAIRS[name](text)
        if mended == text:
            continue
        text = mended
        repairs.append(name)
        try:
            return Document(_parse_xml(text, lenient="declarations" in lenient), tuple(repairs))
        except Invalid:
            continue
    return None


def _parse_xml(text: str, *, lenient: bool) -> etree._Element:
    safe = without_prolog(text, lenient=lenient)
    parser = etree.XMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, **_SAFE)  # type: ignore[arg-type]  # typed stubs know no map
    try:
        return etree.fromstring(safe.encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError as error:
        line, column = (max(each, 1) for each in error.position)
        message = f"This is not well-formed XML: {_PLACE.sub('', error.msg)}"
        raise Invalid(Problem("", "xml_parser_error", message, line=line, column=column)) from None
    except (ValueError, UnicodeError) as error:
        raise malformed("xml_parser_error", f"This is not XML: {error}", "", 0) from None


def _read_json(text: str) -> etree._Element:
    root = etree.Element("json")
    grow(root, _parse_json(text))
    return root


def _parse_json(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError as error:
        problem = Problem(
            "", "json_parser_error", f"This is not JSON: {error.msg}", line=error.lineno, column=error.colno
        )
        raise Invalid(problem) from None


def _read_mail(content: bytes, lenient: Collection[str]) -> Document:
    _refuse_endless(content)
    try:
        message = email.message_from_bytes(content.lstrip(b"\r\n"), policy=email.policy.default)
        parts = list(_parts(message))
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, IndexError) as error:
        raise malformed("mail_parser_error", f"This is no readable mail: {error}", "", 0) from None
    for kind, text in parts:
        is_document = kind.endswith(("json", "xml")) or re.search(r"<\?[A-Za-z_]|<[A-Za-z_][\w:.-]*[\s>/]", text)
        if is_document and not kind.endswith("html"):
            trimmed = text if kind.endswith("json") else trim_surroundings(text)
            document = _read_text(trimmed, kind, lenient)
            return Document(document.root, document.repairs, _headers(message))
    raise malformed("no_document", "The mail has neither an XML nor a JSON part.", "", 0)


def _refuse_endless(content: bytes) -> None:
    counts = (content.lower().count(b"multipart/"), content.count(b"\n"), content.count(b"\n--"))
    if any(count > most for count, most in zip(counts, _MOST_OF_MAIL, strict=True)):
        limit = "A mail has at most {} multipart levels, {:,} lines and {:,} boundaries.".format(*_MOST_OF_MAIL)
        raise malformed("mail_parser_error", limit, "", 0)


def _headers(message: EmailMessage) -> dict[str, str]:
    wanted = ("Message-ID", "From", "To", "Subject", "Date")
    return {name: str(message[name]) for name in wanted if message[name] is not None}


def _parts(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """Texts of the mail, those that say they are a document first."""
    found: list[tuple[str, str]] = []
    for count, part in enumerate(message.walk()):
        if count > _MOST_PARTS:
            break
        if part.is_multipart():
            continue
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            found.append((_kind_of(part), decode_text(body, part.get_content_charset())))
    yield from sorted(found, key=lambda each: not each[0].endswith(("xml", "json")))


def _kind_of(part: EmailMessage) -> str:
    name = (part.get_filename() or "").lower()
    for ending in ("xml", "json"):
        if name.endswith(f".{ending}"):
            return "application/json" if ending == "json" else "application/xml"
    return part.get_content_type()
