"""What may not be seen does not exist: in no clause, and with no error of its own. What cannot be run is named."""

from __future__ import annotations

import pytest

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.soql.parse import parse_query
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import list_query, parse_list_request
from chassis_platform.plan.query import plan_query
from world import World

#: GarageUser may not read TaxNumber; nobody has a field Nonsense. `{}` is replaced by either.
CLAUSES = [
    "SELECT {} FROM Workshop",
    "SELECT Id FROM Workshop WHERE {} = 'x'",
    "SELECT Id FROM Workshop WHERE NOT ({} = null)",
    "SELECT Id FROM Workshop WHERE Name = 'x' OR {} LIKE 'x%'",
    "SELECT Id FROM Workshop ORDER BY {}",
    "SELECT {}, COUNT(Id) FROM Workshop GROUP BY {}",
    "SELECT MAX({}) FROM Workshop",
    "SELECT COUNT(Id) FROM Workshop GROUP BY Region HAVING MAX({}) > 'a'",
    "SELECT COUNT(Id) FROM Workshop GROUP BY Region ORDER BY MAX({})",
    "SELECT ParentWorkshop.{} FROM Workshop",
    "SELECT Id FROM Workshop WHERE ParentWorkshop.{} = 'x'",
    "SELECT Id FROM Stay ORDER BY Workshop.{}",
    "SELECT Id, (SELECT {} FROM Branches) FROM Workshop",
    "SELECT Id, (SELECT Id FROM Branches WHERE {} = 'x') FROM Workshop",
    "SELECT Id FROM Stay WHERE WorkshopId IN (SELECT Id FROM Workshop WHERE {} = 'x')",
    "SELECT Id FROM Stay WHERE WorkshopId IN (SELECT {} FROM Workshop)",
    "SELECT toLabel({}) FROM Workshop",
    "SELECT FORMAT({}) f FROM Workshop",
    "SELECT Id FROM Workshop WHERE toLabel({}) = 'x'",
    "SELECT Id FROM Workshop WHERE CALENDAR_YEAR({}) = 2026",
    "SELECT Id FROM Workshop WHERE Budget + {} > 1",
    "SELECT Id FROM Workshop WHERE FORMULA('Budget - {}') > 1",
    "SELECT Id FROM Workshop WHERE DISTANCE({}, GEOLOCATION(1, 2), 'km') < 1",
    "SELECT Id FROM Workshop ORDER BY CALENDAR_YEAR({})",
    "SELECT COUNT(Id) FROM Workshop GROUP BY CUBE({})",
    "SELECT COUNT(Id) FROM Workshop GROUP BY CALENDAR_YEAR({})",
    "SELECT FORMAT(MIN({})) FROM Workshop",
    "SELECT TYPEOF About WHEN Workshop THEN {} END FROM Stay",
    "SELECT Id FROM Workshop w, w.ParentWorkshop p WHERE p.{} = 'x'",
    "SELECT Id, (SELECT Id, (SELECT Id FROM Stays) FROM Branches ORDER BY {}) FROM Workshop",
]


@pytest.fixture(scope="module")
async def clerk(world: World) -> Context:
    return await world.as_user("clerk")


def refusal(context: Context, text: str) -> Problem:
    with pytest.raises(Invalid) as caught:
        plan_query(parse_query(text), context)
    return caught.value.problems[0]


@pytest.mark.parametrize("clause", CLAUSES)
def test_an_unreadable_field_is_an_unknown_field(clerk: Context, clause: str) -> None:
    hidden = refusal(clerk, clause.replace("{}", "TaxNumber"))
    unknown = refusal(clerk, clause.replace("{}", "Nonsense9"))

    assert hidden.code == "invalid_field"
    assert hidden.message == unknown.message.replace("Nonsense9", "TaxNumber")
    assert (hidden.line, hidden.column) == (unknown.line, unknown.column)


@pytest.mark.parametrize(
    "change",
    [
        {"columns": ["TaxNumber"]},
        {"filters": [{"field": "TaxNumber", "operator": "=", "value": "x"}]},
        {"order_by": [{"field": "TaxNumber"}]},
        {"columns": ["ParentWorkshop.TaxNumber"]},
    ],
)
def test_an_unreadable_field_is_an_unknown_field_in_a_list(clerk: Context, change: dict[str, object]) -> None:
    request = parse_list_request({"columns": ["Name"], **change})
    with pytest.raises(Invalid) as caught:
        plan_query(list_query(request, clerk.snapshot.objects["Workshop"], clerk), clerk)

    assert caught.value.problems[0].message.startswith("No such column 'TaxNumber' on entity 'Workshop'")


def test_an_unreadable_object_is_an_unknown_object(clerk: Context) -> None:
    hidden, unknown = refusal(clerk, "SELECT Id FROM AccessLog"), refusal(clerk, "SELECT Id FROM Nonsense")

    assert hidden.code == unknown.code == "invalid_type"
    assert hidden.message == unknown.message.replace("Nonsense", "AccessLog")


async def test_an_unreadable_child_is_an_unknown_relationship(world: World) -> None:
    nobody = await world.as_user("nobody")

    hidden = refusal(nobody, "SELECT Id, (SELECT Id FROM Workshops) FROM User")
    unknown = refusal(nobody, "SELECT Id, (SELECT Id FROM Nonsense9) FROM User")

    assert hidden.code == unknown.code == "invalid_type"
    assert hidden.message == unknown.message.replace("Nonsense9", "Workshops")


def test_a_misspelled_name_is_answered_with_its_neighbours(clerk: Context) -> None:
    assert refusal(clerk, "SELECT Budgett FROM Workshop").message.endswith("Did you mean Budget?")
    assert "Workshop" in refusal(clerk, "SELECT Id FROM Workshopp").message
    assert "TaxNumber" not in refusal(clerk, "SELECT TaxNumbr FROM Workshop").message.replace("'TaxNumbr'", "")


REFUSED = [
    (
        "SELECT Id FROM Workshop WHERE Budget = '5'",
        "invalid_field",
        "must be of type currency and should not be enclosed",
    ),
    (
        "SELECT Id FROM Workshop WHERE Rating = '5'",
        "invalid_field",
        "must be of type double and should not be enclosed",
    ),
    (
        "SELECT Id FROM Workshop WHERE Name = 5",
        "invalid_field",
        "must be of type string and should be enclosed in quotes",
    ),
    ("SELECT Id FROM Workshop WHERE IsActive = 'true'", "invalid_field", "must be of type boolean"),
    ("SELECT Id FROM Workshop WHERE OpenedOn = '2026-01-01'", "invalid_field", "must be of type date and"),
    ("SELECT Id FROM Workshop WHERE CreatedDate > 2026-01-01", "invalid_field", "must be of type dateTime"),
    ("SELECT Id FROM Workshop WHERE Name = TODAY", "invalid_field", "must be of type string"),
    ("SELECT Id FROM Workshop WHERE Id = 'x'", "invalid_query_filter_operator", "invalid ID field: x"),
    ("SELECT Id FROM Workshop WHERE Budget LIKE 'x'", "invalid_query_filter_operator", "LIKE on currency field"),
    ("SELECT Id FROM Workshop WHERE Services LIKE 'x'", "invalid_query_filter_operator", "LIKE on multipicklist field"),
    ("SELECT Id FROM Workshop WHERE Name INCLUDES ('x')", "invalid_query_filter_operator", "INCLUDES on text field"),
    ("SELECT Id FROM Workshop WHERE IsActive > true", "invalid_query_filter_operator", "on boolean field"),
    ("SELECT Id FROM Workshop WHERE Budget > null", "malformed_query", "null may only be compared"),
    ("SELECT Id FROM Workshop WHERE Notes = 'x'", "invalid_field", "field 'Notes' can not be filtered in a query call"),
    ("SELECT Id FROM Workshop ORDER BY Notes", "invalid_field", "field 'Notes' can not be sorted in a query call"),
    ("SELECT Id FROM Workshop ORDER BY Services", "invalid_field", "can not be sorted"),
    ("SELECT Id FROM Workshop WHERE Address = 'x'", "invalid_field", "can not be filtered"),
    ("SELECT Id, id FROM Workshop", "invalid_field", "duplicate field selected: Id"),
    ("SELECT FIELDS(ALL) FROM Workshop", "malformed_query", "must have a LIMIT of at most 200"),
    ("SELECT Id FROM Workshop WHERE Name IN (SELECT Id FROM Stay)", "malformed_query", "must be an ID or a reference"),
    ("SELECT Id FROM Workshop WHERE Id IN (SELECT Name FROM Stay)", "malformed_query", "must select an ID"),
    ("SELECT Name, COUNT(Id) FROM Workshop GROUP BY Region", "malformed_query", "must be grouped or aggregated: Name"),
    ("SELECT SUM(Name) FROM Workshop", "malformed_query", "does not support aggregate operator SUM"),
    ("SELECT Id FROM Workshop WITH SYSTEM_MODE", "malformed_query", "not supported in this version: WITH SYSTEM_MODE"),
    ("SELECT Id FROM Workshop UPDATE TRACKING", "malformed_query", "not supported in this version: UPDATE TRACKING"),
]


@pytest.mark.parametrize(("text", "code", "message"), REFUSED)
async def test_what_cannot_be_run_is_refused_by_name(world: World, text: str, code: str, message: str) -> None:
    problem = refusal(await world.as_user("admin"), text)

    assert problem.code == code
    assert message in problem.message
    assert problem.line == 1  # whatever is refused has a place


PLACES = [
    ("SELECT Id\nFROM Nonsense", 2, 6),
    ("SELECT Id, (SELECT Id FROM Nonsenses) FROM Workshop", 1, 28),
    ("SELECT Id FROM Workshop WHERE Id IN (SELECT Id FROM Nonsense)", 1, 53),
    ("SELECT Name, Id, Name FROM Workshop", 1, 18),
    ("SELECT Id, Name called FROM Workshop", 1, 12),
    ("SELECT Id FROM Workshop WHERE Id != null AND Name = 5", 1, 46),
    ("SELECT Id FROM Workshop WHERE Id != null AND Budget > null", 1, 46),
    ("SELECT Id FROM Workshop USING SCOPE team", 1, 37),
    ("SELECT Id FROM Workshop WITH SYSTEM_MODE", 1, 30),
    ("SELECT Id FROM Workshop LIMIT 1 UPDATE TRACKING", 1, 33),
    ("SELECT Id FROM Workshop ALL ROWS", 1, 25),
    ("SELECT COUNT(Id) FROM Workshop GROUP BY ROLLUP(Name), Region", 1, 41),
    ("SELECT COUNT(Id) FROM Workshop GROUP BY CUBE(Name, Region, IsActive, OpenedOn)", 1, 70),
    ("SELECT COUNT(Id) FROM Workshop GROUP BY Region HAVING COUNT(Id) = 'x'", 1, 55),
    ("SELECT COUNT() FROM Workshop GROUP BY Region", 1, 39),
    ("SELECT Region, (SELECT Id FROM Branches) FROM Workshop GROUP BY Region", 1, 17),
]


@pytest.mark.parametrize(("text", "line", "column"), PLACES)
async def test_what_is_refused_has_its_place_in_the_text(world: World, text: str, line: int, column: int) -> None:
    problem = refusal(await world.as_user("admin"), text)

    assert (problem.line, problem.column) == (line, column)
