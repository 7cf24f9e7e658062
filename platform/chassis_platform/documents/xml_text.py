"""XML text made safe before a parser sees it: decoded, without a document type, with declared mistakes repaired.

What is cut out gives way to spaces, so that lines and columns stay those of the document that came.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from collections.abc import Callable

from chassis_metadata.errors import Invalid, Problem

_NO_SUCH_PART = 12  # of ISO 8859
#: Encodings that may be declared; names as Python's codecs normalise them. Codecs that do more are not here.
ENCODINGS = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"),
        *("gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
        *(f"iso8859-{part}" for part in range(1, 17) if part != _NO_SUCH_PART),
        *(f"cp{page}" for page in range(1250, 1259)),
    }
)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_INSTRUCTION = re.compile(r"<\?.*?\?>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[|>)", re.IGNORECASE)
#: What a repair must not touch, and the tags that it may.
#: One that is not closed reaches to the end: looking for its end again and again would take for ever.
_PIECE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<[A-Za-z_/][^<>]*>", re.DOTALL)
_BARE_VALUE = re.compile(r"""(\s[A-Za-z_:][\w:.-]*\s*=\s*)([^\s"'<>=/][^\s"'<>=]*)(?=[\s/>])""")
_AMPERSAND = re.compile(r"&(#\d{1,8};|#[xX][0-9a-fA-F]{1,8};|([A-Za-z][A-Za-z0-9]{1,31});)?")
#: More are no slip of a sender; each costs time.
_MOST_AMPERSANDS = 20_000
_OWN_ENTITIES = frozenset({"lt", "gt", "amp", "quot", "apos"})


def decode_text(content: bytes, charset: str | None = None) -> str:
    """The characters of a document: by its mark, its own declaration, the transport's word, or as UTF-8."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    declared = _DECLARED.search(content[:1000])
    return _decoded(content, declared[1].decode() if declared else charset or "utf-8")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        known = codecs.lookup(encoding).name
    except (LookupError, UnicodeError):
        known = ""
    if known not in ENCODINGS:
        raise malformed("unknown_encoding", f"The encoding {encoding!r} is not known. Send UTF-8.", "", 0)
    try:
        return content.decode(known)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(known, "replace")
        raise malformed("invalid_encoding", f"This is not {known} text: {error.reason}.", before, len(before)) from None


def malformed(code: str, message: str, text: str, place: int) -> Invalid:
    """A problem at a place of a text, told as line and column from 1."""
    line = text.count("\n", 0, place) + 1
    column = place - (text.rfind("\n", 0, place) + 1) + 1
    return Invalid(Problem("", code, message, line=line, column=column))


def without_prolog(text: str, *, lenient: bool) -> str:
    """The text with its prolog blanked: declaration, instructions, comments, a document type without content.

    A document type that declares anything is refused: entities are how XML is made to read files, or to grow for ever.
    Unless `lenient`, a misplaced or misspelt XML declaration stays, for the parser to complain about.
    """
    place = _after_space(text, 0)
    kept = 0
    while (found := _prolog_part(text, place)) is not None:
        bad = found.re is _INSTRUCTION and text[place + 2 : place + 5].lower() == "xml" and place != 0
        if not lenient and (bad or text.startswith("<?XML", place)):
            break
        place = kept = _after_space(text, found.end())
    return _blank(text[:kept]) + text[kept:]


def _after_space(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _prolog_part(text: str, place: int) -> re.Match[str] | None:
    doctype = _DOCTYPE.match(text, place)
    if doctype is not None and doctype[1] == "[":
        message = "A document type with declarations is not accepted. Send the document without <!DOCTYPE …>."
        raise malformed("doctype_not_allowed", message, text, place)
    patterns = (_DECLARATION, _INSTRUCTION, _COMMENT)
    return doctype or next((found for each in patterns if (found := each.match(text, place))), None)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def trim_surroundings(text: str) -> str:
    """Blank what stands before the first tag and after the last, such as the words of a mail round the document."""
    first, last = re.search(r"<[A-Za-z_?!]", text), text.rfind(">")
    if first is None or last < first.start():
        return text
    return _blank(text[: first.start()]) + text[first.start() : last + 1]


def _in_tags(repair: Callable[[str], str], text: str) -> str:
    return _PIECE.sub(lambda found: found[0] if found[0][1] in "!?" else repair(found[0]), text)


def quote_attributes(text: str) -> str:
    """`sequence=1` as `sequence="1"`, inside tags only."""
    return _in_tags(lambda tag: _BARE_VALUE.sub(r'\1"\2"', tag), text)


def escape_ampersands(text: str) -> str:
    """`&` that begins no entity as `&amp;`; names that only HTML knows as their characters."""
    if text.count("&") > _MOST_AMPERSANDS:
        return text
    pieces: list[str] = []
    end = 0
    for found in _PIECE.finditer(text):
        inside = found[0] if found[0][1] in "!?" else _AMPERSAND.sub(_ampersand, found[0])
        pieces += [_AMPERSAND.sub(_ampersand, text[end : found.start()]), inside]
        end = found.end()
    return "".join([*pieces, _AMPERSAND.sub(_ampersand, text[end:])])


def _ampersand(found: re.Match[str]) -> str:
    name = found[2]
    if found[1] is not None and (name is None or name in _OWN_ENTITIES):
        return found[0]
    return html.entities.html5.get(f"{name};") or f"&amp;{found[0][1:]}"


#: What a mapping may declare in `lenient`, besides `declarations`; tried only when the document is not well-formed.
REPAIRS: dict[str, Callable[[str], str]] = {
    "surrounding_text": trim_surroundings,
    "unquoted_attributes": quote_attributes,
    "ampersands": escape_ampersands,
}
