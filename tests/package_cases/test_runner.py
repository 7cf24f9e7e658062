"""Cases of a package: what passes, how a failure is told, what time it is, what pipelines get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chassis_metadata.components import FunctionDefinition, LogicComponent, Package, PackageManifest
from chassis_metadata.errors import Invalid
from chassis_platform.cases.expect import is_same
from chassis_platform.cases.files import Case, read_cases
from chassis_platform.cases.report import coverage_of, parts_of, write_junit
from chassis_platform.cases.run import AT_ONCE, Outcome, chosen, connections, run_cases
from chassis_platform.cases.stage import Theatre
from chassis_platform.coverage import Exercised
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

CASES = """
given:
  now: "2026-03-02T09:00:00+08:00"
  users:
    ann: {permission_sets: [GarageUser]}
    ben: {permission_sets: [GarageAdmin], manager: ann}
cases:
  - name: A customer is made, changed and found
    steps:
      - as: ann
        create: {bob: {object: Customer, LastName: Bob}}
        expect:
          records: {bob: {LastName: Bob, CreatedDate: "2026-03-02T01:00:00Z", OwnerId: "@ann", FirstName: null}}
      - after: 2 days
        as: ann
        update: {bob: {LastName: Rob}}
        expect:
          records: {bob: {LastName: {matches: "^R"}, LastModifiedDate: "2026-03-04T01:00:00Z"}}
          queries:
            - {query: "SELECT LastName FROM Customer WHERE Id = '@bob'", rows: [{LastName: Rob}], count: 1}
      - find: {rob: "SELECT Id FROM Customer WHERE LastName = 'Rob'"}
        delete: [rob]
        expect: {records: {bob: {gone: true}}}
      - find: {rob: "SELECT Id FROM Customer WHERE LastName = 'Rob'"}
        expect: {errors: [{code: NOT_ONE_RECORD, message: finds 0 records}]}
  - name: A missing name is refused
    covers: [VR-1]
    steps:
      - as: ann
        create: {bob: {object: Customer, FirstName: Bob}}
        expect: {errors: [{code: REQUIRED_FIELD_MISSING, field: LastName}]}
  - name: What is expected wrongly is told
    steps:
      - as: ann
        create: {bob: {object: Customer, LastName: Bob}}
        expect: {records: {bob: {LastName: Rob}}, errors: [{code: NO_SUCH_THING}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "First.yaml").write_text(CASES)
    return tmp_path


@pytest.fixture(scope="module")
async def theatre(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    async with Database(urls.server, largest=connections(AT_ONCE)) as database:
        yield Theatre(urls, database, SnapshotStore(database), "garage", tmp_path_factory.mktemp("home"))


async def test_cases_pass_and_fail_with_reasons(theatre: Theatre, folder: Path) -> None:
    passed, refused, wrong = await run_cases(theatre, folder, read_cases(folder))

    assert passed.passed, (passed.failures, passed.error)
    assert refused.passed, (refused.failures, refused.error)
    assert wrong.error is None
    assert wrong.failures == (
        "step 1: expected the error {'code': 'NO_SUCH_THING'}",
        "step 1: bob.LastName is 'Bob', expected 'Rob'",
    )


def test_a_file_of_a_wrong_form_is_told_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "Wrong.yaml").write_text("cases:\n  - name: Wrong\n    steps:\n      - creat: {}\n")

    with pytest.raises(Invalid) as refused:
        read_cases(tmp_path)

    assert [(each.file, each.line) for each in refused.value.problems] == [("cases/Wrong.yaml", 4)]


def test_cases_are_chosen_by_name_file_and_id(folder: Path) -> None:
    cases = read_cases(folder)

    assert [each.name for each in chosen(cases, "vr-1")] == ["A missing name is refused"]
    assert len(chosen(cases, "first")) == 3
    assert chosen(cases, "nothing") == []


def test_pipelines_get_junit(tmp_path: Path) -> None:
    case = Case("A thing holds", "cases/First.yaml", 7, {}, ())

    write_junit(tmp_path / "out.xml", "garage", [Outcome(case, 0.5, ("step 1: no",)), Outcome(case, 0.25)])

    suite = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314  we wrote it
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert suite[0][0].get("message") == "step 1: no"


def test_every_step_of_a_flow_counts() -> None:
    body = {"steps": [{"decision": {"branches": [{"when": "x", "then": [{"stop": {}}]}], "else": [{"stop": {}}]}}]}

    parts = {each.part for each in parts_of(LogicComponent("flow", "F", body))}

    assert parts == {"", "steps.0", "steps.0.decision.branches.0.then.0", "steps.0.decision.else.0"}


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (5, 5.0, True),
        ("5", 5.0, True),
        (True, 1, False),
        (None, "", False),
        ("2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00.000+0000", True),
        ({"about": 1.0}, 1.004, True),
        ({"not": None}, "x", True),
        ({"matches": "^L-"}, "L-1", True),
    ],
)
def test_values_are_compared_by_what_they_mean(expected: object, actual: object, *, same: bool) -> None:
    assert is_same(expected, actual) is same


def test_a_table_is_exercised_with_the_rule_that_calls_it() -> None:
    def table(name: str) -> LogicComponent:
        return LogicComponent("decision_table", name, {"outputs": [{"name": "percent"}], "rows": []})

    rule = LogicComponent("validation_rule", "Limit", {"criteria": "Discount > own_limit(Amount)"}, "Order")
    other = LogicComponent("validation_rule", "Other", {"criteria": "UNUSED(Amount) > 1"}, "Order")
    function = FunctionDefinition("own_limit", "", "expression", {"formula": "Order_Discount_percent(amount)"})
    package = Package(
        PackageManifest("p", "P", "1.0.0", "me"),
        functions=(function,),
        logic=(table("Order_Discount"), table("Unused"), rule, other),
    )
    fired = frozenset({Exercised("validation_rule", "Order.Limit", "fires")})

    coverage = coverage_of(package, [Outcome(Case("f", "n", 1, {}, ()), 0.0, (), None, fired)])

    assert [each.name for each in coverage.missing] == ["Unused", "Order.Other"]
