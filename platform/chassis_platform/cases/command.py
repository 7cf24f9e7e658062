"""`chassis package test`: a scratch database with the package, its cases run, what came of them told."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid
from chassis_metadata.package import read_package
from chassis_platform.cases.files import Case, read_cases
from chassis_platform.cases.report import coverage_of, write_junit
from chassis_platform.cases.run import AT_ONCE, Outcome, chosen, connections, run_cases
from chassis_platform.cases.stage import Theatre
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.migrate import migrate
from chassis_platform.publishing import read_packages
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database
from chassis_tenants.database import Database
from chassis_tenants.publisher import PLATFORM_PACKAGE, publish
from chassis_tenants.snapshots import SnapshotStore

#: A scratch database has nothing to lose in a power cut.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SHOWN_MISSING = 40


@dataclass(frozen=True, slots=True)
class CaseRun:
    """What to run, and where to write about it."""

    folder: Path
    keyword: str | None = None
    junit: Path | None = None
    at_once: int = AT_ONCE


def run_package_cases(settings: Settings, wanted: CaseRun, console: Console) -> bool:
    """Run the cases and print what came of them; answers whether all passed."""
    cases = chosen(read_cases(wanted.folder), wanted.keyword)
    if not cases:
        console.print("There are no such cases.")
        return False
    package = read_package(wanted.folder)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="chassis-cases-") as scratch, _database(settings, Path(scratch)) as urls:
        for each in _needed(settings.packages, package):
            publish(urls.owner, each, replace=True)
        outcomes = asyncio.run(_run(urls, wanted, package, cases, console))
    _tell(package, outcomes, console, time.perf_counter() - started)
    if wanted.junit is not None:
        write_junit(wanted.junit, package.manifest.name, outcomes)
    return all(each.passed for each in outcomes)


@contextmanager
def _database(settings: Settings, scratch: Path) -> Iterator[DatabaseUrls]:
    """A database of the run's own; with CHASSIS_DATABASE_URL that one, which should be a scratch one too."""
    if settings.database_url is not None:
        urls = prepare_database(settings.database_url.get_secret_value())
        migrate(urls.owner)
        yield urls
        return
    from chassis_tenants.embedded import start_embedded  # noqa: PLC0415  it imports what only Linux has

    with start_embedded(scratch / "postgres", linger_seconds=0.1, settings=_FAST) as embedded:
        urls = prepare_database(embedded.dsn)
        migrate(urls.owner)
        yield urls


def _needed(folder: Path, package: Package) -> list[Package]:
    """The package and all that it stands on, dependencies first; those are looked for in the packages folder."""
    known = {each.manifest.name: each for each in read_packages(folder)} | {package.manifest.name: package}
    names: list[str] = []

    def visit(name: str) -> None:
        if name not in known:
            raise Invalid.of("missing_dependency", f"The package {name!r} is not in {folder}.")
        for below in [*([PLATFORM_PACKAGE] if name != PLATFORM_PACKAGE else []), *known[name].manifest.depends_on]:
            if below not in names:
                visit(below)
        if name not in names:
            names.append(name)

    visit(package.manifest.name)
    return [known[name] for name in names]


async def _run(
    urls: DatabaseUrls, wanted: CaseRun, package: Package, cases: Sequence[Case], console: Console
) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="chassis-keys-") as home:
        wrapper = wrapper_of(Settings(), Path(home))
        async with Database(urls.server, largest=connections(wanted.at_once), wrapper=wrapper) as database:
            theatre = Theatre(urls, database, SnapshotStore(database), package.manifest.name, Path(home))
            return await run_cases(
                theatre, wanted.folder, cases, at_once=wanted.at_once, told=lambda outcome: _mark(outcome, console)
            )


def _mark(outcome: Outcome, console: Console) -> None:
    console.print("." if outcome.passed else "[red]F[/red]", end="")


def _tell(package: Package, outcomes: Sequence[Outcome], console: Console, seconds: float) -> None:
    console.print()
    for each in outcomes:
        if not each.passed:
            console.print(f"[red]✗[/red] {each.case}", highlight=False)
            for line in [*each.failures, *(each.error or "").splitlines()]:
                console.print(f"    {line}", highlight=False, markup=False)
    coverage = coverage_of(package, outcomes)
    for missing in coverage.missing[:_SHOWN_MISSING]:
        console.print(f"  not exercised: {missing.kind} {missing.name} {missing.part}", highlight=False)
    passed = sum(each.passed for each in outcomes)
    covered = len(coverage.all) - len(coverage.missing)
    console.print(
        f"{passed} of {len(outcomes)} cases passed in {seconds:.1f} s;"
        f" {covered} of {len(coverage.all)} rules and steps exercised ({coverage.percent:.0f} %)",
        highlight=False,
    )
