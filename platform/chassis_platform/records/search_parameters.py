"""Parameterized searches: what a body or an address asks for, and how SOSL says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.plan.problems import refuse

MOST_FOUND = 2_000
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_KEYS = frozenset(
    {"q", "in", "sobjects", "fields", "overallLimit", "defaultLimit", "spellCorrection", "snippet", "metadata"}
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a parameterized search asks of one object: all but the name as SOSL writes it."""

    name: str
    fields: str = ""
    where: str = ""
    order_by: str = ""
    limit: int | None = None

    def in_sosl(self) -> str:
        """Behind RETURNING."""
        if not _NAME.fullmatch(self.name):
            raise refuse("invalid_type", f"sobject: {self.name!r} is no name of an object")
        parts = [
            self.fields or "Id",
            f"WHERE {self.where}" if self.where else "",
            f"ORDER BY {self.order_by}" if self.order_by else "",
            f"LIMIT {self.limit}" if self.limit is not None else "",
        ]
        return f"{self.name}({' '.join(filter(None, parts))})"


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameterized search: the text as somebody typed it, and where to look."""

    text: str
    group: str = "ALL"
    objects: tuple[Sought, ...] = ()
    limit: int | None = None
    misspelled: bool = True
    snippet: int | None = None
    labels: bool = False

    @property
    def with_clauses(self) -> tuple[str, ...]:
        """What SOSL says behind WITH."""
        spelling = () if self.misspelled else ("SPELL_CORRECTION = false",)
        snippet = () if self.snippet is None else (f"SNIPPET (target_length={self.snippet})",)
        return (*spelling, *snippet, *(("METADATA='LABELS'",) if self.labels else ()))


def read_parameters(document: Mapping[str, Any]) -> Parameters:
    """The parameters of a JSON body, as the field's tools send them."""
    unknown = document.keys() - _KEYS
    if unknown:
        raise _wrong(min(unknown), f"no such key; use {', '.join(sorted(_KEYS))}")
    metadata = _text(document, "metadata").upper()
    if metadata not in {"", "LABELS"}:
        raise _wrong("metadata", "must be LABELS")
    default = _limit(document, "defaultLimit")
    fields = _list(document, "fields")
    objects = document.get("sobjects", [])
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise _wrong("sobjects", 'must be an array of objects such as {"name": "Account"}')
    return Parameters(
        text=_text(document, "q"),
        group=read_group(_text(document, "in") or "ALL"),
        objects=tuple(_sought(each, fields, default) for each in objects),
        limit=_limit(document, "overallLimit"),
        misspelled=document.get("spellCorrection") is not False,
        snippet=_limit(document, "snippet"),
        labels=metadata == "LABELS",
    )


def read_group(text: str) -> str:
    """`ALL`, `NAME`, `EMAIL`, `PHONE` or `SIDEBAR`, in any case."""
    group = text.upper().removesuffix(" FIELDS")
    if group not in ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"):
        raise _wrong("in", "must be ALL, NAME, EMAIL, PHONE or SIDEBAR")
    return group


def _sought(document: Mapping[str, Any], fields: Sequence[str], default: int | None) -> Sought:
    limit = _limit(document, "limit")
    return Sought(
        _text(document, "name"),
        ", ".join(_list(document, "fields") or fields),
        _text(document, "where"),
        _text(document, "orderBy"),
        default if limit is None else limit,
    )


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key) or ""
    if not isinstance(value, str):
        raise _wrong(key, "must be a string")
    return value


def _list(document: Mapping[str, Any], key: str) -> list[str]:
    value = document.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(key, "must be an array of strings")
    return value


def _limit(document: Mapping[str, Any], key: str) -> int | None:
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_FOUND)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_FOUND:
        raise _wrong(key, f"must be a whole number from 0 to {MOST_FOUND}")
    return value


def _wrong(key: str, message: str) -> Invalid:
    return refuse("json_parser_error", f"{key}: {message}")


def parameters_of(query: Mapping[str, Sequence[str]]) -> Parameters:
    """The parameters of an address: `q`, `sobject` once for each, `Account.fields`, `Account.where` and so on."""

    def last(key: str) -> str:
        return query[key][-1] if query.get(key) else ""

    names = [name for value in query.get("sobject", ()) for name in value.split(",") if name]
    return read_parameters(
        {
            "q": last("q"),
            "in": last("in"),
            "fields": [each.strip() for each in last("fields").split(",") if each.strip()],
            "overallLimit": last("overallLimit") or None,
            "defaultLimit": last("defaultLimit") or None,
            "spellCorrection": last("spellCorrection").lower() != "false",
            "snippet": last("snippet") or None,
            "metadata": last("metadata"),
            "sobjects": [
                {
                    "name": name,
                    "fields": [each.strip() for each in last(f"{name}.fields").split(",") if each.strip()],
                    "where": last(f"{name}.where"),
                    "orderBy": last(f"{name}.orderBy"),
                    "limit": last(f"{name}.limit") or None,
                }
                for name in names
            ],
        }
    )
