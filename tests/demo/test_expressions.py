"""The values of a demo plan: what each form and operator says, and that chance repeats itself."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_platform.demo.expressions import Compiler, Names, RecordSet, WeightedList, World
from chassis_platform.demo.operators import OPERATORS

NAMES = Names(frozenset({"places"}), frozenset({"colours"}))
LUHN_LIKE = FunctionDefinition(
    name="digit",
    label="Digit",
    kind="checksum",
    body={
        "pattern": "[0-9]{4}",
        "characters": {},
        "weights": [1, 1, 0, 1],
        "modulus": 10,
        "remainders": "0123456789",
        "check_position": 3,
        "strictness": [{"is": "error"}],
    },
)


@pytest.fixture
def world() -> World:
    places = [
        {"Id": "a", "Code": "1", "Kind": "x"},
        {"Id": "b", "Code": "2", "Kind": "y"},
        {"Id": "c", "Code": "3", "Kind": "y"},
    ]
    return World(
        date(2026, 3, 10),
        ZoneInfo("Asia/Shanghai"),
        sets={"places": RecordSet(places)},
        lists={"colours": WeightedList([("red", 1), ("blue", 0)])},
        functions={"digit": LUHN_LIKE},
    )


def say(world: World, source: Any, **row: Any) -> Any:
    compiler = Compiler(world, NAMES, OPERATORS)
    expression = compiler.compile(source)
    assert compiler.problems == []
    return expression(row)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("plain text", "plain text"),
        (12, 12),
        (None, None),
        ("$name", "Ann"),
        ("$blank", None),
        ("$owner.City", "Bonn"),
        ("$owner.Street", None),
        ("$nobody.City", None),
        ("{name} of {owner.City}", "Ann of Bonn"),
        ("no {blank}value", "no value"),
        ("{count:04}", "0007"),
        (["$name", 1], ["Ann", 1]),
        ({"map": "$name", "to": {"Ann": "A"}, "else": "Z"}, "A"),
        ({"map": "$count", "to": {"7": "seven"}}, "seven"),
        ({"map": "$name", "to": {"Ben": "B"}}, None),
        ({"if": {"is": ["$count", 7]}, "then": "yes", "else": "no"}, "yes"),
        ({"if": {"in": ["$name", ["Ben", "Cy"]]}, "then": "yes"}, None),
        ({"all": ["$name", {"not": "$blank"}, {"at_least": ["$count", 7]}]}, True),
        ({"any": ["$blank", {"is": ["$count", 8]}]}, False),
        ({"first": ["$blank", "$nobody", "$name"]}, "Ann"),
        ({"plus": ["$count", 1]}, 8),
        ({"plus": ["$count", "$blank"]}, None),
        ({"times": ["$count", 1.5], "round": 1}, 10.5),
        ({"times": [1234, 1], "round": -2}, 1200),
        ({"upper": "$name"}, "ANN"),
        ({"plain": "F-150 Pickup"}, "f150pickup"),
        ({"sentence": "SERVICE BRAKES"}, "Service brakes"),
        ({"cut": "$name", "to": 2}, "An"),
        ({"from": "colours"}, "red"),
        ({"days": -9}, "2026-03-01"),
        ({"days": 1, "of": "2026-02-28T10:00:00+00:00"}, "2026-03-01"),
        ({"time": -1, "hours": 9}, "2026-03-09T01:00:00.000+00:00"),
        ({"later": "2026-03-09T01:00:00.000+00:00", "minutes": 30}, "2026-03-09T01:30:00.000+00:00"),
        ({"find": "places", "by": "Code", "value": 2, "get": "Id"}, "b"),
        ({"find": "places", "by": ["Code", "Kind"], "value": ["3", "y"], "get": "Id"}, "c"),
        ({"find": "places", "by": "Code", "value": "none", "get": "Id"}, None),
        ({"take": "places", "by": "Kind", "value": "x", "get": "Id"}, "a"),
        ({"take": "places", "by": "Kind", "value": "none"}, None),
        ({"ref": "Username", "value": "$name"}, {"Username": "Ann"}),
        ({"ref": "Username", "value": "$blank"}, None),
        ({"complete": "digit", "value": "12x3"}, "1263"),
    ],
)
def test_a_source_says(world: World, source: Any, said: Any) -> None:
    row = {"name": "Ann", "blank": "", "count": 7, "owner": {"City": "Bonn"}, "nobody": None}

    assert say(world, source, **row) == said


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [({"between": [3, 5]}, 3, 5), ({"near": 50, "by": 0.5}, 49.5, 50.5)],
)
def test_a_number_stays_within_its_bounds(world: World, source: Any, low: float, high: float) -> None:
    for _ in range(50):
        assert low <= say(world, source) <= high


def test_several_choices_are_different_ones(world: World) -> None:
    for _ in range(20):
        chosen = say(world, {"some": ["A", "B", "C"], "count": [2, 3]})
        assert len(chosen) == len(set(chosen)) >= 2


def test_the_same_seed_says_the_same(world: World) -> None:
    source = {"choice": [{"between": [0, 999]}, {"characters": "abc", "count": 9}, {"days": [-99, 0]}]}

    def once() -> list[Any]:
        world.chance.seed("step")
        return [say(world, source) for _ in range(30)]

    assert once() == once()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"chioce": ["A"]}, "unknown_operator"),
        ({}, "unknown_operator"),
        ({"find": "place", "by": "Code", "value": 1}, "unknown_set"),
        ({"from": "colors"}, "unknown_list"),
        ({"between": [9, 1]}, "not_a_range"),
        ({"is": ["$a"]}, "not_a_pair"),
        ({"days": 1, "off": 2}, "unknown_key"),
        ({"all": [{"not": {"nope": 1}}]}, "unknown_operator"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(world: World, source: Any, code: str) -> None:
    compiler = Compiler(world, NAMES, OPERATORS)

    compiler.compile(source)

    assert [problem.code for problem in compiler.problems] == [code]


def test_a_misspelt_variable_is_told_with_what_is_near(world: World) -> None:
    with pytest.raises(Invalid, match="Did you mean 'name'"):
        say(world, "$nmae", name="Ann")
