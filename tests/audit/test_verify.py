"""Whatever somebody with the owner's rights does to the journal or its seals is found, and the place named."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chassis_platform.audit import report as reports
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.report import Finding
from chassis_platform.audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from audit.conftest import Journal


def entry_at(journal: Journal, sequence: int, position: int) -> tuple[str, str]:
    ((source, entry_id),) = journal.as_owner(
        "SELECT source, entry_id FROM chassis.audit_leaf"
        " WHERE tenant_id = {tenant} AND sequence = %s AND position = %s",
        sequence,
        position,
    )
    return source, entry_id


def places(findings: tuple[Finding, ...]) -> list[tuple[str, int | None, str | None, str | None]]:
    return [(each.kind.value, each.sequence, each.source, each.entry_id) for each in findings]


async def test_an_untouched_journal_is_intact(sealed: Journal) -> None:
    await sealed.write(1, ago=timedelta(seconds=3))

    report = sealed.verify()

    assert report.is_intact
    assert (report.seals, report.entries, report.unsealed) == (3, 90, 3)
    assert "intact; 90 entries under 3 seals, 3 not sealed yet" in report.summary


async def test_the_server_may_verify_too_and_sees_no_other_tenant(sealed: Journal, server_dsn: str) -> None:
    report = verify(server_dsn, sealed.tenant, trusted_keys(sealed.home))

    assert report.is_intact
    assert (report.seals, report.entries) == (3, 90)


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (0, "UPDATE data.access_log SET door = 'export' WHERE tenant_id = {tenant} AND id = %s"),
        (1, "UPDATE data.access_log SET record_ids = '{}' WHERE tenant_id = {tenant} AND id = %s"),
        (2, "UPDATE data.access_log SET record_count = 3 WHERE tenant_id = {tenant} AND id = %s"),
        (3, """UPDATE data.access_log SET custom = '{"a": 1}' WHERE tenant_id = {tenant} AND id = %s"""),
        (4, "UPDATE data.access_log SET source_ip = NULL WHERE tenant_id = {tenant} AND id = %s"),
        (5, "UPDATE data.access_log SET created_date = created_date + '1us' WHERE tenant_id = {tenant} AND id = %s"),
        (10, "UPDATE data.login_history SET status = 'Failed' WHERE tenant_id = {tenant} AND id = %s"),
        (20, "UPDATE data.setup_audit_trail SET new_value = 'null' WHERE tenant_id = {tenant} AND id = %s"),
    ],
)
async def test_a_changed_entry_is_found(sealed: Journal, position: int, change: str) -> None:
    source, entry_id = entry_at(sealed, 2, position)

    sealed.as_owner(change, entry_id)

    assert places(sealed.verify().findings) == [("entry_changed", 2, source, entry_id)]


async def test_entries_under_seals_of_both_formats_are_intact(mixed: Journal) -> None:
    report = mixed.verify()

    assert mixed.as_owner("SELECT format FROM chassis.audit_seal WHERE tenant_id = {tenant} ORDER BY sequence") == [
        (1,),
        (2,),
    ]
    assert report.is_intact
    assert (report.seals, report.entries) == (2, 60)


#: A column each of what a text of format 2 may leave out, and of what it may not.
CHANGES = [
    "name = 'another'",
    "name = NULL",
    "created_by_id = '005000000000000AAA'",
    "last_modified_by_id = '005000000000000AAA'",
    "user_id = '005000000000000AAA'",
    "user_id = '005000000000000AAA', created_by_id = '005000000000000AAA'",
    "last_modified_date = last_modified_date + interval '1us'",
    "system_modstamp = system_modstamp - interval '1us'",
    "created_date = created_date + interval '1us'",
    "is_deleted = true",
    "row_version = 2",
    """custom = '{"a": 1}'""",
    "custom = '[]'",
    "owner_id = ''",
    "door = NULL",
    "record_ids[1] = NULL",
    "source_ip = 'null'",
]


@pytest.mark.parametrize("sequence", [1, 2])
async def test_any_changed_value_is_found_in_both_formats(mixed: Journal, sequence: int) -> None:
    for position, change in enumerate(CHANGES):
        source, entry_id = entry_at(mixed, sequence, position % 10)
        was = mixed.as_owner(
            "SELECT to_jsonb(e) FROM data.access_log e WHERE tenant_id = {tenant} AND id = %s", entry_id
        )

        mixed.as_owner(
            f"UPDATE data.access_log SET {change} WHERE tenant_id = {{tenant}} AND id = %s",  # noqa: S608
            entry_id,
        )

        assert places(mixed.verify().findings) == [("entry_changed", sequence, source, entry_id)], change
        put_back(mixed, entry_id, was[0][0])
        assert mixed.verify().is_intact


def put_back(journal: Journal, entry_id: str, values: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in values if not name.endswith("__lower"))
    journal.as_owner(
        f"UPDATE data.access_log e SET ({names}) = (SELECT {names}"  # noqa: S608  names from the table
        " FROM jsonb_populate_record(NULL::data.access_log, %s::jsonb)) WHERE tenant_id = {tenant} AND id = %s",
        json.dumps(values),
        entry_id,
    )


@pytest.mark.parametrize("sequence", [1, 2])
async def test_whatever_the_format_removed_and_inserted_entries_are_found(mixed: Journal, sequence: int) -> None:
    source, entry_id = entry_at(mixed, sequence, 4)
    mixed.as_owner("DELETE FROM data.access_log WHERE tenant_id = {tenant} AND id = %s", entry_id)
    inserted = await mixed.write(1, ago=timedelta(minutes=30, seconds=-5) if sequence == 1 else timedelta(minutes=25))

    found = places(mixed.verify().findings)

    assert ("entry_removed", sequence, source, entry_id) in found
    assert ("entry_inserted", None, "access_log", inserted[0]) in found
    assert len(found) == 4


@pytest.mark.parametrize("sequence", [1, 2])
async def test_a_seal_that_is_gone_makes_no_entry_look_changed(mixed: Journal, sequence: int) -> None:
    mixed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant} AND sequence = %s", sequence)

    assert "entry_changed" not in {kind for kind, *_ in places(mixed.verify().findings)}


async def test_a_removed_entry_is_found(sealed: Journal) -> None:
    source, entry_id = entry_at(sealed, 3, 4)

    sealed.as_owner("DELETE FROM data.access_log WHERE tenant_id = {tenant} AND id = %s", entry_id)

    assert places(sealed.verify().findings) == [("entry_removed", 3, source, entry_id)]


async def test_an_inserted_entry_is_found(sealed: Journal) -> None:
    (inserted,) = await sealed.write(1, ago=timedelta(minutes=15))

    report = sealed.verify()

    assert len(report.findings) == 3
    assert ("entry_inserted", None, "access_log", inserted) in places(report.findings)


async def test_an_inserted_entry_is_not_laundered_by_the_next_seal(sealed: Journal) -> None:
    (inserted,) = await sealed.write(1, ago=timedelta(minutes=15))
    await sealed.write(1, ago=timedelta(seconds=5))

    await sealed.seal()

    assert ("entry_inserted", None, "access_log", inserted) in places(sealed.verify().findings)


async def test_two_entries_that_were_swapped_are_found(sealed: Journal) -> None:
    (source, one), (_, two) = entry_at(sealed, 1, 0), entry_at(sealed, 1, 1)

    for old, new in ((one, "swap"), (two, one), ("swap", two)):
        sealed.as_owner("UPDATE data.access_log SET id = %s WHERE tenant_id = {tenant} AND id = %s", new, old)

    assert sorted(places(sealed.verify().findings)) == sorted(
        [("entry_changed", 1, source, one), ("entry_changed", 1, source, two)]
    )


async def test_a_removed_leaf_is_found(sealed: Journal) -> None:
    source, entry_id = entry_at(sealed, 1, 3)

    sealed.as_owner("DELETE FROM chassis.audit_leaf WHERE tenant_id = {tenant} AND entry_id = %s", entry_id)

    report = sealed.verify()
    assert places(report.findings) == [("leaf_missing", 1, None, None), ("entry_inserted", None, source, entry_id)]
    assert "position 3" in report.findings[0].message


async def test_the_last_leaf_of_a_seal_removed_is_found(sealed: Journal) -> None:
    _, entry_id = entry_at(sealed, 1, 29)

    sealed.as_owner("DELETE FROM chassis.audit_leaf WHERE tenant_id = {tenant} AND entry_id = %s", entry_id)
    sealed.as_owner("DELETE FROM data.setup_audit_trail WHERE tenant_id = {tenant} AND id = %s", entry_id)

    assert places(sealed.verify().findings) == [("leaf_missing", 1, None, None)]


async def test_an_entry_changed_with_its_leaf_is_found_by_the_root(sealed: Journal) -> None:
    sealed.as_owner(
        "UPDATE chassis.audit_leaf SET hash = sha256('forged') WHERE tenant_id = {tenant} AND sequence = 2"
        " AND position = 7"
    )

    found = places(sealed.verify().findings)
    assert ("root_differs", 2, None, None) in found


async def test_leaves_in_another_order_are_found(sealed: Journal) -> None:
    sealed.as_owner(
        "UPDATE chassis.audit_leaf SET position = CASE position WHEN 4 THEN 5 ELSE 4 END"
        " WHERE tenant_id = {tenant} AND sequence = 2 AND position IN (4, 5)"
    )

    assert places(sealed.verify().findings) == [("root_differs", 2, None, None)]


async def test_leaves_moved_to_another_seal_are_found(sealed: Journal) -> None:
    sealed.as_owner(
        "UPDATE chassis.audit_leaf SET sequence = 3, position = 30"
        " WHERE tenant_id = {tenant} AND sequence = 2 AND position = 29"
    )

    assert places(sealed.verify().findings) == [("leaf_missing", 2, None, None), ("root_differs", 3, None, None)]


async def test_a_removed_seal_is_found(sealed: Journal) -> None:
    sealed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant} AND sequence = 2")

    assert sorted(places(sealed.verify().findings)) == [
        ("leaf_without_seal", 2, None, None),
        ("seal_missing", 2, None, None),
    ]


async def test_the_newest_seal_removed_is_found(sealed: Journal) -> None:
    sealed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant} AND sequence = 3")

    assert places(sealed.verify().findings) == [("leaf_without_seal", 3, None, None)]


async def test_a_tail_removed_with_all_it_covered_is_found_by_who_noted_the_head(sealed: Journal) -> None:
    noted = sealed.verify().head
    for table in ("access_log", "login_history", "setup_audit_trail"):
        sealed.as_owner(
            f"DELETE FROM data.{table} WHERE tenant_id = {{tenant}} AND id IN ("  # noqa: S608
            "SELECT entry_id FROM chassis.audit_leaf WHERE tenant_id = {tenant} AND sequence = 3)"
        )
    sealed.as_owner("DELETE FROM chassis.audit_leaf WHERE tenant_id = {tenant} AND sequence = 3")
    sealed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant} AND sequence = 3")

    assert sealed.verify().is_intact
    assert places(sealed.verify(noted).findings) == [("head_missing", 3, None, None)]


@pytest.mark.parametrize(
    "change",
    [
        "root = sha256('forged')",
        "sealed_at = sealed_at - interval '1 day'",
        "covered_until = covered_until - interval '1 second'",
        "entry_count = entry_count - 1",
        "previous = sha256('forged')",
        "format = 1",
        "signature = signature || '\\x00'",
    ],
)
async def test_an_altered_seal_is_found(sealed: Journal, change: str) -> None:
    sealed.as_owner(
        f"UPDATE chassis.audit_seal SET {change} WHERE tenant_id = {{tenant}} AND sequence = 2"  # noqa: S608
    )

    found = places(sealed.verify().findings)

    assert ("seal_altered", 2, None, None) in found
    assert {sequence for _, sequence, _, _ in found} == {2}


async def test_seals_in_another_order_are_found(sealed: Journal) -> None:
    for old, new in ((1, 0), (2, 1), (0, 2)):
        sealed.as_owner(
            "UPDATE chassis.audit_seal SET sequence = %s WHERE tenant_id = {tenant} AND sequence = %s", new, old
        )

    found = {(kind, sequence) for kind, sequence, _, _ in places(sealed.verify().findings)}

    assert {("seal_altered", 1), ("seal_altered", 2)} <= found


async def test_another_history_signed_with_another_key_is_found(sealed: Journal, tmp_path: Path) -> None:
    sealed.as_owner("DELETE FROM chassis.audit_leaf WHERE tenant_id = {tenant}")
    sealed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant}")
    forged, sealed.home = sealed.home, tmp_path / "forger"
    await sealed.seal()
    sealed.home = forged

    assert places(sealed.verify().findings) == [("unknown_key", 1, None, None)]


async def test_another_history_signed_with_the_same_key_is_found_by_who_noted_the_head(sealed: Journal) -> None:
    noted = sealed.verify().head
    sealed.as_owner("DELETE FROM chassis.audit_leaf WHERE tenant_id = {tenant}")
    sealed.as_owner("DELETE FROM chassis.audit_seal WHERE tenant_id = {tenant}")
    sealed.as_owner("DELETE FROM data.access_log WHERE tenant_id = {tenant}")
    await sealed.seal()

    assert sealed.verify().is_intact
    assert places(sealed.verify(noted).findings) == [("head_missing", 3, None, None)]


async def test_seals_of_an_earlier_key_stay_good_as_long_as_its_public_key_is_kept(sealed: Journal) -> None:
    (sealed.home / "keys" / "audit_ed25519.pem").unlink()
    await sealed.write(1, ago=timedelta(seconds=5))
    await sealed.seal()

    assert sealed.verify().is_intact
    assert len(trusted_keys(sealed.home)) == 2
    assert load_signer(sealed.home).key_id in trusted_keys(sealed.home)


async def test_a_flood_of_findings_is_counted_and_cut(sealed: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_FINDINGS", 5)

    sealed.as_owner("UPDATE data.access_log SET door = 'x' WHERE tenant_id = {tenant}")

    report = sealed.verify()
    assert len(report.findings) == 5
    assert report.counts == {"entry_changed": 30}
    assert "NOT INTACT (30 entry_changed)" in report.summary
