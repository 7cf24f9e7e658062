"""`cases/*.yaml` of a package, read and checked: the cases with what they begin with, or every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import complaints
from chassis_metadata.places import problem_at
from chassis_metadata.yaml_text import read_yaml

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `given` holds users, records, settings … of the file and of the case itself."""

    name: str
    file: str
    line: int
    given: Body
    steps: Sequence[Body]
    covers: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"


def read_cases(folder: Path) -> list[Case]:
    """All cases of the package in a folder; Invalid with every problem of form in all files."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in sorted((folder / "cases").glob("*.yaml")):
        try:
            cases += _read(path, f"cases/{path.name}")
        except Invalid as error:
            problems += error.problems
    if problems:
        raise Invalid(problems)
    return cases


def _read(path: Path, file: str) -> list[Case]:
    read = read_yaml(path.read_text(encoding="utf-8"), file)
    found = [problem_at(read.places, each.where, each.code, each.message) for each in complaints("cases", read.value)]
    if read.problems or found:
        raise Invalid([*read.problems, *found])
    shared: Body = read.value.get("given", {})
    cases = []
    for place, body in enumerate(read.value["cases"]):
        source = read.places.get(("cases", place))
        given = _merged(shared, body.get("given", {}))
        covers = tuple(body.get("covers", ()))
        cases.append(Case(body["name"], file, source.line if source else 1, given, body["steps"], covers))
    return cases


def _merged(shared: Body, own: Body) -> Body:
    """The case's own words over the file's; users, records and settings add up."""
    merged = {**shared, **own}
    for key in ("users", "records", "settings"):
        merged[key] = {**shared.get(key, {}), **own.get(key, {})}
    return merged
