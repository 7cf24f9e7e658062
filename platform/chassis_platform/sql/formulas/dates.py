"""Dates, moments and times. Years run from 1 to 9999; what leaves them fails."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.arithmetic import divided, numeric, sum_of, whole
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.fields import moment_now
from chassis_platform.sql.formulas.pieces import (
    Condition,
    Piece,
    Template,
    Value,
    any_failed,
    as_kind,
    blank,
    filled,
    number,
    text,
    truth,
)
from chassis_platform.sql.formulas.rows import ZONE
from chassis_platform.sql.formulas.texts import EMPTY

SECONDS_A_DAY = 86_400
MILLISECONDS_A_DAY = 86_400_000
LAST_DAY = 3_652_058  # 9999-12-31, counted from 0001-01-01
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
MOST_MONTHS = 120_000  # ten thousand years

_FIRST_DATE = sa.literal_column("DATE '0001-01-01'", sa.Date())
_MIDNIGHT = sa.literal_column("TIME '00:00'", sa.Time())
_EPOCH = sa.literal_column("TIMESTAMPTZ '1970-01-01 00:00:00+00'", sa.DateTime(timezone=True))
_SECOND = sa.literal_column("INTERVAL '1 second'", sa.Interval())
_MILLISECOND = sa.literal_column("INTERVAL '1 millisecond'", sa.Interval())

_DAY_PATTERN = r"^([0-9]{4})-[ \t]*([0-9]{1,6})-[ \t]*([0-9]{1,6})"
_MOMENT_PATTERN = _DAY_PATTERN + r" [ \t]*([0-9]{1,6}):[ \t]*([0-9]{1,6}):[ \t]*([0-9]{1,6})"
_TIME_PATTERN = r"^[ \t]*([0-9]{1,6}):[ \t]*([0-9]{1,6}):[ \t]*([0-9]{1,6})\.[ \t]*([0-9]{1,6})$"

_DATE_TYPE, _MOMENT_TYPE, _TIME_TYPE = sa.Date(), sa.DateTime(timezone=True), sa.Time()


# Sums


def _sum(compiler: Compiler, node: Operation) -> Piece:
    if node.kind is Kind.NULL:
        return _blank_sum(compiler, node)
    if all(each.kind is Kind.NUMBER for each in node.arguments):
        return sum_of(compiler, node)
    left, right = compiler.pieces(node.arguments)
    if node.kind is Kind.NUMBER:
        return _difference(left, right)
    moment, amount = (left, right) if right.kind is Kind.NUMBER else (right, left)
    count = numeric(compiler, amount)
    signed = count.value if node.name == "+" else number(0) - count.value
    return _ADDED[moment.kind](compiler, moment, count, signed)


def _blank_sum(compiler: Compiler, node: Operation) -> Piece:
    return Piece(Kind.NULL, sa.null(), any_failed(each.failed for each in compiler.pieces(node.arguments)))


def _difference(left: Piece, right: Piece) -> Piece:
    failed = any_failed((left.failed, right.failed))
    if left.kind is Kind.DATE:
        days = sa.cast(left.value.op("-", return_type=sa.Integer())(right.value), sa.Numeric())
        return Piece(Kind.NUMBER, days, failed, digits=10, scale=0)
    if left.kind is Kind.DATETIME:
        seconds = _seconds(left.value) - _seconds(right.value)
        return divided(Piece(Kind.NUMBER, seconds, failed, digits=20, scale=6), _days(SECONDS_A_DAY))
    milliseconds = _of_day(left.value) - _of_day(right.value) + number(MILLISECONDS_A_DAY)
    value = sa.func.mod(milliseconds, number(MILLISECONDS_A_DAY), type_=sa.Numeric())
    return Piece(Kind.NUMBER, value, failed, digits=10, scale=6)


def _days(value: int) -> Piece:
    return Piece(Kind.NUMBER, number(value), literal=number_of(value), digits=10, scale=0)


def number_of(value: int) -> str:
    """A literal that is not zero: `divided` asks nothing more of it."""
    return str(value)


def _seconds(moment: Value) -> Value:
    return sa.cast(sa.extract("epoch", moment), sa.Numeric())


def _of_day(time: Value) -> Value:
    """Milliseconds since midnight."""
    return sa.cast(sa.extract("epoch", time), sa.Numeric()) * number(1000)


def _date_plus(compiler: Compiler, day: Piece, count: Piece, days: Value) -> Piece:
    since_first = sa.cast(day.value.op("-", return_type=sa.Integer())(_FIRST_DATE), sa.Numeric())
    total = since_first + sa.func.trunc(days, type_=sa.Numeric())

    def body(place: Value) -> Value:
        reached = _FIRST_DATE.op("+", return_type=_DATE_TYPE)(sa.cast(place, sa.Integer()))
        return sa.case((place.between(number(0), number(LAST_DAY)), reached))

    outside = sa.not_(truth_or_blank(total.between(number(0), number(LAST_DAY))))
    value = compiler.once(total, body, _DATE_TYPE)
    return Piece(Kind.DATE, value, any_failed((day.failed, count.failed, outside)))


def truth_or_blank(condition: Value) -> Condition:
    """A condition with blank as true: what is not there cannot be outside."""
    return sa.func.coalesce(condition, sa.true())


def _moment_plus(_: Compiler, moment: Piece, count: Piece, days: Value) -> Piece:
    """Rounded to the second, as Oracle does and Salesforce with it."""
    seconds = sa.func.round(days * number(SECONDS_A_DAY), type_=sa.Numeric())
    total = _seconds(moment.value) + seconds
    fits = total.between(number(FIRST_SECOND), number(LAST_SECOND))
    added = _plus_seconds(_EPOCH, total)
    outside = sa.not_(truth_or_blank(fits))
    return Piece(Kind.DATETIME, sa.case((fits, added)), any_failed((moment.failed, count.failed, outside)))


def _plus_seconds(moment: Value, seconds: Value) -> Value:
    """Milliseconds as whole numbers: an interval's factor is a double."""
    milliseconds = sa.cast(sa.func.trunc(seconds * number(1000), type_=sa.Numeric()), sa.BigInteger())
    return Template("{0} + {1} * {2}", moment, milliseconds, _MILLISECOND, type_=_MOMENT_TYPE)


def _time_plus(compiler: Compiler, time: Piece, count: Piece, milliseconds: Value) -> Piece:
    """Around the clock forwards; before midnight it fails."""
    total = sa.func.mod(
        _of_day(time.value) + sa.func.trunc(milliseconds, type_=sa.Numeric()),
        number(MILLISECONDS_A_DAY),
        type_=sa.Numeric(),
    )
    before = truth(total < number(0))
    value = compiler.once(total, _time_at, _TIME_TYPE)
    return Piece(Kind.TIME, value, any_failed((time.failed, count.failed, before)))


def _time_at(milliseconds: Value) -> Value:
    at = Template("{0} + {1}::float8 * {2}", _MIDNIGHT, milliseconds, _MILLISECOND, type_=_TIME_TYPE)
    return sa.case((milliseconds >= number(0), at))


_ADDED: dict[Kind, Callable[[Compiler, Piece, Piece, Value], Piece]] = {
    Kind.DATE: _date_plus,
    Kind.DATETIME: _moment_plus,
    Kind.TIME: _time_plus,
}


# The clock


def _today(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.DATE, _day_in_zone(moment_now()))


def _now(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.DATETIME, moment_now(), is_plain=True)


def _time_now(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.TIME, _time_in_gmt(moment_now()))


def _day_in_zone(moment: Value) -> Value:
    local = sa.func.timezone(sa.cast(ZONE, sa.Text()), moment, type_=sa.DateTime())
    return sa.cast(local, sa.Date())


def _time_in_gmt(moment: Value) -> Value:
    return sa.cast(sa.func.timezone("UTC", moment, type_=sa.DateTime()), sa.Time())


def _midnight_in_gmt(day: Value) -> Value:
    return sa.func.timezone("UTC", sa.cast(day, sa.DateTime()), type_=_MOMENT_TYPE)


# Dates out of their parts


def _date(compiler: Compiler, node: Operation) -> Piece:
    pieces = [numeric(compiler, each) for each in compiler.pieces(node.arguments)]
    year, month, day = (sa.func.trunc(each.value, type_=sa.Numeric()) for each in pieces)
    exists = compiler.once(
        year, lambda y: compiler.once(month, lambda m: compiler.once(day, lambda d: day_exists(y, m, d)))
    )
    value = compiler.once(
        year, lambda y: compiler.once(month, lambda m: compiler.once(day, lambda d: made_date(y, m, d)))
    )
    missing = sa.not_(truth_or_blank(exists))
    return Piece(Kind.DATE, value, any_failed((*(each.failed for each in pieces), missing)))


def day_exists(year: Value, month: Value, day: Value) -> Condition:
    """Whether there is such a day; blank where a part is blank."""
    leap = sa.and_(_rest(year, 4) == number(0), sa.or_(_rest(year, 100) != number(0), _rest(year, 400) == number(0)))
    short = month.in_([number(each) for each in (4, 6, 9, 11)])
    last = sa.case(
        (short, number(30)),
        (sa.and_(month == number(2), leap), number(29)),
        (month == number(2), number(28)),
        else_=number(31),
    )
    present = sa.and_(year.is_not(None), month.is_not(None), day.is_not(None))
    inside = sa.and_(
        year.between(number(1), number(9999)), month.between(number(1), number(12)), day >= number(1), day <= last
    )
    return sa.case((present, inside))


def _rest(value: Value, divisor: int) -> Value:
    return sa.func.mod(value, number(divisor), type_=sa.Numeric())


def made_date(year: Value, month: Value, day: Value) -> Value:
    """The date, where there is such a day."""
    parts = (whole(each, 1, most) for each, most in ((year, 9999), (month, 12), (day, 31)))
    return sa.case((day_exists(year, month, day), sa.func.make_date(*parts, type_=_DATE_TYPE)))


# Dates out of texts


def _matched(
    compiler: Compiler, words: Value, pattern: str, body: Callable[[list[Value]], Value], places: int
) -> Value:
    """`body` of the numbers that the pattern finds in a text."""
    found = sa.func.regexp_match(words, text(pattern))

    def parts(match: Value) -> Value:
        return body([Template(f"({{0}})[{each}]::numeric", match, type_=sa.Numeric()) for each in range(1, places + 1)])

    return compiler.once(found, parts)


def _read(
    compiler: Compiler, node: Operation, kind: Kind, pattern: str, places: int, body: Callable[[list[Value]], Value]
) -> Piece:
    """A date, moment or time out of a text; a text that is none fails."""
    (piece,) = compiler.pieces(node.arguments)
    words = filled(piece)
    value = _matched(compiler, words, pattern, body, places)
    wrong = truth(
        sa.and_(words != EMPTY, _matched(compiler, words, pattern, lambda parts: body(parts).is_(None), places))
    )
    return Piece(kind, value, any_failed((piece.failed, wrong)))


def _day_of(parts: list[Value]) -> Value:
    return made_date(*parts)


def _moment_of(parts: list[Value]) -> Value:
    year, month, day, hour, minute, second = parts
    seconds = hour * number(3600) + minute * number(60) + second
    inside = sa.and_(hour < number(24), minute < number(60), second < number(60))
    at = _plus_seconds(_midnight_in_gmt(made_date(year, month, day)), seconds)
    return sa.case((inside, at))


def _time_of(parts: list[Value]) -> Value:
    hour, minute, second, millisecond = parts
    total = (hour * number(3600) + minute * number(60) + second) * number(1000) + millisecond
    inside = sa.and_(hour < number(24), minute < number(60), second < number(60), millisecond < number(1000))
    return sa.case((inside, _time_at(total)))


def _date_value(compiler: Compiler, node: Operation) -> Piece:
    match node.arguments[0].kind:
        case Kind.NULL:
            return Piece(Kind.DATE, blank(Kind.DATE))
        case Kind.DATE:
            return compiler.piece(node.arguments[0])
        case Kind.DATETIME:
            piece = compiler.piece(node.arguments[0])
            return Piece(Kind.DATE, _day_in_zone(piece.value), piece.failed)
        case _:
            return _read(compiler, node, Kind.DATE, _DAY_PATTERN, 3, _day_of)


def _moment_value(compiler: Compiler, node: Operation) -> Piece:
    match node.arguments[0].kind:
        case Kind.NULL:
            return Piece(Kind.DATETIME, blank(Kind.DATETIME))
        case Kind.DATETIME:
            return compiler.piece(node.arguments[0])
        case Kind.DATE:
            piece = compiler.piece(node.arguments[0])
            return Piece(Kind.DATETIME, _midnight_in_gmt(piece.value), piece.failed)
        case _:
            return _read(compiler, node, Kind.DATETIME, _MOMENT_PATTERN, 6, _moment_of)


def _time_value(compiler: Compiler, node: Operation) -> Piece:
    match node.arguments[0].kind:
        case Kind.NULL:
            return Piece(Kind.TIME, blank(Kind.TIME))
        case Kind.TIME:
            return compiler.piece(node.arguments[0])
        case Kind.DATETIME:
            piece = compiler.piece(node.arguments[0])
            return Piece(Kind.TIME, _time_in_gmt(piece.value), piece.failed)
        case _:
            return _read(compiler, node, Kind.TIME, _TIME_PATTERN, 4, _time_of)


# Parts of dates and times


def _day_part(part: str, shift: int = 0) -> Function:
    def function(compiler: Compiler, node: Operation) -> Piece:
        (piece,) = compiler.pieces(node.arguments)
        day = as_kind(piece, Kind.DATE)
        if piece.kind is Kind.DATETIME:
            day = _day_in_zone(piece.value)
        value = sa.cast(sa.extract(part, day), sa.Numeric())
        return Piece(Kind.NUMBER, value + number(shift) if shift else value, piece.failed, digits=5, scale=0)

    return function


def _time_part(part: str) -> Function:
    def function(compiler: Compiler, node: Operation) -> Piece:
        (piece,) = compiler.pieces(node.arguments)
        time = _time_in_gmt(piece.value) if piece.kind is Kind.DATETIME else as_kind(piece, Kind.TIME)
        value = sa.func.trunc(sa.cast(sa.extract(part, time), sa.Numeric()), type_=sa.Numeric())
        if part == "milliseconds":
            value = sa.func.mod(value, number(1000), type_=sa.Numeric())
        return Piece(Kind.NUMBER, value, piece.failed, digits=5, scale=0)

    return function


def _add_months(compiler: Compiler, node: Operation) -> Piece:
    """From the last day of a month to the last day of another; other days keep their number where there is room.

    No months are none, also where blanks are blank.
    """
    start, amount = compiler.pieces(node.arguments)
    months = numeric(compiler, amount)
    count = sa.func.trunc(sa.func.coalesce(months.value, 0), type_=sa.Numeric())
    is_date = start.kind is not Kind.DATETIME
    day = as_kind(start, Kind.DATE) if is_date else sa.func.timezone("UTC", start.value, type_=sa.DateTime())

    def shifted(first: Value) -> Value:
        return compiler.once(count, lambda n: _month_shifted(first, n))

    value = compiler.once(sa.cast(day, sa.DateTime()), shifted, sa.DateTime())
    outside = sa.and_(as_kind(start, start.kind).is_not(None), value.is_(None))
    failed = any_failed((start.failed, months.failed, truth(outside)))
    made = sa.cast(value, sa.Date()) if is_date else sa.func.timezone("UTC", value, type_=_MOMENT_TYPE)
    return Piece(Kind.DATE if is_date else Kind.DATETIME, made, failed)


def _month_shifted(first: Value, months: Value) -> Value:
    """PostgreSQL's own sum ends at a month's last day; only from a last day it has to go round by the next day."""
    count = whole(months, -MOST_MONTHS, MOST_MONTHS)
    plain = Template("{0} + {1} * INTERVAL '1 month'", first, count, type_=sa.DateTime())
    from_next = "{0} + INTERVAL '1 day' + {1} * INTERVAL '1 month' - INTERVAL '1 day'"
    is_last = Template("extract(day FROM {0} + INTERVAL '1 day') = 1", first, type_=sa.Boolean())
    reached = sa.case((is_last, Template(from_next, first, count, type_=sa.DateTime())), else_=plain)
    year = sa.cast(sa.extract("year", first), sa.Numeric())
    place = year * number(12) + sa.cast(sa.extract("month", first), sa.Numeric()) - number(1) + months
    return sa.case((place.between(number(12), number(9999 * 12 + 10)), reached))


def _unix_time(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    value = sa.func.trunc(_seconds(as_kind(piece, Kind.DATE)), type_=sa.Numeric())
    return Piece(Kind.NUMBER, value, piece.failed, digits=15, scale=0)


def _from_unix_time(compiler: Compiler, node: Operation) -> Piece:
    piece = numeric(compiler, compiler.pieces(node.arguments)[0])
    fits = piece.value.between(number(FIRST_SECOND), number(LAST_SECOND))
    value = sa.case((fits, _plus_seconds(_EPOCH, piece.value)))
    return Piece(Kind.DATETIME, value, any_failed((piece.failed, sa.not_(truth_or_blank(fits)))))


# Durations


def _duration(compiler: Compiler, node: Operation) -> Piece:
    pieces = compiler.pieces(node.arguments)
    failed = any_failed(each.failed for each in pieces)
    kinds = {each.kind for each in pieces}
    if Kind.DATETIME in kinds or Kind.TIME in kinds:
        kind = Kind.DATETIME if Kind.DATETIME in kinds else Kind.TIME
        start, end = (_seconds(as_kind(each, kind)) for each in pieces)
        seconds = end - start if kind is Kind.DATETIME else sa.func.trunc(end) - sa.func.trunc(start)
        with_days: Condition = sa.true() if kind is Kind.DATETIME else sa.false()
    else:
        amount = numeric(compiler, pieces[0])
        seconds, failed = amount.value, any_failed((failed, amount.failed))
        with_days = truth(as_kind(pieces[1], Kind.BOOLEAN)) if len(pieces) > 1 else sa.false()
    total = sa.func.abs(sa.func.trunc(seconds, type_=sa.Numeric()), type_=sa.Numeric())
    value = compiler.once(total, lambda n: _as_duration(n, with_days), sa.Text())
    return Piece(Kind.TEXT, value, failed)


def _as_duration(seconds: Value, with_days: Condition) -> Value:
    hours = _whole_part(seconds, 3600)
    minutes = _rest(_whole_part(seconds, 60), 60)
    closing: tuple[Value, ...] = (_two_digits(minutes), sa.literal_column("':'"), _two_digits(_rest(seconds, 60)))
    days = sa.cast(_whole_part(seconds, SECONDS_A_DAY), sa.Text())
    colon = sa.literal_column("':'", sa.Text())
    short = sa.func.concat(_two_digits(hours), colon, *closing, type_=sa.Text())
    long = sa.func.concat(days, colon, _two_digits(_rest(hours, 24)), colon, *closing, type_=sa.Text())
    return sa.case((seconds.is_(None), sa.null()), (with_days, long), else_=short)


def _whole_part(value: Value, divisor: int) -> Value:
    return sa.func.div(value, number(divisor), type_=sa.Numeric())


def _two_digits(value: Value) -> Value:
    written = sa.cast(sa.func.trunc(value, type_=sa.Numeric()), sa.Text())
    return sa.case((value < number(10), sa.func.concat("0", written, type_=sa.Text())), else_=written)


# Places


def _location(compiler: Compiler, node: Operation) -> Piece:
    latitude, longitude = (numeric(compiler, each) for each in compiler.pieces(node.arguments))
    inside = sa.and_(
        latitude.value.between(number(-90), number(90)), longitude.value.between(number(-180), number(180))
    )
    point = Template(
        "ARRAY[{0}::float8, {1}::float8]", latitude.value, longitude.value, type_=blank(Kind.LOCATION).type
    )
    outside = sa.not_(truth_or_blank(inside))
    half = sa.func.num_nulls(latitude.value, longitude.value) == 1
    failed = any_failed((latitude.failed, longitude.failed, outside, half))
    return Piece(Kind.LOCATION, sa.case((inside, point)), failed)


def _distance(compiler: Compiler, node: Operation) -> Piece:
    one, other, unit = compiler.pieces(node.arguments)
    form = (
        "2 * {2} * asin(least(1, sqrt(sin(radians(({1})[1] - ({0})[1]) / 2) ^ 2 "
        "+ cos(radians(({0})[1])) * cos(radians(({1})[1])) * sin(radians(({1})[2] - ({0})[2]) / 2) ^ 2)))"
    )
    measure = filled(unit)
    radius = sa.case((measure == text("mi"), number("3958.761")), (measure == text("km"), number("6371.009")))
    ends = [as_kind(each, Kind.LOCATION) for each in (one, other)]
    far = Template(form, *ends, sa.cast(radius, sa.Double()), type_=sa.Double())
    known = sa.func.num_nulls(*ends) == 0  # least() passes over blanks
    value = sa.case((known, sa.cast(sa.cast(far, sa.Text()), sa.Numeric())))
    failed = any_failed((one.failed, other.failed, unit.failed, radius.is_(None)))
    return Piece(Kind.NUMBER, value, failed, digits=10, is_rounded=True)


DATES: dict[str, Function] = {
    "+": _sum,
    "-": _sum,
    "TODAY": _today,
    "NOW": _now,
    "TIMENOW": _time_now,
    "DATE": _date,
    "DATEVALUE": _date_value,
    "DATETIMEVALUE": _moment_value,
    "TIMEVALUE": _time_value,
    "YEAR": _day_part("year"),
    "MONTH": _day_part("month"),
    "DAY": _day_part("day"),
    "DAYOFYEAR": _day_part("doy"),
    "WEEKDAY": _day_part("dow", 1),
    "ISOWEEK": _day_part("week"),
    "ISOYEAR": _day_part("isoyear"),
    "HOUR": _time_part("hour"),
    "MINUTE": _time_part("minute"),
    "SECOND": _time_part("second"),
    "MILLISECOND": _time_part("milliseconds"),
    "ADDMONTHS": _add_months,
    "UNIXTIMESTAMP": _unix_time,
    "FROMUNIXTIME": _from_unix_time,
    "FORMATDURATION": _duration,
    "GEOLOCATION": _location,
    "DISTANCE": _distance,
}
