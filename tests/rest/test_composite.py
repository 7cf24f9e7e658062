"""Several requests in one call: what they hand on to each other, and what is left of them when one fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from serving import Site

ROOT = "/services/data/v66.0"
HALTED = "The transaction was rolled back since another operation in the same transaction failed."


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        yield client


def sub(method: str, path: str, reference_id: str, body: Any = None, **more: Any) -> dict[str, Any]:
    document = {"method": method, "url": f"{ROOT}/{path}", "referenceId": reference_id, **more}
    return document | ({"body": body} if body is not None else {})


def send(client: httpx.Client, *subrequests: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = client.post("composite", json={"compositeRequest": list(subrequests), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["compositeResponse"]
    return found


def count(client: httpx.Client, name: str) -> int:
    answer = client.get("query", params={"q": f"SELECT COUNT() FROM Account WHERE LastName = '{name}'"})  # noqa: S608
    return int(answer.json()["totalSize"])


def codes(result: dict[str, Any]) -> list[str]:
    return [each["errorCode"] for each in result["body"]]


def test_a_later_subrequest_uses_what_an_earlier_one_answered(partner: httpx.Client) -> None:
    created, read, found = send(
        partner,
        sub("POST", "sobjects/Account", "made", {"LastName": "Handed on"}),
        sub("GET", "sobjects/Account/@{made.id}?fields=LastName", "read"),
        sub("GET", "query?q=SELECT+Id,LastName+FROM+Account+WHERE+LastName='@{read.LastName}'", "found"),
    )
    account = created["body"]["id"]
    assert (created["httpStatusCode"], created["referenceId"]) == (201, "made")
    assert created["httpHeaders"] == {"Location": f"{ROOT}/sobjects/Account/{account}"}
    assert (read["httpStatusCode"], read["body"]["LastName"]) == (200, "Handed on")
    assert [each["Id"] for each in found["body"]["records"]] == [account]


def test_a_reference_alone_keeps_its_kind_and_reaches_into_arrays(partner: httpx.Client) -> None:
    account = {"attributes": {"type": "Account"}, "LastName": "First of two"}
    made, read, changed = send(
        partner,
        sub("POST", "composite/sobjects", "made", {"records": [account, account]}),
        sub("GET", "query?q=SELECT+Id+FROM+Account+WHERE+Id='@{made[1].id}'", "read"),
        sub(
            "PATCH", "sobjects/Account/@{read.records[0].Id}", "changed", {"LastName": "Made @{read.totalSize} of two"}
        ),
    )
    assert changed == {"body": None, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "changed"}, (made, read)
    assert count(partner, "Made 1 of two") == 1


def test_without_all_or_none_only_what_depends_on_a_failure_is_halted(partner: httpx.Client) -> None:
    wrong, dependent, other = send(
        partner,
        sub("POST", "sobjects/Account", "wrong", {"LastName": "A" * 300}),
        sub("POST", "sobjects/Account", "dependent", {"LastName": "@{wrong.id}"}),
        sub("POST", "sobjects/Account", "other", {"LastName": "Independent"}),
    )
    assert (wrong["httpStatusCode"], codes(wrong)) == (400, ["STRING_TOO_LONG"])
    assert (dependent["httpStatusCode"], codes(dependent)) == (400, ["PROCESSING_HALTED"])
    message = "Invalid reference specified. No value for wrong.id found in wrong."
    assert dependent["body"][0]["message"] == message
    assert other["httpStatusCode"] == 201


def test_all_or_none_leaves_nothing_of_any(partner: httpx.Client) -> None:
    first, wrong, after = send(
        partner,
        sub("POST", "sobjects/Account", "first", {"LastName": "Undone"}),
        sub("PATCH", "sobjects/Account/@{first.id}", "wrong", {"LastName": "A" * 300}),
        sub("POST", "sobjects/Account", "after", {"LastName": "Undone"}),
        allOrNone=True,
    )
    assert (wrong["httpStatusCode"], codes(wrong)) == (400, ["STRING_TOO_LONG"])
    for each in (first, after):
        assert (each["httpStatusCode"], codes(each)) == (400, ["PROCESSING_HALTED"])
        assert each["body"][0]["message"] == HALTED
    assert count(partner, "Undone") == 0


def test_all_or_none_sees_what_it_wrote_and_keeps_it_together(partner: httpx.Client) -> None:
    results = send(
        partner,
        sub("POST", "sobjects/Account", "made", {"LastName": "Together"}),
        sub("GET", "query?q=SELECT+COUNT()+FROM+Account+WHERE+LastName='Together'", "seen"),
        sub("DELETE", "sobjects/Account/@{made.id}", "gone"),
        sub("POST", "sobjects/Account", "again", {"LastName": "Together"}),
        allOrNone=True,
    )
    assert [each["httpStatusCode"] for each in results] == [201, 200, 204, 201]
    assert results[1]["body"]["totalSize"] == 1
    assert count(partner, "Together") == 1


def test_all_or_none_holds_for_the_records_of_a_collection_too(partner: httpx.Client) -> None:
    records = [{"attributes": {"type": "Account"}, "LastName": each} for each in ("Of a set", "A" * 300)]
    first, collection = send(
        partner,
        sub("POST", "sobjects/Account", "first", {"LastName": "Of a set"}),
        sub("POST", "composite/sobjects", "set", {"records": records, "allOrNone": False}),
        allOrNone=True,
    )
    assert codes(first) == ["PROCESSING_HALTED"]
    statuses = [each["errors"][0]["statusCode"] for each in collection["body"]]
    assert statuses == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert count(partner, "Of a set") == 0


def test_two_transactions_in_each_others_way_are_both_done(partner: httpx.Client) -> None:
    ids = [partner.post("sobjects/Account", json={"LastName": "Crossed"}).json()["id"] for _ in range(2)]

    def cross(order: list[str]) -> list[int]:
        subrequests = [
            sub("PATCH", f"sobjects/Account/{each}", f"a{each}", {"Phone": "+8613912345678"}) for each in order
        ]
        with httpx.Client(base_url=partner.base_url, headers=partner.headers, timeout=60) as client:
            return [each["httpStatusCode"] for each in send(client, *subrequests, allOrNone=True)]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(cross, [ids, ids[::-1]] * 3))
    assert answers == [[204, 204]] * 6


def test_what_a_query_holds_for_update_nobody_else_changes_meanwhile(partner: httpx.Client) -> None:
    account = partner.post("sobjects/Account", json={"LastName": "Counted", "FirstName": "0"}).json()["id"]
    asked = f"query?q=SELECT+Id,FirstName+FROM+Account+WHERE+Id='{account}'+FOR+UPDATE"
    seen = "query?q=SELECT+COUNT()+FROM+Account+WHERE+FirstName='@{read.records[0].FirstName}'"

    def count_up(_: int) -> str:
        with httpx.Client(base_url=partner.base_url, headers=partner.headers, timeout=60) as client:
            changed = {"FirstName": "@{read.records[0].FirstName}1"}
            steps = [sub("GET", asked, "read"), sub("GET", seen, "seen")]
            read, _seen, done = send(
                client, *steps, sub("PATCH", f"sobjects/Account/{account}", "up", changed), allOrNone=True
            )
            assert done["httpStatusCode"] == 204, done
            return str(read["body"]["records"][0]["FirstName"])

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(count_up, range(3)))
    assert sorted(found, key=len) == ["0" + "1" * times for times in range(3)]  # nobody read what another replaced


def test_a_refused_read_stays_in_the_access_log(site: Site, partner: httpx.Client) -> None:
    account = partner.post("sobjects/Account", json={"LastName": "Looked at", "Phone": "+8613912345678"}).json()["id"]
    send(
        partner,
        sub("GET", f"sobjects/Account/{account}?fields=Phone", "read"),
        sub("PATCH", f"sobjects/Account/{account}", "wrong", {"Email": "@{read.Phone}"}),
        allOrNone=True,
    )
    query = "SELECT RecordIds FROM AccessLog WHERE ObjectName = 'Account' ORDER BY CreatedDate DESC LIMIT 5"
    with site.partner("auditor") as auditor:
        found = auditor.get("query", params={"q": query}).json()
    assert any(account in str(each["RecordIds"]) for each in found["records"]), found


HOSTILE = "O'Brien' OR Name != '"
OF_HOSTILE = "SELECT LastName FROM Account WHERE LastName LIKE 'O\\'Brien%' LIMIT 1"


def test_a_value_in_a_query_stays_a_value(partner: httpx.Client) -> None:
    partner.post("sobjects/Account", json={"LastName": HOSTILE})
    made, found, bare = send(
        partner,
        sub("GET", f"query?q={quote(OF_HOSTILE)}", "made"),
        sub(
            "GET",
            "query?q=SELECT+Id,LastName+FROM+Account+WHERE+LastName+=+'@{made.records[0].LastName}'&x=@{made.totalSize}",
            "found",
        ),
        sub("GET", "query?q=SELECT+Id+FROM+Account+WHERE+LastName+=+@{made.records[0].LastName}", "bare"),
    )
    assert [each["LastName"] for each in found["body"]["records"]] == [HOSTILE], made
    assert (bare["httpStatusCode"], codes(bare)) == (400, ["PROCESSING_HALTED"])
    assert "quotes" in bare["body"][0]["message"]


@pytest.mark.parametrize("name", ["../query", "a/b", "..", "a\\b"])
def test_a_value_in_a_path_stays_one_segment(partner: httpx.Client, name: str) -> None:
    account = partner.post("sobjects/Account", json={"LastName": name}).json()["id"]
    _, found = send(
        partner,
        sub("GET", f"sobjects/Account/{account}", "read"),
        sub("GET", "sobjects/Account/@{read.LastName}", "found"),
    )
    assert codes(found) == ["PROCESSING_HALTED"]
    assert "part of an address" in found["body"][0]["message"]


REFUSED_URLS = [
    "https://evil.example/services/data/v66.0/query",
    "//evil.example/v66.0/query",
    "/services/oauth2/token",
    "/ui/bootstrap",
    "/setup/users",
    f"{ROOT}/../oauth2/token",
    f"{ROOT}/%2e%2e/oauth2/token",
    f"{ROOT}//query",
    f"{ROOT}/sobjects/a%2Fb",
    f"{ROOT}/sobjects/a%00b",
    f"{ROOT}/query#fragment",
    f"{ROOT}/sobjects\\Account",
    "/services/data/v66.0x/query",
    "",
    None,
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_leaves_the_api_is_refused(partner: httpx.Client, url: str | None) -> None:
    document = {"method": "GET", "url": url, "referenceId": "x"}
    answer = partner.post("composite", json={"compositeRequest": [document]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert "compositeRequest[0].url" in answer.json()[0]["message"]


@pytest.mark.parametrize(
    "path", ["composite", "composite/batch", "composite/tree/Account", "composite/graph", "jobs/ingest", "jobs/query/x"]
)
def test_what_carries_requests_or_files_is_no_subrequest(partner: httpx.Client, path: str) -> None:
    [result] = send(partner, sub("POST", path, "x", {"compositeRequest": []}))
    assert (result["httpStatusCode"], codes(result)) == (400, ["INVALID_INPUT"])


def test_an_unknown_resource_or_method_is_told_as_outside(partner: httpx.Client) -> None:
    unknown, method = send(partner, sub("GET", "nowhere", "a"), sub("PUT", "query", "b"))
    assert (unknown["httpStatusCode"], codes(unknown)) == (404, ["NOT_FOUND"])
    assert (method["httpStatusCode"], codes(method)) == (405, ["METHOD_NOT_ALLOWED"])


WRONG_BODIES: list[tuple[Any, str]] = [
    ([], "JSON object"),
    ({}, "compositeRequest"),
    ({"compositeRequest": []}, "compositeRequest"),
    ({"compositeRequest": [1]}, "compositeRequest"),
    ({"compositeRequest": [sub("GET", "limits", "a"), sub("GET", "limits", "a")]}, "another one's"),
    ({"compositeRequest": [sub("GET", "limits", "a b")]}, "referenceId"),
    ({"compositeRequest": [sub("GET", "limits", "a" * 300)]}, "referenceId"),
    ({"compositeRequest": [sub("GET", "limits", "a")], "allOrNone": "yes"}, "allOrNone"),
    ({"compositeRequest": [sub("GET", "limits", "a", httpHeaders={"Authorization": "Bearer x"})]}, "Authorization"),
    ({"compositeRequest": [sub("GET", "limits", "a", httpHeaders={"If-Match": 1})]}, "httpHeaders"),
    ({"compositeRequest": [sub("TRACE", "limits", "a")]}, "method"),
    ({"compositeRequest": [sub("GET", "limits", f"a{number}") for number in range(26)]}, "at most 25"),
    ({"compositeRequest": [sub("GET", "query?q=x", f"a{number}") for number in range(6)]}, "At most 5"),
]


@pytest.mark.parametrize(("body", "said"), WRONG_BODIES)
def test_a_call_that_says_nothing_clear_runs_nothing(partner: httpx.Client, body: Any, said: str) -> None:
    answer = partner.post("composite", json=body)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()[0]["message"]


def test_what_is_wrong_with_several_subrequests_is_told_at_once(partner: httpx.Client) -> None:
    wrong = [sub("GET", "limits", "a b"), sub("TRACE", "limits", "b"), {"referenceId": "c"}]
    answer = partner.post("composite", json={"compositeRequest": wrong})
    places = [each["message"].split(":")[0] for each in answer.json()]
    assert places == [
        "compositeRequest[0].referenceId",
        "compositeRequest[1].method",
        "compositeRequest[2].method",
        "compositeRequest[2].url",
    ]


def nested(depth: int) -> Any:
    value: Any = "@{a.id}"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [nested(150), nested(900), "@{", "@{a", "@{a.}", "@{a.b[x]}", "@{a.@{b}}", "@{a}"])
def test_no_reference_brings_the_server_down(partner: httpx.Client, value: Any) -> None:
    made, result = send(
        partner,
        sub("GET", "limits", "a"),
        sub("POST", "sobjects/Account", "b", {"LastName": value}),
    )
    assert made["httpStatusCode"] == 200
    assert result["httpStatusCode"] == 400, result
    assert codes(result)[0] in ("PROCESSING_HALTED", "JSON_PARSER_ERROR")


def test_references_can_not_grow_without_an_end(partner: httpx.Client) -> None:
    references = ["@{read.encoding}"] * 10_001
    _, result = send(
        partner,
        sub("GET", "sobjects", "read"),
        sub("POST", "sobjects/Account", "b", {"LastName": references}),
    )
    assert (result["httpStatusCode"], codes(result)) == (413, ["REQUEST_TOO_LARGE"])


def test_a_subrequest_has_headers_of_its_own(partner: httpx.Client) -> None:
    account = partner.post("sobjects/Account", json={"LastName": "Conditions"}).json()["id"]
    since = {"If-Unmodified-Since": "Sun, 22 Nov 2020 00:00:00 GMT", "Content-Type": "application/json"}
    [result] = send(partner, sub("PATCH", f"sobjects/Account/{account}", "x", {"LastName": "No"}, httpHeaders=since))
    assert result["httpStatusCode"] == 412


def test_what_the_list_of_resources_names_is_there(partner: httpx.Client) -> None:
    found = partner.get("composite").json()
    assert found["graph"] == f"{ROOT}/composite/graph"
    assert sorted(found) == ["batch", "graph", "sobjects", "tree"]


def batch(client: httpx.Client, *requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = client.post("composite/batch", json={"batchRequests": list(requests), **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_batch_answers_each_request_on_its_own(partner: httpx.Client) -> None:
    found = batch(
        partner,
        {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"LastName": "Of a batch"}},
        {"method": "GET", "url": "/services/data/v66.0/sobjects/Account/001000000000000AAA"},
        {"method": "GET", "url": "v60.0/query?q=SELECT+COUNT()+FROM+Account+WHERE+LastName='Of+a+batch'"},
    )
    assert found["hasErrors"] is True
    assert [each["statusCode"] for each in found["results"]] == [201, 404, 200]
    assert found["results"][2]["result"]["totalSize"] == 1


def test_a_batch_halts_where_it_is_to(partner: httpx.Client) -> None:
    wrong = {"method": "GET", "url": "v66.0/nowhere"}
    right = {"method": "GET", "url": "v66.0/limits"}
    found = batch(partner, right, wrong, right, haltOnBatchError=True)
    assert [each["statusCode"] for each in found["results"]] == [200, 404, 412]
    assert found["results"][2]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_a_batch_takes_no_binary_parts(partner: httpx.Client) -> None:
    request = {"method": "POST", "url": "v66.0/sobjects/Account", "binaryPartName": "x"}
    answer = partner.post("composite/batch", json={"batchRequests": [request]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_INPUT")


def graph(graph_id: str, *subrequests: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": graph_id, "compositeRequest": list(subrequests)}


def test_each_graph_is_whole_or_not_at_all(partner: httpx.Client) -> None:
    graphs = [
        graph(
            "right",
            sub("POST", "sobjects/Account", "account", {"LastName": "Whole graph"}),
            sub("POST", "sobjects/Contact", "contact", {"LastName": "Child", "AccountId": "@{account.id}"}),
        ),
        graph(
            "wrong",
            sub("POST", "sobjects/Account", "account", {"LastName": "Broken graph"}),
            sub("POST", "sobjects/Contact", "contact", {"AccountId": "@{account.id}"}),
        ),
    ]
    answer = partner.post("composite/graph", json={"graphs": graphs})
    assert answer.status_code == 200, answer.text
    right, wrong = answer.json()["graphs"]
    assert (right["graphId"], right["isSuccessful"]) == ("right", True)
    assert [each["httpStatusCode"] for each in right["graphResponse"]["compositeResponse"]] == [201, 201], right
    assert (wrong["graphId"], wrong["isSuccessful"]) == ("wrong", False)
    assert [codes(each)[0] for each in wrong["graphResponse"]["compositeResponse"]] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
    ]
    assert (count(partner, "Whole graph"), count(partner, "Broken graph")) == (1, 0)


@pytest.mark.parametrize(
    ("graphs", "said"),
    [
        ([graph("", sub("GET", "limits", "a"))], "graphId"),
        ([graph("a", sub("GET", "query?q=x", "a"))], "single records"),
        ([graph("a", sub("GET", "sobjects/Account/x", "a"))] * 2, "twice"),
        ([graph("a", sub("GET", "sobjects/Account/x", "a"))] * 76, "at most 75"),
        ([graph("a", *(sub("GET", "sobjects/Account/x", f"a{each}") for each in range(501)))], "at most 500"),
    ],
)
def test_a_call_of_graphs_that_is_wrong_runs_nothing(partner: httpx.Client, graphs: Any, said: str) -> None:
    answer = partner.post("composite/graph", json={"graphs": graphs})
    assert answer.status_code == 400, answer.text
    assert said in answer.json()[0]["message"]


def test_nobody_reaches_another_tenant_by_a_subrequest(partner: httpx.Client, other_site: Site) -> None:
    with other_site.partner("partner") as other:
        account = other.post("sobjects/Account", json={"LastName": "Theirs"}).json()["id"]
    for together in (False, True):
        results = send(partner, sub("GET", f"sobjects/Account/{account}", "a"), allOrNone=together)
        assert [each["httpStatusCode"] for each in results] == [404]


def test_a_page_of_another_site_can_send_nothing(site: Site) -> None:
    with site.browser("admin") as browser:
        body = {"compositeRequest": [sub("POST", "sobjects/Account", "a", {"LastName": "Forged"})]}
        answer = browser.post(f"{ROOT}/composite", json=body, headers={"x-csrf-token": "wrong"})
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INVALID_CSRF_TOKEN")
        answer = browser.post(f"{ROOT}/composite", json=body)
        assert answer.json()["compositeResponse"][0]["httpStatusCode"] == 201
