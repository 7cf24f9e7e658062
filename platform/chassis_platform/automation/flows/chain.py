"""Which flows led to which: the way from flow to flow over the records that they write, and where it must end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis_platform.automation.flows.run import Effect

#: One flow on one record, within what one save or job sets off.
MOST_TIMES = 5
#: Flows that set each other off over ever new records.
LONGEST = 12


@dataclass(frozen=True, slots=True)
class Link:
    """A flow and the records that it ran over."""

    flow: str
    record_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chain:
    """The flows that are running around here, the outermost first; `effects` gathers what all of them do."""

    links: tuple[Link, ...] = ()
    effects: list[Effect] | None = field(default=None, hash=False, compare=False)

    @property
    def names(self) -> str:
        """`A -> B -> A`."""
        return " -> ".join(each.flow for each in self.links)

    def refusal(self, flow: str, record_id: str | None) -> str | None:
        """Why the flow must not run over the record once more."""
        times = sum(1 for each in self.links if each.flow == flow and record_id in each.record_ids)
        if times < MOST_TIMES and len(self.links) < LONGEST:
            return None
        return f"flows set each other off without an end: {self.names} -> {flow}"


_running: ContextVar[Chain] = ContextVar("flow_chain", default=Chain())  # noqa: B039  frozen


def running_chain() -> Chain:
    """The flows that led here."""
    return _running.get()


@contextmanager
def within(flow: str, record_ids: Sequence[str | None]) -> Iterator[Chain]:
    """Inside, this flow runs over these records."""
    outer = _running.get()
    link = Link(flow, frozenset(each for each in record_ids if each))
    chain = Chain((*outer.links, link), outer.effects)
    token = _running.set(chain)
    try:
        yield chain
    finally:
        _running.reset(token)


@contextmanager
def led_by(links: Sequence[Link]) -> Iterator[None]:
    """Inside, these flows led here: a job goes on where a transaction ended."""
    token = _running.set(Chain(tuple(links), _running.get().effects))
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def observed() -> Iterator[list[Effect]]:
    """Gather what all flows inside do, those that others set off among them."""
    effects: list[Effect] = []
    outer = _running.get()
    token = _running.set(Chain(outer.links, effects))
    try:
        yield effects
    finally:
        _running.reset(token)
