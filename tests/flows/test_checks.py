"""What is wrong with a flow is told with its file and line, and what would be right; schedules, texts, durations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.cron import read_cron
from chassis_metadata.logic.flow import read_steps, rest_after
from chassis_metadata.logic.merge_fields import Merge, parts_of
from chassis_metadata.package import read_package
from flows.conftest import package_with

ROOT = Path(__file__).parents[2]
HEAD = "label: A\nobject: Ticket\n"
SAVE = HEAD + "trigger: {record: {}}\n"


def wrong(tmp_path: Path, text: str, **more: str) -> list[str]:
    """`line code` of everything wrong with flows/A.yaml."""
    folder = package_with(
        tmp_path / "package", {"flows/A.yaml": text, **{f"flows/{name}.yaml": more[name] for name in more}}
    )
    try:
        problems = check_package(read_package(folder), [read_package(ROOT / "packages/platform")])
    except Invalid as invalid:
        problems = list(invalid.problems)
    return [f"{each.line} {each.code}" for each in problems if each.file == "flows/A.yaml"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEAD + "trigger: {record: {criteria: 'Nme = 1'}}\nsteps: [{stop: true}]\n", ["3 unknown_name"]),
        (HEAD + "trigger:\n  record:\n    criteria: 'Name'\nsteps: [{stop: true}]\n", ["5 wrong_kind"]),
        (HEAD + "trigger:\n  schedule:\n    cron: '61 * * * *'\nsteps: [{stop: true}]\n", ["5 invalid_schedule"]),
        (HEAD + "trigger: {record: {}, sub: {}}\nsteps: [{stop: true}]\n", ["3 invalid_format"]),
        ("label: A\ntrigger: {record: {}}\nsteps: [{stop: true}]\n", ["1 required_key_missing"]),
        ("label: A\nobject: Tiket\ntrigger: {record: {}}\nsteps: [{stop: true}]\n", ["2 unknown_object"]),
        (SAVE + "steps:\n  - update: {Nte: '1'}\n", ["5 unknown_field"]),
        (SAVE + "steps:\n  - update: {CreatedDate: 'NOW()'}\n", ["5 not_writable"]),
        (SAVE + "steps:\n  - update:\n      Score: '\"x\"'\n", ["6 wrong_kind"]),
        (SAVE + "steps:\n  - update: {Note: '1 +'}\n", ["5 malformed_formula"]),
        (SAVE + "steps:\n  - {update: {Note: '\"\"'}, delete: {}}\n", ["5 one_verb"]),
        (SAVE + "steps:\n  - {name: Nothing}\n", ["5 one_verb"]),
        (SAVE + "steps:\n  - updat: {}\n", ["5 unknown_key"]),
        (SAVE + "steps:\n  - decision: [{else: [{stop: true}]}, {when: 'TRUE', steps: [{stop: true}]}]\n", ["5 unreachable"]),  # noqa: E501
        (SAVE + "steps:\n  - create: {object: Nix, fields: {Name: Name}}\n", ["5 unknown_object"]),
        (SAVE + "steps:\n  - update_records: {related: Prts, fields: {Name: Name}}\n", ["5 unknown_child_relationship"]),  # noqa: E501
        (SAVE + "steps:\n  - update_records: {object: Part, fields: {Name: Name}}\n", ["5 required_key_missing"]),
        (SAVE + "steps:\n  - update_records: {related: Parts, criteria: '$This.Nix = 1', fields: {Name: Name}}\n", ["5 unknown_name"]),  # noqa: E501
        (SAVE + "steps:\n  - queue: Nowhere\n", ["5 unknown_queue"]),
        (SAVE + "steps:\n  - set: {Nix: '1'}\n", ["5 unknown_variable"]),
        (SAVE + "steps:\n  - call: {flow: Nix}\n", ["5 unknown_flow"]),
        (SAVE + "steps:\n  - call: {flow: A}\n", ["5 not_callable", "5 circular_dependency"]),
        (SAVE + "steps:\n  - assign: Nix\n", ["5 unknown_assignment_rule"]),
        (SAVE + "steps:\n  - notify: {to: [{role: Nix}], title: '{!Nix}'}\n", ["5 unknown_name", "5 unknown_role"]),
        (SAVE + "steps:\n  - email: {template: Nix, to: [{email: Email}]}\n", ["5 unknown_e-mail_template"]),
        (SAVE + "steps:\n  - webhook: {url: Nix}\n", ["5 unknown_setting"]),
        (SAVE + "steps:\n  - webhook: {url: HookUrl, secret: Nix}\n", ["5 unknown_setting"]),
        (SAVE + "steps:\n  - webhook: {url: HookUrl, secret: HookSecret}\n", []),
        (SAVE + "steps:\n  - webhook: {url: HookSecret, secret: HookUrl}\n", ["5 wrong_type", "5 wrong_type"]),
        (SAVE + "steps:\n  - send_document: {document: Nix, url: HookSecret, secret: HookUrl}\n", ["5 unknown_outbound_document", "5 wrong_type", "5 wrong_type"]),  # noqa: E501
        (SAVE + "steps:\n  - webhook: {url: HookUrl, body: {Key: '$Setting.HookSecret'}}\n", ["5 unknown_name"]),
        (SAVE + "steps:\n  - webhook: {url: HookUrl, text: {type: text/plain, content: '{!$Setting.HookSecret}'}}\n", ["5 unknown_name"]),  # noqa: E501
        (SAVE + "steps:\n  - webhook: {address: '$Setting.HookSecret'}\n", ["5 unknown_name"]),
        (SAVE + "steps:\n  - update: {Note: '$Setting.hooksecret & \"\"'}\n", ["5 unknown_name"]),
        (SAVE + "steps:\n  - if: '$Setting.HookSecret = \"a\"'\n    stop: true\n", ["5 unknown_name"]),
        (SAVE + "steps:\n  - notify: {to: [{field: OwnerId}], title: 'It is {!$Setting.HookSecret}'}\n", ["5 unknown_name"]),  # noqa: E501
        (SAVE + "steps:\n  - for_each: {related: Parts, steps: [{wait: {for: 1 d}}]}\n", ["5 not_possible_here"]),
        (SAVE + "steps:\n  - for_each: {related: Parts, steps: [{update: {Status: '\"Open\"'}}]}\n", ["5 unknown_field"]),  # noqa: E501
        (SAVE + "steps:\n  - wait: {for: soon}\n", ["5 invalid_format"]),
        (SAVE + "steps:\n  - {name: Twice, stop: true}\n  - {name: Twice, stop: true}\n", ["6 duplicate_name"]),
        (SAVE + "variables: {Name: {type: text}}\nsteps: [{stop: true}]\n", ["4 duplicate_name"]),
        (SAVE + "variables: {Quantity: {type: number}}\nsteps:\n  - update_records: {related: Parts, fields: {Quantity: quantity + 1}}\n", ["6 ambiguous_name"]),  # noqa: E501
        (SAVE + "variables: {Quantity: {type: number}}\nsteps:\n  - update: {Note: 'TEXT(COUNT(\"Part\", Quantity > 1))'}\n", ["6 ambiguous_name"]),  # noqa: E501
        (HEAD + "trigger: {record: {when: before_save}}\nsteps:\n  - delete: {}\n", ["5 not_before_save"]),
        (HEAD + "trigger: {record: {when: before_save, events: [delete]}}\nsteps: [{stop: true}]\n", ["3 not_before_save", "4 not_before_save"]),  # noqa: E501
        (HEAD + "trigger: {relative: {field: Status, offset: 7 days}}\nsteps: [{stop: true}]\n", ["3 wrong_type"]),
        (HEAD + "trigger: {button: {permission: Nix}}\nsteps: [{stop: true}]\n", ["3 unknown_custom_permission"]),
        (HEAD + "trigger: {inbound: {mapping: nix}}\nsteps: [{stop: true}]\n", ["3 unknown_inbound_mapping"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_where_it_stands(tmp_path: Path, text: str, found: list[str]) -> None:
    assert sorted(wrong(tmp_path, text)) == sorted(found)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = SAVE + "steps:\n  - update: {A: '1', Score: '\"x\"'}\n  - if: 'Name'\n    queue: Nix\n"
    assert len(wrong(tmp_path, text)) == 4


def test_flows_that_call_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    sub = "label: S\ntrigger: {sub: {}}\nobject: Ticket\nsteps: [{call: {flow: %s}}]\n"
    assert wrong(tmp_path, sub % "B", B=sub % "C", C=sub % "A") == ["4 circular_dependency"]


def test_a_flow_that_waits_is_not_called(tmp_path: Path) -> None:
    waits = HEAD + "trigger: {button: {}}\nsteps: [{wait: {for: 1 d}}]\n"
    assert wrong(tmp_path, SAVE + "steps: [{call: {flow: B}}]\n", B=waits) == ["4 not_callable"]
    pressed = HEAD + "trigger: {button: {}}\nsteps: [{stop: true}]\n"
    assert wrong(tmp_path / "other", SAVE + "steps: [{call: {flow: B}}]\n", B=pressed) == []


@pytest.mark.parametrize(
    ("text", "after", "following"),
    [
        ("30 2 * * *", "2026-03-01T12:00", "2026-03-02T02:30"),
        ("*/15 9-17 * * mon-fri", "2026-03-06T17:45", "2026-03-09T09:00"),
        ("0 9 1 1,4,7,10 *", "2026-03-06T00:00", "2026-04-01T09:00"),
        ("0 0 29 feb *", "2026-03-01T00:00", "2028-02-29T00:00"),
        ("0 0 13 * 5", "2026-03-02T00:00", "2026-03-06T00:00"),
        ("5/20 * * * *", "2026-03-02T00:26", "2026-03-02T00:45"),
        ("0 12 * * 7", "2026-03-02T00:00", "2026-03-08T12:00"),
    ],
)
def test_a_schedule_says_when_it_comes_round(text: str, after: str, following: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    moment, expected = (datetime.fromisoformat(each).replace(tzinfo=zone) for each in (after, following))
    cron = read_cron(text)
    assert cron.next_after(moment, zone) == expected
    assert cron.last_until(expected, zone) == expected
    previous = cron.last_until(moment, zone)
    assert previous is not None
    assert previous <= moment


def test_a_schedule_is_neither_left_out_nor_doubled_where_clocks_change() -> None:
    zone, cron = ZoneInfo("Europe/Berlin"), read_cron("30 2 * * *")
    spring = cron.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC), zone)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert cron.next_after(spring, zone) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    autumn = cron.next_after(datetime(2026, 10, 24, 12, tzinfo=UTC), zone)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert cron.next_after(autumn, zone) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["* * * *", "60 * * * *", "a * * * *", "5-1 * * * *", "* * 0 * *", "*/0 * * * *"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_cron(text)


def test_merge_fields_are_formulas_between_texts() -> None:
    assert parts_of("Dear {!Name}, {! TEXT(Score) }!") == ("Dear ", Merge("Name"), ", ", Merge("TEXT(Score)"), "!")


def test_what_is_left_after_a_step_is_the_rest_of_each_list_around_it() -> None:
    def stop(name: str) -> dict[str, object]:
        return {"name": name, "stop": True}

    inner = {"decision": [{"when": "TRUE", "steps": [stop("A"), stop("B"), stop("C")]}, {"else": [stop("D")]}]}
    steps = read_steps([stop("First"), inner, stop("Last")], ("steps",), "flows.X.steps")

    def names(place: str) -> list[str | None] | None:
        rest = rest_after(steps, place)
        return None if rest is None else [each.name for each in rest]

    assert names("A") == ["B", "C", "Last"]
    assert names("D") == ["Last"]
    assert names("Last") == []
    assert names("Gone") is None
