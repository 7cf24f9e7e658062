"""What a run of cases says: a JUnit file for pipelines, and how much of the package's logic was exercised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from chassis_metadata.components import LogicComponent, Package
from chassis_metadata.logic.decision_table import KIND as _TABLE
from chassis_platform.cases.run import Outcome
from chassis_platform.coverage import Exercised

#: Kinds that decide nothing by themselves.
_WITHOUT_COVERAGE = frozenset(
    {
        "setting",
        "custom_permission",
        "holiday_calendar",
        "business_hours",
        "email_template",
        "access_set",
        "sharing_rule",
        "restriction_rule",
        "masking_rule",
        "alert_rule",
        "outbound_document",
    }
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a package's logic the cases exercised: components and their parts."""

    all: frozenset[Exercised]
    exercised: frozenset[Exercised]

    @property
    def missing(self) -> list[Exercised]:
        """What no case reached, in order."""
        return sorted(self.all - self.exercised)

    @property
    def percent(self) -> float:
        """Of 100; all of nothing is 100."""
        return 100.0 * (len(self.all) - len(self.missing)) / len(self.all) if self.all else 100.0


def coverage_of(package: Package, outcomes: Iterable[Outcome]) -> Coverage:
    """The coverage of a package's own components by these outcomes. What formulas call is exercised with them."""
    exercised = {each for outcome in outcomes for each in outcome.exercised}
    exercised |= {Exercised(each.kind, each.name) for each in exercised}
    exercised |= _called(package, {(each.kind, each.name) for each in exercised})
    wanted = frozenset(part for each in package.logic for part in parts_of(each))
    return Coverage(wanted, frozenset(exercised & wanted))


_CALL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*\(")


def _called(package: Package, exercised: AbstractSet[tuple[str, str]]) -> set[Exercised]:
    """The decision tables that formulas of exercised components call, also by way of declared functions."""
    texts = {_spelled(each.name): _texts(each.body) for each in package.functions}
    tables: dict[str, str] = {}
    for each in package.logic:
        if each.kind == _TABLE:
            outputs = [f"{each.name}_{one['name']}" for one in each.body["outputs"]]
            tables |= dict.fromkeys(map(_spelled, (each.name, *outputs)), each.full_name)
            texts |= dict.fromkeys(map(_spelled, (each.name, *outputs)), _texts(each.body))
    waiting = [_texts(each.body) for each in package.logic if (each.kind, each.full_name) in exercised]
    reached: set[str] = set()
    while waiting:
        names = {_spelled(name) for name in _CALL.findall(waiting.pop())} & texts.keys() - reached
        waiting += [texts[name] for name in names]
        reached |= names
    return {Exercised(_TABLE, tables[name]) for name in reached & tables.keys()}


def _spelled(name: str) -> str:
    """As formulas find a function: in any case, with or without underscores."""
    return name.replace("_", "").lower()


def _texts(body: Any) -> str:
    """All texts of a body, a line each."""
    if isinstance(body, Mapping):
        return "\n".join(_texts(each) for each in body.values())
    if isinstance(body, Sequence) and not isinstance(body, str):
        return "\n".join(_texts(each) for each in body)
    return body if isinstance(body, str) else ""


def parts_of(component: LogicComponent) -> Iterator[Exercised]:
    """The component and, where it has steps, each of them: `steps.0`, `steps.1.then.0`."""
    if component.kind in _WITHOUT_COVERAGE:
        return
    yield Exercised(component.kind, component.full_name)
    if component.body.get("trigger", {}).get("record", {}).get("when") == "before_save":
        return  # its steps are one statement of the write road
    for key in ("steps",):
        for part in _steps(component.body.get(key, ()), key):
            yield Exercised(component.kind, component.full_name, part)


def _steps(steps: Any, path: str) -> Iterator[str]:
    for number, step in enumerate(steps if isinstance(steps, Sequence) and not isinstance(steps, str) else ()):
        here = f"{path}.{number}"
        yield here
        for key, inner in step.items() if isinstance(step, Mapping) else ():
            yield from _nested(inner, f"{here}.{key}")


def _nested(value: Any, path: str) -> Iterator[str]:
    """Steps inside a step: lists of maps under `then`, `else`, `do`, `steps`, and those of branches."""
    key = path.rpartition(".")[2]
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _nested(inner, f"{path}.{name}")
    elif key in ("then", "else", "do", "steps"):
        yield from _steps(value, path)
    elif key in ("branches", "decision") and isinstance(value, Sequence):
        for number, branch in enumerate(value):
            for name, inner in branch.items() if isinstance(branch, Mapping) else ():
                yield from _nested(inner, f"{path}.{number}.{name}")


def write_junit(path: Path, package: str, outcomes: Sequence[Outcome]) -> None:
    """JUnit's XML, as pipelines read it."""
    failed = sum(1 for each in outcomes if each.failures)
    broken = sum(1 for each in outcomes if each.error)
    suite = ET.Element(
        "testsuite",
        name=package,
        tests=str(len(outcomes)),
        failures=str(failed),
        errors=str(broken),
        time=f"{sum(each.seconds for each in outcomes):.3f}",
    )
    for each in outcomes:
        case = each.case
        element = ET.SubElement(
            suite, "testcase", classname=case.file, name=case.name, time=f"{each.seconds:.3f}", line=str(case.line)
        )
        if each.failures:
            ET.SubElement(element, "failure", message=each.failures[0]).text = "\n".join(each.failures)
        if each.error:
            ET.SubElement(element, "error", message=each.error.strip().splitlines()[-1]).text = each.error
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
