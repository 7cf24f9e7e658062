"""Two tenants with the same rows under the same ids: no door of one shows or changes the other's, come what may.

The policy is switched off, conditions on the tenant are taken out of all statements, statements mean the other tenant:
the walls of the database hold alone. At the end one of them is taken away, and the comparison finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from chassis_metadata.errors import ChassisError
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.records.batches import query
from chassis_platform.records.write import create_record, delete_record, undelete_record, update_record
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant
from leak_towns.build import BuiltTown, build
from leak_towns.everything import SEARCHED, Answers, asked_by_id, everything
from leak_towns.loose import allowed_everything, meaning, without_tenants
from leak_towns.plan import Town, towns
from leak_towns.twin import FOREIGN, MARKS, copy_rows, digests
from world import make_world

NOWHERE = {"not_found", "nothing", "no_record"}
MANY, SOME = 100, 10


def some_town() -> Town:
    """The first that is generated: always the same."""
    found: list[Town] = []

    every_check = list(HealthCheck)
    once = settings(max_examples=1, derandomize=True, database=None, phases=[Phase.generate], deadline=None)

    @settings(once, suppress_health_check=every_check)
    @given(town=towns())
    def take(town: Town) -> None:
        found.append(town)

    take()
    return found[0]


@pytest.fixture(scope="module")
async def built(owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: MakeTenant) -> BuiltTown:
    world = await make_world(owner_dsn, database, snapshots, await make_tenant("garage"))
    return await build(world, snapshots, some_town())


@pytest.fixture(scope="module")
async def person(built: BuiltTown) -> Context:
    return await built.as_user("p0")


@pytest.fixture(scope="module")
async def alone(built: BuiltTown, person: Context) -> dict[str, Answers]:
    """What every door shows as long as nobody else has such rows, with the policy and without."""
    return {
        "with": await everything(built, person),
        "without": await everything(built, allowed_everything(person)),
    }


@pytest.fixture(scope="module")
async def neighbour(alone: dict[str, Answers], built: BuiltTown, make_tenant: MakeTenant, superuser_dsn: str) -> Tenant:
    assert alone
    made = await make_tenant("garage")
    copy_rows(superuser_dsn, built.tenant, made)
    return made


@pytest.fixture(scope="module")
def foreign_id(built: BuiltTown, neighbour: Tenant) -> str:
    """A workshop that only the neighbour has."""
    made = new_id("gW1")
    built.sql(
        "INSERT INTO data.workshop (tenant_id, id, name, code, owner_id) VALUES (%s, %s, %s, 'OWN', %s)",
        *(neighbour.id, made, FOREIGN, built.users["p0"]),
    )
    return made


def differences(found: Answers, wanted: Answers) -> list[str]:
    return [name for name, answer in wanted.items() if found[name] != answer]


def test_without_a_policy_more_is_shown(alone: dict[str, Answers]) -> None:
    assert differences(alone["with"], alone["without"])
    assert all(len(each) > 1 for each in (alone["without"]["by_query"], alone["without"]["values by_query"]))


@pytest.mark.usefixtures("neighbour")
async def test_no_door_shows_a_neighbours_rows(built: BuiltTown, person: Context, alone: dict[str, Answers]) -> None:
    for policy, context in (("with", person), ("without", allowed_everything(person))):
        found = await everything(built, context)
        assert differences(found, alone[policy]) == []
        assert not any(each in str(found) for each in MARKS)


@pytest.mark.usefixtures("neighbour")
async def test_the_walls_hold_where_no_statement_says_whose_rows_it_means(
    built: BuiltTown, person: Context, alone: dict[str, Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_tenants(monkeypatch) as seen:
        found = await everything(built, allowed_everything(person))

    assert differences(found, alone["without"]) == []
    assert not any(each in str(found) for each in MARKS)
    assert seen.changed > MANY
    assert seen.left == []


async def test_nothing_is_found_where_statements_mean_the_neighbour(
    built: BuiltTown, person: Context, neighbour: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with meaning(monkeypatch, neighbour) as seen:
        found = await everything(built, allowed_everything(person))

    assert seen.changed > MANY
    assert not any(each in str(found) for each in MARKS)
    for name in ("by_query", "by_list", "by_get", "by_page", "by_external_id", "stays_by_query"):
        assert found[name] == set(), name
    assert found["by_export"] == "InsufficientPrivilege", "it notes what was exported, as the neighbour"
    assert not any(found[f"search {number}"] for number in range(len(SEARCHED)))


@pytest.mark.usefixtures("neighbour")
async def test_a_wall_that_is_taken_away_is_missed(
    built: BuiltTown, person: Context, alone: dict[str, Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would know whether the comparisons above compare anything."""
    with without_tenants(monkeypatch), _hole(built):
        found = await everything(built, allowed_everything(person))
        names = str(await query(built.database, allowed_everything(person), "SELECT Name FROM Workshop"))

    assert len(differences(found, alone["without"])) > SOME
    assert FOREIGN in names


@contextmanager
def _hole(built: BuiltTown) -> Iterator[None]:
    """The view of the workshops shows everybody's."""
    [(definition,)] = built.sql("SELECT pg_get_viewdef('tenant.workshop'::regclass)")
    open_view = definition[: definition.index("WHERE")]
    options = "WITH (check_option = local)"
    built.sql(f"CREATE OR REPLACE VIEW tenant.workshop AS {open_view}")
    try:
        yield
    finally:
        built.sql(f"CREATE OR REPLACE VIEW tenant.workshop {options} AS {definition}")


@pytest.mark.parametrize("loose", ["nothing", "policy", "tenants", "mistaken"])
async def test_a_neighbours_ids_lead_nowhere(
    built: BuiltTown, person: Context, neighbour: Tenant, foreign_id: str, loose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = person if loose == "nothing" else allowed_everything(person)
    with _loosened(loose, neighbour, monkeypatch):
        assert await asked_by_id(built, context, foreign_id) <= NOWHERE


@contextmanager
def _loosened(loose: str, neighbour: Tenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if loose == "tenants":
        with without_tenants(monkeypatch):
            yield
    elif loose == "mistaken":
        with meaning(monkeypatch, neighbour):
            yield
    else:
        yield


@pytest.mark.parametrize("loose", ["nothing", "policy", "tenants", "mistaken"])
async def test_no_door_changes_a_neighbours_rows(
    built: BuiltTown,
    person: Context,
    neighbour: Tenant,
    foreign_id: str,
    loose: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither those that have an id of their own nor those that share one with a row of the tenant's."""
    before = digests(built.owner_dsn, neighbour)
    context = person if loose == "nothing" else allowed_everything(person)
    values = {"Name": "Stolen", "Code": f"X{loose}"}
    with _loosened(loose, neighbour, monkeypatch):
        assert all([await _is_refused(each) for each in _changes(built, context, foreign_id, loose)])
        own = [each for record_id in built.workshop_ids[:4] for each in _changes(built, context, record_id, loose)]
        refused = [await _is_refused(each) for each in own]
        assert loose not in ("policy", "tenants") or not all(refused), "the tenant's own rows are changed"
        await _is_refused(create_record(built.database, context, "Workshop", values))
        foreign = {"Name": "Stay", "WorkshopId": foreign_id}
        assert await _is_refused(create_record(built.database, context, "Stay", foreign))

    assert digests(built.owner_dsn, neighbour) == before


def _changes(built: BuiltTown, context: Context, record_id: str, name: str) -> Iterator[Any]:
    yield update_record(built.database, context, "Workshop", record_id, {"Name": f"Stolen {name}"})
    yield delete_record(built.database, context, "Workshop", record_id)
    yield undelete_record(built.database, context, "Workshop", record_id)


async def _is_refused(asked: Any) -> bool:
    try:
        await asked
    except (ChassisError, psycopg.Error):
        return True
    return False


def test_no_relation_shows_the_server_a_row_of_a_tenant_that_is_not_bound(
    server_dsn: str, superuser_dsn: str, built: BuiltTown, neighbour: Tenant
) -> None:
    readable = """
        SELECT format('%%I.%%I', c.table_schema, c.table_name) FROM information_schema.columns c
        WHERE c.column_name = 'tenant_id' AND c.table_schema IN ('data', 'chassis', 'tenant')
          AND has_table_privilege('chassis_server', format('%%I.%%I', c.table_schema, c.table_name), 'SELECT')
    """
    with psycopg.connect(superuser_dsn) as connection:
        relations = [name for (name,) in connection.execute(readable, [])]
        counted = connection.execute(_counts(relations, neighbour).encode()).fetchall()
        assert sum(count > 0 for _, count in counted) > SOME, "the neighbour has rows in many of them"
    with psycopg.connect(server_dsn) as connection:
        connection.execute(f"SET LOCAL app.tenant_id = '{built.tenant.id}'".encode())
        shown = connection.execute(_counts(relations, neighbour).encode()).fetchall()
    assert len(shown) == len(relations) > MANY
    assert [name for name, count in shown if count] == []


def _counts(relations: list[str], neighbour: Tenant) -> str:
    one = "SELECT '{0}', count(*) FROM {0} WHERE tenant_id = {1}"
    return " UNION ALL ".join(one.format(name.replace("'", "''"), neighbour.id) for name in relations)
