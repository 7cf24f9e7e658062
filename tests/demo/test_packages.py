"""The demo plans of our packages, rehearsed: nothing that the write road would refuse, somebody for every persona."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.logic.masking_rule import masking_rules
from chassis_metadata.package import read_package
from chassis_metadata.snapshot import Snapshot
from chassis_platform.demo.plan import DemoPlan, TenantPlan, read_plan
from demo.rehearsal import Rehearsed, rehearse

ROOT = Path(__file__).parents[2]
PLANS = sorted((ROOT / "packages").glob("*/demo/plan.yaml"))
TENANTS = [(path.parent, tenant.name) for path in PLANS for tenant in read_plan(path.parent).tenants]
#: Every one of them signs in at the manufacturer.
PERSONAS = frozenset("OA SO QO RM DP SM SC SA TE PC FI WA CC MK AT PA SU KA LG DO CU".split())  # noqa: SIM905


#: Fields that say how they would be masked and are not: the place of a city, and what officers read whole.
OPEN = frozenset({"Lead.GeoLocation", "IntegrationMessage.Payload"})


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return compile_snapshot([read_package(ROOT / "packages" / name) for name in ("platform", "crm", "automotive")])


def named(folder: Path, name: str) -> tuple[DemoPlan, TenantPlan]:
    plan = read_plan(folder)
    return plan, next(each for each in plan.tenants if each.name == name)


@pytest.fixture(scope="module")
def rehearsals(snapshot: Snapshot) -> dict[str, Rehearsed]:
    return {name: rehearse(*named(folder, name), snapshot, scale=0.05) for folder, name in TENANTS}


def people_of(done: Rehearsed) -> list[dict[str, object]]:
    return [each.values for key, drafts in done.drafts.items() if key.endswith(" users") for each in drafts]


@pytest.mark.parametrize("name", [name for _, name in TENANTS])
def test_nothing_in_a_plan_is_refused(rehearsals: dict[str, Rehearsed], name: str) -> None:
    assert rehearsals[name].problems == []


def test_a_rehearsal_says_the_same_twice(snapshot: Snapshot, rehearsals: dict[str, Rehearsed]) -> None:
    folder, name = TENANTS[-1]

    again = rehearse(*named(folder, name), snapshot, scale=0.05)

    counts = {key: len(drafts) for key, drafts in rehearsals[name].drafts.items()}
    assert {key: len(drafts) for key, drafts in again.drafts.items()} == counts


@pytest.mark.parametrize("name", [name for _, name in TENANTS])
def test_everybody_has_known_permission_sets_and_a_persona(
    snapshot: Snapshot, rehearsals: dict[str, Rehearsed], name: str
) -> None:
    for person in people_of(rehearsals[name]):
        sets = person["permission_sets"]
        assert isinstance(sets, list)
        assert set(sets) <= snapshot.permission_sets.keys()
        assert re.fullmatch(r"[A-Z]{2} .+ \S*[\u4e00-\u9fff/]+\S*", str(person["persona"]))
        assert str(person["username"]).endswith(".example")


def test_the_manufacturer_has_somebody_for_every_persona(rehearsals: dict[str, Rehearsed]) -> None:
    folder, name = TENANTS[0]
    _, tenant = named(folder, name)

    codes = {str(person["code"]) for person in people_of(rehearsals[name])} | {tenant.administrator["persona"][:2]}

    assert codes == PERSONAS


@pytest.mark.parametrize("name", [name for _, name in TENANTS])
def test_auditors_get_nothing_but_the_journal(rehearsals: dict[str, Rehearsed], name: str) -> None:
    auditors = [person for person in people_of(rehearsals[name]) if person["code"] == "AT"]

    assert [person["permission_sets"] for person in auditors] == [["Auditor"]] * len(auditors) != []
    assert all(person["role"] is None for person in auditors)


def test_what_a_field_says_of_its_mask_a_rule_does(snapshot: Snapshot) -> None:
    ruled = {f"{name}.{each}" for rule in masking_rules(snapshot).values() for name, each in rule.fields}
    fields = [(obj.name, each) for obj in snapshot.objects.values() for each in obj.fields.values() if each.mask]

    assert {f"{name}.{each.compound or each.name}" for name, each in fields} - ruled == OPEN
