"""A line of an export holds the text that was sealed, to the byte, and says its format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chassis_platform.audit.merkle import leaf_hash
from chassis_platform.audit.stream import BEGINNING, read_sealed

if TYPE_CHECKING:
    from audit.conftest import Journal


async def test_the_text_of_a_line_is_the_one_that_was_hashed_whatever_its_format(mixed: Journal) -> None:
    leaves = mixed.as_owner(
        "SELECT sequence, position, hash FROM chassis.audit_leaf WHERE tenant_id = {tenant} ORDER BY sequence, position"
    )

    entries = await read_sealed(mixed.database, mixed.tenant.id, BEGINNING)

    assert len(entries) == 60
    for entry, (sequence, position, hashed) in zip(entries, leaves, strict=True):
        text, _, place = entry.line.rstrip(b"}\n").rpartition(b',"format":')
        assert leaf_hash(text + b"}") == bytes(hashed)
        assert json.loads(b'{"format":' + place + b"}") == {"format": sequence, "seal": sequence, "position": position}
