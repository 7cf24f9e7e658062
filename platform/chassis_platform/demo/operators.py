"""The operators of a demo plan's values: what the first key of a map says, and which keys may stand beside it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from chassis_metadata.functions import evaluate
from chassis_metadata.places import Where
from chassis_platform.demo.expressions import Compiler, Expression, Operator, Row, WeightedList, is_number

Make = Callable[[Compiler, Mapping[str, Any], Where], Expression]


OPERATORS: dict[str, Operator] = {}


def _operator(name: str, *keys: str) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        OPERATORS[name] = Operator(make, frozenset(keys))
        return make

    return register


# choosing


@_operator("map", "to", "else")
def _map(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{map: $state, to: {OH: Midwest}, else: Other}`: by the text of the value."""
    key = compiler.compile(source["map"], (*where, "map"))
    table = {str(each): compiler.compile(value, (*where, "to", each)) for each, value in source.get("to", {}).items()}
    otherwise = compiler.compile(source.get("else"), (*where, "else"))
    return lambda row: table.get(str(key(row)), otherwise)(row)


@_operator("if", "then", "else")
def _if(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{if: condition, then: …, else: …}`."""
    holds = compiler.condition(source["if"], (*where, "if"))
    then = compiler.compile(source.get("then"), (*where, "then"))
    otherwise = compiler.compile(source.get("else"), (*where, "else"))
    return lambda row: then(row) if holds(row) else otherwise(row)


@_operator("first")
def _first(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{first: [$a, $b]}`: the first that is not empty."""
    parts = compiler.all(source["first"], (*where, "first"))
    return lambda row: next((value for part in parts if (value := part(row)) not in (None, "")), None)


@_operator("choice")
def _choice(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{choice: [A, B]}`, or with weights `{choice: {A: 3, B: 1}}`."""
    offered = source["choice"]
    if isinstance(offered, Mapping):
        weighted = WeightedList((compiler.compile(value, where), weight) for value, weight in offered.items())
    else:
        weighted = WeightedList((part, 1) for part in compiler.all(offered, (*where, "choice")))

    def choose(row: Row) -> Any:
        return weighted.pick(compiler.world.chance)(row)

    return choose


@_operator("some", "count")
def _some(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{some: [A, B, C], count: [1, 2]}`: several, each once."""
    low, high = _range(compiler, source.get("count", [1, 2]), (*where, "count"))
    offered: Sequence[Any] = source["some"]
    return lambda _: compiler.world.chance.sample(offered, compiler.world.chance.randint(int(low), int(high)))


@_operator("from")
def _from(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{from: surnames}`: one of a declared list, by its weights."""
    name = compiler.known_list(source["from"], (*where, "from"))
    return lambda _: compiler.world.lists[name].pick(compiler.world.chance)


@_operator("chance")
def _chance(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{chance: 0.3}`: true that often."""
    share = compiler.compile(source["chance"], (*where, "chance"))
    return lambda row: compiler.world.chance.random() < share(row)


# conditions


@_operator("is")
def _is(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{is: [$a, b]}`: the same text."""
    left, right = _pair(compiler, source["is"], (*where, "is"))
    return lambda row: str(left(row)) == str(right(row))


@_operator("in")
def _in(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{in: [$a, [x, y]]}`."""
    left, right = _pair(compiler, source["in"], (*where, "in"))
    return lambda row: str(left(row)) in {str(each) for each in right(row)}


@_operator("at_least")
def _at_least(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{at_least: [$year, 2020]}`: numbers."""
    left, right = _pair(compiler, source["at_least"], (*where, "at_least"))
    return lambda row: _number(left(row)) >= _number(right(row))


@_operator("not")
def _not(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{not: condition}`."""
    holds = compiler.condition(source["not"], (*where, "not"))
    return lambda row: not holds(row)


@_operator("all")
def _all(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{all: [condition, condition]}`."""
    parts = compiler.all(source["all"], (*where, "all"))
    return lambda row: all(part(row) for part in parts)


@_operator("any")
def _any(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{any: [condition, condition]}`."""
    parts = compiler.all(source["any"], (*where, "any"))
    return lambda row: any(part(row) for part in parts)


# numbers


@_operator("between", "step")
def _between(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{between: [10, 90], step: 5}`: a whole number at random."""
    low, high = _range(compiler, source["between"], (*where, "between"))
    step = source.get("step", 1)
    return lambda _: compiler.world.chance.randrange(int(low), int(high) + 1, step)


@_operator("plus", "round")
def _plus(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{plus: [$a, 1]}`; nothing where a part is empty."""
    return _folded(compiler, source, "plus", where, operator.add)


@_operator("times", "round")
def _times(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{times: [$price, 0.9], round: -2}`; nothing where a part is empty."""
    return _folded(compiler, source, "times", where, operator.mul)


def _folded(
    compiler: Compiler, source: Mapping[str, Any], name: str, where: Where, fold: Callable[[float, float], float]
) -> Expression:
    parts = compiler.all(source[name], (*where, name))
    digits = source.get("round", 0)

    def compute(row: Row) -> int | float | None:
        values = [part(row) for part in parts]
        if any(value in (None, "") for value in values):
            return None
        total = _number(values[0])
        for value in values[1:]:
            total = fold(total, _number(value))
        return round(total, digits) if digits > 0 else int(round(total, digits))

    return compute


@_operator("near", "by")
def _near(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{near: $latitude, by: 0.05}`: moved by at most so much, for places."""
    centre = compiler.compile(source["near"], (*where, "near"))
    by = source.get("by", 0.01)

    def move(row: Row) -> float | None:
        value = centre(row)
        return None if value is None else round(_number(value) + compiler.world.chance.uniform(-by, by), 6)

    return move


# texts


@_operator("characters", "count")
def _characters(compiler: Compiler, source: Mapping[str, Any], _: Where) -> Expression:
    """`{characters: "0123456789", count: 8}`: at random."""
    alphabet, count = str(source["characters"]), source.get("count", 1)
    return lambda _: "".join(compiler.world.chance.choices(alphabet, k=count))


@_operator("lower")
def _lower(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{lower: $a}`."""
    return _text(compiler, source, "lower", where, str.lower)


@_operator("upper")
def _upper(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{upper: $a}`."""
    return _text(compiler, source, "upper", where, str.upper)


@_operator("sentence")
def _sentence(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{sentence: $a}`: a capital first, small letters after it."""
    return _text(compiler, source, "sentence", where, str.capitalize)


@_operator("plain")
def _plain(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{plain: $a}`: small letters and digits only, to compare names by."""
    return _text(compiler, source, "plain", where, lambda text: re.sub(r"[^0-9a-z]", "", text.lower()))


@_operator("cut", "to")
def _cut(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{cut: $a, to: 80}`: at most so long."""
    length = source.get("to", 255)
    return _text(compiler, source, "cut", where, lambda text: text[:length])


def _text(
    compiler: Compiler, source: Mapping[str, Any], name: str, where: Where, change: Callable[[str], str]
) -> Expression:
    value = compiler.compile(source[name], (*where, name))
    return lambda row: None if (found := value(row)) is None else change(str(found))


# days


@_operator("days", "of")
def _days(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{days: [-30, 0]}`: a date so many days from today, or from that `of` another value."""
    low, high = _range(compiler, source["days"], (*where, "days"))
    start = compiler.compile(source.get("of"), (*where, "of"))

    def compute(row: Row) -> str:
        days = compiler.world.chance.randint(int(low), int(high))
        return (_day(start(row), compiler.world.today) + timedelta(days=days)).isoformat()

    return compute


@_operator("time", "hours", "of")
def _time(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{time: [-30, 0], hours: [9, 18]}`: a moment of such a day, in the tenant's time zone."""
    day = _days(compiler, {"days": source["time"], "of": source.get("of")}, where)
    low, high = _range(compiler, source.get("hours", [9, 18]), (*where, "hours"))

    def compute(row: Row) -> str:
        minutes = compiler.world.chance.randrange(int(low * 60), int(high * 60) + 1, 5)
        midnight = datetime.combine(date.fromisoformat(day(row)), time(), compiler.world.zone)
        return _moment(midnight + timedelta(minutes=minutes))

    return compute


@_operator("later", "minutes")
def _later(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{later: $start, minutes: [30, 60]}`: a moment so long after another; the minutes may be a value of the row."""
    start = compiler.compile(source["later"], (*where, "later"))
    minutes_of = _minutes(compiler, source.get("minutes", 60), (*where, "minutes"))

    def compute(row: Row) -> str | None:
        value = start(row)
        minutes = minutes_of(row)
        return None if value is None else _moment(datetime.fromisoformat(value) + timedelta(minutes=minutes))

    return compute


def _minutes(compiler: Compiler, source: Any, where: Where) -> Callable[[Row], float]:
    if isinstance(source, str | dict):
        value = compiler.compile(source, where)
        return lambda row: _number(value(row))
    low, high = _range(compiler, source, where)
    return lambda _: compiler.world.chance.randint(int(low), int(high))


def _day(value: Any, today: date) -> date:
    return date.fromisoformat(str(value)[:10]) if value not in (None, "") else today


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


# other records, functions


@dataclass(frozen=True, slots=True)
class _Search:
    """Which records of a set are asked for, and what of them is wanted."""

    set_name: str
    names: tuple[str, ...]
    values: tuple[Expression, ...]
    wanted: str | None

    def among(self, compiler: Compiler, row: Row) -> Sequence[dict[str, Any]]:
        found = compiler.world.sets[self.set_name]
        return found.matching(self.names, [value(row) for value in self.values]) if self.names else found.records

    def answer(self, record: dict[str, Any] | None) -> Any:
        return record if self.wanted is None or record is None else record.get(self.wanted)


def _search(compiler: Compiler, source: Mapping[str, Any], name: str, where: Where) -> _Search:
    by = source.get("by", [])
    return _Search(
        set_name=compiler.known_set(source[name], (*where, name)),
        names=tuple(by) if isinstance(by, list) else (by,),
        values=tuple(compiler.all(source.get("value", []), (*where, "value"))),
        wanted=source.get("get"),
    )


@_operator("find", "by", "value", "get")
def _find(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{find: regions, by: Code, value: $code, get: Id}`: the first record with that value, or nothing."""
    search = _search(compiler, source, "find", where)
    return lambda row: search.answer(next(iter(search.among(compiler, row)), None))


@_operator("take", "by", "value", "get")
def _take(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{take: users, by: Role, value: Agent, get: Id}`: any of the records with that value, or nothing."""
    search = _search(compiler, source, "take", where)

    def take(row: Row) -> Any:
        among = search.among(compiler, row)
        return search.answer(compiler.world.chance.choice(among) if among else None)

    return take


@_operator("ref", "value")
def _ref(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`Owner: {ref: Username, value: $name}`: a record named by its external id, as the API has it."""
    value = compiler.compile(source.get("value"), (*where, "value"))
    name = str(source["ref"])
    return lambda row: None if (key := value(row)) is None else {name: key}


@_operator("complete", "value")
def _complete(compiler: Compiler, source: Mapping[str, Any], where: Where) -> Expression:
    """`{complete: checksum, value: …}`: the value with the check character that a declared checksum asks for."""
    value, name = compiler.compile(source.get("value"), (*where, "value")), str(source["complete"])

    def complete(row: Row) -> str | None:
        definition = compiler.world.functions[name]
        text, place = str(value(row)), definition.body["check_position"] - 1
        drafts = (text[:place] + each + text[place + 1 :] for each in definition.body["remainders"])
        return next((draft for draft in drafts if _is_valid(evaluate(definition, draft))), None)

    return complete


def _is_valid(answer: object) -> bool:
    return isinstance(answer, Mapping) and answer.get("valid") is True


# what several need


def _pair(compiler: Compiler, source: Any, where: Where) -> tuple[Expression, Expression]:
    parts = compiler.all(source, where)
    if len(parts) != 2:  # noqa: PLR2004  a pair
        compiler.complain(where, "not_a_pair", "Two values are compared: [left, right].")
        parts = [*parts, lambda _: None, lambda _: None]
    return parts[0], parts[1]


def _range(compiler: Compiler, source: Any, where: Where) -> tuple[float, float]:
    bounds: Iterable[Any] = source if isinstance(source, list) else [source, source]
    match list(bounds):
        case [low, high] if is_number(low) and is_number(high) and low <= high:
            return low, high
    compiler.complain(where, "not_a_range", f"Expected a number or [lowest, highest], not {source!r}.")
    return 0, 0


def _number(value: Any) -> float:
    return float(value) if value not in (None, "") else 0.0
