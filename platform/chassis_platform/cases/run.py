"""Running cases: each in a tenant of its own, several at a time, every one under its own clock."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from chassis_metadata.errors import ChassisError
from chassis_platform import clock
from chassis_platform.cases.due import run_due, start_clocks
from chassis_platform.cases.expect import differences
from chassis_platform.cases.files import Case
from chassis_platform.cases.stage import Stage, Theatre, set_stage
from chassis_platform.cases.steps import moment_after, perform
from chassis_platform.coverage import Exercised, listening

_numbers = count(1)
#: How many cases run at a time: one process works on them, while PostgreSQL works on another's statements.
AT_ONCE = 2


def connections(at_once: int) -> int:
    """How many a run needs; on each more, PostgreSQL would plan the same statements once more."""
    return 2 * at_once + 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case. `failures` say what was not as expected, `error` that something broke."""

    case: Case
    seconds: float
    failures: tuple[str, ...] = ()
    error: str | None = None
    exercised: frozenset[Exercised] = field(default=frozenset(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.failures and self.error is None


async def run_cases(
    theatre: Theatre,
    folder: Path,
    cases: Sequence[Case],
    *,
    at_once: int = AT_ONCE,
    told: Callable[[Outcome], Any] = lambda _: None,
) -> list[Outcome]:
    """Run the cases of a package folder; `told` hears of each as it ends. Answers in the order of the cases."""
    places = asyncio.Semaphore(at_once)

    async def run(case: Case) -> Outcome:
        async with places:
            outcome = await run_case(theatre, folder, case)
            told(outcome)
            return outcome

    return await asyncio.gather(*(asyncio.create_task(run(case)) for case in cases))


async def run_case(theatre: Theatre, folder: Path, case: Case) -> Outcome:
    """Run one case from an empty tenant to its last step."""
    started = time.perf_counter()
    with listening() as heard:
        failures, error = await _played(theatre, folder, case)
    return Outcome(case, time.perf_counter() - started, tuple(failures), error, frozenset(heard))


async def _played(theatre: Theatre, folder: Path, case: Case) -> tuple[list[str], str | None]:
    moment = datetime.fromisoformat(str(case.given["now"])) if "now" in case.given else clock.now()
    try:
        with clock.moved_to(moment):
            stage = await set_stage(theatre, f"case-{next(_numbers)}-{id(case) % 10_000}", case.given)
            await start_clocks(stage)
        return await _all_steps(stage, folder, case, moment), None
    except ChassisError as error:
        return [f"before the first step: {each}" for each in error.problems], None
    except Exception:  # noqa: BLE001  a case that breaks is told with the others, with where it broke
        return [], traceback.format_exc()


async def _all_steps(stage: Stage, folder: Path, case: Case, moment: datetime) -> list[str]:
    for number, step in enumerate(case.steps, 1):
        before, moment = moment, moment_after(step, moment)
        with clock.moved_to(moment):
            if moment != before:
                await run_due(stage, since=before)
            problems = await perform(stage, step, folder)
            if not problems:
                await run_due(stage)
            wrong = await differences(stage, step.get("expect", {}), problems)
        if wrong:
            return [f"step {number}: {each}" for each in wrong]
    return []


def chosen(cases: Iterable[Case], keyword: str | None) -> list[Case]:
    """The cases whose file, name or covered ids hold the keyword, in any case."""
    if not keyword:
        return list(cases)
    lower = keyword.lower()
    return [each for each in cases if lower in f"{each.file} {each.name} {' '.join(each.covers)}".lower()]
