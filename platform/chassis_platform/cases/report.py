"""What a run of cases says: a JUnit file for pipelines, and how much of the package's logic was exercised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from chassis_metadata.components import LogicComponent
from chassis_platform.cases.run import Outcome
from chassis_platform.coverage import Exercised

#: Kinds that decide nothing by themselves.
_WITHOUT_COVERAGE = frozenset({"setting", "custom_permission", "holiday_calendar", "business_hours", "email_template"})


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


def coverage_of(components: Iterable[LogicComponent], outcomes: Iterable[Outcome]) -> Coverage:
    """The coverage of a package's own components by these outcomes."""
    exercised = {each for outcome in outcomes for each in outcome.exercised}
    exercised |= {Exercised(each.kind, each.name) for each in exercised}
    wanted = frozenset(part for each in components for part in parts_of(each))
    return Coverage(wanted, frozenset(exercised & wanted))


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
