"""`make bench`: Chassis beside its limit. `python -m benchmarks --help` says what can be chosen."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.bulk import ingest_rates
from benchmarks.clocks import milestone_look
from benchmarks.copies import have_opportunities
from benchmarks.environment import Environment, prepared
from benchmarks.exports import export_rates
from benchmarks.journal import ENTRIES, QUICK_ENTRIES, journal_figures
from benchmarks.logged import logged_cost
from benchmarks.logic import bulk_rate, logic_cost
from benchmarks.masking import masking_cost
from benchmarks.report import print_report, write_results
from benchmarks.run import Compared, Race, compare
from benchmarks.same import check_same
from benchmarks.scoring import scoring_nights
from benchmarks.sharing import sharing_cost
from benchmarks.subjects import SUMMED, subjects
from benchmarks.tenants import Single, idle_memory, import_rate, install_time

LEADS, QUICK_LEADS = 50_000, 10_000
TENANTS, QUICK_TENANTS = 1_000, 300
CLIENTS = (8, 1)
BULK, QUICK_BULK = 100_000, 10_000


def main() -> int:
    """Measure, print, write; 1 when a target is missed and that was asked about."""
    options = _options()
    began = time.perf_counter()
    load_before = os.getloadavg()[0]
    with _home(options.home) as home, prepared(home, leads=QUICK_LEADS if options.quick else LEADS) as environment:
        compared = _compared(environment, options)
        singles = _singles(environment, options)
    conditions = {
        "whole": options.only is None and not options.quick,
        "seconds_each": options.seconds,
        "leads": environment.imported.records,
        "load_average_before": round(load_before, 2),
        "took_seconds": round(time.perf_counter() - began),
    }
    print_report(compared, singles)
    written = write_results(compared, singles, conditions=conditions)
    print(f"\n{', '.join(str(each.relative_to(servers.ROOT)) for each in written)}; {conditions['took_seconds']} s")
    missed = [each for each in compared if not each.met] + [each for each in singles if each.met is False]
    return 1 if options.strict and missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure Chassis beside hand-written endpoints.")
    parser.add_argument(
        "--seconds", type=float, help="how long each server is measured per line (default 6; quick 0.8)"
    )
    parser.add_argument("--only", help="subjects, comma-separated: get, list, create, install, memory, import …")
    parser.add_argument("--quick", action="store_true", help="fewer records, shorter rounds: under two minutes")
    parser.add_argument("--home", type=Path, help="keep the database here and use it again (default: a temporary one)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed")
    options = parser.parse_args()
    options.seconds = options.seconds or (0.8 if options.quick else 6.0)
    options.only = options.only and [each.strip() for each in options.only.split(",")]
    return options


@contextmanager
def _home(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        yield wanted.resolve()
        return
    home = Path(tempfile.mkdtemp(prefix="chassis-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _compared(environment: Environment, options: argparse.Namespace) -> list[Compared]:
    wanted = [each for each in subjects(environment) if options.only is None or each.name in options.only]
    if not wanted:
        return []
    compared = []
    if any(each.name == "aggregate" for each in wanted):
        have_opportunities(environment, SUMMED)
    with (
        servers.chassis(environment.home) as ours,
        servers.limit(environment.home, environment.limit_settings()) as limit,
    ):
        for subject in wanted:
            check_same(environment, subject, ours, limit)
            race = Race(ours, limit, environment.home)
            for each in compare(race, subject, clients=CLIENTS, seconds=options.seconds):
                compared.append(each)
                print(
                    f"· {subject.title}, {each.clients} clients: {each.ours.throughput:,.0f}/s of"
                    f" {each.limit.throughput:,.0f}/s = {each.ratio:.2f}; by processor time {each.cpu_ratio:.2f}",
                    file=sys.stderr,
                    flush=True,
                )
    return compared


def _singles(environment: Environment, options: argparse.Namespace) -> list[Single]:
    measures = _measures(environment, is_quick=options.quick, seconds=options.seconds)
    wanted = [name for name in measures if options.only is None or name in options.only]
    return [single for name in wanted for single in measures[name]()]


def _measures(environment: Environment, *, is_quick: bool, seconds: float) -> dict[str, Callable[[], list[Single]]]:
    """Figures without a limit beside them, in the table's order."""
    leads = QUICK_LEADS if is_quick else LEADS
    return {
        "install": lambda: [asyncio.run(install_time(environment, tenants=10))],
        "memory": lambda: [idle_memory(environment, tenants=QUICK_TENANTS if is_quick else TENANTS)],
        "import": lambda: [import_rate(environment)],
        "logic": lambda: logic_cost(environment),
        "masking": lambda: masking_cost(environment),
        "logged": lambda: logged_cost(environment, seconds=seconds),
        "sharing": lambda: sharing_cost(environment, records=leads),
        "bulk_logic": lambda: [bulk_rate(environment, records=QUICK_BULK if is_quick else BULK)],
        "bulk": lambda: ingest_rates(environment, records=QUICK_BULK if is_quick else BULK),
        "scoring": lambda: scoring_nights(environment, records=leads),
        "clocks": lambda: [milestone_look(environment)],
        "exports": lambda: export_rates(environment, records=QUICK_BULK if is_quick else 2 * BULK),
        "journal": lambda: journal_figures(environment, entries=QUICK_ENTRIES if is_quick else ENTRIES),
    }


if __name__ == "__main__":
    sys.exit(main())
