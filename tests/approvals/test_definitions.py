"""What a process may say, and what is told with file and line where it says something else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.approval import (
    approval_of_document,
    objects_in_approval,
    processes_of,
    read_approval,
)
from chassis_metadata.logic.frozen import digest_of, document_of
from chassis_metadata.package import read_package

PACKAGE = Path(__file__).parent / "package"
PLATFORM = Path(__file__).parents[2] / "packages/platform"
GOOD: dict[str, Any] = {
    "label": "Good",
    "object": "Purchase",
    "steps": [{"name": "First", "label": "First", "approvers": [{"manager": 1}]}],
}


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[dict[str, Any]], list[Any]]:
    """A function that answers what is wrong with a package that has this process."""

    def check(body: dict[str, Any]) -> list[Any]:
        folder = Path(shutil.copytree(PACKAGE, tmp_path / "package"))
        (folder / "approvals/Tried.yaml").write_text(yaml.safe_dump(body, sort_keys=False))
        try:
            package = read_package(folder)
        except Invalid as invalid:
            return list(invalid.problems)
        return list(check_package(package, [read_package(PLATFORM)]))

    return check


def with_step(**more: Any) -> dict[str, Any]:
    return {**GOOD, "steps": [{**GOOD["steps"][0], **more}]}


def asking(**approver: Any) -> dict[str, Any]:
    return with_step(approvers=[approver])


def test_the_package_of_these_tests_is_fine() -> None:
    assert check_package(read_package(PACKAGE), [read_package(PLATFORM)]) == []


def test_a_good_process_is_fine(problems: Callable[[dict[str, Any]], list[Any]]) -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({**GOOD, "object": "Purchas"}, "object", "unknown_object"),
        ({**GOOD, "entry": "Amount"}, "entry", "wrong_kind"),
        ({**GOOD, "entry": "Amont > 1"}, "entry", "unknown_name"),
        ({**GOOD, "submit_when": "1"}, "submit_when", "wrong_kind"),
        ({**GOOD, "show_fields": ["Nothing"]}, "show_fields.0", "unknown_field"),
        ({**GOOD, "submitters": ["permission:Nobody"]}, "submitters.0", "unknown_custom_permission"),
        ({**GOOD, "submitters": ["everybody"]}, "submitters.0", "invalid_format"),
        ({**GOOD, "recall_until": "Later"}, "recall_until", "unknown_step"),
        ({**GOOD, "hours": "Site.Nothing"}, "hours", "unknown_field"),
        ({**GOOD, "time_limit": "soon"}, "time_limit", "invalid_format"),
        ({**GOOD, "steps": []}, "steps", "out_of_range"),
        (
            {**GOOD, "steps": [{**GOOD["steps"][0], "approvers": [{"manager": each}]} for each in (1, 2)]},
            "steps.1.name",
            "duplicate_name",
        ),
        (with_step(parallel=True), "steps.0.parallel", "misplaced_key"),
        (with_step(reject_to="Later"), "steps.0.reject_to", "unknown_other_step"),
        (with_step(editable_fields=["Nothing"]), "steps.0.editable_fields.0", "unknown_field"),
        (with_step(editable_fields=["CreatedDate"]), "steps.0.editable_fields.0", "field_not_updateable"),
        (with_step(when="Name"), "steps.0.when", "wrong_kind"),
        (asking(), "steps.0.approvers.0", "invalid_format"),
        (asking(manager=1, queue="Finance"), "steps.0.approvers.0", "invalid_approver"),
        (asking(match={"Department": "Name"}), "steps.0.approvers.0", "invalid_approver"),
        (asking(queue="Nobody"), "steps.0.approvers.0.queue", "unknown_queue"),
        (asking(role="Nobody"), "steps.0.approvers.0.role", "unknown_role"),
        (asking(permission="Nobody"), "steps.0.approvers.0.permission", "unknown_custom_permission"),
        (asking(permission_set="Nobody"), "steps.0.approvers.0.permission_set", "unknown_permission_set"),
        (asking(field="Site.Name"), "steps.0.approvers.0.field", "unknown_field"),
        (asking(field="Site.RegionId"), "steps.0.approvers.0.field", "wrong_type"),
        (asking(manager=1, of="SiteId"), "steps.0.approvers.0.of", "wrong_type"),
        (asking(formula="Amount"), "steps.0.approvers.0.formula", "wrong_kind"),
        (asking(field="HeadId", **{"from": "Nothing"}), "steps.0.approvers.0.from", "unknown_field"),
        (asking(field="HeadId", **{"from": "Site.RegionId"}, up="HeadId"), "steps.0.approvers.0.up", "wrong_type"),
        (asking(field="Site.BuyerId", up="SiteId"), "steps.0.approvers.0.up", "misplaced_key"),
        (
            asking(role="Director", members="SiteMember.Nobody", match={"SiteId": "SiteId"}),
            "steps.0.approvers.0.members",
            "unknown_field",
        ),
        (
            asking(role="Director", members="SiteMember.UserId", match={"Place": "SiteId"}),
            "steps.0.approvers.0.match.Place",
            "unknown_field",
        ),
        ({**GOOD, "on_approve": [{"update": {"Nothing": "1"}}]}, "on_approve.0.update.Nothing", "unknown_field"),
        ({**GOOD, "on_approve": [{"update": {"Amount": '"x"'}}]}, "on_approve.0.update.Amount", "wrong_kind"),
        (
            {**GOOD, "on_reject": [{"create": {"object": "Nowhere", "fields": {"Name": "Name"}}}]},
            "on_reject.0.create.object",
            "unknown_object",
        ),
        ({**GOOD, "on_recall": [{"flow": "Nothing"}]}, "on_recall.0.flow", "unknown_flow"),
        (
            {**GOOD, "on_submit": [{"notify": {"to": ["SiteId"], "title": "Name"}}]},
            "on_submit.0.notify.to.0",
            "wrong_type",
        ),
        ({**GOOD, "colour": "red"}, "colour", "unknown_key"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(
    problems: Callable[[dict[str, Any]], list[Any]], body: dict[str, Any], path: str, code: str
) -> None:
    found = problems(body)

    assert (f"approvals.Tried.{path}", code) in [(each.path, each.code) for each in found], found
    assert all(each.file == "approvals/Tried.yaml" and each.line for each in found)


def test_steps_that_run_together_make_a_stage() -> None:
    snapshot = compile_snapshot([read_package(PLATFORM), read_package(PACKAGE)])
    by_name = {each.name: each for each in processes_of(snapshot, "Purchase")}

    assert [[step.name for step in stage] for stage in by_name["Parallel"].stages] == [["Money", "Boss"]]
    assert [[step.name for step in stage] for stage in by_name["Chain"].stages] == [["Buyer"], ["Director"]]
    assert by_name["Chain"].stage_of("Director") == 1
    assert list(by_name)[:2] == ["Simple", "Chain"]


def test_a_definition_survives_being_kept() -> None:
    package = read_package(PACKAGE)

    for component in (each for each in package.logic if each.kind == "approval"):
        document = document_of(component)
        process = approval_of_document(document)
        assert process == read_approval(component)
        assert process.digest == digest_of(document)


def test_the_history_leads_to_every_object_with_a_process() -> None:
    snapshot = compile_snapshot([read_package(PLATFORM), read_package(PACKAGE)])

    assert objects_in_approval(snapshot) == {"Purchase"}
    assert "Purchase" in snapshot.objects["ProcessInstance"].fields["TargetObjectId"].references
    assert "ProcessInstances" in [each.name for each in snapshot.objects["Purchase"].children]
    assert "ProcessInstances" not in [each.name for each in snapshot.objects["Site"].children]
