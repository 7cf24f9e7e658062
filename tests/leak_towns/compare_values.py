"""What the doors show of the fields to one person, compared with the reference; and what the access log says of it."""

from __future__ import annotations

from typing import Any

from chassis_platform.access.context import Context
from leak_towns.build import BuiltTown
from leak_towns.clearness import COMPARED, LOGGED, Clearness
from leak_towns.counted import same, same_values
from leak_towns.shown import (
    RELATED,
    WHOLE,
    by_export,
    by_page,
    changes_of,
    found_by,
    labels_of_foremen,
    looked_up,
    marked_in_lists,
    names_behind_stays,
    names_of_customers,
    names_of_foremen,
    numbers_of_stays,
)
from leak_towns.values import Values, customers_name, history, kept, masked_fields, shown

#: Parts of values, and whole ones that might be looked up.
SEARCHED = ("1381234", "13812345678", "138 0013", "anna@", "anna@example.com", "example", "Case 1", "12345")


async def compare_values(built: BuiltTown, context: Context, clearness: Clearness, seen: set[int]) -> None:
    """All doors, for one person."""
    who = f"person {clearness.person}"
    fields = [each for each in COMPARED if not clearness.is_absent(each)]
    wanted = shown(built, clearness, seen)
    await compare_pages(built, context, clearness)
    for door in WHOLE:
        built.forget_log()
        same_values(await door(built, context, fields), wanted, f"{door.__name__}, {who}")
        compare_log(built, clearness, seen, f"{door.__name__}, {who}")
    for door in RELATED:
        found = await door(built, context, fields)
        same_values(found, {number: wanted[number] for number in found}, f"{door.__name__}, {who}")
    await compare_lists(built, context, clearness, wanted)
    await compare_searches(built, context, clearness, seen)
    for number in seen:
        of = f"history of {number}, {who}"
        same(await changes_of(built, context, number), history(built, clearness, number), of, of=4)
    await compare_customers(built, context, clearness)


async def compare_pages(built: BuiltTown, context: Context, clearness: Clearness) -> None:
    """The record page shows deleted records too."""
    seen = {number for number in range(len(built.workshop_ids)) if clearness.visibility.sees(number)}
    fields = [each for each in COMPARED if not clearness.is_absent(each)]
    built.forget_log()
    what = f"page, person {clearness.person}"
    same_values(await by_page(built, context, fields), shown(built, clearness, seen), what)
    compare_log(built, clearness, seen, what)


def compare_log(built: BuiltTown, clearness: Clearness, seen: set[int], what: str) -> None:
    """Each classified value that was shown in clear has an entry, and no other has one."""
    wanted = {
        (number, field)
        for number in seen
        for field in LOGGED
        if not clearness.is_absent(field) and clearness.is_clear(number, field)
    }
    logged = {
        (built.workshop_ids.index(record_id), field)
        for each in built.access_log()
        for record_id in each["ids"]
        for field in each["fields"]
        if record_id in built.workshop_ids
    }
    same(logged, wanted, f"logged {what}", of=len(seen) * len(LOGGED))


async def compare_lists(built: BuiltTown, context: Context, clearness: Clearness, wanted: Values) -> None:
    """What a list says is masked, an export's cells, the labels of references."""
    who = f"person {clearness.person}"
    fields = [each for each in COMPARED if not clearness.is_absent(each)]
    marked = {number: masked_fields(built, clearness, number) for number in wanted}
    same(await marked_in_lists(built, context, fields), marked, f"marked, {who}", of=len(marked) * len(fields))

    exported = [each for each in fields if each != "ForemanId"]
    cells = {number: [_cell(values[each]) for each in exported] for number, values in wanted.items()}
    same(await by_export(built, context, exported), cells, f"exported, {who}", of=len(cells) * len(exported))

    names = {user_id: name for name, user_id in built.users.items()}
    foremen = {number: names.get(values["ForemanId"]) for number, values in wanted.items()}
    same(await labels_of_foremen(built, context), foremen, f"labels, {who}", of=len(foremen))
    same(await names_of_foremen(built, context), foremen, f"foremen, {who}", of=len(foremen))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else f"{value:.2f}" if isinstance(value, int) else str(value)
    return "'" + text if text.startswith(("+", "-")) else text


async def compare_searches(built: BuiltTown, context: Context, clearness: Clearness, seen: set[int]) -> None:
    """By what is masked nothing is found, but for whole values where they may be looked up."""
    who = f"person {clearness.person}"
    for text in SEARCHED:
        wanted = {number for number in seen if is_found(built, clearness, number, text)}
        found = await found_by(built, context, text)
        same(set(found), wanted, f"search for {text}, {who}", of=len(seen))
        same(await looked_up(built, context, text), wanted, f"look-up of {text}, {who}", of=len(seen))
        regions = {number: clearness.shown(number, "Region", kept(built, number, "Region")) for number in wanted}
        told = {number: details.get("Region") for number, details in found.items()}
        same(told, regions, f"details of {text}, {who}", of=len(wanted))


def is_found(built: BuiltTown, clearness: Clearness, number: int, text: str) -> bool:
    if text.lower() in f"case {number}":
        return True
    values = {field: kept(built, number, field) for field in ("Phone", "Email")}
    return any(
        text in value and (clearness.is_clear(number, field) or (text == value and clearness.may_look_up(field)))
        for field, value in values.items()
        if value is not None
    )


async def compare_customers(built: BuiltTown, context: Context, clearness: Clearness) -> None:
    """Names behind references, and what a formula repeats of another record."""
    who = f"person {clearness.person}"
    names = {number: customers_name(built, clearness, number) for number in range(len(built.customer_ids))}
    for found in await names_of_customers(built, context):
        same(found, names, f"customers, {who}", of=len(names))
    stays = {number for number in range(len(built.stay_ids)) if clearness.visibility.sees_stay(number)}
    behind = {number: built.town.stays[number].customer for number in stays}
    wanted = {number: None if customer is None else names[customer] for number, customer in behind.items()}
    for told in await names_behind_stays(built, context):
        same(told, wanted, f"behind stays, {who}", of=len(wanted))
    numbers = {number: _number(built, clearness, number) for number in stays}
    same(await numbers_of_stays(built, context), numbers, f"numbers of stays, {who}", of=len(numbers))


def _number(built: BuiltTown, clearness: Clearness, stay: int) -> str | None:
    workshop = built.town.stays[stay].workshop
    phone = None if workshop is None else built.town.workshops[workshop].phone
    return "******" if phone and clearness.is_masked("Phone") else phone
