"""Many records at once cost what one costs; a running approval keeps the version that it began with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval_office import Office
from chassis_metadata.package import read_package
from chassis_platform.automation.approvals.requests import Decision, Submission
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Transaction
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish

PACKAGE = Path(__file__).parent / "package"
MANY = 200


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went out in each trip."""
    trips: list[int] = []
    fetch_each = Transaction.fetch_each

    async def counted(self: Transaction, statements: Any) -> Any:
        trips.append(len(statements))
        return await fetch_each(self, statements)

    monkeypatch.setattr(Transaction, "fetch_each", counted)
    return trips


async def purchases(office: Office, count: int, **values: Any) -> list[str]:
    records = [{"Name": f"Purchase {number}", "Amount": 500, **values} for number in range(count)]
    results = await office.write("clerk", "insert", records, all_or_none=True)
    return [str(each.id) for each in results]


@pytest.mark.parametrize("kind", ["Simple", "Chain", "Region"])
async def test_two_hundred_submissions_cost_the_statements_of_one(office: Office, sent: list[int], kind: str) -> None:
    one = await purchases(office, 1, Kind=kind, SiteId=office.ids["Site"])
    many = await purchases(office, MANY, Kind=kind, SiteId=office.ids["Site"])

    sent.clear()
    await office.do("clerk", *map(Submission, one))
    cost = (len(sent), sum(sent))
    sent.clear()
    outcomes = await office.do("clerk", *map(Submission, many))

    assert all(each.status == "Pending" for each in outcomes)
    assert (len(sent), sum(sent)) == cost


async def test_two_hundred_decisions_cost_the_statements_of_one(office: Office, sent: list[int]) -> None:
    one = await office.do("clerk", *map(Submission, await purchases(office, 1, Kind="Simple")))
    many = await office.do("clerk", *map(Submission, await purchases(office, MANY, Kind="Simple")))

    sent.clear()
    await office.do("manager", *(Decision(each.workitem_ids[0], approves=True) for each in one))
    cost = (len(sent), sum(sent))
    sent.clear()
    outcomes = await office.do("manager", *(Decision(each.workitem_ids[0], approves=True) for each in many))

    assert all(each.status == "Approved" for each in outcomes)
    assert (len(sent), sum(sent)) == cost


async def test_of_a_batch_those_that_fit_are_submitted(office: Office) -> None:
    good = await purchases(office, 3, Kind="Simple")
    bad = await purchases(office, 2, Kind="Simple", Amount=0)

    outcomes = await office.do("clerk", *map(Submission, [*good, *bad]))

    assert [each.status for each in outcomes] == ["Pending"] * 3 + [None] * 2


async def test_what_turns_out_wrong_on_the_way_leaves_the_rest_alone(office: Office) -> None:
    """A rule says no to one of three while the process writes; the two others go on."""
    ids = await purchases(office, 3, Kind="Chain", SiteId=office.ids["Site"])
    office.world.sql("UPDATE data.purchase SET amount = -1 WHERE id = %s", ids[1])

    outcomes = await office.do("clerk", *map(Submission, ids))

    assert [each.status for each in outcomes] == ["Pending", None, "Pending"]
    assert outcomes[1].problems[0].code == "field_custom_validation_exception"
    assert office.history(ids[1]) == []


async def test_an_upgrade_leaves_running_approvals_as_they_began(
    office: Office, published: DatabaseUrls, tmp_path: Path
) -> None:
    running, _ = await office.submitted(Kind="Simple")
    upgrade(published, tmp_path)
    await install(office.snapshots, office.world.tenant.id, "purchasing", actor=OPERATOR, version="1.1.0")
    await office.refresh()

    fresh, _ = await office.submitted(Kind="Simple")
    done = await office.approve("manager", running)

    assert done.status == "Approved"
    assert office.row(running, "remark") is None
    assert office.asked(fresh) == ["Finance"]
    await office.approve("accountant", fresh)
    assert office.row(fresh, "remark") == "new version"


def upgrade(urls: DatabaseUrls, folder: Path) -> None:
    """Version 1.1.0 asks the queue, and says so."""
    package = read_package(PACKAGE)
    body = {
        **next(each.body for each in package.logic if each.name == "Simple"),
        "on_approve": [{"update": {"Remark": '"new version"'}}],
        "steps": [{"name": "Money", "label": "Money", "approvers": [{"queue": "Finance"}]}],
    }
    logic = tuple(replace(each, body=body) if each.name == "Simple" else each for each in package.logic)
    publish(urls.owner, replace(package, manifest=replace(package.manifest, version="1.1.0"), logic=logic))
    assert folder
