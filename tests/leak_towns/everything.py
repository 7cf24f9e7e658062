"""All that one person gets out of a town through every door, to be compared with what came out at another time."""

from __future__ import annotations

from typing import Any

import orjson
import psycopg

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.records import read
from chassis_platform.records.explain import why
from leak_towns.build import BuiltTown
from leak_towns.clearness import COMPARED
from leak_towns.doors import DOORS, changeable, parents_by_child, stays_by_parent, stays_by_query, workshops_by_stay
from leak_towns.errands import ERRAND_DOORS, changeable_errands
from leak_towns.shown import (
    RELATED,
    WHOLE,
    by_export,
    by_page,
    changes_of,
    found_by,
    looked_up,
    names_behind_stays,
    names_of_customers,
)

Answers = dict[str, Any]
#: What only the neighbour has, and what both have.
SEARCHED = ("Foreign", "Case", "1990000", "1381234")
OF_STAYS = (stays_by_query, stays_by_parent, workshops_by_stay, parents_by_child, changeable)
OF_ERRANDS = (*ERRAND_DOORS, changeable_errands)


async def everything(built: BuiltTown, context: Context) -> Answers:
    """By door: what it shows."""
    fields = [each for each in COMPARED if each in context.policy.on("Workshop").readable]
    asked: dict[str, Any] = {each.__name__: each(built, context) for each in (*DOORS, *OF_STAYS, *OF_ERRANDS)}
    asked |= {f"values {each.__name__}": each(built, context, fields) for each in (*WHOLE, *RELATED, by_page)}
    asked |= {f"search {number}": found_by(built, context, text) for number, text in enumerate(SEARCHED)}
    asked |= {f"look-up {number}": looked_up(built, context, text) for number, text in enumerate(SEARCHED)}
    asked |= {
        "export": by_export(built, context, fields),
        "customers": names_of_customers(built, context),
        "behind stays": names_behind_stays(built, context),
        "recycle bin": read.recycle_bin(built.database, context),
    }
    for number, record_id in enumerate(built.workshop_ids):
        asked |= {f"history {number}": changes_of(built, context, number)}
        asked |= {f"why {number}": _why(built, context, record_id)}
    return {name: await _or_refusal(each) for name, each in asked.items()}


async def _why(built: BuiltTown, context: Context, record_id: str) -> Any:
    return await why(built.database, context, built.snapshot.objects["Workshop"], record_id)


async def _or_refusal(asked: Any) -> Any:
    try:
        return await asked
    except ChassisError as error:
        return error.problems[0].code
    except (psycopg.Error, ValueError, AssertionError) as error:  # run against a wall; not of this town
        return type(error).__name__


async def asked_by_id(built: BuiltTown, context: Context, record_id: str) -> set[str]:
    """What is answered to whoever asks for one id, by every door that takes one."""
    database = built.database
    asked = (
        read.get_record(database, context, "Workshop", record_id),
        read.record_for_ui(database, context, "Workshop", record_id),
        read.record_history(database, context, "Workshop", record_id),
        read.query(database, context, f"SELECT Name FROM Workshop WHERE Id = '{record_id}'"),  # noqa: S608  our own
        read.query(database, context, f"SELECT Id FROM Stay WHERE WorkshopId = '{record_id}'"),  # noqa: S608  our own
        read.related_list(database, context, "Workshop", record_id, "Stays"),
        _why(built, context, record_id),
    )
    return {_told(await _or_refusal(each)) for each in asked}


def _told(answer: Any) -> str:
    """`nothing` for an answer without records."""
    if isinstance(answer, str):
        return answer
    document = orjson.loads(answer) if isinstance(answer, bytes) else answer
    if document.get("refusal", {}) is not None and "refusal" in document:
        return str(document["refusal"]["kind"])
    return "nothing" if document["records"] == [] else str(document)
