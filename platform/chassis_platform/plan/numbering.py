"""Automatic numbers: a format such as `L-{YYMMDD}{00000}` to the texts of records; counters start anew each period."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object

_TOKEN = re.compile(r"\{(YYYYMMDD|YYMMDD|YYYY|YY|MM|DD|0+)\}")
_DATES = {
    "YYYYMMDD": "%Y%m%d",
    "YYMMDD": "%y%m%d",
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
}
DEFAULT_FORMAT = "{00000000}"


@dataclass(frozen=True, slots=True)
class Numbering:
    """How one field numbers records now: the counter that gives the next number, and the text round it."""

    field_name: str
    counter: str
    before: str
    after: str
    width: int

    def text(self, number: int) -> str:
        """The field's value for a number; a number wider than its place is written in full."""
        return f"{self.before}{number:0{self.width}d}{self.after}"


def numberings(obj: Object, now: datetime, time_zone: str, *, gap_free: bool = False) -> list[Numbering]:
    """The numbering of each automatic number of an object at this moment in the tenant's time zone.

    Those that may have gaps and those that may not are told apart: they are taken at different times.
    """
    fields = obj.fields.values()
    numbered = [field for field in fields if field.type is FieldType.AUTO_NUMBER and field.gap_free is gap_free]
    return [_numbering(field, now.astimezone(_zone(time_zone))) for field in numbered] if numbered else []


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _numbering(field: Field, local: datetime) -> Numbering:
    pattern = field.format or DEFAULT_FORMAT
    if "{0" not in pattern:
        pattern += DEFAULT_FORMAT
    dates = [token for token in _TOKEN.findall(pattern) if token in _DATES]
    period = "-".join(local.strftime(_DATES[token]) for token in dates)
    dated = _TOKEN.sub(lambda token: local.strftime(_DATES[token[1]]) if token[1] in _DATES else token[0], pattern)
    before, zeros, after = re.split(r"\{(0+)\}", dated, maxsplit=1)
    counter = f"{field.object_name}.{field.name}" + (f":{period}" if period else "")
    return Numbering(field.name, counter, before, after, len(zeros))
