"""Whether a text is SOQL or SOSL, whole or in part: for editors and pipelines, which have no tenant."""

from __future__ import annotations

import re
from contextlib import suppress

from chassis_metadata.errors import Invalid
from chassis_metadata.soql.parse import is_search, parse_query, parse_search

#: Behind FROM, a clause stands for itself: so conditions and orders are kept in files of their own.
_LATER_CLAUSE = re.compile(
    r"(?>\s+|/\*.*?\*/|//[^\n]*)*(?:using|where|with|group\s+by|order\s+by|limit|offset"
    r"|for\s+(?:view|reference|update)|update\s+(?:tracking|viewstat))\b",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE = re.compile(r"(?>\s+|/\*.*?\*/|//[^\n]*)*from\b", re.IGNORECASE | re.DOTALL)


def check_text(text: str, *, partial: bool = False) -> None:
    """Raise Invalid where the text is no query, no search and no part of a query behind FROM.

    `partial`: it may also begin at FROM, or end before it.
    """
    if is_search(text):
        parse_search(text)
    elif _LATER_CLAUSE.match(text):
        parse_query("SELECT Id FROM Name " + text)  # noqa: S608  SOQL
    elif partial and _SOURCE.match(text):
        parse_query("SELECT Id " + text)
    elif partial:
        _check_beginning(text)
    else:
        parse_query(text)


def _check_beginning(text: str) -> None:
    with suppress(Invalid):
        parse_query(f"{text}\nFROM Name")
        return
    parse_query(text)
