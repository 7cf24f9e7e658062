"""A demo loaded for real: once, with people who can sign in, and through interruptions without a record too many."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import time
from collections.abc import Awaitable, Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from rich.console import Console

from chassis_platform.auth.federation.apps import authenticated_app
from chassis_platform.auth.sign_in import Caller, sign_in
from chassis_platform.demo import steps
from chassis_platform.demo.load import load_demo
from chassis_platform.demo.progress import DEMO_FILE, PENDING_FILE
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 20)

PLAN = """
tenants:
  - name: mill-lane
    label: Mill Lane
    packages: [garage]
    administrator:
      {username: admin@mill.example, last_name: Admin, persona: Administrator, permission_sets: [GarageAdmin]}
    client: {label: Client, run_as: robot@mill.example}
    inbound: {label: Inbox, run_as: robot@mill.example}
    steps: [steps.yaml]
"""
STEPS = """
steps:
  - users: true
    set: people
    rows:
      inline:
        - username: robot@mill.example
          last_name: Robot
          persona: Robot
          permission_sets: [GarageAdmin]
          sign_in: false
        - username: ann@mill.example
          last_name: Lee
          first_name: Ann
          persona: Foreman
          role: GarageForeman
          permission_sets: [GarageUser]
  - set: workshops
    object: Workshop
    rows: {count: 60}
    values:
      Code: "W{n:04}"
      Name: "Workshop {n}"
      Region: {choice: {North: 2, South: 1}}
      OpenedOn: {days: [-900, -1]}
      ForemanId: {find: people, by: last_name, value: Lee, get: Id}
      Owner: {if: {chance: 0.5}, then: {ref: DeveloperName, value: GarageDesk}}
  - set: customers
    object: Customer
    rows: {count: 80}
    values: {LastName: "Miller{n}", Email: "customer{n}@example.com"}
    keep: []
  - object: Workshop
    operation: update
    rows: {set: workshops, where: {is: [$Region, North]}}
    values: {Id: $Id, Budget: {between: [1, 9]}}
  - set: stays
    object: Stay
    rows: {set: workshops, times: {between: [0, 5]}}
    values: {WorkshopId: $Id, CustomerId: {take: customers, get: Id}, Amount: {between: [10, 90]}}
"""

Load = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "packages/garage/demo").mkdir(parents=True)
    (tmp_path / "packages/garage/demo/plan.yaml").write_text(PLAN)
    (tmp_path / "packages/garage/demo/steps.yaml").write_text(STEPS)
    return tmp_path


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(home=home, packages=home / "packages")


@pytest.fixture
def load(settings: Settings, own_urls: DatabaseUrls, home: Path) -> Load:
    async def load() -> dict[str, Any]:
        await load_demo(settings, own_urls, home, Console(file=StringIO()), today=TODAY)
        found: dict[str, Any] = json.loads((home / DEMO_FILE).read_text())
        return found

    return load


def rows(urls: DatabaseUrls, text: str) -> list[Any]:
    with psycopg.connect(urls.owner) as connection:
        return connection.execute(text.encode()).fetchall()


def records(urls: DatabaseUrls) -> list[Any]:
    """What the plan says of every record, in a form that does not name ids."""
    return rows(
        urls,
        "SELECT w.code, w.region, w.opened_on, left(w.owner_id, 3), w.budget, f.last_name, v.amount, c.email"
        " FROM data.workshop w LEFT JOIN data.stay v ON v.tenant_id = w.tenant_id AND v.workshop_id = w.id"
        ' LEFT JOIN data."user" f ON f.tenant_id = w.tenant_id AND f.id = w.foreman_id'
        " LEFT JOIN data.customer c ON c.tenant_id = v.tenant_id AND c.id = v.customer_id"
        " JOIN chassis.tenant t ON t.id = w.tenant_id AND t.name = 'mill-lane' ORDER BY w.code, v.id",
    )


async def sign_everybody_in(demo: dict[str, Any], settings: Settings, urls: DatabaseUrls) -> None:
    caller = Caller(None, None, "test", "api")
    async with Database(urls.server, largest=2) as database:
        for tenant in demo["tenants"]:
            for user in tenant["users"][-2:]:
                assert (await sign_in(database, settings, user["username"], user["password"], caller)).token
            client = tenant["client"]
            app = await authenticated_app(database, client["id"], client["secret"])
            assert "client_credentials" in app.grants
            assert tenant["inbound_key"].startswith(tenant["organization_id"])


async def test_a_demo_is_loaded_once_and_its_people_can_sign_in(
    load: Load, settings: Settings, own_urls: DatabaseUrls, home: Path
) -> None:
    demo = await load()
    first = records(own_urls)

    begin = time.perf_counter()
    assert await load() == demo
    assert time.perf_counter() - begin < 0.1
    assert records(own_urls) == first != []
    assert stat.S_IMODE((home / DEMO_FILE).stat().st_mode) == 0o600
    assert not (home / PENDING_FILE).exists()
    [tenant] = demo["tenants"]
    assert [user["persona"] for user in tenant["users"]] == ["Administrator", "Foreman"]
    await sign_everybody_in(demo, settings, own_urls)


async def test_an_interrupted_load_goes_on_without_a_record_too_many_or_too_few(
    load: Load, own_urls: DatabaseUrls, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "BATCH", 7)
    given: dict[str, str] = {}
    interruptions = 0
    while not (home / DEMO_FILE).exists():
        # A little longer each time, so that it is interrupted at many places and comes to an end.
        try:
            async with asyncio.timeout(0.1 + 0.05 * interruptions):
                demo = await load()
        except TimeoutError:
            interruptions += 1
        if (home / PENDING_FILE).exists():
            pending = json.loads((home / PENDING_FILE).read_text())["tenants"].get("mill-lane", {"passwords": {}})
            assert given.items() <= pending["passwords"].items()
            given = pending["passwords"]

    interrupted = records(own_urls)
    assert interruptions > 1
    assert {user["username"]: user["password"] for user in demo["tenants"][0]["users"]} == given
    assert interrupted == await _records_of_a_plain_load(load, own_urls, home)


async def _records_of_a_plain_load(load: Load, urls: DatabaseUrls, home: Path) -> list[Any]:
    """The same into the same database, after what was there got other names."""
    with psycopg.connect(urls.owner) as connection:
        connection.execute("UPDATE chassis.tenant SET name = 'was-' || name")
        connection.execute("UPDATE chassis.login_name SET username = 'was-' || username")
    (home / DEMO_FILE).unlink()
    await load()
    return records(urls)


async def test_a_load_begun_with_another_plan_is_begun_anew(load: Load, own_urls: DatabaseUrls, home: Path) -> None:
    steps_file = home / "packages/garage/demo/steps.yaml"
    steps_file.write_text(STEPS.replace("CustomerId: {take: customers, get: Id}", "CustomerId: nobody"))
    with pytest.raises(Exception, match="CustomerId"):
        await load()
    assert len(rows(own_urls, "SELECT FROM data.workshop")) == 60

    steps_file.write_text(STEPS.replace("{count: 60}", "{count: 50}"))
    await load()

    assert len(rows(own_urls, "SELECT FROM data.workshop")) == 50
    assert rows(own_urls, "SELECT count(*) FROM chassis.tenant WHERE status = 'active'") == [(1,)]


async def test_a_tenant_of_that_name_that_is_somebody_elses_is_left_alone(load: Load, own_urls: DatabaseUrls) -> None:
    with psycopg.connect(own_urls.owner) as connection:
        connection.execute(
            "INSERT INTO chassis.tenant (organization_id, name, label)"
            " VALUES ('00D000000000001AAA', 'mill-lane', 'Other')"
        )

    demo = await load()

    assert demo["tenants"] == []
    assert records(own_urls) == []


async def test_our_own_smallest_tenant_is_loaded(own_urls: DatabaseUrls, tmp_path: Path) -> None:
    folder = tmp_path / "packages/automotive/demo"
    shutil.copytree(ROOT / "packages/automotive/demo", folder)
    plan = yaml.safe_load((folder / "plan.yaml").read_text())
    plan["tenants"] = [each for each in plan["tenants"] if each["name"] == "huacheng"]
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    settings = Settings(home=tmp_path, packages=tmp_path / "packages")

    await load_demo(settings, own_urls, tmp_path, Console(file=StringIO()), scale=0.2, today=TODAY)

    demo = json.loads((tmp_path / DEMO_FILE).read_text())
    await sign_everybody_in(demo, settings, own_urls)
    assert len(rows(own_urls, "SELECT FROM data.branch_unit")) == 26
    assert rows(own_urls, "SELECT count(*) > 20 FROM data.lead") == [(True,)]
