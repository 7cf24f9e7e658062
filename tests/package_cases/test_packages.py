"""The cases of the packages in the repository pass, and what a package's README says works has such a case."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chassis_platform.cases.files import read_cases
from chassis_platform.cases.run import AT_ONCE, Outcome, connections, run_cases
from chassis_platform.cases.stage import Theatre
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from conftest import WRAPPER

PACKAGES = Path(__file__).parents[2] / "packages"
NAMES = sorted(path.parent.name for path in PACKAGES.glob("*/cases"))
#: The first column of the table says the subject, the second the ids, one or `VR-001 to VR-004`.
_SECTION = re.compile(r"(?ms)^## What works$(.*?)(?=^## |\Z)")
_SPAN = re.compile(r"([A-Z][A-Z0-9.]*-)(\d+)(?: to \1(\d+))?")

Play = Callable[[str], Awaitable[list[Outcome]]]


@pytest.fixture(scope="module")
async def play(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Play]:
    """A function: the outcomes of a package's cases, each package played once."""
    played: dict[str, list[Outcome]] = {}
    async with Database(urls.server, largest=connections(AT_ONCE), wrapper=WRAPPER) as database:

        async def outcomes(name: str) -> list[Outcome]:
            if name not in played:
                theatre = Theatre(urls, database, SnapshotStore(database), name, tmp_path_factory.mktemp(name))
                played[name] = await run_cases(theatre, PACKAGES / name, read_cases(PACKAGES / name))
            return played[name]

        yield outcomes


@pytest.mark.parametrize("name", NAMES)
async def test_all_cases_of_the_package_pass(play: Play, name: str) -> None:
    failed = [f"{each.case}: {each.failures or each.error}" for each in await play(name) if not each.passed]

    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("name", NAMES)
async def test_what_the_readme_says_works_has_a_case_that_passes(play: Play, name: str) -> None:
    said = ids_of((PACKAGES / name / "README.md").read_text(encoding="utf-8"))
    covered = {each for outcome in await play(name) if outcome.passed for each in outcome.case.covers}

    assert said
    assert said <= covered, f"without a case: {sorted(said - covered)}"


def test_spans_of_ids_are_read() -> None:
    text = "# A package\n\nVR-009\n\n## What works\n\n| Leads | VR-001 to VR-003, F.7-1 |\n\n## More\n\nVR-008\n"

    assert ids_of(text) == {"VR-001", "VR-002", "VR-003", "F.7-1"}


def ids_of(text: str) -> set[str]:
    """The ids under "What works"; a span stands for all ids between."""
    found: set[str] = set()
    section = _SECTION.search(text)
    for kind, first, last in _SPAN.findall(section[1] if section else ""):
        numbers = range(int(first), int(last or first) + 1)
        found |= {f"{kind}{number:0{len(first)}}" for number in numbers}
    return found
