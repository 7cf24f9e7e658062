"""What is shown of a value: as people write it in their language and time zone, as `FORMAT()` and `toLabel()` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field
from chassis_platform.access.context import Context
from chassis_platform.api.describe import value_label
from chassis_platform.plan.day_patterns import counts_half_days, day_pattern

_SYMBOLS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}


def display_value(context: Context, field: Field, value: Any) -> str | None:
    """What is shown of a value that is not null; None where that is the value itself, or a mask stands in its place."""
    if field.values:
        return _label(context, field, str(value))
    form = _FORMS.get(field.type)
    if form is None:
        return None
    try:
        return form(context, field, value)
    except (ValueError, InvalidOperation):
        return None


def _label(context: Context, field: Field, value: str) -> str:
    labels = {each.value: value_label(context, field, each.value, each.label) for each in field.values}
    return ";".join(labels.get(each, each) for each in value.split(";"))


def _number(context: Context, field: Field, value: Any) -> str:
    del context
    return _digits(Decimal(str(value)), field.scale or 0)


def _digits(value: Decimal, scale: int) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP):,f}"


def _currency(context: Context, field: Field, value: Any) -> str:
    currency, amount = context.tenant.currency, Decimal(str(value))
    sign = "-" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{_digits(abs(amount), field.scale if field.scale is not None else 2)}"


def _percent(context: Context, field: Field, value: Any) -> str:
    """A fraction is kept: 0.35 reads 35%. The scale is the fraction's; what is nought behind the point is not shown."""
    del context
    digits = Decimal(1).scaleb(-max(0, (field.scale or 0) - 2))
    return f"{(Decimal(str(value)) * 100).quantize(digits, ROUND_HALF_UP).normalize():,f}%"


def _date(context: Context, field: Field, value: Any) -> str:
    del field
    return _day(context, date.fromisoformat(value))


def _datetime(context: Context, field: Field, value: Any) -> str:
    del field
    local = datetime.fromisoformat(value).astimezone(ZoneInfo(context.principal.time_zone))
    return f"{_day(context, local.date())} {_hour(context, local.time())}"


def _time(context: Context, field: Field, value: Any) -> str:
    del field
    return _hour(context, time.fromisoformat(value))


def _day(context: Context, day: date) -> str:
    pattern = day_pattern(context.principal.language)
    return pattern.replace("YYYY", f"{day:%Y}").replace("MM", f"{day:%m}").replace("DD", f"{day:%d}")


def _hour(context: Context, hour: time) -> str:
    if counts_half_days(context.principal.language):
        return f"{hour.hour % 12 or 12}:{hour:%M %p}"
    return f"{hour:%H:%M}"


_FORMS: Mapping[FieldType, Callable[[Context, Field, Any], str]] = {
    FieldType.NUMBER: _number,
    FieldType.CURRENCY: _currency,
    FieldType.PERCENT: _percent,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.TIME: _time,
}
