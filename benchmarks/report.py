"""The table for people, the JSON file for what compares runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.run import Compared
from benchmarks.tenants import Single

RESULTS = Path(__file__).parent / "results"


def print_report(compared: Sequence[Compared], singles: Sequence[Single]) -> None:
    """The table."""
    console = Console(width=126)
    console.print(_comparison(compared))
    if singles:
        console.print(_singles(singles))


def _comparison(compared: Sequence[Compared]) -> Table:
    table = Table(
        title="Through HTTP, beside the limit: hand-written FastAPI + psycopg", box=None, title_justify="left"
    )
    table.add_column("subject")
    for name in (
        "clients",
        "ours/s",
        "p50 ms",
        "p99 ms",
        "limit/s",
        "p50 ms",
        "p99 ms",
        "CPU ratio",
        "ratio",
        "target",
    ):
        table.add_column(name, justify="right")
    table.add_column("met")
    for each in compared:
        table.add_row(
            each.subject.title,
            str(each.clients),
            *(f"{each.ours.throughput:,.0f}", f"{each.ours.p50:.2f}", f"{each.ours.p99:.2f}"),
            *(f"{each.limit.throughput:,.0f}", f"{each.limit.p50:.2f}", f"{each.limit.p99:.2f}"),
            f"{each.cpu_ratio:.2f}",
            f"{each.ratio:.2f}",
            f"{each.subject.target:.1f}",
            _met(each.met) + (f" {each.ours.failures + each.limit.failures} failed" if not _clean(each) else ""),
        )
    return table


def _clean(compared: Compared) -> bool:
    return not (compared.ours.failures or compared.limit.failures)


def _met(met: bool | None) -> str:  # noqa: FBT001  one word for one value
    return "" if met is None else "[green]yes[/green]" if met else "[red]no[/red]"


def _singles(singles: Sequence[Single]) -> Table:
    table = Table(title="\nAlone", box=None, title_justify="left")
    table.add_column("subject")
    for name in ("measured", "aim"):
        table.add_column(name, justify="right")
    table.add_column("met")
    table.add_column("")
    for each in singles:
        aim = "" if each.aim is None else f"{each.aim:,g} {each.unit}"
        table.add_row(each.title, f"{each.value:,.1f} {each.unit}", aim, _met(each.met), each.note)
    return table


def write_results(
    compared: Sequence[Compared], singles: Sequence[Single], *, conditions: Mapping[str, Any]
) -> list[Path]:
    """Write the run's file, and `latest.json` for a whole run."""
    moment = datetime.now(UTC)
    document = {
        "measured_at": moment.isoformat(timespec="seconds"),
        "machine": machine(),
        "conditions": dict(conditions),
        "compared": [_document(each) for each in compared],
        "alone": {
            each.name: {
                "value": round(each.value, 3),
                "unit": each.unit,
                "aim": each.aim,
                "met": each.met,
                "note": each.note,
            }
            for each in singles
        },
    }
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    RESULTS.mkdir(exist_ok=True)
    names = [f"{moment:%Y%m%d-%H%M%S}.json", *(["latest.json"] if conditions["whole"] else [])]
    for name in names:
        (RESULTS / name).write_bytes(text)
    return [RESULTS / name for name in names]


def _document(compared: Compared) -> dict[str, Any]:
    sides = {"ours": compared.ours, "limit": compared.limit}
    return {
        "subject": compared.subject.name,
        "clients": compared.clients,
        **{
            name: {
                "requests_per_second": round(each.throughput, 1),
                "records_per_second": round(each.throughput * compared.subject.per_request, 1),
                "p50_ms": round(each.p50, 3),
                "p99_ms": round(each.p99, 3),
                "requests": each.requests,
                "failures": each.failures,
            }
            for name, each in sides.items()
        },
        "cpu_ms_per_request": {"ours": round(compared.ours_cpu_ms, 3), "limit": round(compared.limit_cpu_ms, 3)},
        "cpu_ratio": round(compared.cpu_ratio, 3),
        "ratio": round(compared.ratio, 3),
        "target": compared.subject.target,
        "met": compared.met,
    }


def machine() -> dict[str, Any]:
    """What was measured on, and how busy it was with other things."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
    }
