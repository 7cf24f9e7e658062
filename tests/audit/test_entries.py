"""The hash that PostgreSQL makes of an entry is that of the bytes which Python makes of it, whatever the entry says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from audit.conftest import dated
from chassis_platform.audit.entries import COLUMNS, REPEATED, canonical, columns_of_sources, entry_text, leaf_text
from chassis_platform.audit.merkle import leaf_hash
from chassis_tenants.database import Binding
from chassis_tenants.journal import Access, Actor, access_entry

if TYPE_CHECKING:
    from audit.conftest import Journal

NASTY = [
    "plain",
    'quotes " and \\ back \\" slashes',
    "control \x01\x02\x1f\x7f and \b\f\n\r\t",
    "lines \u2028 \u2029 \u0085 and \ufeff marks",
    "变更 émoji 😀 \U0010ffff combining e\u0301",
    "</script> & ' % %s {0} $1",
    "x" * 255,
    "",
]


@pytest.mark.parametrize("text", NASTY)
async def test_both_hash_the_same_bytes(journal: Journal, text: str) -> None:
    access = Access("Contact", [text or "x", "b"], [text, 'Na"me'], text, client_name=text, reason=text, purpose=text)
    entry = access_entry(journal.tenant.id, Actor(None, "ann", text), access)
    moments = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 12, 30, 15, 1, tzinfo=UTC) + timedelta(days=200)]
    for number, moment in enumerate(moments):
        again = entry.bind(id=f"0Al{number:015}", name=f"0Al{number:015}")
        await journal.database.read(Binding(journal.tenant.id), dated(again, moment))

    [rows] = await journal.database.read(Binding(journal.tenant.id), COLUMNS)
    columns = columns_of_sources(rows)["access_log"]
    found = journal.as_owner(
        f"SELECT {entry_text(columns)}, {leaf_text('access_log', columns)}"  # noqa: S608  names from the catalog
        f" FROM data.access_log e {REPEATED} WHERE e.tenant_id = {{tenant}}".replace("%", "%%")
    )

    assert len(found) == len(moments)
    assert [bytes(hashed) for _, hashed in found] == [leaf_hash(canonical("access_log", entry)) for entry, _ in found]
