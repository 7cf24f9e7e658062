"""The steps that a mapping may put after an expression: one value in, one value or nothing out. All pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, DecimalException
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.errors import Invalid

#: A step's option and the value before it; text, except after a step that made something else of it.
Step = Callable[[Any, Any, ZoneInfo], Any]

LONGEST_MATCHED = 20_000
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?[0-9][0-9,. '\u00a0]*|[+-]?\.[0-9]+")
_EXTENSION = re.compile(r"(?:x|ext\.?|extension)\s*(\d{1,6})$", re.IGNORECASE)
_DATE_FORMS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y年%m月%d日",
    "%d %B %Y",
    "%B %d, %Y",
    "%d %b %Y",
    # ISO 8601 but for the noughts that senders leave out
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)
_BLOCKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "table", "ul", "ol"})
_LOOKS_LIKE_HTML = re.compile(
    r"<(br|p|div|li|ul|ol|b|i|strong|em|span|table|tr|td|a|h[1-6])\b[^<>]*/?>|&[a-z]+;", re.IGNORECASE
)


@lru_cache(maxsize=500)
def pattern(text: str) -> re.Pattern[str]:
    """A mapping's regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise Invalid.of("invalid_pattern", f"{text!r} is no regular expression: {error}.") from None


def _null_words(words: Sequence[str], value: str, _: ZoneInfo) -> str | None:
    return None if value.lower() in {each.lower() for each in words} else value


def _extract(expression: str, value: str, _: ZoneInfo) -> str | None:
    found = pattern(expression).search(value[:LONGEST_MATCHED])
    if found is None:
        return None
    return found[1] if found.re.groups else found[0]


def _match(expression: str, value: str, _: ZoneInfo) -> str | None:
    return value if pattern(expression).fullmatch(value[:LONGEST_MATCHED]) else None


def _map(choices: Mapping[str, Any], value: str, _: ZoneInfo) -> Any:
    lower = {key.lower(): each for key, each in choices["values"].items()}
    return lower.get(value.lower(), choices.get("default"))


def _number(_: object, value: str, __: ZoneInfo) -> Decimal | None:
    """`$7,925.50`, `1 500 km` and `1.234,5` are numbers; a text without digits is none."""
    found = _NUMBER.search(value[:LONGEST_MATCHED])
    if found is None or len(found[0]) > LONGEST_NUMBER:
        return None
    try:
        return Decimal(_plain_number(re.sub(r"[ '\u00a0]", "", found[0]).rstrip(",.")))
    except DecimalException:
        return None


def _plain_number(text: str) -> str:
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point >= 0 or (point < 0 and text.count(",") == 1 and len(text) - comma - 1 != 3):  # noqa: PLR2004
        return text.replace(".", "").replace(",", ".")
    text = text.replace(",", "")
    return text.replace(".", "") if text.count(".") > 1 else text


def _whole(_: object, value: str, zone: ZoneInfo) -> int | None:
    number = _number(None, value, zone)
    return int(number) if number is not None and number == int(number) else None


def _multiply(factor: float, value: Decimal, _: ZoneInfo) -> Decimal:
    return Decimal(value) * Decimal(str(factor))


def _round(digits: int, value: Decimal, _: ZoneInfo) -> Decimal:
    return round(Decimal(value), digits) if digits else Decimal(round(Decimal(value)))


def _datetime(_: object, value: str, zone: ZoneInfo) -> datetime | None:
    """A moment with or without an offset; without one it is the tenant's time."""
    moment = _moment(value)
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _date(_: object, value: str, __: ZoneInfo) -> date | None:
    """The day as it was written, whatever the offset."""
    moment = _moment(value)
    return moment.date() if moment else None


def _moment(value: str) -> datetime | None:
    text = re.sub(r"\.(\d{6})\d+", r".\1", value.strip().replace("-00:00", "+00:00"))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return next((found for form in _DATE_FORMS if (found := _in_form(text, form)) is not None), None)


def _in_form(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  the caller sets the zone
    except ValueError:
        return None


def _phone(_: object, value: str, __: ZoneInfo) -> str | None:
    """Digits with a leading `+` if there was one; an extension as ` x12`."""
    extension = _EXTENSION.search(value)
    main = value[: extension.start()] if extension else value
    digits = "".join(each for each in main if each in "0123456789")
    if not digits:
        return None
    plus = "+" if main.strip().startswith("+") else ""
    return plus + digits + (f" x{extension[1]}" if extension else "")


class _Words(HTMLParser):
    """Gathers the text of HTML, a new line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def _html_to_text(_: object, value: str, __: ZoneInfo) -> str | None:
    """The words of HTML. A text that only has `<` somewhere is left as it is."""
    if not _LOOKS_LIKE_HTML.search(value):
        return value
    words = _Words()
    words.feed(value)
    words.close()
    lines = (" ".join(line.split()) for line in "".join(words.pieces).split("\n"))
    return "\n".join(line for line in lines if line) or None


def _template(text: str, value: object, _: ZoneInfo) -> str:
    return text.replace("{}", str(value))


def _replace(option: Mapping[str, str], value: str, _: ZoneInfo) -> str | None:
    """Every place that the expression matches, made into the text."""
    return pattern(option["pattern"]).sub(lambda _: option.get("by", ""), value[:LONGEST_MATCHED]).strip() or None


def _lines(option: Mapping[str, str], value: str, _: ZoneInfo) -> str | None:
    """The lines that the expression matches from their beginning, or, with `without`, the others."""
    wanted = "matching" in option
    expression = pattern(option["matching"] if wanted else option["without"])
    kept = (line for line in value.split("\n") if (expression.match(line[:LONGEST_MATCHED]) is not None) == wanted)
    return "\n".join(kept).strip() or None


def _zoned(_: object, value: str, zone: ZoneInfo) -> str | None:
    """A moment as the tenant's clock shows it, with the offset."""
    moment = _datetime(None, value, zone)
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def _decimals(digits: int, value: Decimal, _: ZoneInfo) -> str:
    """A number with so many digits behind the point."""
    return f"{Decimal(value):.{digits}f}"


def _truncate(length: int, value: str, _: ZoneInfo) -> str:
    return value if len(value) <= length else value[: length - 1] + "…"


def _bands(bands: Sequence[Mapping[str, Any]], value: int, _: ZoneInfo) -> Any:
    return next((band["then"] for band in bands if "to" not in band or value <= band["to"]), None)


STEPS: dict[str, Step] = {
    "null_words": _null_words,
    "extract": _extract,
    "match": _match,
    "map": _map,
    "number": _number,
    "whole_number": _whole,
    "multiply": _multiply,
    "round": _round,
    "datetime": _datetime,
    "date": _date,
    "phone": _phone,
    "html_to_text": _html_to_text,
    "template": _template,
    "replace": _replace,
    "lines": _lines,
    "zoned": _zoned,
    "decimals": _decimals,
    "truncate": _truncate,
    "bands": _bands,
    "upper": lambda _, value, __: value.upper(),
    "lower": lambda _, value, __: value.lower(),
}


def apply_steps(steps: Sequence[Any], value: Any, zone: ZoneInfo) -> Any:
    """The value after all steps; None as soon as one leaves nothing."""
    for step in steps:
        if value is None:
            return None
        value = _apply(step, value, zone)
    return value


def _apply(step: Any, value: Any, zone: ZoneInfo) -> Any:
    name, option = (step, None) if isinstance(step, str) else next(iter(step.items()))
    try:
        return STEPS[name](option, value, zone)
    except (TypeError, AttributeError, KeyError, ValueError, ArithmeticError) as error:
        message = f"The step {name!r} can't take what comes before it ({type(value).__name__}): {error}."
        raise Invalid.of("invalid_mapping", message) from None
