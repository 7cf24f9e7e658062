"""Choosing: entries asked in order for one record after the other, loads and turns kept up to date. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.logic.assignment import AssignmentRule, Entry, Strategy, Term

_PRECISION = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """What an entry asked of a pair: its tier, the candidate's last turn, what decides between equals, terms."""

    tier: int
    turn: str | None
    order: tuple[Any, ...]
    terms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate for one record, with what the entries that take it asked, by entry name."""

    id: str
    answer: str
    capacity: float | None
    load: int
    asked: Mapping[str, Asked]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a record: entries whose criteria hold, values that entries name, candidates by their set.

    `held` says, by the set of candidates, on whose load it counts already.
    """

    record_id: str
    holding: frozenset[str]
    named: Mapping[str, str | None]
    candidates: Mapping[str, Sequence[Candidate]]
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who was chosen, by which entry, out of how many. Without an entry, nobody was."""

    record_id: str
    entry: Entry | None = None
    chosen_id: str | None = None
    score: float | None = None
    choices: int = 0


@dataclass(slots=True)
class Choosing:
    """The state that goes from record to record: what was given to whom, and in which order."""

    rule: AssignmentRule
    given: dict[tuple[str, str], int] = field(default_factory=dict)  # (candidates, answer) -> in this batch
    turns: dict[tuple[str, str], int] = field(default_factory=dict)  # (entry, answer) -> number in this batch
    count: int = 0

    def decide(self, facts: Facts) -> Decision:
        """The first entry that finds somebody. Who holds the record holds one less if another gets it."""
        self._count(facts.held, -1)
        for entry in self.rule.entries:
            if entry.name not in facts.holding:
                continue
            decision = self._ask(entry, facts)
            if decision.chosen_id is not None:
                self._note(entry, decision.chosen_id)
                return decision
            if entry.stops:
                break
        self._count(facts.held, 1)
        return Decision(facts.record_id)

    def _count(self, held: Mapping[str, str], more: int) -> None:
        for key in held.items():
            self.given[key] = self.given.get(key, 0) + more

    def _ask(self, entry: Entry, facts: Facts) -> Decision:
        named = facts.named.get(entry.name)
        if entry.among is None:
            return Decision(facts.record_id, entry, named)
        eligible = self._eligible(entry, facts.candidates.get(entry.among, ()))
        if entry.strategy is Strategy.VALUE:
            eligible = [each for each in eligible if each.answer == named]
        if not eligible:
            return Decision(facts.record_id, entry)
        scores = self._scores(entry, eligible)
        best = min(eligible, key=lambda each: self._rank(entry, each, scores))
        return Decision(facts.record_id, entry, best.answer, scores.get(best.id), len(eligible))

    def _eligible(self, entry: Entry, candidates: Iterable[Candidate]) -> list[Candidate]:
        taken = [each for each in candidates if entry.name in each.asked and self._has_room(entry, each)]
        if entry.within is not None:
            taken = [each for each in taken if _is_within(each.asked[entry.name].order[0], entry.within)]
        first = min((each.asked[entry.name].tier for each in taken), default=0)
        return [each for each in taken if each.asked[entry.name].tier == first]

    def _has_room(self, entry: Entry, each: Candidate) -> bool:
        return entry.ignores_capacity or each.capacity is None or self._load(entry, each) < each.capacity

    def _load(self, entry: Entry, each: Candidate) -> int:
        return each.load + self.given.get((str(entry.among), each.answer), 0)

    def _rank(self, entry: Entry, each: Candidate, scores: Mapping[str, float]) -> tuple[Any, ...]:
        """Smallest first; the id decides last, so that the same facts always give the same answer."""
        order = tuple((value is None, value) for value in each.asked[entry.name].order)
        return (*self._first(entry, each, scores), *order, each.id)

    def _first(self, entry: Entry, each: Candidate, scores: Mapping[str, float]) -> tuple[Any, ...]:
        match entry.strategy:
            case Strategy.SCORE:
                return (-scores[each.id],)
            case Strategy.LEAST_LOADED:
                return (self._load(entry, each),)
            case Strategy.ROUND_ROBIN:
                return (self._turn(entry, each),)
            case _:
                return ()

    def _turn(self, entry: Entry, each: Candidate) -> tuple[int, str, int]:
        """Never, long ago, lately, in this batch."""
        own = self.turns.get((entry.name, each.answer))
        before = each.asked[entry.name].turn
        return (2, "", own) if own is not None else (0, "", 0) if before is None else (1, before, 0)

    def _scores(self, entry: Entry, eligible: Sequence[Candidate]) -> dict[str, float]:
        if entry.strategy is not Strategy.SCORE:
            return {}
        scores = dict.fromkeys((each.id for each in eligible), 0.0)
        for place, term in enumerate(entry.terms):
            for each, value in zip(eligible, self._values(entry, place, term, eligible), strict=True):
                scores[each.id] += term.weight * value
        return {key: round(value, _PRECISION) for key, value in scores.items()}

    def _values(self, entry: Entry, place: int, term: Term, eligible: Sequence[Candidate]) -> list[float]:
        if term.of == "waiting":
            values = _ranked([self._turn(entry, each) for each in eligible])
        elif term.of == "free_capacity":
            values = [self._free_share(entry, each) for each in eligible]
        else:
            values = [float(each.asked[entry.name].terms[place] or 0) for each in eligible]
        best = max(values)
        return [value / best if best > 0 else 0.0 for value in values] if term.relative else values

    def _free_share(self, entry: Entry, each: Candidate) -> float:
        if each.capacity is None:
            return 1.0
        return max(each.capacity - self._load(entry, each), 0.0) / each.capacity if each.capacity > 0 else 0.0

    def _note(self, entry: Entry, answer: str) -> None:
        self.count += 1
        self.turns[entry.name, answer] = self.count
        for each in self.rule.candidates.values():
            # Who is chosen holds one more, whichever set of candidates or entry it was chosen from.
            if any(other.among == each.name and other.target == entry.target for other in self.rule.entries):
                self.given[each.name, answer] = self.given.get((each.name, answer), 0) + 1


def _is_within(distance: Any, most: float) -> bool:
    return distance is not None and float(distance) <= most


def _ranked(turns: Sequence[tuple[int, str, int]]) -> list[float]:
    """1 for who waits longest, 0 for whose turn was last; equals get the same."""
    known = sorted(set(turns))
    last = len(known) - 1
    worth: Callable[[tuple[int, str, int]], float] = lambda turn: (last - known.index(turn)) / last if last else 1.0  # noqa: E731
    return [worth(each) for each in turns]


def decide_all(rule: AssignmentRule, facts: Iterable[Facts]) -> list[Decision]:
    """Decide for records one after the other, in their order."""
    choosing = Choosing(rule)
    return [choosing.decide(each) for each in facts]
