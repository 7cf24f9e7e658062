"""A query's values: checked against the type of the field they are compared with, and put into slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.soql.tree import CurrencyLiteral, DateLiteral, Literal
from chassis_platform.plan.date_literals import days_now, moment
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.read_plan import Moving

_NUMBER = (int, Decimal)
#: What Salesforce calls the type of a criterion's value.
_TERMS: Mapping[FieldType, str] = {
    FieldType.NUMBER: "double",
    FieldType.PERCENT: "double",
    FieldType.CURRENCY: "currency",
    FieldType.DATE: "date",
    FieldType.DATETIME: "dateTime",
    FieldType.TIME: "time",
    FieldType.CHECKBOX: "boolean",
}
ID_TYPES = REFERENCE_TYPES | {FieldType.ID}
DAY_TYPES = frozenset({FieldType.DATE, FieldType.DATETIME})


@dataclass(slots=True)
class Slots:
    """The values met so far, each under a name of its own, in the order of the query."""

    values: dict[str, Any] = field(default_factory=dict)
    moving: dict[str, Moving] = field(default_factory=dict)
    fiscal_start: int = 1  # the month
    currency: str | None = None  # that amounts are kept in

    def put(self, value: Any) -> str:
        """The name of a new slot with this value."""
        name = self._next()
        self.values[name] = value
        return name

    def plain(self, literal: Literal, field_type: FieldType, name: str) -> Literal:
        """`USD5000` as its amount, where amounts are kept in dollars."""
        value = literal.value
        if not isinstance(value, CurrencyLiteral):
            return literal
        if field_type is not FieldType.CURRENCY:
            raise wrong_type(field_type, name)
        if value.currency != self.currency:
            message = f"field '{name}' is kept in {self.currency}: nothing converts {value.currency} to it"
            raise refuse("invalid_field", message)
        return Literal(value.amount)

    def put_range(self, literal: DateLiteral, field_type: FieldType) -> tuple[str, str]:
        """Slots for the first moment or day of a date literal and the first behind it, found when the plan runs."""
        names = []
        for end in (0, 1):
            name = self._next()
            self.moving[name] = _bound(literal, end, field_type, self.fiscal_start)
            names.append(name)
        return names[0], names[1]

    def _next(self) -> str:
        return f"value_{len(self.values) + len(self.moving) + 1}"


def _bound(literal: DateLiteral, end: int, field_type: FieldType, fiscal_start: int) -> Moving:
    def at(now: datetime, zone: ZoneInfo) -> date | datetime:
        try:
            day = days_now(literal, now, zone, fiscal_start)[end]
            return day if field_type is FieldType.DATE else moment(day, zone)
        except (OverflowError, ValueError):
            raise refuse(
                "number_outside_valid_range", f"{literal.name}:{literal.n} lies outside the calendar"
            ) from None

    return at


def check_value(literal: Literal, field_type: FieldType, name: str) -> Any:
    """The value to bind for a comparison with a field of that type; None for null. Refuses what does not fit."""
    value = literal.value
    if value is None or value == "":
        return None
    if isinstance(value, str) and "\0" in value:
        raise refuse("invalid_field", f"the value for field '{name}' has the character U+0000, which no text can hold")
    if field_type in ID_TYPES:
        return _checked_id(value, name)
    if not _fits(value, field_type):
        raise wrong_type(field_type, name)
    return float(value) if isinstance(value, _NUMBER) and field_type in NUMERIC_TYPES else value


def _checked_id(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise refuse(
            "invalid_field",
            f"value of filter criterion for field '{name}' must be of type string and should be enclosed in quotes",
        )
    if not is_id(value):
        raise refuse("invalid_query_filter_operator", f"invalid ID field: {value}")
    return normal_id(value)


def _fits(value: object, field_type: FieldType) -> bool:
    if field_type in NUMERIC_TYPES:
        return isinstance(value, _NUMBER) and not isinstance(value, bool)
    if field_type is FieldType.CHECKBOX:
        return isinstance(value, bool)
    if field_type is FieldType.DATETIME:
        return isinstance(value, datetime)
    if field_type is FieldType.DATE:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, time if field_type is FieldType.TIME else str)


def wrong_type(field_type: FieldType, name: str) -> Invalid:
    """The refusal of a value of another type."""
    term = _TERMS.get(field_type)
    expected = f"{term} and should not be enclosed in quotes" if term else "string and should be enclosed in quotes"
    return refuse("invalid_field", f"value of filter criterion for field '{name}' must be of type {expected}")
