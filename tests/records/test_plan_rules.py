"""Rules between the fields of one record: names, dependent choices, numbers, missing values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis_metadata.components import NameField, OrgWideDefault, PicklistValue, RecordType
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.changes import Change
from chassis_platform.plan.numbering import numberings
from chassis_platform.plan.rules import complete_changed, complete_new, composed_name, rules_for


def lead(*fields: Field, name: NameField | None = None, record_types: tuple[RecordType, ...] = ()) -> Object:
    how = name or NameField("text", "Name")
    named = Field("Lead", "Name", FieldType.TEXT, "Name", "name", is_name=True, system=True)
    return Object(
        "Lead", "Lead", "Leads", "00Q", "lead", "crm", how, OrgWideDefault.PRIVATE, None,
        {each.name: each for each in (named, *fields)}, record_types=record_types,
    )  # fmt: skip


CHANNEL = Field(
    "Lead", "Channel", FieldType.PICKLIST, "Channel", "channel",
    values=(PicklistValue("Retail", "Retail"), PicklistValue("Fleet", "Fleet")),
)  # fmt: skip
REASON = Field(
    "Lead", "Reason", FieldType.PICKLIST, "Reason", "reason", controlling_field="Channel", default="Price",
    values=(
        PicklistValue("Price", "Price", controlled_by=("Retail",)),
        PicklistValue("Tender", "Tender", controlled_by=("Fleet",)),
        PicklistValue("Retired", "Retired", active=False),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("last", "first", "name"),
    [
        ("Lee", "Ann", "Ann Lee"),
        ("Lee", None, "Lee"),
        ("张", "伟", "张伟"),
        ("Smith", "伟", "Smith伟"),
        ("김", "민준", "김민준"),
    ],
)
def test_a_name_is_composed_as_people_write_it(last: str, first: str | None, name: str) -> None:
    assert composed_name(last, first) == name


def completed(obj: Object, values: dict[str, Any], old: dict[str, Any] | None = None) -> Change:
    change = Change(0, creating=old is None, values=dict(values), old=old)
    if old is None:
        complete_new(rules_for(obj), change, "005")
    else:
        complete_changed(rules_for(obj), change)
    return change


@pytest.mark.parametrize(
    ("values", "old", "codes"),
    [
        ({"Name": "x", "Channel": "Retail", "Reason": "Price"}, None, []),
        ({"Name": "x", "Channel": "Fleet", "Reason": "Price"}, None, ["invalid_or_null_for_restricted_picklist"]),
        ({"Name": "x", "Reason": "Tender"}, None, ["invalid_or_null_for_restricted_picklist"]),
        ({"Name": "x", "Reason": "Retired"}, None, ["invalid_or_null_for_restricted_picklist"]),
        ({"Channel": "Fleet"}, {"Channel": "Retail", "Reason": "Price"}, ["invalid_or_null_for_restricted_picklist"]),
        ({"Reason": "Retired"}, {"Channel": None, "Reason": "Retired"}, []),
        ({"Name": None}, {"Name": "x", "Channel": None, "Reason": "Tender"}, ["required_field_missing"]),
        ({}, None, ["required_field_missing"]),
    ],
)
def test_choices_hold_together(values: dict[str, Any], old: dict[str, Any] | None, codes: list[str]) -> None:
    change = completed(lead(CHANNEL, REASON), values, old)

    assert [problem.code for problem in change.problems] == codes


def test_a_default_that_the_controlling_value_rules_out_is_left_empty() -> None:
    change = completed(lead(CHANNEL, REASON), {"Name": "x", "Channel": "Fleet"})

    assert change.values["Reason"] is None
    assert not change.problems


def test_a_record_type_narrows_choices() -> None:
    personal = RecordType("Lead", "Personal", "Personal", default=True, picklists={"Channel": ("Retail",)})
    reference = Field("Lead", "RecordTypeId", FieldType.LOOKUP, "Record type", "record_type_id", system=True)
    obj = lead(CHANNEL, reference, record_types=(personal,))

    change = completed(obj, {"Name": "x", "Channel": "Fleet"})

    assert change.values["RecordTypeId"] == obj.record_type_ids["Personal"]
    assert [problem.code for problem in change.problems] == ["invalid_or_null_for_restricted_picklist"]


def test_a_person_is_named_anew_when_one_part_changes() -> None:
    parts = [Field("Lead", name, FieldType.TEXT, name, name.lower()) for name in ("LastName", "FirstName")]
    obj = lead(*parts, name=NameField("person", "Name", last="LastName", first="FirstName"))

    change = completed(obj, {"FirstName": "Bea"}, {"LastName": "Lee", "FirstName": "Ann", "Name": "Ann Lee"})

    assert change.values["Name"] == "Bea Lee"


@pytest.mark.parametrize(
    ("pattern", "counter", "text"),
    [
        ("L-{YYMMDD}{00000}", "Lead.Number:261123", "L-26112300007"),
        ("{0000}/{YYYY}", "Lead.Number:2026", "0007/2026"),
        ("N{00}", "Lead.Number", "N07"),
        ("N-", "Lead.Number", "N-00000007"),
        (None, "Lead.Number", "00000007"),
    ],
)
def test_numbers_follow_the_format_in_the_tenants_time_zone(pattern: str | None, counter: str, text: str) -> None:
    number = Field("Lead", "Number", FieldType.AUTO_NUMBER, "Number", "number", format=pattern)
    evening = datetime(2026, 11, 22, 20, tzinfo=UTC)

    [numbering] = numberings(lead(number), evening, "Asia/Shanghai")

    assert (numbering.counter, numbering.text(7)) == (counter, text)
