"""Reading a plan: its rows in every form, and all its mistakes at once with their lines."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.demo.expressions import RecordSet, World
from chassis_platform.demo.operators import OPERATORS
from chassis_platform.demo.plan import compile_steps, read_plan
from chassis_platform.demo.sources import RowSource, read_file, read_list, read_rows

WORLD = World(date(2026, 1, 1), ZoneInfo("UTC"), sets={"made": RecordSet([{"Id": "x", "Code": 1}])})
PLAN = """
lists:
  colours: {file: colours.csv, column: name, weight: weight, only: {kind: warm}}
tenants:
  - name: acme
    administrator: {username: admin@acme.example, last_name: Admin, persona: Administrator}
    client: {label: Client, run_as: admin@acme.example}
    inbound: {label: Inbox, run_as: admin@acme.example}
    steps: [steps.yaml]
"""
STEPS = """
steps:
  - set: places
    object: Place
    rows: {inline: [{code: A}, {code: B}]}
    values: {Code: $code, Name: "Place {code}", Colour: {from: colours}}
  - object: Visit
    rows: {set: places, times: 2}
    values: {PlaceId: $Id}
"""


def plan_in(folder: Path, plan: str = PLAN, steps: str = STEPS) -> Path:
    (folder / "plan.yaml").write_text(plan)
    (folder / "steps.yaml").write_text(steps)
    (folder / "colours.csv").write_text("name,kind,weight\nred,warm,1\nblue,cold,1\n")
    return folder


def test_a_plan_becomes_tenants_with_steps(tmp_path: Path) -> None:
    plan = read_plan(plan_in(tmp_path))

    [tenant] = plan.tenants
    steps = compile_steps(tenant, plan, WORLD)
    assert (tenant.name, tenant.label, tenant.language) == ("acme", "acme", "en_US")
    assert [(step.name, step.object_name, step.operation) for step in steps] == [
        ("places", "Place", "insert"),
        ("Visit", "Visit", "insert"),
    ]


def test_a_plan_of_other_content_has_another_digest(tmp_path: Path) -> None:
    first = read_plan(plan_in(tmp_path)).digest

    second = read_plan(plan_in(tmp_path, steps=STEPS.replace("times: 2", "times: 3"))).digest

    assert first != second


def test_all_mistakes_are_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    steps = """
steps:
  - set: places
    objekt: Place
    rows: {inline: [], file: nowhere.csv}
    values: {Code: {form: colours}}
  - object: Visit
    rows: {set: plaices}
"""
    with pytest.raises(Invalid) as refused:
        read_plan(
            plan_in(tmp_path, PLAN.replace("run_as: admin@acme.example}\n    inbound", "runas: x}\n    inbound"), steps)
        )

    told = {(problem.code, Path(problem.file or "").name, problem.line) for problem in refused.value.problems}
    assert {
        ("unknown_key", "plan.yaml", 7),
        ("required_key_missing", "plan.yaml", 7),
        ("unknown_key", "steps.yaml", 4),
        ("no_object", "steps.yaml", 3),
        ("no_rows", "steps.yaml", 5),
        ("unknown_operator", "steps.yaml", 6),
        ("unknown_set", "steps.yaml", 8),
    } <= told
    assert "no_such_file" in {problem.code for problem in refused.value.problems}


def test_files_are_read_in_every_form(tmp_path: Path) -> None:
    rows = [{"a": "1", "b": "ä"}, {"a": "2", "b": ""}]
    (tmp_path / "rows.csv").write_text("a,b\n1,ä\n2,\n")
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress("a,b\n1,ä\n2,\n".encode()))
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "rows.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode()))

    for name in ("rows.csv", "rows.csv.gz", "rows.json", "rows.json.gz"):
        assert list(read_file(tmp_path / name)) == rows


def test_a_list_holds_the_rows_that_it_is_limited_to(tmp_path: Path) -> None:
    plan_in(tmp_path)

    found = read_list(tmp_path / "colours.csv", "name", "weight", {"kind": "warm"})

    assert {found.pick(WORLD.chance) for _ in range(20)} == {"red"}


def test_rows_are_filtered_told_apart_limited_repeated_and_numbered(tmp_path: Path) -> None:
    inline = [{"k": 1}, {"k": 2}, {"k": 2}, {"k": 3}, {"k": 4}]
    source = RowSource(
        inline=inline, where=lambda row: row["k"] > 1, distinct=("k",), limit=2, times=lambda row: row["k"] - 1
    )

    rows = list(read_rows(source, WORLD, tmp_path, variables={"v": 9}))

    assert rows == [
        {"v": 9, "k": 2, "i": 1, "n": 1},
        {"v": 9, "k": 3, "i": 1, "n": 2},
        {"v": 9, "k": 3, "i": 2, "n": 3},
    ]


def test_rows_come_from_counts_sets_and_combinations(tmp_path: Path) -> None:
    counted = RowSource(count=lambda row: row["many"])
    crossed = RowSource(cross=[RowSource(of_set="made"), RowSource(inline=[{"side": "left"}, {"side": "right"}])])

    assert len(list(read_rows(counted, WORLD, tmp_path, variables={"many": 3}))) == 3
    assert [(row["Id"], row["side"]) for row in read_rows(crossed, WORLD, tmp_path)] == [("x", "left"), ("x", "right")]


def test_a_small_scale_leaves_out_rows_at_even_distances(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("k\n" + "\n".join(str(each) for each in range(1000)))

    some = [int(row["k"]) for row in read_rows(RowSource(file="rows.csv"), WORLD, tmp_path, scale=0.1)]
    whole = list(read_rows(RowSource(file="rows.csv", whole=True), WORLD, tmp_path, scale=0.1))

    assert some == list(range(0, 1000, 10))
    assert len(whole) == 1000


def test_every_operator_is_in_the_reference() -> None:
    reference = (Path(__file__).parents[2] / "docs/reference/demo-plan.md").read_text()

    assert [name for name in OPERATORS if f"`{{{name}: " not in reference] == []
