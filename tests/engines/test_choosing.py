"""Choosing without a database: capacities, turns, scores, ties; whatever the facts are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.assignment import AssignmentRule, read_rule
from chassis_platform.automation.assignment.choose import Asked, Candidate, Facts, decide_all


def rule(*entries: dict[str, Any]) -> AssignmentRule:
    body = {"object": "Inquiry", "candidates": {"all": {"object": "User"}}, "entries": list(entries)}
    return read_rule(LogicComponent("assignment_rule", "Rule", body))


def candidate(name: str, entry: str = "E", **values: Any) -> Candidate:
    asked = Asked(
        values.get("tier", 0), values.get("turn"), tuple(values.get("order", ())), tuple(values.get("terms", ()))
    )
    return Candidate(name, name, values.get("capacity"), values.get("load", 0), {entry: asked})


def facts(record: str, *candidates: Candidate, held: str | None = None) -> Facts:
    return Facts(record, frozenset({"E"}), {}, {"all": candidates}, {"all": held} if held else {})


def chosen(found: AssignmentRule, *records: Facts) -> list[str | None]:
    return [each.chosen_id for each in decide_all(found, records)]


def test_equals_are_decided_by_order_then_by_id() -> None:
    first = rule({"name": "E", "first": True, "order": ["1"]})
    assert chosen(first, facts("r", candidate("b", order=[1]), candidate("a", order=[1]))) == ["a"]
    assert chosen(first, facts("r", candidate("a", order=[None]), candidate("b", order=[9]))) == ["b"]


def test_a_lower_tier_goes_before_a_higher_score() -> None:
    score = rule({"name": "E", "score": [{"weight": 1, "value": "1"}]})
    assert chosen(score, facts("r", candidate("a", tier=1, terms=[99]), candidate("b", tier=0, terms=[1]))) == ["b"]


def test_relative_values_are_shares_of_the_best() -> None:
    terms = [{"weight": 10, "value": "1", "relative": True}, {"weight": 1, "value": "1"}]
    [made] = decide_all(
        rule({"name": "E", "score": terms}),
        [facts("r", candidate("a", terms=[50, 0]), candidate("b", terms=[25, 4]))],
    )
    assert (made.chosen_id, made.score, made.choices) == ("a", 10, 2)


def test_who_waits_longest_gets_the_whole_weight() -> None:
    waiting = rule({"name": "E", "score": [{"weight": 1, "of": "waiting"}]})
    people = [candidate("a", turn="2"), candidate("b", turn="1"), candidate("c")]
    assert chosen(waiting, *(facts(str(each), *people) for each in range(5))) == ["c", "b", "a", "c", "b"]


def test_who_holds_the_record_has_room_for_it() -> None:
    least = rule({"name": "E", "least_loaded": True})
    full = candidate("a", capacity=1, load=1)
    assert chosen(least, facts("held", full, held="a"), facts("other", full)) == ["a", None]


def test_a_stop_keeps_later_entries_from_deciding() -> None:
    entries: list[dict[str, Any]] = [{"name": "E", "first": True, "stop": True}, {"name": "F", "value": "x"}]
    known = Facts("r", frozenset({"E", "F"}), {"F": "somebody"}, {})
    assert chosen(rule(*entries), known) == [None]
    assert chosen(rule({**entries[0], "stop": False}, entries[1]), known) == ["somebody"]


PEOPLE = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5)
STRATEGIES = [
    {"least_loaded": True},
    {"round_robin": True},
    {"first": True},
    {"score": [{"weight": 1, "of": "free_capacity"}, {"weight": 1, "of": "waiting"}]},
]


@given(PEOPLE, st.integers(1, 25), st.sampled_from(STRATEGIES))
def test_nobody_ever_holds_more_than_the_capacity_and_no_place_is_left_free(
    people: list[tuple[int, int]], count: int, strategy: dict[str, Any]
) -> None:
    known = [
        candidate(str(number), capacity=capacity, load=load, terms=[None, None])
        for number, (capacity, load) in enumerate(people)
    ]

    found = chosen(rule({"name": "E", **strategy}), *(facts(str(each), *known) for each in range(count)))

    given_to = Counter(each for each in found if each is not None)
    room = {str(number): max(capacity - load, 0) for number, (capacity, load) in enumerate(people)}
    assert all(given_to[each] <= free for each, free in room.items())
    assert sum(given_to.values()) == min(count, sum(room.values()))


@given(st.integers(1, 5), st.integers(0, 30))
def test_turns_are_fair(people: int, count: int) -> None:
    known = [candidate(str(number)) for number in range(people)]
    turns = rule({"name": "E", "round_robin": True})

    given_to = Counter(chosen(turns, *(facts(str(each), *known) for each in range(count))))

    shares = [given_to[str(number)] for number in range(people)]
    assert max(shares) - min(shares) <= 1
