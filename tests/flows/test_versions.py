"""What waits goes on with the flow as it was when the wait began, whatever was published meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.package import read_package
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from flows.conftest import Desk, MakeDesk, at, package_with

FLOW = """
label: Patient
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Patient"'}}
variables: {Word: {type: text, value: '"old"'}}
steps:
  - name: First
    wait: {for: 2 days}
  - name: Second
    wait: {for: 1 days}
  - update: {Note: 'Word & " steps"'}
"""
NEW = """
label: Patient
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Patient"'}}
steps:
  - name: Only
    wait: {for: 3 days}
  - update: {Note: '"new steps"'}
"""
MONDAY, WEDNESDAY, THURSDAY = (f"2026-03-{day:02}T10:00:00+00:00" for day in (2, 4, 5))


@pytest.fixture(scope="module")
async def made(make_desk: MakeDesk) -> Desk:
    return await make_desk({"flows/Patient.yaml": FLOW})


async def upgrade(urls: DatabaseUrls, desk: Desk, folder: Path) -> None:
    """The tenant gets the package's next version, with another flow of that name."""
    package_with(folder, {"flows/Patient.yaml": NEW})
    manifest = folder / "package.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("version: 1.0.0", "version: 1.1.0"), "utf-8")
    package = read_package(folder)
    publish(urls.owner, package)
    version = package.manifest.version
    await install(desk.snapshots, desk.world.tenant.id, package.manifest.name, actor=OPERATOR, version=version)
    tenant = await tenant_by_id(desk.database, desk.world.tenant.id)
    assert tenant is not None
    desk.world.tenant = tenant
    desk.world.snapshot = await desk.snapshots.of(tenant.id, tenant.metadata_version)


async def test_a_wait_goes_on_with_the_flow_as_it_was(made: Desk, urls: DatabaseUrls, tmp_path: Path) -> None:
    with at(MONDAY):
        before = await made.make(Name="Patient")
    await upgrade(urls, made, tmp_path / "package")
    with at(MONDAY):
        after = await made.make(Name="Patient")
    with at(WEDNESDAY):
        await made.look()
    steps = made.all("flow_wait", "step", "status", "record_id")
    assert steps == [("First", "Resumed", before), ("Only", "Waiting", after), ("Second", "Waiting", before)]
    with at(THURSDAY):
        await made.look()
    assert [made.row(each, "note") for each in (before, after)] == ["old steps", "new steps"]
    versions = dict(made.all("flow_wait", "record_id", "flow_version"))
    assert len(set(versions.values())) == 2
    assert made.all("flow_run", "status", where="trigger = 'wait'") == [("Succeeded",)] * 3
