"""Sealed entries one after the other, in the order of their seals, page by page: for exports."""

from __future__ import annotations

import json
from dataclasses import dataclass

from chassis_platform.audit.entries import COLUMNS, FORMAT, canonical, columns_of_sources, entry_text, json_bytes
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

PAGE = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry is under the seals; the first one is behind `BEGINNING`."""

    sequence: int
    position: int


BEGINNING = Place(0, -1)


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry where it was sealed; `text` is None where it was removed after its time.

    What is usual is not in a text of format 2: see `entries.FORMATS`.
    """

    place: Place
    source: str
    entry_id: str
    text: bytes | None
    text_format: int = FORMAT

    @property
    def line(self) -> bytes:
        """As a line of an export: the text that was hashed, its format, and where it is."""
        entry = self.text or json_bytes({"source": self.source, "entry": {"id": self.entry_id, "removed": True}})
        place = f',"format":{self.text_format},"seal":{self.place.sequence},"position":{self.place.position}}}\n'
        return entry[:-1] + place.encode()

    def without(self, *names: str) -> bytes:
        """The line without some values of the entry: for who may not see them."""
        said = json.loads(self.line)
        for name in names:
            said["entry"].pop(name, None)
        return json_bytes(said) + b"\n"


async def read_sealed(database: Database, tenant_id: int, after: Place, *, most: int = PAGE) -> list[SealedEntry]:
    """Up to `most` entries behind a place."""
    [columns] = await database.read(Binding(tenant_id), COLUMNS)
    texts = " ".join(
        f"WHEN '{source}' THEN (SELECT {entry_text(found)} FROM data.{source} e"  # noqa: S608  names from the catalog
        " WHERE e.tenant_id = %(tenant_id)s AND e.id = p.entry_id)"
        for source, found in columns_of_sources(columns).items()
    )
    statement = Statement(
        "SELECT p.sequence, p.position, p.source, p.entry_id, coalesce(p.format, %(newest)s),"  # noqa: S608  as above
        f" CASE p.source {texts} END FROM (SELECT l.sequence, l.position, l.source, l.entry_id,"
        " (SELECT s.format FROM chassis.audit_seal s WHERE s.tenant_id = l.tenant_id AND s.sequence = l.sequence)"
        " FROM chassis.audit_leaf l"
        " WHERE l.tenant_id = %(tenant_id)s AND (l.sequence, l.position) > (%(sequence)s, %(position)s)"
        " ORDER BY l.sequence, l.position LIMIT %(most)s) p ORDER BY p.sequence, p.position",
        {
            "tenant_id": tenant_id,
            "sequence": after.sequence,
            "position": after.position,
            "most": most,
            "newest": FORMAT,
        },
    )
    [rows] = await database.read(Binding(tenant_id), statement)
    return [
        SealedEntry(Place(*place), source, entry_id, text and canonical(source, text, text_format), text_format)
        for *place, source, entry_id, text_format, text in rows
    ]
