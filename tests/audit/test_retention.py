"""What is over its time goes, month by month, never sooner, never under a hold; and the chain still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform.audit.retention import place_hold, prune, read_holds, read_policy, release_hold, set_period
from chassis_platform.audit.seal import NO_SEAL, seal_of_row, seals_of
from chassis_tenants.journal import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.conftest import Journal

OFFICER = Actor(None, "officer")
YEAR = timedelta(days=365)


@pytest.fixture
async def old(journal: Journal) -> Journal:
    """Entries of two years ago, of one year ago and of just now, each sealed then."""
    ages = (2 * YEAR, YEAR, timedelta(minutes=1))
    for ago in ages:
        await journal.write(5, ago=ago)
        assert await journal.seal(overlap=timedelta(days=999))
    date_back(journal, ages)
    return journal


def date_back(journal: Journal, ages: Sequence[timedelta]) -> None:
    """Make the seals as they would be, had they been made so long ago."""
    seals = seals_of(journal.tenant.id)
    text = seals.text.replace("%(tenant_id)s", "{tenant}")
    previous = NO_SEAL
    for row, ago in zip(journal.as_owner(text), ages, strict=True):
        seal = seal_of_row(journal.tenant.organization_id, row)
        then = seal.sealed_at - ago
        dated = replace(seal, previous=previous, sealed_at=then, covered_until=then)
        journal.as_owner(
            "UPDATE chassis.audit_seal SET sealed_at = %s, covered_until = %s, previous = %s, signature = %s"
            " WHERE tenant_id = {tenant} AND sequence = %s",
            then,
            then,
            previous,
            journal.signer.sign(dated.message()),
            seal.sequence,
        )
        previous = dated.hash()


def entries(journal: Journal) -> dict[str, int]:
    return {
        source: journal.as_owner(f"SELECT count(*) FROM data.{source} WHERE tenant_id = {{tenant}}")[0][0]  # noqa: S608
        for source in ("access_log", "login_history")
    }


async def test_nothing_goes_where_no_period_is_set(old: Journal) -> None:
    assert await prune(old.database, old.tenant, old.signer) == {}
    assert entries(old) == {"access_log": 15, "login_history": 15}


async def test_what_is_over_its_time_goes_and_the_chain_still_verifies(old: Journal) -> None:
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)
    before = old.verify().head

    removed = [await prune(old.database, old.tenant, old.signer) for _ in range(2)]

    assert removed == [{"access_log": 5}, {"access_log": 0}]
    assert entries(old) == {"access_log": 10, "login_history": 15}
    report = old.verify(before)
    assert report.is_intact, report.findings
    assert (report.pruned, report.seals) == (5, 3)
    assert "5 removed after their time" in report.summary


async def test_a_shorter_period_takes_more_and_each_kind_has_its_own(old: Journal) -> None:
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)
    await prune(old.database, old.tenant, old.signer)
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 6)
    await set_period(old.database, old.tenant.id, OFFICER, "login_history", 18)

    removed = await prune(old.database, old.tenant, old.signer)

    assert removed == {"access_log": 5, "login_history": 5}
    assert old.verify().is_intact


async def test_what_was_removed_without_its_time_being_over_is_found_beside_it(old: Journal) -> None:
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)
    await prune(old.database, old.tenant, old.signer)
    ((entry_id,),) = old.as_owner("SELECT max(id) FROM data.access_log WHERE tenant_id = {tenant}")
    old.as_owner("DELETE FROM data.access_log WHERE tenant_id = {tenant} AND id = %s", entry_id)

    (finding,) = old.verify().findings

    assert (finding.kind, finding.entry_id) == ("entry_removed", entry_id)


async def test_a_statement_that_was_changed_covers_nothing(old: Journal) -> None:
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)
    await prune(old.database, old.tenant, old.signer)
    old.as_owner(
        "UPDATE chassis.audit_pruned SET through_sequence = 3,"
        " statement = replace(statement, '\"through_sequence\":1', '\"through_sequence\":3') WHERE tenant_id = {tenant}"
    )

    report = old.verify()

    assert report.counts == {"statement_altered": 1, "entry_removed": 5}


@pytest.mark.parametrize("scope", ["all", "user", "record"])
async def test_a_hold_stops_it_until_it_is_released(old: Journal, scope: str) -> None:
    held = {"all": None, "record": "003000000000000002", "user": None}
    subject = held[scope]
    if scope == "user":
        old.as_owner("INSERT INTO data.\"user\" (tenant_id, id, name) VALUES ({tenant}, '005000000000000009', 'Ann')")
        return_user(old)
        subject = "005000000000000009"
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)
    hold = await place_hold(old.database, old.tenant.id, OFFICER, scope=scope, subject=subject, reason="a lawsuit")

    removed = await prune(old.database, old.tenant, old.signer)
    await release_hold(old.database, old.tenant.id, OFFICER, hold)
    later = await prune(old.database, old.tenant, old.signer)

    kept = 5 if scope == "all" else 1
    assert (removed["access_log"], later["access_log"]) == (5 - kept, kept)
    (shown,) = await read_holds(old.database, old.tenant.id)
    assert (shown["reason"], shown["released_by"]) == ("a lawsuit", "officer")
    actions = old.as_owner(
        "SELECT action FROM data.setup_audit_trail WHERE tenant_id = {tenant} ORDER BY id DESC LIMIT 3"
    )
    assert [action for (action,) in actions] == ["releasedHold", "placedHold", "changedRetention"]


def return_user(journal: Journal) -> None:
    """One of the oldest reads is the user's."""
    journal.as_owner(
        "UPDATE data.access_log SET user_id = '005000000000000009' WHERE tenant_id = {tenant}"
        " AND id = (SELECT min(id) FROM data.access_log WHERE tenant_id = {tenant})"
    )


async def test_no_period_is_below_the_operators_floor(old: Journal) -> None:
    old.as_owner(
        "INSERT INTO chassis.audit_floor VALUES ('access_log', 24) ON CONFLICT (source) DO UPDATE SET months = 24"
    )

    with pytest.raises(Invalid, match="24 to"):
        await set_period(old.database, old.tenant.id, OFFICER, "access_log", 12)
    with pytest.raises(NotFound, match="is no journal"):
        await set_period(old.database, old.tenant.id, OFFICER, "job", 12)
    old.as_owner("INSERT INTO chassis.audit_retention VALUES ({tenant}, 'access_log', 1)")
    await prune(old.database, old.tenant, old.signer)

    assert entries(old)["access_log"] == 15
    assert (await read_policy(old.database, old.tenant.id))[0].floor == 24
    old.as_owner("DELETE FROM chassis.audit_floor")


async def test_the_server_can_remove_no_entry_by_itself(old: Journal, server_dsn: str) -> None:
    await set_period(old.database, old.tenant.id, OFFICER, "access_log", 18)

    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(f"SET app.tenant_id = '{old.tenant.id}'")
        for statement in (
            "DELETE FROM data.access_log",
            "UPDATE data.access_log SET door = 'x'",
            "TRUNCATE data.access_log",
            "DELETE FROM chassis.audit_seal",
            "DELETE FROM chassis.audit_leaf",
            "UPDATE chassis.audit_pruned SET source = 'x'",
            "INSERT INTO chassis.audit_floor VALUES ('access_log', 1)",
            "INSERT INTO chassis.operator_act VALUES (1, '', '', '', '')",
            "ALTER TABLE data.access_log DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        [(without_statement,)] = connection.execute("SELECT chassis.prune_journal('access_log', 100)").fetchall()

    assert without_statement == 0
    assert entries(old)["access_log"] == 15
