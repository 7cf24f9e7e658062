"""What may be sent for a field, type by type, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from chassis_metadata.components import PicklistValue
from chassis_metadata.fields import FieldType
from chassis_metadata.ids import component_id
from chassis_metadata.snapshot import Field
from chassis_platform.plan.typed_values import BadValue, converter

REGIONS = (PicklistValue("North", "North"), PicklistValue("South", "South"), PicklistValue("Old", "Old", active=False))
PREFIXES = {"001": "Account", "003": "Contact"}
ACCOUNT_ID = component_id("001", "some account")  # the same wherever the tests are collected


def field(kind: FieldType, **more: Any) -> Field:
    return Field("Lead", "Thing", kind, "Thing", "thing", **more)


@pytest.mark.parametrize(
    ("kind", "more", "sent", "stored"),
    [
        (FieldType.TEXT, {"length": 5}, "  ab  ", "ab"),
        (FieldType.TEXT, {"length": 5}, "   ", None),
        (FieldType.TEXT, {"length": 2}, "张伟", "张伟"),
        (FieldType.LONG_TEXT, {}, " a\nb ", " a\nb "),
        (FieldType.PHONE, {}, " +86 (10) 1234 ", "+86 (10) 1234"),
        (FieldType.EMAIL, {}, "Ann.Lee+x@mail.example.com", "Ann.Lee+x@mail.example.com"),
        (FieldType.URL, {}, "dealer.example:8443/x", "dealer.example:8443/x"),
        (FieldType.URL, {}, "https://dealer.example/?a=1", "https://dealer.example/?a=1"),
        (FieldType.NUMBER, {"precision": 4, "scale": 2}, 12.345, Decimal("12.35")),
        (FieldType.NUMBER, {"precision": 4, "scale": 2}, "-1e1", Decimal("-10.00")),
        (FieldType.NUMBER, {"precision": 18, "scale": 0}, 2.5, Decimal(3)),
        (FieldType.CHECKBOX, {}, True, True),
        (FieldType.CHECKBOX, {}, "FALSE", False),
        (FieldType.DATE, {}, "2026-11-22", date(2026, 11, 22)),
        (FieldType.DATE, {}, "2026-11-22T23:59:59Z", date(2026, 11, 22)),
        (FieldType.DATETIME, {}, "2026-11-22T08:00:00.000+0800", datetime(2026, 11, 22, tzinfo=UTC)),
        (FieldType.DATETIME, {}, "2026-11-22T08:00:00.1239Z", datetime(2026, 11, 22, 8, 0, 0, 123000, UTC)),
        (FieldType.DATETIME, {}, "2026-11-22 08:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        (FieldType.DATETIME, {}, "2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        (FieldType.TIME, {}, "08:30:00.000Z", time(8, 30)),
        (FieldType.TIME, {}, "08:30", time(8, 30)),
        (FieldType.PICKLIST, {"values": REGIONS}, "north", "North"),
        (FieldType.PICKLIST, {"values": REGIONS, "restricted": False}, "East", "East"),
        (FieldType.MULTI_PICKLIST, {"values": REGIONS}, "south; North;South", ["North", "South"]),
        (FieldType.MULTI_PICKLIST, {"values": REGIONS}, ["South", "North"], ["North", "South"]),
        (FieldType.MULTI_PICKLIST, {"values": REGIONS}, [], None),
        (FieldType.LOOKUP, {"references": ("Account",)}, ACCOUNT_ID[:15], ACCOUNT_ID),
        (FieldType.NUMBER, {"precision": 9, "scale": 6, "compound": "Place"}, 180, Decimal(180)),
    ],
)
def test_a_value_is_stored_typed(kind: FieldType, more: dict[str, Any], sent: object, stored: object) -> None:
    assert converter(field(kind, **more), PREFIXES)(sent) == stored


@pytest.mark.parametrize(
    ("kind", "more", "sent", "code"),
    [
        (FieldType.TEXT, {"length": 2}, "abc", "string_too_long"),
        (FieldType.TEXT, {"length": 9}, 5, "json_parser_error"),
        (FieldType.TEXT, {"length": 9}, {"a": 1}, "json_parser_error"),
        (FieldType.TEXT, {"length": 9}, "a\x00b", "json_parser_error"),
        (FieldType.TEXT, {"length": 9}, "a\ud800", "json_parser_error"),
        (FieldType.EMAIL, {}, "ann@", "invalid_email_address"),
        (FieldType.EMAIL, {}, "a b@c.de", "invalid_email_address"),
        (FieldType.URL, {}, "javascript:alert(1)", "invalid_url"),
        (FieldType.URL, {}, "https://a b", "invalid_url"),
        (FieldType.NUMBER, {"precision": 4, "scale": 2}, 100, "number_outside_valid_range"),
        (FieldType.NUMBER, {"precision": 4, "scale": 2}, 99.999, "number_outside_valid_range"),
        pytest.param(FieldType.NUMBER, {}, 10**5000, "number_outside_valid_range", id="huge"),
        (FieldType.NUMBER, {}, "1e999", "number_outside_valid_range"),
        (FieldType.NUMBER, {}, "abc", "json_parser_error"),
        (FieldType.NUMBER, {}, True, "json_parser_error"),
        (FieldType.NUMBER, {}, float("nan"), "json_parser_error"),
        (FieldType.NUMBER, {"precision": 9, "scale": 6, "compound": "Place"}, 180.1, "number_outside_valid_range"),
        (FieldType.CHECKBOX, {}, 1, "json_parser_error"),
        (FieldType.CHECKBOX, {}, "maybe", "json_parser_error"),
        (FieldType.DATE, {}, "abc", "json_parser_error"),
        (FieldType.DATE, {}, "2026-02-30", "json_parser_error"),
        (FieldType.DATE, {}, 20260101, "json_parser_error"),
        (FieldType.DATETIME, {}, "0001-01-01T00:00:00+14:00", "json_parser_error"),
        (FieldType.DATETIME, {}, "2026-11-22T25:00:00Z", "json_parser_error"),
        (FieldType.TIME, {}, "24:30", "json_parser_error"),
        (FieldType.PICKLIST, {"values": REGIONS}, "East", "invalid_or_null_for_restricted_picklist"),
        (FieldType.MULTI_PICKLIST, {"values": REGIONS}, "North;East", "invalid_or_null_for_restricted_picklist"),
        (FieldType.MULTI_PICKLIST, {"values": REGIONS}, [1], "json_parser_error"),
        (FieldType.LOOKUP, {"references": ("Account",)}, "001", "malformed_id"),
        (FieldType.LOOKUP, {"references": ("Contact",)}, ACCOUNT_ID, "malformed_id"),
    ],
)
def test_what_is_no_value_of_the_field_is_refused(
    kind: FieldType, more: dict[str, Any], sent: object, code: str
) -> None:
    with pytest.raises(BadValue) as refused:
        converter(field(kind, **more), PREFIXES)(sent)

    assert refused.value.code == code


def test_the_message_names_what_came_as_the_fields_tools_do() -> None:
    with pytest.raises(BadValue, match="Cannot deserialize instance of date from VALUE_STRING value abc"):
        converter(field(FieldType.DATE), {})("abc")
