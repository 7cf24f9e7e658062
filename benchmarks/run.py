"""The rounds: Chassis and the limit take turns, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Measured, Request, Round, measure, summed_up
from benchmarks.servers import ServerProcess, used
from benchmarks.subjects import Subject

ROUNDS = 4
#: Statements are prepared, plans and policies cached, before anything counts.
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """A subject at one number of clients. The ratio is the median of the rounds' ratios."""

    subject: Subject
    clients: int
    ours: Measured
    limit: Measured
    ratio: float
    ours_cpu_ms: float
    limit_cpu_ms: float

    @property
    def cpu_ratio(self) -> float:
        """The limit's processor time a request by ours, server and database together: other work doesn't touch it."""
        return self.limit_cpu_ms / self.ours_cpu_ms

    @property
    def met(self) -> bool:
        """Whether the target is reached, with no request refused."""
        return self.ratio >= self.subject.target and not (self.ours.failures or self.limit.failures)


@dataclass(frozen=True, slots=True)
class Race:
    """The two servers, and the home of the database behind both."""

    ours: ServerProcess
    limit: ServerProcess
    home: Path

    def of(self, subject: Subject) -> list[tuple[ServerProcess, Callable[[int], Request]]]:
        """Each server with its requests."""
        return [(self.ours, subject.ours), (self.limit, subject.limit)]


def compare(race: Race, subject: Subject, *, clients: Sequence[int], seconds: float) -> list[Compared]:
    """Measure a subject with each number of clients; `seconds` is each server's share."""
    for server, make in race.of(subject):
        asyncio.run(measure(server.port, _later(make, 50_001), clients=max(clients), seconds=WARM_UP_SECONDS))
    return [_compare(race, subject, clients=each, seconds=seconds) for each in clients]


def _later(make: Callable[[int], Request], start: int) -> Callable[[int], Request]:
    return lambda n: make(start + n)


def _compare(race: Race, subject: Subject, *, clients: int, seconds: float) -> Compared:
    pairs = race.of(subject)
    rounds: dict[str, list[Round]] = {server.name: [] for server, _ in pairs}
    cpu_seconds = dict.fromkeys(rounds, 0.0)
    for number in range(ROUNDS):
        for server, make in pairs if number % 2 == 0 else reversed(pairs):
            # Every round has requests of its own: an update must not find its values there already.
            turn = measure(server.port, _later(make, number * 100_003), clients=clients, seconds=seconds / ROUNDS)
            before = used(server, race.home)
            rounds[server.name].append(asyncio.run(turn))
            cpu_seconds[server.name] += used(server, race.home).since(before)
    sums = [summed_up(each) for each in rounds.values()]
    cpu = [seconds_used * 1000 / one.requests for seconds_used, one in zip(cpu_seconds.values(), sums, strict=True)]
    ratio = statistics.median(
        summed_up([one]).throughput / summed_up([other]).throughput for one, other in zip(*rounds.values(), strict=True)
    )
    return Compared(subject, clients, *sums, ratio, *cpu)
