"""The marks by which encrypted values travel to and from SQL, which knows no keys.

What is read of an encrypted field comes out as a mark that names field, record and mask, and is opened where rows leave
the connection; what goes in is marked to be sealed there. Nobody can write such a mark into a text: it begins with a
random word of this process.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from chassis_metadata.errors import Unavailable
from chassis_metadata.mask_texts import masked_text
from chassis_metadata.masks import Mask
from chassis_tenants.sealing import FORMAT, TenantKeys, bytes_of, text_of
from chassis_tenants.statement import Statement

WORD = f"sealed{secrets.token_hex(12)}"
_SEAL, _FIND, _FIND_EITHER, _OPEN, _OPEN_EITHER = "s", "f", "b", "o", "e"
_MARK = re.compile(rf"{WORD}([sfb])\|([^|;]*)\|([^|;]*)\|([^|;]*)\|([^|;]*);")
_READ = re.compile(rf"{WORD}([oe])\|([^|;]*)\|([^|;]*)\|([^|;]*)\|([^|;]*);")
_READ_IN_JSON = re.compile(rf'"?{WORD}([oe])\|([^|;]*)\|([^|;]*)\|([^|;]*)\|([^|;]*);"?'.encode())
_WORD_BYTES = WORD.encode()
_SEAL_DOCUMENT, _OPEN_DOCUMENT = _WORD_BYTES + b"d|", _WORD_BYTES + b"r|"


def to_seal(place: str, record_id: str, text: str, form: str | None) -> str:
    """A mark that becomes the sealed value on its way to the database."""
    return f"{WORD}{_SEAL}|{place}|{record_id}|{_marked(form)}|{_marked(text)};"


def to_find(place: str, form: str) -> str:
    """A mark that becomes what a value is found by on its way to the database."""
    return f"{WORD}{_FIND}|{place}||{_marked(form)}|;"


def to_find_either(place: str, form: str) -> str:
    """A mark that becomes, in a list, both: what a sealed value is found by, and the form of one in clear."""
    return f"{WORD}{_FIND_EITHER}|{place}||{_marked(form)}|;"


def _marked(text: str | None) -> str:
    """Nothing for None; every text is something."""
    return "" if text is None else f"={text_of(text.encode())}"


def _unmarked(text: str) -> str | None:
    return bytes_of(text[1:]).decode() if text else None


def document_to_seal(place: str, record_id: str, content: bytes) -> bytes:
    """A mark that becomes a sealed document on its way to the database."""
    return _SEAL_DOCUMENT + f"{place}|{record_id}|".encode() + content


def document_in_sql(place: str, record_id: str, column: str) -> str:
    """SQL of a document that may be sealed; `record_id` and `column` are SQL. The statement has to be `sealed`."""
    return f"convert_to('{_OPEN_DOCUMENT.decode()}{place}|' || {record_id} || '|', 'UTF8') || {column}"


def text_in_sql(place: str, record_id: str, column: str) -> str:
    """The same of a text that may have been stored by `to_seal`, and never begins as such a one does otherwise."""
    mark = f"'{opening_of(place)}' || {record_id} || '||' || {column} || ';'"
    return f"CASE WHEN left({column}, 2) = '{FORMAT}.' THEN {mark} ELSE {column} END"


def _parts_of(document: bytes) -> tuple[str, str, bytes]:
    _, place, record_id, content = document.split(b"|", 3)
    return place.decode(), record_id.decode(), content


def opening_of(place: str, *, either: bool = False) -> str:
    """What stands before the record's id in the mark that SQL makes of a stored value.

    `either`: it may lie in clear too, and then is written as `sealing.IN_CLEAR` says.
    """
    return f"{WORD}{_OPEN_EITHER if either else _OPEN}|{place}|"


def mask_in_mark(mask: Mask | None) -> str:
    """How a mark names the mask; nothing: the value is shown in clear."""
    return "" if mask is None else f"{mask.name},{mask.keep_first},{mask.keep_last},{mask.least_hidden}"


def _mask_of(text: str) -> Mask | None:
    name, *numbers = text.split(",")
    return Mask(name, *map(int, numbers)) if name else None


def seals(statement: Statement) -> bool:
    """Whether a parameter of the statement holds a mark that makes a key necessary, if there is none yet."""
    return any(WORD + _SEAL in each for each in _texts(statement)) or bool(_documents(statement))


def is_marked(statement: Statement) -> bool:
    """Whether a parameter of the statement holds a mark."""
    return any(WORD in each for each in _texts(statement)) or bool(_documents(statement))


def _documents(statement: Statement) -> list[bytes]:
    values = statement.parameters.values()
    return [each for each in values if isinstance(each, bytes) and each.startswith(_SEAL_DOCUMENT)]


def _texts(statement: Statement) -> list[str]:
    found: list[str] = []
    for each in statement.parameters.values():
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, list | tuple):
            found += [one for one in each if isinstance(one, str)]
    return found


def with_sealed(statement: Statement, keys: TenantKeys) -> Statement:
    """The statement with sealed values, and what values are found by, in the place of marks."""
    return replace(statement, parameters={name: _ready(each, keys) for name, each in statement.parameters.items()})


def _ready(value: Any, keys: TenantKeys) -> Any:
    if isinstance(value, str):
        return _MARK.sub(lambda match: _filled_in(match, keys), value) if WORD in value else value
    if isinstance(value, bytes):
        return keys.sealed_bytes(*_parts_of(value)) if value.startswith(_SEAL_DOCUMENT) else value
    return [one for each in value for one in _listed(each, keys)] if isinstance(value, list | tuple) else value


def _listed(value: Any, keys: TenantKeys) -> list[Any]:
    """What an element of a list becomes: of one that is found in either form, both."""
    match = _MARK.fullmatch(value) if isinstance(value, str) and WORD in value else None
    form = _unmarked(match[4]) if match is not None and match[1] == _FIND_EITHER else None
    return [_ready(value, keys)] if form is None else [_ready(value, keys), form]


def _filled_in(match: re.Match[str], keys: TenantKeys) -> str:
    kind, place, record_id, form, text = match.groups()
    if kind in (_FIND, _FIND_EITHER):
        return keys.found(place, _unmarked(form) or "")
    return keys.sealed(place, record_id, _unmarked(text) or "", _unmarked(form))


def holds_marks(value: Any) -> bool:
    """Whether an answered value holds something to be opened."""
    if isinstance(value, str):
        return WORD in value
    if isinstance(value, bytes):
        return _WORD_BYTES in value
    if isinstance(value, list | tuple):
        return any(map(holds_marks, value))
    return isinstance(value, dict) and any(map(holds_marks, value.values()))


def with_opened(value: Any, keys: TenantKeys) -> Any:
    """An answered value with what marks stand for: clear, masked, or nothing where the key was destroyed."""
    if isinstance(value, str):
        return _in_text(value, keys) if WORD in value else value
    if isinstance(value, bytes) and value.startswith(_OPEN_DOCUMENT):
        return keys.opened_bytes(*_parts_of(value))
    if isinstance(value, bytes):
        return _in_document(value, keys) if _WORD_BYTES in value else value
    if isinstance(value, list):
        return [with_opened(each, keys) for each in value]
    if isinstance(value, tuple):
        return tuple(with_opened(each, keys) for each in value)
    return {name: with_opened(each, keys) for name, each in value.items()} if isinstance(value, dict) else value


def _in_text(text: str, keys: TenantKeys) -> str | None:
    whole = _READ.fullmatch(text)
    if whole is not None:
        return _shown(whole, keys, str)
    opened = _READ.sub(lambda match: _shown(match, keys, str) or "", text)
    if WORD in opened:
        raise _broken()
    return opened


def _in_document(document: bytes, keys: TenantKeys) -> bytes:
    opened = _READ_IN_JSON.sub(lambda match: _in_json(match, keys), document)
    if _WORD_BYTES in opened:
        raise _broken()
    return opened


def _broken() -> Unavailable:
    """Of a mark that can't be read: nobody gets to see the word that it begins with."""
    message = "An encrypted value can't be opened: it was changed in the database. Restore it from a backup."
    return Unavailable.of("unreadable_value", message)


def _in_json(match: re.Match[bytes], keys: TenantKeys) -> bytes:
    """A mark that is the whole of a JSON text may become null; inside a longer one it becomes a part of it."""
    found, whole = _shown(match, keys, bytes.decode), match[0]
    before, after = whole[:1] == b'"', whole[-1:] == b'"'
    if found is None and before and after:
        return b"null"
    inside = orjson.dumps(found or "")[1:-1]
    return (b'"' if before else b"") + inside + (b'"' if after else b"")


def _shown(match: re.Match[Any], keys: TenantKeys, plain: Callable[[Any], str]) -> str | None:
    kind, place, record_id, mask_name, stored = (plain(each) for each in match.groups())
    opened = keys.opened_either if kind == _OPEN_EITHER else keys.opened
    found, mask = opened(place, record_id, stored), _mask_of(mask_name)
    return found if found is None or mask is None else masked_text(mask, found)
