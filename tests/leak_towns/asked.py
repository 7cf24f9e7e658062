"""Questions by which somebody might find out what a mask hides: refused, or answered as the reference says."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import orjson

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.describe_objects import describe_object
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read
from chassis_platform.records.write import create_record
from leak_towns.build import BuiltTown, serial_number
from leak_towns.clearness import COMPARED, FORMULAS, Clearness
from leak_towns.counted import same
from leak_towns.doors import numbers, rows
from leak_towns.values import kept

ABSENT, MASKED = "invalid_field", "masked_field"
#: A checkbox is neither grouped by nor looked up; a reference counts as null where it is masked.
SCALAR = tuple(each for each in COMPARED if each not in ("IsActive", "ForemanId"))
SHARED_BY = 4
GROUPED = ("Phone", "Region", "SerialNumber", "TaxNumber", "OpenedOn")


@dataclass(frozen=True)
class Asker:
    """One person, and what this person sees."""

    built: BuiltTown
    context: Context
    clearness: Clearness
    seen: set[int]

    def refused(self, field: str) -> str | None:
        if self.clearness.is_absent(field):
            return ABSENT
        return MASKED if self.clearness.is_masked(field) else None

    def refused_to_look_up(self, field: str) -> str | None:
        """Formulas are never looked up."""
        is_allowed = field not in FORMULAS and self.clearness.may_look_up(field)
        return None if self.refused(field) == MASKED and is_allowed else self.refused(field)

    def with_value(self, field: str, value: Any) -> set[int]:
        return {number for number in self.seen if kept(self.built, number, field) == value}

    def with_any(self, field: str) -> set[int]:
        return {number for number in self.seen if kept(self.built, number, field) is not None}

    async def ask(self, what: str, asked: Awaitable[Any], wanted: Any, refused: str | None) -> None:
        """Ask; the answer or the code of the refusal is compared, and that no refusal says more than its question."""
        try:
            found = await asked
        except Invalid as problems:
            found = problems.problems[0].code
        same(found, refused or wanted, f"{what}, person {self.clearness.person}")

    async def query(self, text: str) -> set[int]:
        found = await rows(self.built, self.context, f"SELECT Id FROM Workshop {text}")  # noqa: S608  our own
        return numbers(self.built, [each["Id"] for each in found])

    async def listed(self, **more: Any) -> set[int]:
        request = parse_list_request({"columns": ["Code"], "limit": 200, **more})
        body = orjson.loads(await read.list_records(self.built.database, self.context, "Workshop", request))
        return numbers(self.built, [each["id"] for each in body["records"]])

    async def exported(self, **more: Any) -> set[int]:
        request = parse_list_request({"columns": ["Code"], **more})
        chunks = [each async for each in read.export_list(self.built.database, self.context, "Workshop", request)]
        return {int(line[1:]) for line in b"".join(chunks).decode().split("\r\n")[1:-1]}

    async def grouped(self, field: str) -> dict[Any, int]:
        text = f"SELECT {field} v, COUNT(Id) n FROM Workshop GROUP BY {field}"  # noqa: S608  our own
        return {each["v"]: each["n"] for each in await rows(self.built, self.context, text)}

    async def one(self, text: str) -> Any:
        [found] = await rows(self.built, self.context, text)
        return found["v"]


async def ask_everything(asker: Asker) -> None:
    """Filters, orders, groups and sums by every field, by every door that takes them. People share the fields."""
    turn = asker.clearness.person % SHARED_BY
    for field in SCALAR[turn::SHARED_BY]:
        await ask_for_values(asker, field)
        await asker.ask(f"order by {field}", asker.query(f"ORDER BY {field}"), asker.seen, asker.refused(field))
        listed = asker.listed(order_by=[{"field": field}])
        await asker.ask(f"list ordered by {field}", listed, asker.seen, asker.refused(field))
    for field in GROUPED[turn::SHARED_BY]:
        await ask_for_groups(asker, field)
    budgets = [each for number in asker.seen if (each := kept(asker.built, number, "Budget")) is not None]
    for function, wanted in (("MAX", max(budgets, default=None)), ("SUM", sum(budgets) if budgets else None)):
        asked = asker.one(f"SELECT {function}(Budget) v FROM Workshop")  # noqa: S608  our own
        await asker.ask(function, asked, wanted, asker.refused("Budget"))
    await ask_for_functions(asker)
    await ask_for_references(asker)
    await ask_by_saving(asker)
    compare_description(asker)


async def ask_for_values(asker: Asker, field: str) -> None:
    value = next((each for number in asker.seen if (each := kept(asker.built, number, field))), None)
    if value is None:
        return
    literal = value if field in ("Budget", "OpenedOn") else f"'{value}'"
    wanted, refused = asker.with_value(field, value), asker.refused(field)
    looked_up = asker.refused_to_look_up(field)
    await asker.ask(f"{field} =", asker.query(f"WHERE {field} = {literal}"), wanted, looked_up)
    others = asker.seen - asker.with_value(field, value)
    await asker.ask(f"{field} !=", asker.query(f"WHERE {field} != {literal}"), others, refused)
    await asker.ask(f"{field} != null", asker.query(f"WHERE {field} != null"), asker.with_any(field), refused)
    filters = [{"field": field, "operator": "=", "value": value}]
    await asker.ask(f"list by {field}", asker.listed(filters=filters), wanted, looked_up)
    await asker.ask(f"export by {field}", asker.exported(filters=filters), wanted, looked_up)
    children = {number for number in asker.seen if asker.built.town.workshops[number].parent in wanted}
    by_path = asker.query(f"WHERE ParentWorkshop.{field} = {literal}")
    await asker.ask(f"parent's {field} =", by_path, children, looked_up)
    source = f"SELECT Id FROM Workshop WHERE {field} = {literal}"  # noqa: S608  our own
    await asker.ask(f"child of {field} =", asker.query(f"WHERE ParentWorkshopId IN ({source})"), children, looked_up)


async def ask_for_groups(asker: Asker, field: str) -> None:
    wanted: dict[Any, int] = {}
    for number in asker.seen:
        value = kept(asker.built, number, field)
        wanted[value] = wanted.get(value, 0) + 1
    await asker.ask(f"grouped by {field}", asker.grouped(field), wanted, asker.refused(field))
    distinct = asker.one(f"SELECT COUNT_DISTINCT({field}) v FROM Workshop")  # noqa: S608  our own
    await asker.ask(f"distinct {field}", distinct, len(wanted.keys() - {None}), asker.refused(field))


async def ask_for_functions(asker: Asker) -> None:
    """Functions of a field ask what the field itself is asked; what they show is shown where the field is."""
    days = {number: kept(asker.built, number, "OpenedOn") for number in asker.seen}
    refused = asker.refused("OpenedOn")
    year = next((each[:4] for each in days.values() if each), "2000")
    wanted = {number for number, day in days.items() if day and day.startswith(year)}
    await asker.ask("in a year", asker.query(f"WHERE CALENDAR_YEAR(OpenedOn) = {year}"), wanted, refused)
    await asker.ask("by month", asker.query("ORDER BY CALENDAR_MONTH(OpenedOn)"), asker.seen, refused)
    text = "SELECT COUNT(Id) v FROM Workshop GROUP BY ROLLUP(FISCAL_YEAR(OpenedOn)) ORDER BY COUNT(Id) DESC LIMIT 1"
    groups = asker.one(text)
    await asker.ask("fiscal years", groups, len(asker.seen), refused)
    budgets = {number: kept(asker.built, number, "Budget") for number in asker.seen}
    twice = {number for number, each in budgets.items() if each and each * 2 > 1}
    await asker.ask("twice", asker.query("WHERE Budget + Budget > 1"), twice, asker.refused("Budget"))
    await asker.ask("formatted", _formatted(asker), _shown_budgets(asker, budgets), _absent(asker, "Budget"))


def _absent(asker: Asker, field: str) -> str | None:
    return ABSENT if asker.clearness.is_absent(field) else None


def _shown_budgets(asker: Asker, budgets: dict[int, Any]) -> dict[int, str]:
    return {
        number: f"{each:,.2f}"
        for number, each in budgets.items()
        if each is not None and (not asker.clearness.is_masked("Budget") or asker.clearness.is_clear(number, "Budget"))
    }


async def _formatted(asker: Asker) -> dict[int, str]:
    found = await rows(asker.built, asker.context, "SELECT Id, FORMAT(Budget) b FROM Workshop")
    told = {asker.built.workshop_ids.index(each["Id"]): each["b"] for each in found}
    return {number: each for number, each in told.items() if each is not None}


async def ask_for_references(asker: Asker) -> None:
    """A foreman who is masked counts as none, but for whoever names one where a rule allows to look that up."""
    may_look_up = asker.clearness.may_look_up("ForemanId")
    clear = {number for number in asker.with_any("ForemanId") if asker.clearness.is_clear(number, "ForemanId")}
    await asker.ask("no foreman", asker.query("WHERE ForemanId = null"), asker.seen - clear, None)
    await asker.ask("some foreman", asker.query("WHERE ForemanId != null"), clear, None)
    for user_id in asker.built.users.values():
        named = asker.with_value("ForemanId", user_id)
        wanted = named & clear
        equal = asker.query(f"WHERE ForemanId = '{user_id}'")
        await asker.ask("foreman =", equal, named if may_look_up else wanted, None)
        source = f"SELECT Id FROM User WHERE Id = '{user_id}'"  # noqa: S608  our own
        await asker.ask("foreman in", asker.query(f"WHERE ForemanId IN ({source})"), wanted, None)


async def ask_by_saving(asker: Asker) -> None:
    """Whose a unique value is, told by the error of who wants it too: to who sees it, or may look it up."""
    built = asker.built
    for number, each in enumerate(built.town.workshops):
        if each.is_deleted:
            continue
        values = {"Name": "Another", "Code": f"N{number}", "SerialNumber": serial_number(number)}
        try:
            await create_record(built.database, asker.context, "Workshop", values)
        except Invalid as refused:
            told = refused.problems[0].message
        else:
            told = "saved"
        may_know = number in asker.seen and asker.refused_to_look_up("SerialNumber") is None
        holder = f" with id: {built.workshop_ids[number]}" if may_know else ""
        wanted = f"duplicate value found: SerialNumber duplicates value on record{holder}"
        same(told, wanted, f"saving the serial number of {number}, person {asker.clearness.person}")


def compare_description(asker: Asker) -> None:
    """What a description says can be done with each field, and which there are."""
    obj = asker.built.snapshot.objects["Workshop"]
    fields: Any = describe_object(asker.context, obj, "66.0")["fields"]
    told = {each["name"]: each["filterable"] and each["sortable"] for each in fields if each["name"] in SCALAR}
    wanted = {each: not asker.clearness.is_masked(each) for each in SCALAR if not asker.clearness.is_absent(each)}
    same(told, wanted, f"described, person {asker.clearness.person}", of=len(wanted))
