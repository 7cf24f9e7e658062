"""A journal's table grows with the platform's package; what was sealed before stays verifiable."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.conftest import Journal


async def test_what_a_later_version_adds_to_a_journal_leaves_old_seals_good(sealed: Journal) -> None:
    sealed.as_owner("DROP VIEW tenant.access_log")
    sealed.as_owner("ALTER TABLE data.access_log ALTER COLUMN record_count TYPE numeric(20, 4)")
    sealed.as_owner("ALTER TABLE data.access_log ADD COLUMN later text")
    sealed.as_owner("ALTER TABLE data.access_log ADD COLUMN door_2 text GENERATED ALWAYS AS (lower(door)) STORED")
    after_upgrade = sealed.verify()
    sealed.as_owner(
        "UPDATE data.access_log SET later = 'slipped in' WHERE tenant_id = {tenant} AND right(record_ids[1], 1) = '1'"
    )
    after_tampering = sealed.verify()

    assert after_upgrade.is_intact
    assert after_upgrade.entries == 90
    assert {each.kind for each in after_tampering.findings} == {"entry_changed"}
    assert len(after_tampering.findings) == 3
