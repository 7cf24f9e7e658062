"""Trees of new records, collections over several objects, and what is reached by a relationship's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement
from serving import Site

ROOT = "/services/data/v66.0"


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        yield client


def node(type_name: str, reference_id: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": type_name, "referenceId": reference_id}, **values}


def plant(client: httpx.Client, *records: dict[str, Any], of: str = "Account") -> httpx.Response:
    return client.post(f"composite/tree/{of}", json={"records": list(records)})


def count(client: httpx.Client, object_name: str, name: str) -> int:
    query = f"SELECT COUNT() FROM {object_name} WHERE LastName = '{name}'"  # noqa: S608
    return int(client.get("query", params={"q": query}).json()["totalSize"])


def test_a_tree_is_written_level_by_level(partner: httpx.Client) -> None:
    contacts = {"records": [node("Contact", "ref2", LastName="Of ref1"), node("Contact", "ref3", LastName="Of ref1")]}
    answer = plant(
        partner, node("Account", "ref1", LastName="Trunk", Contacts=contacts), node("Account", "ref4", LastName="Bush")
    )
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["hasErrors"] is False
    ids = {each["referenceId"]: each["id"] for each in document["results"]}
    assert list(ids) == ["ref1", "ref4", "ref2", "ref3"]
    assert partner.get(f"sobjects/Contact/{ids['ref3']}?fields=AccountId").json()["AccountId"] == ids["ref1"]


def statements_of(monkeypatch: pytest.MonkeyPatch, client: httpx.Client, children: int) -> int:
    """How many statements a tree with so many children costs."""
    sent = 0
    fetch_each = Transaction.fetch_each

    async def counted(self: Transaction, statements: Sequence[Statement]) -> list[list[Row]]:
        nonlocal sent
        sent += len(statements)
        return await fetch_each(self, statements)

    contacts = [node("Contact", f"r{each}", LastName=f"Of {children}") for each in range(children)]
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "fetch_each", counted)
        answer = plant(client, node("Account", "root", LastName="Counted", Contacts={"records": contacts}))
    assert answer.status_code == 201, answer.text
    return sent


def test_many_children_cost_as_many_statements_as_one(monkeypatch: pytest.MonkeyPatch, partner: httpx.Client) -> None:
    statements_of(monkeypatch, partner, 1)
    few, many = (statements_of(monkeypatch, partner, children) for children in (2, 60))
    assert 0 < many <= few


def test_what_is_wrong_is_told_by_reference_id_and_nothing_is_written(partner: httpx.Client) -> None:
    contacts = {
        "records": [node("Contact", "ref2", LastName="Fine"), node("Contact", "ref3", LastName="A" * 300, Email="no")]
    }
    answer = plant(partner, node("Account", "ref1", LastName="Felled", Contacts=contacts))
    assert answer.status_code == 400
    assert answer.json()["hasErrors"] is True
    wrong = {each["referenceId"]: each["errors"] for each in answer.json()["results"]}
    assert list(wrong) == ["ref3"]
    assert [each["statusCode"] for each in wrong["ref3"]] == ["STRING_TOO_LONG", "INVALID_EMAIL_ADDRESS"]
    assert wrong["ref3"][0]["fields"] == ["LastName"]
    assert count(partner, "Account", "Felled") == 0


def test_a_reference_id_that_comes_twice_is_told_for_each(partner: httpx.Client) -> None:
    answer = plant(partner, node("Account", "same", LastName="Twice"), node("Account", "same", LastName="Twice"))
    assert [each["referenceId"] for each in answer.json()["results"]] == ["same", "same"]
    assert answer.json()["results"][0]["errors"][0]["statusCode"] == "INVALID_INPUT"
    assert count(partner, "Account", "Twice") == 0


def deep(levels: int) -> dict[str, Any]:
    record = node("Account", f"level{levels}", LastName="Deep")
    return record if levels == 1 else record | {"ChildAccounts": {"records": [deep(levels - 1)]}}


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "records"),
        ([{"LastName": "x"}], "records[0].attributes.type"),
        ([{"attributes": {"type": "Account"}}], "records[0].attributes.referenceId"),
        ([node("Account", "x" * 300)], "referenceId"),
        ([node("Account", f"r{number}", LastName="x") for number in range(201)], "at most 200"),
        (
            [node("Account", "a", Contacts={"records": [node("Contact", f"r{each}") for each in range(200)]})],
            "At most 200",
        ),
        ([node("Account", "a", Contacts={"records": [1]})], "Contacts"),
    ],
)
def test_a_tree_that_is_none_is_refused(partner: httpx.Client, records: Any, said: str) -> None:
    answer = partner.post("composite/tree/Account", json={"records": records})
    assert answer.status_code == 400, answer.text
    assert said in answer.json()[0]["message"]


def test_a_record_of_another_object_is_refused(partner: httpx.Client) -> None:
    answer = plant(partner, node("Contact", "ref1", LastName="Not here"))
    [wrong] = answer.json()["results"]
    assert "must be Account here" in wrong["errors"][0]["message"]
    assert plant(partner, node("Nothing", "x"), of="Nothing").status_code == 404


def collection(client: httpx.Client, *records: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = client.post("composite/sobjects", json={"allOrNone": all_or_none, "records": list(records)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def of(type_name: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": type_name}, **values}


def test_a_collection_of_several_objects_is_answered_in_order(partner: httpx.Client) -> None:
    results = collection(
        partner,
        of("Account", LastName="Mixed"),
        of("Lead", LastName="Mixed", MobilePhone="13912345670"),
        of("Account", LastName="A" * 300),
        of("Lead", LastName="Mixed", MobilePhone="13912345671"),
    )
    assert [each["success"] for each in results] == [True, True, False, True], results
    assert results[2] == {"success": False, "errors": results[2]["errors"]}
    assert results[2]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert (count(partner, "Account", "Mixed"), count(partner, "Lead", "Mixed")) == (1, 2)


def test_all_or_none_of_several_objects_leaves_nothing(partner: httpx.Client) -> None:
    results = collection(
        partner, of("Account", LastName="None"), of("Lead"), of("Account", LastName="None"), all_or_none=True
    )
    assert [each["errors"][0]["statusCode"] for each in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]
    assert count(partner, "Account", "None") == 0


def test_a_malformed_id_is_wrong_with_its_record_alone(partner: httpx.Client) -> None:
    account = partner.post("sobjects/Account", json={"LastName": "To go"}).json()["id"]
    ids = f"{account},nonsense"
    both = partner.delete("composite/sobjects", params={"ids": ids, "allOrNone": "true"}).json()
    assert [each["errors"][0]["statusCode"] for each in both] == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "MALFORMED_ID"]
    gone, wrong = partner.delete("composite/sobjects", params={"ids": ids}).json()
    assert gone == {"id": account, "success": True, "errors": []}
    assert wrong["errors"][0]["statusCode"] == "MALFORMED_ID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"records": [of("Account")] * 201}, "EXCEEDED_MAX_SIZE_REQUEST"),
        ({"records": [], "allOrNone": 1}, "JSON_PARSER_ERROR"),
        ({"records": [{"LastName": "x"}]}, "INVALID_FIELD"),
    ],
)
def test_a_collection_that_is_none_is_refused(partner: httpx.Client, body: Any, code: str) -> None:
    answer = partner.post("composite/sobjects", json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


@pytest.fixture(scope="module")
def family(partner: httpx.Client) -> dict[str, str]:
    contacts = {"records": [node("Contact", f"child{each}", LastName=f"Child {each}") for each in range(3)]}
    answer = plant(partner, node("Account", "parent", LastName="Parent", Contacts=contacts))
    assert answer.status_code == 201, answer.text
    return {each["referenceId"]: each["id"] for each in answer.json()["results"]}


def test_a_parent_is_reached_by_the_relationships_name(
    site: Site, partner: httpx.Client, family: dict[str, str]
) -> None:
    parent = partner.get(f"sobjects/Contact/{family['child0']}/Account?fields=LastName")
    assert parent.status_code == 200, parent.text
    assert (parent.json()["Id"], parent.json()["LastName"]) == (family["parent"], "Parent")
    assert parent.json()["attributes"]["type"] == "Account"
    with site.partner("admin") as admin:
        owner = admin.get(f"sobjects/Account/{family['parent']}/Owner")
    assert owner.status_code == 200, owner.text
    assert owner.json()["attributes"]["type"] == "User"


def test_children_are_answered_as_a_query_answers_them(partner: httpx.Client, family: dict[str, str]) -> None:
    found = partner.get(f"sobjects/Account/{family['parent']}/Contacts?fields=LastName,Account.LastName").json()
    assert (found["totalSize"], found["done"]) == (len(found["records"]), True)
    assert {each["LastName"] for each in found["records"]} >= {"Child 0", "Child 1", "Child 2"}
    assert found["records"][0]["Account"]["LastName"] == "Parent"
    whole = partner.get(f"sobjects/Account/{family['parent']}/Contacts").json()
    assert "CreatedDate" in whole["records"][0]
    empty = partner.get(f"sobjects/Account/{family['parent']}/ChildAccounts").json()
    assert empty == {"totalSize": 0, "done": True, "records": []}


def test_a_parent_is_changed_and_deleted_through_its_child(partner: httpx.Client) -> None:
    contacts = {"records": [node("Contact", "b", LastName="Child")]}
    made = plant(partner, node("Account", "a", LastName="Before", Contacts=contacts)).json()["results"]
    account, contact = (each["id"] for each in made)
    assert partner.patch(f"sobjects/Contact/{contact}/Account", json={"LastName": "After"}).status_code == 204
    assert partner.get(f"sobjects/Account/{account}?fields=LastName").json()["LastName"] == "After"
    refused = partner.patch(f"sobjects/Account/{account}/Contacts", json={})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")
    assert partner.delete(f"sobjects/Contact/{contact}/Account").status_code == 204
    assert partner.get(f"sobjects/Account/{account}").status_code == 404


@pytest.mark.parametrize("name", ["Nothing", "AccountId", "LastName", "ReportsTo"])
def test_no_such_relationship_is_not_found(partner: httpx.Client, family: dict[str, str], name: str) -> None:
    assert partner.get(f"sobjects/Contact/{family['child0']}/{name}").status_code == 404


def test_a_relationship_shows_nothing_of_another_tenant(
    partner: httpx.Client, other_site: Site, family: dict[str, str]
) -> None:
    with other_site.partner("partner") as other:
        for path in (f"Account/{family['parent']}/Contacts", f"Contact/{family['child0']}/Account"):
            assert other.get(f"sobjects/{path}").status_code == 404
    wrong = partner.get(f"sobjects/Account/{family['parent']}/Contacts?fields=Id FROM Contact) x")
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
