"""The sealer: everything sealed once, chained, signed, whatever the moment or the number of workers."""

from __future__ import annotations

import asyncio
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from chassis_platform.audit import seal as sealing
from chassis_platform.audit.keys import is_signed, load_signer, trusted_keys
from chassis_platform.audit.seal import DEEP_OVERLAP, NO_SEAL
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement

if TYPE_CHECKING:
    from pathlib import Path

    from audit.conftest import Journal


async def test_every_entry_of_every_table_is_sealed_once(journal: Journal) -> None:
    await journal.write(10)

    first = await journal.seal()
    second = await journal.seal()

    assert first is not None
    assert first.seal.entry_count == 30
    assert first.is_complete
    assert first.seal.previous == NO_SEAL
    assert second is None
    assert journal.as_owner(
        "SELECT source, count(*), min(position) FROM chassis.audit_leaf WHERE tenant_id = {tenant}"
        " GROUP BY source ORDER BY source"
    ) == [("access_log", 10, 0), ("login_history", 10, 10), ("setup_audit_trail", 10, 20)]


async def test_a_seal_repeats_the_hash_of_the_one_before_and_is_signed(journal: Journal) -> None:
    await journal.write(3)
    first = await journal.seal()
    await journal.write(3, ago=timedelta(seconds=5))

    second = await journal.seal()

    assert first is not None
    assert second is not None
    assert second.seal.sequence == 2
    assert second.seal.previous == first.seal.hash()
    ((signature,),) = journal.as_owner(
        "SELECT signature FROM chassis.audit_seal WHERE tenant_id = {tenant} AND sequence = 2"
    )
    (public,) = trusted_keys(journal.home).values()
    assert is_signed(public, signature, second.seal.message())


async def test_entries_that_have_not_settled_wait_for_the_next_seal(journal: Journal) -> None:
    await journal.write(5, ago=timedelta(seconds=0))

    assert await journal.seal() is None


async def test_an_entry_committed_late_is_found_by_the_next_seal(journal: Journal) -> None:
    await journal.write(2, ago=timedelta(seconds=5))
    await journal.seal()
    await journal.write(1, ago=timedelta(seconds=40))

    found = await journal.seal()

    assert found is not None
    assert found.seal.entry_count == 3
    assert journal.verify().is_intact


async def test_an_entry_committed_an_hour_late_is_found_by_the_deep_seal(journal: Journal) -> None:
    await journal.write(2, ago=timedelta(seconds=5))
    await journal.seal()
    await journal.write(1, ago=timedelta(hours=1))

    assert await journal.seal() is None
    found = await journal.seal(DEEP_OVERLAP)

    assert found is not None
    report = journal.verify()
    assert report.is_intact
    assert report.late == 3
    assert report.longest_open > timedelta(minutes=59)


async def test_sealers_at_once_take_turns(journal: Journal) -> None:
    await journal.write(50)

    sealed = await asyncio.gather(*(journal.seal() for _ in range(4)))

    assert sorted(each.seal.entry_count for each in sealed if each) == [150]
    assert journal.verify().is_intact


async def test_a_long_backlog_is_sealed_in_parts(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 10)
    monkeypatch.setattr(sealing, "PAGE", 7)
    await journal.write(35)

    seals = []
    while (sealed := await journal.seal()) is not None:
        seals.append(sealed)

    assert [each.is_complete for each in seals] == [False] * (len(seals) - 1) + [True]
    assert len(seals) > 2
    assert sum(each.seal.entry_count for each in seals) == 105
    report = journal.verify()
    assert report.is_intact
    assert report.unsealed == 0


async def test_a_failed_seal_leaves_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    await journal.write(5)

    with monkeypatch.context() as broken:
        broken.setattr(sealing, "_insert_seal", lambda *_: Statement("SELECT 1 / 0"))
        with pytest.raises(psycopg.errors.DivisionByZero):
            await journal.seal()

    assert journal.as_owner("SELECT count(*) FROM chassis.audit_leaf WHERE tenant_id = {tenant}") == [(0,)]
    assert await journal.seal() is not None


async def test_the_server_may_not_change_or_remove_seals(sealed: Journal) -> None:
    for text in (
        "UPDATE chassis.audit_seal SET root = root",
        "DELETE FROM chassis.audit_seal",
        "UPDATE chassis.audit_leaf SET hash = hash",
        "DELETE FROM chassis.audit_leaf",
        "DELETE FROM data.access_log",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await sealed.database.read(Binding(sealed.tenant.id), Statement(text))


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = load_signer(tmp_path), load_signer(tmp_path)

    path = tmp_path / "keys" / "audit_ed25519.pem"
    assert first.key_id == second.key_id
    assert list(trusted_keys(tmp_path)) == [first.key_id]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
