"""What is wrong with a declaration is said where it stands, and no classified field is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.logic.data_subject import subject_map
from package_folders import CRM, PLATFORM, package_of

ACCOUNT = "{root: true, identified_by: [Phone], fields: {Phone: blank, BillingAddress: blank}}"


def problems(folder: Path, **files: str) -> list[tuple[str, str]]:
    """(code, end of the path) of what is wrong with a small package that declares this."""
    platform = package_of(folder / "platform", PLATFORM)
    named = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    found = check_package(package_of(folder / "crm", CRM, named), [platform])
    return [(each.code, (each.path or "").split(".objects.")[-1]) for each in found]


def declared(account: str = ACCOUNT, lead: str | None = None) -> str:
    text = f"label: Person\nobjects:\n  Account: {account}\n"
    return text if lead is None else f"{text}  Lead: {lead}\n"


def test_a_whole_declaration_is_in_order(tmp_path: Path) -> None:
    lead = "{through: [AccountId], erasure: delete, keep_while: {criteria: 'ISBLANK(Amount)', reason: Still open}}"

    assert problems(tmp_path, data_subjects__Person=declared(lead=lead)) == []


def test_a_classified_field_that_nothing_is_said_about_is_named(tmp_path: Path) -> None:
    account = "{root: true, identified_by: [Phone], fields: {Phone: blank}}"
    excluded = declared(account) + "excluded: {Account.BillingAddress: Addresses of firms}\n"

    [(code, _)] = problems(tmp_path / "a", data_subjects__Person=declared(account))
    assert code == "classified_field_forgotten"
    assert problems(tmp_path / "b", data_subjects__Person=excluded) == []


@pytest.mark.parametrize(
    ("lead", "code", "path"),
    [
        ("{erasure: delete}", "required_key_missing", "Lead"),
        ("{through: [AccountId], erasure: keep}", "required_key_missing", "Lead"),
        ("{root: true}", "required_key_missing", "Lead"),
        ("{through: [Accountid]}", "unknown_field", "Lead.through.0"),
        ("{through: [Status]}", "wrong_type", "Lead.through.0"),
        ("{through: [AccountId], fields: {LastNam: token}}", "unknown_field", "Lead.fields.LastNam"),
        ("{through: [AccountId], fields: {LastName: blank}}", "wrong_type", "Lead.fields.LastName"),
        ("{through: [AccountId], fields: {Amount: token}}", "wrong_type", "Lead.fields.Amount"),
        ("{through: [AccountId], fields: {Notes: year}}", "wrong_type", "Lead.fields.Notes"),
        (
            "{through: [AccountId], keep_while: {criteria: 'Amont > 1', reason: Open}}",
            "unknown_name",
            "Lead.keep_while.criteria",
        ),
        (
            "{through: [AccountId], keep_while: {criteria: 'Amount > 1', reason: Open, fields: [Notes]}}",
            "invalid_value",
            "Lead.keep_while.fields.0",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, lead: str, code: str, path: str) -> None:
    assert problems(tmp_path, data_subjects__Person=declared(lead=lead)) == [(code, path)]


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("{person: AccountId, erasure: 'ISCHANGED(Status)', done: {Notes: '\"Done\"'}}", []),
        ("{person: Accountid, export: 'TRUE'}", [("unknown_field", "requests.Lead.person")]),
        ("{person: Status, export: 'TRUE'}", [("wrong_type", "requests.Lead.person")]),
        ("{person: AccountId, export: Amount}", [("wrong_kind", "requests.Lead.export")]),
        ("{person: AccountId, export: 'TRUE', done: {Amount: '\"x\"'}}", [("wrong_kind", "requests.Lead.done.Amount")]),
        ("{person: AccountId, export: 'TRUE', failed: {Id: Id}}", [("wrong_type", "requests.Lead.failed.Id")]),
    ],
)
def test_a_request_is_checked(tmp_path: Path, request_: str, found: list[tuple[str, str]]) -> None:
    text = f"{declared()}requests: {{Lead: {request_}}}\n"

    told = problems(tmp_path, data_subjects__Person=text)
    assert [(code, path.removeprefix("data_subjects.Person.")) for code, path in told] == found


def test_two_declarations_don_t_answer_the_same_requests(tmp_path: Path) -> None:
    text = "requests: {Lead: {person: AccountId, export: 'TRUE'}}\n"

    told = problems(tmp_path, data_subjects__A=declared() + text, data_subjects__B=f"label: B\n{text}")
    assert [code for code, _ in told] == ["duplicate_name", "duplicate_name"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"object": "Leed"}, "unknown_object"),
        ({"age_field": "Amount"}, "wrong_type"),
        ({"age_field": "Created"}, "unknown_field"),
        ({"criteria": "Amont > 1"}, "unknown_name"),
        ({"fields": "{LastName: blank}"}, "wrong_type"),
        ({"action": "anonymise"}, "required_key_missing"),
    ],
)
def test_a_retention_rule_is_checked(tmp_path: Path, changes: dict[str, str], code: str | None) -> None:
    body = {"label": "Old", "object": "Lead", "age_field": "CreatedDate", "months": "24", "action": "delete", **changes}
    text = "".join(f"{name}: {value}\n" for name, value in body.items())

    assert [each for each, _ in problems(tmp_path, retention_rules__Old=text)] == ([] if code is None else [code])


def test_declarations_are_joined_and_asked_in_the_order_of_their_ways(packages: dict[str, Package]) -> None:
    snapshot = compile_snapshot([packages[name] for name in ("platform", "crm", "automotive")])
    declared = subject_map(snapshot)
    level = {name: place for place, names in enumerate(declared.levels) for name in names}
    fields: dict[str, Any] = dict(declared.holdings["Contact"].fields)

    assert {"LastName", "DriverLicenseNumber"} <= set(fields)
    assert set(level) == set(declared.holdings)
    assert level["Account"] < level["Lead"] < level["TestDrive"]
    assert level["Appraisal"] < level["AppraisalItem"]
    assert level["EmailMessage"] == max(level.values())
