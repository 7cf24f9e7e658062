"""What masked fields show on every road of a read."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.automation.events.subscription import next_page, starting_point
from chassis_platform.automation.webhook_subscriptions.definition import read_definition
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from chassis_platform.records.sosl import find
from world import World

FIELDS = "Code, Phone, Email, Budget, OpenedOn"
CLEAR = {"Phone": "13812345678", "Email": "anna@example.com", "Budget": 123456, "OpenedOn": "1985-06-30"}


async def one(garage: World, user: str, fields: str = FIELDS, code: str = "K") -> dict[str, Any]:
    [row] = await garage.rows(user, f"SELECT {fields} FROM Workshop WHERE Code = '{code}'")  # noqa: S608  our own
    return row


async def test_whoever_a_rule_names_reads_in_clear(garage: World) -> None:
    assert await one(garage, "admin") == {"Code": "K", **CLEAR}


async def test_conditions_decide_record_by_record(garage: World) -> None:
    """The head stands above the keeper, the owner; the region is another rule's condition."""
    row = await one(garage, "head")

    assert row["Phone"] == "13812345678"
    assert row["Email"] == "anna@example.com"
    assert row["Budget"] == "100000-200000"
    assert row["OpenedOn"] == "1985"


async def test_never_wins_over_clear(garage: World) -> None:
    row = await one(garage, "keeper")

    assert row["Phone"] == "13812345678"
    assert row["Email"] == "a***@example.com"


async def test_an_address_and_a_place_keep_what_their_masks_leave(garage: World) -> None:
    row = await one(garage, "keeper", "Address, Street, City, Place, PlaceLatitude, IsActive")

    assert row["Address"]["street"] == "******"
    assert row["Address"]["postalCode"] == "******"
    assert row["Address"]["city"] == "杭州市"
    assert row["Street"] == "******"
    assert row["City"] == "杭州市"
    assert row["Place"] == {"latitude": "31.2", "longitude": None}
    assert row["PlaceLatitude"] == "31.2"
    assert row["IsActive"] is None


async def test_names_behind_a_lookup_and_references_are_masked(garage: World) -> None:
    rows = await garage.rows(
        "keeper", "SELECT Name, CustomerId, Customer.Name, Customer.LastName, Number__c FROM Stay ORDER BY Name"
    )

    done, planned = rows
    assert done["Customer"] == {"Name": "张**", "LastName": "*"}
    assert done["CustomerId"] == garage.users["customer"]
    assert planned["Customer"] is None
    assert planned["CustomerId"] is None
    assert done["Number__c"] == "******", "it repeats another record's phone"


async def test_a_formula_is_masked_where_what_it_reads_is(garage: World) -> None:
    keeper = await one(garage, "keeper", "Line__c, HasPhone__c")
    assert keeper == {"Line__c": "K 13812345678", "HasPhone__c": True}

    await share_with(garage, "other")
    other = await one(garage, "other", "Line__c, HasPhone__c, Phone")
    assert other == {"Line__c": "******", "HasPhone__c": True, "Phone": "138****5678"}


async def share_with(garage: World, user: str) -> None:
    """Let the user see the keeper's workshop."""
    garage.record(
        "RecordShare", Name=f"share {user}", ObjectName="Workshop", RecordId=garage.users["workshop_k"],
        UserOrGroupId=garage.users[user], AccessLevel="Edit", RowCause="Manual",
    )  # fmt: skip


async def test_child_sets_show_masks_and_only_children_that_are_seen_to_belong(garage: World) -> None:
    [row] = await garage.rows("keeper", "SELECT (SELECT Name, Number__c FROM Stays) FROM Workshop WHERE Code = 'K'")
    assert [each["Number__c"] for each in row["Stays"]["records"]] == ["******", "******"]

    [customer] = await garage.rows("keeper", "SELECT Name, (SELECT Name FROM Stays) FROM Customer")
    assert customer["Name"] == "张**"
    assert [each["Name"] for each in customer["Stays"]["records"]] == ["Done"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Id FROM Workshop WHERE Phone LIKE '138%'",
        "SELECT Id FROM Workshop WHERE Phone != '13812345678'",
        "SELECT Id FROM Workshop WHERE Phone = null",
        "SELECT Id FROM Workshop WHERE Email = 'anna@example.com'",
        "SELECT Id FROM Workshop WHERE Budget > 5",
        "SELECT Id FROM Workshop WHERE Street = '文三路1号'",
        "SELECT Id FROM Workshop WHERE Line__c LIKE 'K%'",
        "SELECT Id FROM Workshop ORDER BY OpenedOn",
        "SELECT Email FROM Workshop GROUP BY Email",
        "SELECT COUNT(Id), Budget FROM Workshop GROUP BY Budget",
        "SELECT MIN(Budget) FROM Workshop",
        "SELECT SUM(Budget) FROM Workshop",
        "SELECT COUNT_DISTINCT(Phone) FROM Workshop",
        "SELECT Code FROM Workshop GROUP BY Code HAVING MAX(Budget) > 1",
        "SELECT Id FROM Stay WHERE Customer.Name LIKE '张%'",
        "SELECT Id FROM Stay ORDER BY Customer.LastName",
        "SELECT Id FROM Stay WHERE Workshop.Phone LIKE '1%'",
        "SELECT Id FROM Stay WHERE WorkshopId IN (SELECT Id FROM Workshop WHERE Email LIKE 'a%')",
        "SELECT (SELECT Id FROM Stays ORDER BY Number__c) FROM Workshop",
        "SELECT Id FROM Workshop WHERE CALENDAR_YEAR(OpenedOn) = 2020",
        "SELECT Id FROM Workshop ORDER BY CALENDAR_MONTH(OpenedOn)",
        "SELECT COUNT(Id) FROM Workshop GROUP BY FISCAL_YEAR(OpenedOn)",
        "SELECT COUNT(Id) FROM Workshop GROUP BY CUBE(Budget)",
        "SELECT FORMAT(MAX(Budget)) FROM Workshop",
        "SELECT SUM(convertCurrency(Budget)) FROM Workshop",
        "SELECT Id FROM Workshop WHERE Budget + Budget > 5",
        "SELECT Id FROM Workshop WHERE FORMULA('Budget - Budget') = 0",
        "SELECT Id, (SELECT Id, (SELECT Id FROM Stays) FROM Branches ORDER BY Budget) FROM Workshop",
    ],
)
async def test_no_question_tells_what_a_mask_hides(garage: World, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        await garage.query("keeper", text)

    assert refused.value.problems[0].code == "masked_field"
    await garage.query("admin", text)


async def test_functions_show_nothing_of_masked_values(garage: World) -> None:
    text = "SELECT FORMAT(Budget) money, CALENDAR_YEAR(OpenedOn), convertCurrency(Budget) FROM Workshop ORDER BY Code"
    masked, clear = await garage.rows("keeper", text), await garage.rows("admin", text)

    assert {(each["money"], each["expr0"]) for each in masked} == {(None, None)}
    assert any(each["money"] for each in clear)
    assert [each["Budget"] for each in masked] == [
        each["Budget"] for each in await garage.rows("keeper", "SELECT Budget FROM Workshop ORDER BY Code")
    ]
    assert await garage.rows("keeper", "SELECT COUNT(Budget) n FROM Workshop") == [{"n": len(masked)}]


async def test_a_search_finds_nothing_by_part_of_what_is_masked(garage: World) -> None:
    for user, found in (("keeper", False), ("admin", True)):
        body = await find(
            garage.database, await garage.as_user(user), "FIND {nna@ex} IN EMAIL FIELDS RETURNING Workshop"
        )
        assert bool(orjson.loads(body)["searchRecords"]) is found


async def test_a_search_neither_marks_nor_quotes_what_is_masked(garage: World) -> None:
    marked = "FIND {Workshop OR example} RETURNING Workshop(Name, Email WHERE Code = 'K') WITH HIGHLIGHT"
    quoted = "FIND {Workshop OR example} RETURNING Workshop(Name WHERE Code = 'K') WITH SNIPPET"
    shown = {}
    for user in ("keeper", "admin"):
        context = await garage.as_user(user)
        bodies = [await find(garage.database, context, text) for text in (marked, quoted)]
        shown[user] = {key for body in bodies for each in orjson.loads(body)["searchRecords"] for key in each}

    assert shown["admin"] == {"attributes", "Name", "Email", "highlight.Name", "highlight.Email", "snippet.text"}
    assert shown["keeper"] == {"attributes", "Name", "Email", "highlight.Name"}


async def test_a_whole_value_may_be_looked_up_where_the_rule_says_so(garage: World) -> None:
    [found] = await garage.rows("clerk", "SELECT Code, Phone FROM Workshop WHERE Phone = '13987654321'")

    assert found == {"Code": "C", "Phone": "13987654321"}


async def test_a_masked_reference_counts_as_none(garage: World) -> None:
    customer = garage.users["customer"]
    asked = {
        f"CustomerId = '{customer}'": ["Done"],
        f"CustomerId != '{customer}'": ["Planned"],
        "CustomerId = null": ["Planned"],
        "CustomerId != null": ["Done"],
        f"CustomerId IN ('{customer}')": ["Done"],
        f"CustomerId NOT IN ('{customer}')": ["Planned"],
        "CustomerId IN (SELECT Id FROM Customer)": ["Done"],
        "Id IN (SELECT Id FROM Stay) AND NOT CustomerId IN (SELECT Id FROM Customer)": ["Planned"],
    }
    for where, expected in asked.items():
        rows = await garage.rows("keeper", f"SELECT Name FROM Stay WHERE {where} ORDER BY Name")  # noqa: S608  our own
        assert [each["Name"] for each in rows] == expected, where

    found = await garage.rows("keeper", "SELECT Id FROM Customer WHERE Id IN (SELECT CustomerId FROM Stay)")
    assert len(found) == 1
    none = "SELECT Id FROM Customer WHERE Id IN (SELECT CustomerId FROM Stay WHERE Status = 'Planned')"
    assert await garage.rows("keeper", none) == []
    assert len(await garage.rows("admin", none)) == 1


async def listed(garage: World, user: str, **request: Any) -> dict[str, Any]:
    wanted = parse_list_request({"columns": ["Code", "Phone", "Email"], **request})
    body = await read.list_records(garage.database, await garage.as_user(user), "Workshop", wanted)
    answer: dict[str, Any] = orjson.loads(body)
    return answer


async def test_a_list_says_which_values_are_masked(garage: World) -> None:
    answer = await listed(garage, "keeper")

    columns = {each["path"]: each for each in answer["columns"]}
    assert columns["Phone"]["masked"]
    assert not columns["Phone"]["sortable"]
    assert not columns["Phone"]["filterable"]
    assert not columns["Code"]["masked"]
    [row] = answer["records"]
    assert row["values"] == {"Code": "K", "Phone": "13812345678", "Email": "a***@example.com"}
    assert row["masked"] == ["Email"]


async def test_a_record_page_says_which_values_are_masked(garage: World) -> None:
    body = await read.record_for_ui(
        garage.database, await garage.as_user("keeper"), "Workshop", garage.users["workshop_k"]
    )

    record = orjson.loads(body)
    assert {"Email", "Budget", "OpenedOn", "Street", "PlaceLatitude"} <= set(record["masked"])
    assert "Phone" not in record["masked"]
    assert record["values"]["Budget"] == "100000-200000"


@pytest.mark.parametrize(
    ("user", "text", "found"),
    [
        ("keeper", "1381234", True),  # sees it in clear
        ("keeper", "anna@", False),
        ("other", "1381234", False),
        ("other", "13812345678", True),  # the whole value may be looked up
        ("admin", "anna@", True),
    ],
)
async def test_a_search_finds_nothing_by_what_is_masked(garage: World, user: str, text: str, *, found: bool) -> None:
    await share_with(garage, "other")
    answer = orjson.loads(await search.search(garage.database, await garage.as_user(user), text, objects=["Workshop"]))

    assert bool(answer["groups"]) is found


async def test_names_are_searched_as_they_are_seen(garage: World) -> None:
    for user, count in (("keeper", 0), ("admin", 1)):
        context = await garage.as_user(user)
        answer = orjson.loads(await search.lookup(garage.database, context, "三丰", objects=["Customer"]))
        assert len(answer["records"]) == count


async def test_an_export_keeps_the_masks(garage: World) -> None:
    wanted = parse_list_request({"columns": ["Code", "Phone", "Email"]})
    chunks = [
        each async for each in read.export_list(garage.database, await garage.as_user("keeper"), "Workshop", wanted)
    ]

    text = b"".join(chunks).decode()
    assert "K,13812345678,a***@example.com" in text


async def test_only_what_is_shown_in_clear_is_logged(garage: World) -> None:
    garage.forget_log()
    await garage.rows("keeper", "SELECT Phone, Email FROM Workshop")
    await garage.rows("keeper", "SELECT Email FROM Workshop")

    [entry] = garage.access_log()
    assert entry["fields"] == ["Phone"]
    assert entry["ids"] == [garage.users["workshop_k"]]


async def test_fields_that_were_clear_in_the_same_records_share_an_entry(garage: World) -> None:
    """Though a rule of its own says of each where it is."""
    garage.forget_log()
    await garage.rows("head", "SELECT Phone, Email FROM Workshop")
    [entry] = garage.access_log()
    assert (entry["fields"], entry["ids"]) == (["Phone", "Email"], [garage.users["workshop_k"]])


async def test_the_access_log_names_the_records_that_were_clear_to_the_reader(garage: World) -> None:
    await share_with(garage, "other")
    garage.forget_log()
    await garage.rows("other", "SELECT Phone FROM Workshop")
    assert garage.access_log() == []

    await garage.rows("other", "SELECT Customer.Name FROM Stay")
    assert garage.access_log() == []
    await garage.rows("admin", "SELECT Customer.Name FROM Stay")
    [entry] = garage.access_log()
    assert (entry["object"], entry["fields"]) == ("Customer", ["Name"])


async def test_the_whole_condition_is_one_statement(garage: World) -> None:
    answer = await garage.query("keeper", "SELECT FIELDS(ALL) FROM Workshop LIMIT 10")

    assert answer["totalSize"] == 1


async def test_change_events_and_webhooks_show_what_a_query_shows(garage: World) -> None:
    [(workshop,)] = garage.sql("SELECT id FROM data.workshop WHERE code = 'K'")
    garage.sql(
        "INSERT INTO chassis.change_event (tenant_id, object_name, change_type, record_ids, fields, changed_at)"
        " VALUES (%s, 'Workshop', 'UPDATE', %s, '{Phone,Email}', now())",
        garage.tenant.id,
        [workshop],
    )
    told = {}
    for user in ("keeper", "admin"):
        context = await garage.as_user(user)
        start = await starting_point(garage.database, context, "-2")
        [event] = (await next_page(garage.database, context, start, version="66.0")).events
        told[user] = event.records[0]["Email"], event.header["changedFields"]

    assert told == {
        "keeper": ("a***@example.com", ["Phone", "Email"]),
        "admin": ("anna@example.com", ["Phone", "Email"]),
    }


@pytest.mark.parametrize("criteria", ["Email = 'anna@example.com'", "BEGINS(Phone, '1')"])
async def test_no_webhook_tells_by_its_criteria_what_a_mask_hides(garage: World, criteria: str) -> None:
    watched = {"object": "Workshop", "criteria": criteria}
    document = {"label": "Guess", "url": "https://a.example", "objects": [watched], "run_as_user_id": "x"}
    with pytest.raises(Invalid, match="may not"):
        read_definition(await garage.as_user("other"), document)
