"""The values of a town's records, as they are kept, and as all doors have to show them to one person."""

from __future__ import annotations

from typing import Any

from leak_towns.build import OLD_BUDGET, OLD_REGION, BuiltTown, serial_number
from leak_towns.clearness import COMPARED, Clearness
from leak_towns.masking import NAMES
from leak_towns.masks import left_by

#: By the number of the record, then by field.
Values = dict[int, dict[str, Any]]


def kept(built: BuiltTown, number: int, field: str) -> Any:
    """The value itself."""
    each = built.town.workshops[number]
    above = None if each.parent is None else built.town.workshops[each.parent].phone
    return {
        "Phone": each.phone,
        "Email": each.email,
        "Budget": each.budget,
        "OpenedOn": each.opened_on,
        "SerialNumber": serial_number(number),
        "TaxNumber": each.tax_number,
        "Region": each.region,
        "IsActive": each.is_active,
        "ForemanId": None if each.foreman is None else built.users[f"p{each.foreman}"],
        "Line__c": f"T{number} {each.phone or ''}",
        "Above__c": above,
    }[field]


def shown(built: BuiltTown, clearness: Clearness, seen: set[int]) -> Values:
    """What every door shows of the records that the person sees."""
    fields = [each for each in COMPARED if not clearness.is_absent(each)]
    return {
        number: {field: clearness.shown(number, field, kept(built, number, field)) for field in fields}
        for number in seen
    }


def masked_fields(built: BuiltTown, clearness: Clearness, number: int) -> set[str]:
    """The fields of which a row says that they are masked: those with a value that is not shown."""
    return {
        field
        for field in COMPARED
        if not clearness.is_absent(field)
        and not clearness.is_clear(number, field)
        and kept(built, number, field) is not None
    }


def history(built: BuiltTown, clearness: Clearness, number: int) -> set[tuple[str, Any, Any]]:
    """The changes of the record's budget and region, as the record's present values are shown."""
    each = built.town.workshops[number]
    changes = (("Budget", OLD_BUDGET, each.budget), ("Region", OLD_REGION, each.region))
    return {
        (field, _text(clearness.shown(number, field, old)), _text(clearness.shown(number, field, new)))
        for field, old, new in changes
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def customers_name(built: BuiltTown, clearness: Clearness, number: int) -> str:
    name = "".join(NAMES[built.town.customers[number].name])
    if clearness.shows_customer(number):
        return name
    found = left_by("name", "Name", name)
    assert found is not None
    return found
