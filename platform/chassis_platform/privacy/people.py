"""Finding the records of a person by what the person says: a phone number or e-mail address in full, or an Id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from chassis_metadata.components import Filter
from chassis_metadata.errors import Invalid
from chassis_metadata.fields import FieldType
from chassis_metadata.ids import is_id
from chassis_metadata.logic.data_subject import subject_map
from chassis_metadata.snapshot import Field, Snapshot
from chassis_metadata.soql.tree import Operator
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.plan.listing import ListRequest
from chassis_platform.privacy.graph import MOST_SUBJECTS
from chassis_platform.records.lists import list_plan, list_wanted
from chassis_platform.records.pages import read_pages
from chassis_tenants.database import Database

DOOR = "privacy"
SHORTEST, LONGEST = 3, 200
#: How many digits a number without its country's code has, and such a code.
SHORTEST_NUMBER, CODE_LENGTHS = 7, (1, 2, 3)


async def find_people(database: Database, context: Context, known_as: object) -> list[dict[str, Any]]:
    """Records that are a person and have just this value in a field by which a person is known."""
    if not isinstance(known_as, str) or not SHORTEST <= len(known_as.strip()) <= LONGEST:
        message = f"`known_as` is a whole phone number, e-mail address or Id: {SHORTEST} to {LONGEST} characters."
        raise Invalid.of("required_field_missing", message, path="known_as", fields=["known_as"])
    text, snapshot = known_as.strip(), context.snapshot
    if is_id(text) and text[:3] in _prefixes(snapshot):  # a number of fifteen digits may look like one
        return await name_people(database, context, [text])
    asked = [
        (root, _known_by(snapshot.objects[root].fields[name], text))
        for root in subject_map(snapshot).roots
        for name in subject_map(snapshot).holdings[root].identified_by
        if name in snapshot.objects[root].fields
    ]
    return await _named(database, context, asked)


def _prefixes(snapshot: Snapshot) -> dict[str, str]:
    return {snapshot.objects[each].key_prefix: each for each in subject_map(snapshot).roots}


def _known_by(field: Field, text: str) -> list[Filter]:
    """Just this value; of a phone number also with or without its country's code, whichever of both is stored."""
    digits = "".join(each for each in text if each in "0123456789")
    if field.type is not FieldType.PHONE or len(digits) < SHORTEST_NUMBER:
        return [Filter(field.name, Operator.IN, [text])]
    if text.startswith(("+", "00")):
        digits = digits.removeprefix("00")
        nationals = [digits[length:] for length in CODE_LENGTHS if len(digits) - length >= SHORTEST_NUMBER]
        return [Filter(field.name, Operator.IN, [text, digits, f"+{digits}", *nationals])]
    whole = Filter(field.name, Operator.IN, [text, digits])
    # Of what is sealed only whole values can be compared.
    codes = [] if field.encrypted else [Filter(field.name, Operator.LIKE, f"+{'_' * n}{digits}") for n in CODE_LENGTHS]
    return [whole, *codes]


async def name_people(database: Database, context: Context, ids: object) -> list[dict[str, Any]]:
    """The records of these Ids that are a person, with their names."""
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_SUBJECTS or not all(is_id(each) for each in ids):
        message = f"`records` names one to {MOST_SUBJECTS} records by Id."
        raise Invalid.of("malformed_id", message, path="records")
    roots = _prefixes(context.snapshot)
    wanted: dict[str, list[str]] = {}
    for each in ids:
        if each[:3] in roots:
            wanted.setdefault(roots[each[:3]], []).append(each)
    return await _named(database, context, [(root, [Filter("Id", Operator.IN, each)]) for root, each in wanted.items()])


async def _named(
    database: Database, context: Context, asked: Sequence[tuple[str, list[Filter]]]
) -> list[dict[str, Any]]:
    """All lists in one round trip; one of the filters has to hold.

    The officer sees names, and the access log says so, as of any other read.
    """
    acting = as_system(context, *subject_map(context.snapshot).roots)
    requests = [(root, _request(filters)) for root, filters in asked]
    plans = [(root, list_plan(acting, root, request), request) for root, request in requests]
    wanted = [(plan, list_wanted(acting, plan, request, DOOR)) for _, plan, request in plans]
    pages = await read_pages(database, acting, wanted) if wanted else []
    found = {
        row["id"]: {"id": row["id"], "object": root, "name": row["values"]["Name"]}
        for (root, _, _), page in zip(plans, pages, strict=True)
        for row in orjson.loads(page.records)
    }
    return list(found.values())


def _request(filters: list[Filter]) -> ListRequest:
    either = " OR ".join(str(number) for number in range(1, len(filters) + 1))
    return ListRequest(("Name",), filters=tuple(filters), logic=either, limit=MOST_SUBJECTS)
