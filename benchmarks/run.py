"""The rounds: Chassis and the limit take turns, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import Measured, Request, Round, measure, summed_up
from benchmarks.servers import ServerProcess
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

    @property
    def met(self) -> bool:
        """Whether the target is reached, with no request refused."""
        return self.ratio >= self.subject.target and not (self.ours.failures or self.limit.failures)


def compare(
    subject: Subject, ours: ServerProcess, limit: ServerProcess, *, clients: Sequence[int], seconds: float
) -> list[Compared]:
    """Measure a subject with each number of clients; `seconds` is each server's share."""
    for server, make in ((ours, subject.ours), (limit, subject.limit)):
        asyncio.run(measure(server.port, _later(make, 50_001), clients=max(clients), seconds=WARM_UP_SECONDS))
    return [_compare(subject, ours, limit, clients=each, seconds=seconds) for each in clients]


def _later(make: Callable[[int], Request], start: int) -> Callable[[int], Request]:
    return lambda n: make(start + n)


def _compare(subject: Subject, ours: ServerProcess, limit: ServerProcess, *, clients: int, seconds: float) -> Compared:
    rounds: dict[str, list[Round]] = {ours.name: [], limit.name: []}
    pairs = [(ours, subject.ours), (limit, subject.limit)]
    for number in range(ROUNDS):
        for server, make in pairs if number % 2 == 0 else reversed(pairs):
            # Every round has requests of its own: an update must not find its values there already.
            turn = measure(server.port, _later(make, number * 100_003), clients=clients, seconds=seconds / ROUNDS)
            rounds[server.name].append(asyncio.run(turn))
    ratio = statistics.median(
        summed_up([one]).throughput / summed_up([other]).throughput
        for one, other in zip(rounds[ours.name], rounds[limit.name], strict=True)
    )
    return Compared(subject, clients, summed_up(rounds[ours.name]), summed_up(rounds[limit.name]), ratio)
