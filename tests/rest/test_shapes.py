"""The field's API key by key: what each resource answers has the names and statuses that clients read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from serving import PASSWORD, Site

DATA = "/services/data/v66.0"
ID = re.compile(r"[0-9A-Za-z]{18}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def words(text: str) -> set[str]:
    return set(text.split())


GLOBAL = words(
    "activateable associateEntityType associateParentEntity createable custom customSetting deepCloneable deletable"
    " deprecatedAndHidden feedEnabled hasSubtypes isInterface isSubtype keyPrefix label labelPlural layoutable"
    " mergeable mruEnabled name queryable replicateable retrieveable searchable triggerable undeletable updateable urls"
)
OBJECT = GLOBAL | words(
    "actionOverrides childRelationships compactLayoutable defaultImplementation extendedBy extendsInterfaces fields"
    " implementedBy implementsInterfaces listviewable lookupLayoutable namedLayoutInfos networkScopeFieldName"
    " recordTypeInfos searchLayoutable sobjectDescribeOption supportedScopes"
)
URLS = words(
    "compactLayouts approvalLayouts uiDetailTemplate uiEditTemplate uiNewRecord listviews quickActions layouts"
    " describe rowTemplate sobject"
)
FIELD = words(
    "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive"
    " compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate"
    " dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo"
    " filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup"
    " inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues"
    " polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName"
    " relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique"
    " updateable writeRequiresMasterRead"
)
CHILD = words(
    "cascadeDelete childSObject deprecatedAndHidden field junctionIdListNames junctionReferenceTo relationshipName"
    " restrictedDelete"
)
RECORD_TYPE = words("active available defaultRecordTypeMapping developerName master name recordTypeId urls")
JOB = words(
    "id operation object createdById createdDate systemModstamp state concurrencyMode contentType apiVersion"
    " lineEnding columnDelimiter"
)
WHOLE_JOB = JOB | words("jobType numberRecordsProcessed retries totalProcessingTime isPkChunkingSupported")


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {site.token('admin')}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def account(client: httpx.Client) -> str:
    return str(done(client.post(f"{DATA}/sobjects/Account/", json={"LastName": "Shape"}), 201)["id"])


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def wrong(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The first of the problems: an array, always."""
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()[0]
    assert problem["errorCode"] == code, answer.text
    assert set(problem) <= {"message", "errorCode", "fields", "line", "column", "duplicateResult"}
    return problem


def test_a_token_and_its_refusal(site: Site) -> None:
    form = {"grant_type": "password", "client_id": site.client_id, "client_secret": site.client_secret}
    form |= {"username": site.username("admin"), "password": PASSWORD}
    token = done(httpx.post(f"{site.url}/services/oauth2/token", data=form))
    assert words("access_token instance_url id token_type issued_at signature") <= set(token)
    assert token["token_type"] == "Bearer"
    assert re.fullmatch(r"00D\w{12,15}![.\w]*", token["access_token"])
    assert re.fullmatch(r"\d{13}", token["issued_at"])
    refused = httpx.post(f"{site.url}/services/oauth2/token", data=form | {"password": "no"})
    assert (refused.status_code, set(refused.json())) == (400, {"error", "error_description"})
    assert refused.json()["error"] == "invalid_grant"
    identity = done(httpx.get(token["id"], headers={"authorization": f"Bearer {token['access_token']}"}))
    assert words("id user_id organization_id username email photos urls") <= set(identity)


def test_versions_and_resources(client: httpx.Client, site: Site) -> None:
    versions = done(httpx.get(f"{site.url}/services/data"))
    assert all(set(each) == {"label", "url", "version"} for each in versions)
    assert versions[-1] == {"label": "Spring '26", "url": DATA, "version": "66.0"}
    resources = done(client.get(DATA))
    assert words("sobjects query queryAll search limits composite recent identity tabs appMenu") <= set(resources)
    for name, address in resources.items():
        if name not in ("query", "queryAll", "search", "parameterizedSearch", "identity"):
            done(client.get(address))


def test_descriptions(client: httpx.Client) -> None:
    listed = done(client.get(f"{DATA}/sobjects"))
    assert set(listed) == {"encoding", "maxBatchSize", "sobjects"}
    assert all(set(each) == GLOBAL for each in listed["sobjects"])
    found = done(client.get(f"{DATA}/sobjects/Account/describe/"))
    assert set(found) == OBJECT
    assert set(found["urls"]) >= URLS
    assert all(set(each) - {"masked"} == FIELD for each in found["fields"])
    assert all(set(each) == CHILD for each in found["childRelationships"])
    assert all(set(each) == RECORD_TYPE for each in found["recordTypeInfos"])
    choices = [one for each in found["fields"] for one in each["picklistValues"]]
    assert all(set(one) == {"active", "defaultValue", "label", "validFor", "value"} for one in choices)
    assert choices
    basics = done(client.get(f"{DATA}/sobjects/Account/"))
    assert set(basics) == {"objectDescribe", "recentItems"}


def test_a_record_from_its_making_to_its_end(client: httpx.Client) -> None:
    made = done(client.post(f"{DATA}/sobjects/Account", json={"LastName": "Life"}), 201)
    assert set(made) == {"id", "success", "errors"}
    assert ID.fullmatch(made["id"])
    url = f"{DATA}/sobjects/Account/{made['id']}"
    record = done(client.get(url))
    assert record["attributes"] == {"type": "Account", "url": url}
    assert MOMENT.fullmatch(record["CreatedDate"])
    assert client.patch(url, json={"LastName": "Lives"}).status_code == 204
    assert client.delete(url).status_code == 204
    wrong(client.get(url), 404, "ENTITY_IS_DELETED")
    wrong(client.delete(url), 404, "ENTITY_IS_DELETED")
    wrong(client.get(f"{DATA}/sobjects/Account/001000000000001AAA"), 404, "NOT_FOUND")


def test_an_upsert_by_an_external_id(client: httpx.Client) -> None:
    keys = [
        each["name"] for each in done(client.get(f"{DATA}/sobjects/Location/describe"))["fields"] if each["idLookup"]
    ]
    key = next(each for each in keys if each != "Id")
    url, values = f"{DATA}/sobjects/Location/{key}/SHAPE-1", {"Name": "Shape", "LocationType": "Van"}
    made = done(client.patch(url, json=values), 201)
    assert (set(made), made["created"]) == ({"id", "success", "errors", "created"}, True)
    assert done(client.patch(url, json=values))["created"] is False
    assert client.patch(url.replace("v66.0", "v45.0"), json=values).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "sobjects/Account", {}, 400, "REQUIRED_FIELD_MISSING"),
        ("POST", "sobjects/Account", {"LastName": "x" * 300}, 400, "STRING_TOO_LONG"),
        ("POST", "sobjects/Account", {"LastName": "x", "Nothing__c": 1}, 400, "INVALID_FIELD"),
        (
            "POST",
            "sobjects/Account",
            {"LastName": "x", "Id": "001000000000001AAA"},
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("POST", "sobjects/Account", {"LastName": "x", "OwnerId": "nonsense"}, 400, "MALFORMED_ID"),
        ("POST", "sobjects/Nothing", {"Name": "x"}, 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/nonsense", None, 400, "MALFORMED_ID"),
        ("GET", "query?q=SELEC", None, 400, "MALFORMED_QUERY"),
        ("GET", "query?q=SELECT+Nothing+FROM+Account", None, 400, "INVALID_FIELD"),
        ("GET", "query?q=SELECT+Id+FROM+ScratchOrgInfo+limit+1", None, 400, "INVALID_TYPE"),
        ("GET", "query/01g000000000001AAA-2000", None, 400, "INVALID_QUERY_LOCATOR"),
        ("PUT", "sobjects/Account", {}, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "tooling/query?q=SELECT+Id+FROM+SandboxProcess", None, 404, "NOT_FOUND"),
        ("GET", "nothing", None, 404, "NOT_FOUND"),
    ],
)
def test_what_is_wrong_has_its_code(
    client: httpx.Client, method: str, path: str, body: Any, status: int, code: str
) -> None:
    wrong(client.request(method, f"{DATA}/{path}", json=body), status, code)


def test_what_is_no_json_and_no_session(client: httpx.Client, site: Site, account: str) -> None:
    wrong(client.post(f"{DATA}/sobjects/Account", content=b"{"), 400, "JSON_PARSER_ERROR")
    wrong(httpx.get(f"{site.url}{DATA}/limits"), 401, "INVALID_SESSION_ID")
    bad = {"authorization": "Bearer 00D000000000001AAA!nothing"}
    wrong(httpx.get(f"{site.url}{DATA}/limits", headers=bad), 401, "INVALID_SESSION_ID")
    unmodified = {"If-Unmodified-Since": "Sun, 22 Nov 2020 08:00:00 GMT"}
    assert client.get(f"{DATA}/sobjects/Account/{account}", headers=unmodified).status_code == 412


def test_queries(client: httpx.Client, account: str) -> None:
    def query(text: str, **more: str) -> Any:
        answer = client.get(f"{DATA}/query/", params={"q": text, **more})
        assert re.fullmatch(r"api-usage=\d+/\d+", answer.headers["sforce-limit-info"])
        return done(answer)

    found = query(f"SELECT Id, Owner.Name, (SELECT Id FROM Cases) FROM Account WHERE Id = '{account}'")  # noqa: S608
    assert set(found) == {"totalSize", "done", "records"}
    [record] = found["records"]
    assert set(record["Owner"]) == {"attributes", "Name"}
    assert record["Cases"] is None
    [total] = query("SELECT COUNT(Id), MAX(CreatedDate) FROM Account")["records"]
    assert (total["attributes"], set(total)) == ({"type": "AggregateResult"}, {"attributes", "expr0", "expr1"})
    counted = query("SELECT COUNT() FROM Account")
    assert (counted["records"], counted["done"], counted["totalSize"] > 0) == ([], True, True)
    [plan] = done(client.get(f"{DATA}/query", params={"explain": "SELECT Id FROM Account"}))["plans"]
    assert set(plan) == words(
        "cardinality fields leadingOperationType notes relativeCost sobjectCardinality sobjectType"
    )
    searched = done(client.get(f"{DATA}/search/", params={"q": "FIND {Shape} RETURNING Account(Id, LastName)"}))
    assert set(searched) >= {"searchRecords"}
    assert account in {each["Id"] for each in searched["searchRecords"]}


def test_several_requests_in_one(client: httpx.Client, account: str) -> None:
    new = {"attributes": {"type": "Contact", "referenceId": "ref1"}, "LastName": "Several", "AccountId": account}
    sub = {
        "method": "POST",
        "url": f"{DATA}/sobjects/Account",
        "referenceId": "refAccount",
        "body": {"LastName": "Sub"},
    }
    bad = {**sub, "referenceId": "refBad", "body": {"Nothing__c": 1}}
    [made] = done(client.post(f"{DATA}/composite", json={"compositeRequest": [sub]}))["compositeResponse"]
    assert set(made) == {"body", "httpHeaders", "httpStatusCode", "referenceId"}
    assert made["httpStatusCode"] == 201, made
    assert (made["httpStatusCode"], made["httpHeaders"]["Location"]) == (
        201,
        f"{DATA}/sobjects/Account/{made['body']['id']}",
    )
    undone = done(client.post(f"{DATA}/composite", json={"allOrNone": True, "compositeRequest": [sub, bad]}))
    first, second = undone["compositeResponse"]
    assert (first["httpStatusCode"], first["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")
    assert "rolled back" in first["body"][0]["message"]
    assert second["body"][0]["errorCode"] == "INVALID_FIELD"
    batch = {
        "batchRequests": [
            {"method": "GET", "url": f"v66.0/sobjects/Account/{account}"},
            {"method": "GET", "url": "v66.0/no"},
        ]
    }
    answered = done(client.post(f"{DATA}/composite/batch", json=batch))
    assert answered["hasErrors"] is True
    assert [set(each) for each in answered["results"]] == [{"statusCode", "result"}] * 2
    assert [each["statusCode"] for each in answered["results"]] == [200, 404]
    tree = done(client.post(f"{DATA}/composite/tree/Contact/", json={"records": [new]}), 201)
    assert (tree["hasErrors"], set(tree["results"][0])) == (False, {"referenceId", "id"})
    refused = client.post(f"{DATA}/composite/tree/Contact", json={"records": [new | {"Nothing__c": 1}]})
    assert (refused.status_code, refused.json()["hasErrors"]) == (400, True)
    [problem] = refused.json()["results"][0]["errors"]
    assert set(problem) == {"statusCode", "message", "fields"}


def test_collections(client: httpx.Client) -> None:
    good = {"attributes": {"type": "Account"}, "LastName": "Collected"}
    records = [good, {"attributes": {"type": "Account"}, "Nothing__c": 1}]
    each_alone = done(client.post(f"{DATA}/composite/sobjects", json={"allOrNone": False, "records": records}))
    assert [each["success"] for each in each_alone] == [True, False]
    assert (set(each_alone[0]), each_alone[0]["errors"]) == ({"id", "success", "errors"}, [])
    assert set(each_alone[1]) == {"success", "errors"}
    assert set(each_alone[1]["errors"][0]) == {"statusCode", "message", "fields"}
    together = done(client.post(f"{DATA}/composite/sobjects", json={"allOrNone": True, "records": records}))
    assert together[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    ids = [each_alone[0]["id"], "001000000000001AAA"]
    read = done(client.post(f"{DATA}/composite/sobjects/Account", json={"ids": ids, "fields": ["LastName"]}))
    assert read[0]["LastName"] == "Collected"
    assert read[1] is None
    deleted = done(client.delete(f"{DATA}/composite/sobjects", params={"ids": ",".join(ids)}))
    assert [each["success"] for each in deleted] == [True, False]


def test_bulk_jobs(client: httpx.Client, account: str) -> None:
    jobs = f"{DATA}/jobs/ingest"
    made = done(client.post(f"{jobs}/", json={"object": "Account", "operation": "insert", "contentType": "CSV"}))
    assert set(made) == JOB | {"contentUrl"}
    assert (made["state"], made["apiVersion"], made["id"][:3]) == ("Open", 66.0, "750")
    assert made["contentUrl"] == f"services/data/v66.0/jobs/ingest/{made['id']}/batches"
    assert MOMENT.fullmatch(made["createdDate"])
    uploaded = client.put(f"/{made['contentUrl']}", content=b"LastName\nx\n", headers={"content-type": "text/csv"})
    assert (uploaded.status_code, uploaded.content) == (201, b"")
    closed = done(client.patch(f"{jobs}/{made['id']}", json={"state": "UploadComplete"}))
    assert closed["state"] == "UploadComplete"
    whole = done(client.get(f"{jobs}/{made['id']}"))
    assert set(whole) == WHOLE_JOB | words("numberRecordsFailed apiActiveProcessingTime apexProcessingTime")
    assert whole["jobType"] == "V2Ingest"
    wrong(client.patch(f"{jobs}/{made['id']}", json={"state": "UploadComplete"}), 400, "INVALIDJOBSTATE")
    assert done(client.patch(f"{jobs}/{made['id']}", json={"state": "Aborted"}))["state"] == "Aborted"
    listed = done(client.get(jobs))
    assert set(listed) == {"done", "records", "nextRecordsUrl"}
    asked = {"operation": "query", "query": "SELECT Id FROM Account"}
    query = done(client.post(f"{DATA}/jobs/query", json=asked))
    assert (set(query), query["state"]) == (JOB, "UploadComplete")
    assert set(done(client.get(f"{DATA}/jobs/query/{query['id']}"))) == WHOLE_JOB
    assert client.get(f"{DATA}/jobs/query/{query['id']}/results").status_code == 400
    assert account


def test_what_is_left_and_what_was_looked_at(client: httpx.Client, account: str) -> None:
    limits = done(client.get(f"{DATA}/limits/"))
    assert words("DailyApiRequests DataStorageMB FileStorageMB DailyBulkV2QueryJobs") <= set(limits)
    assert all(set(each) == {"Max", "Remaining"} for each in limits.values())
    assert isinstance(done(client.get(f"{DATA}/recent")), list)
    from_then = done(client.get(f"{DATA}/sobjects/Account/{account}"))["CreatedDate"][:10]
    span = {"start": f"{from_then}T00:00:00Z", "end": f"{from_then}T23:59:00Z"}
    updated = done(client.get(f"{DATA}/sobjects/Account/updated/", params=span))
    assert set(updated) == {"ids", "latestDateCovered"}
    assert account in updated["ids"]
    deleted = done(client.get(f"{DATA}/sobjects/Account/deleted/", params=span))
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert all(set(each) == {"id", "deletedDate"} for each in deleted["deletedRecords"])
