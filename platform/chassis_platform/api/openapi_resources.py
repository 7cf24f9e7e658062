"""The API's resources in one table: what OpenAPI tells of them. A test compares it with the application's routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chassis_platform.api.openapi_operations import ANY_OBJECT, ANYTHING, FORM, Operation, described, get, once, post
from chassis_platform.api.openapi_record_operations import EXPECTED, OF_WRITES, RECORDS

_CSV = "text/csv"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES = f"{_CSV} {_XLSX} application/vnd.apache.parquet"
_PUBLIC: tuple[Mapping[str, list[str]], ...] = ()
_OF_CLIENTS: tuple[Mapping[str, list[str]], ...] = ({"client": []}, {})


def _actions(base: str, name: str, where: str) -> list[Operation]:
    """Quick actions: those that start from nowhere, or from a record of an object."""
    one = f"{base}/{{action}}"
    execute = post(one, f"run{name}", f"Carry out a quick action {where}", "ActionRun", "ActionResult")
    return [
        get(base, f"list{name}s", f"Quick actions {where}", "AnyObject[]"),
        get(one, f"get{name}", f"A quick action {where}"),
        replace(execute, answers={200: "ActionResult", 201: "ActionResult"}),
        get(f"{one}/describe", f"describe{name}", "What it does, and its form"),
        get(f"{one}/defaultValues", f"get{name}Defaults", "What a new record begins with"),
        get(f"{one}/defaultValues/{{context}}", f"get{name}DefaultsFor", "The same, started from a record"),
    ]


_DESCRIPTIONS = (
    Operation(
        "get", "//services/data", "listVersions", "The versions of the API", {200: "AnyObject[]"}, security=_PUBLIC
    ),
    get("", "listResources", "Where each resource is", "Texts"),
    replace(
        described("/openapi.json", "getOpenApi", "This document"),
        parameters=("objects", "If-None-Match", "If-Modified-Since"),
    ),
    described("/sobjects", "listObjects", "The objects that the user may see", "ObjectList"),
    get("/sobjects/{object}", "getObject", "An object in short, and what the user looked at last", "ObjectBasics"),
    described(
        "/sobjects/{object}/describe", "describeObject", "Fields and relationships of an object", "ObjectDescription"
    ),
    described("/sobjects/{object}/describe/layouts", "describeLayouts", "Page layouts"),
    described("/sobjects/{object}/describe/layouts/{record_type}", "describeLayout", "The layout of a record type"),
    described("/sobjects/{object}/describe/compactLayouts", "describeCompactLayouts", "The highlights of records"),
    described("/sobjects/{object}/describe/approvalLayouts", "describeApprovalLayouts", "What approvers see"),
    described("/sobjects/{object}/describe/approvalLayouts/{name}", "describeApprovalLayout", "The same"),
    described("/sobjects/{object}/describe/namedLayouts/{name}", "describeNamedLayout", "404: there are none"),
    get("/sobjects/{object}/listviews", "listListViews", "The list views of an object"),
    get("/sobjects/{object}/listviews/{view}", "getListView", "A list view, by id or name"),
    get("/sobjects/{object}/listviews/{view}/describe", "describeListView", "Its columns, order and conditions"),
    get(
        "/sobjects/{object}/listviews/{view}/results",
        "getListViewResults",
        "Its records",
        ANY_OBJECT,
        "limit",
        "offset",
    ),
    get("/tabs", "listTabs", "The tabs of the user's applications", "AnyObject[]"),
    get("/appMenu", "listMenus", "The next two", "Texts"),
    get("/appMenu/AppSwitcher", "listApplications", "The applications that the user may open"),
    get("/appMenu/Salesforce1", "listNavigation", "Their tabs"),
    get("/theme", "getTheme", "The objects, without colours"),
    get("/limits", "getLimits", "Limits, and what is left of them", "Limits"),
    get("/limits/recordCount", "countRecords", "How many records the user may read", ANY_OBJECT, "sObjects"),
)
_QUERIES = (
    get("/query", "query", "Run a SOQL query", "QueryResult", "q.soql", "explain", "columns", "Sforce-Query-Options"),
    get("/queryAll", "queryAll", "The same, deleted records too", "QueryResult", "q.soql", "Sforce-Query-Options"),
    get("/query/{locator}", "queryMore", "The next batch of a query", "QueryResult"),
    get("/queryAll/{locator}", "queryAllMore", "The next batch, deleted records too", "QueryResult"),
    get("/search", "search", "Run a SOSL search", "SearchResult", "q.sosl"),
    post("/search", "searchByPost", "The same, for long searches", "Search", "SearchResult"),
    get("/parameterizedSearch", "searchWords", "Search for words", "SearchResult", "q.words", "in", "sobject"),
    post(
        "/parameterizedSearch",
        "searchWordsByPost",
        "The same with all its choices",
        "ParameterizedSearch",
        "SearchResult",
    ),
)
_COLLECTIONS = "/composite/sobjects"
_COMPOSITE = (
    get("/composite", "listCompositeResources", "Where these are", "Texts"),
    once(post("/composite", "runComposite", "Requests that build on each other", "Composite", "CompositeResult")),
    once(
        post("/composite/batch", "runBatch", "Requests that have nothing to do with each other", "Batch", "BatchResult")
    ),
    once(post("/composite/graph", "runGraphs", "Composites, each a transaction", "Graphs", "GraphsResult")),
    once(
        replace(
            post("/composite/tree/{object}", "createTree", "New records with their children", "Tree", "TreeResult"),
            answers={201: "TreeResult", 400: "TreeRefusal"},
        )
    ),
    once(post(_COLLECTIONS, "createRecords", "Create up to 200 records", "Collection", "SaveResult[]", *OF_WRITES)),
    Operation(
        "patch",
        _COLLECTIONS,
        "updateRecords",
        "Change up to 200 records",
        {200: "SaveResult[]"},
        "Collection",
        OF_WRITES,
    ),
    Operation(
        "delete",
        _COLLECTIONS,
        "deleteRecords",
        "Delete up to 200 records",
        {200: "SaveResult[]"},
        parameters=("ids", "allOrNone"),
    ),
    get(
        f"{_COLLECTIONS}/{{object}}",
        "getRecords",
        "Up to 2,000 records by id; null where none is seen",
        "MaybeRecords",
        "ids",
        "fields",
    ),
    post(f"{_COLLECTIONS}/{{object}}", "getRecordsByPost", "The same, for many ids", "WantedRecords", "MaybeRecords"),
    Operation(
        "patch",
        f"{_COLLECTIONS}/{{object}}/{{field}}",
        "upsertRecords",
        "Create or change up to 200 records by external id",
        {200: "SaveResult[]"},
        "Collection",
        OF_WRITES,
    ),
)


def _job(
    path: str, method: str, name: str, summary: str, answers: Mapping[int, str], *parameters: str, takes: str = ""
) -> Operation:
    return Operation(method, path, name, summary, answers, takes, parameters, refusals=(409,))


_INGEST, _QUERY, _IMPORTS = "/jobs/ingest", "/jobs/query", "/chassis/imports"
_BULK = (
    post(_INGEST, "createIngestJob", "Begin to write many records", "NewIngestJob", "Job"),
    get(_INGEST, "listIngestJobs", "The user's ingest jobs", "JobList", "queryLocator"),
    get(f"{_INGEST}/{{id}}", "getIngestJob", "An ingest job", "Job"),
    _job(f"{_INGEST}/{{id}}", "patch", "changeIngestJob", "Close or abort it", {200: "Job"}, takes="JobChange"),
    _job(f"{_INGEST}/{{id}}", "delete", "deleteIngestJob", "Remove it; the records stay", {204: ""}),
    _job(f"{_INGEST}/{{id}}/batches", "put", "uploadIngestContent", "Send its CSV", {201: ""}, takes=_CSV),
    get(f"{_INGEST}/{{id}}/successfulResults", "getSuccessfulResults", "What was written", _CSV),
    get(f"{_INGEST}/{{id}}/failedResults", "getFailedResults", "What was refused, and why", _CSV),
    get(f"{_INGEST}/{{id}}/unprocessedrecords", "getUnprocessedRecords", "What was not tried", _CSV),
    get(f"{_INGEST}/{{id}}/unprocessedRecords", "getUnprocessedRecordsToo", "The same", _CSV),
    post(_QUERY, "createQueryJob", "Begin to read many records", "NewQueryJob", "Job"),
    get(_QUERY, "listQueryJobs", "The user's query jobs", "JobList", "queryLocator"),
    get(f"{_QUERY}/{{id}}", "getQueryJob", "A query job", "Job"),
    _job(f"{_QUERY}/{{id}}", "patch", "abortQueryJob", "Abort it", {200: "Job"}, takes="JobChange"),
    _job(f"{_QUERY}/{{id}}", "delete", "deleteQueryJob", "Remove it with its results", {204: ""}),
    replace(
        get(f"{_QUERY}/{{id}}/results", "getQueryJobResults", "A set of its results", _CSV, "locator", "maxRecords"),
        headers=("Sforce-Locator", "Sforce-NumberOfRecords"),
        refusals=(409,),
    ),
    _job(
        f"{_QUERY}/{{id}}/resultPages",
        "get",
        "listResultPages",
        "Parts of it, to be fetched side by side",
        {200: ANY_OBJECT},
        "locator",
    ),
    post(_IMPORTS, "createImport", "Begin an import", "NewImport", "Import", status=201),
    get(_IMPORTS, "listImports", "The user's imports", "ImportList", "after"),
    get(f"{_IMPORTS}/{{id}}", "getImport", "An import, and how far it is", "Import"),
    _job(
        f"{_IMPORTS}/{{id}}",
        "patch",
        "changeImport",
        "Map its columns; check, start, undo or abort it",
        {200: "Import"},
        takes="ImportChange",
    ),
    _job(f"{_IMPORTS}/{{id}}", "delete", "deleteImport", "Remove what is kept of it", {204: ""}),
    _job(f"{_IMPORTS}/{{id}}/content", "put", "uploadImportContent", "Send its CSV", {200: ANY_OBJECT}, takes=_CSV),
    get(f"{_IMPORTS}/{{id}}/preview", "previewImport", "Its columns, and where each probably goes"),
    get(f"{_IMPORTS}/{{id}}/errors", "listImportErrors", "What was wrong, by line", ANY_OBJECT, "phase", "batch"),
    get(f"{_IMPORTS}/{{id}}/failedRows", "getImportFailedRows", "The refused rows", _CSV),
    post("/chassis/exports", "exportQuery", "A query's records as CSV, XLSX or Parquet", "Export", _FILES),
)
_EVENTS = (
    get(
        "/chassis/events",
        "listEvents",
        "Change events behind a replay id",
        "EventPage",
        "after.event",
        "objects",
        "limit",
        "wait",
    ),
    get(
        "/chassis/events/stream",
        "streamEvents",
        "The same as a stream",
        "text/event-stream",
        "after.event",
        "objects",
        "Last-Event-ID",
    ),
    get("/chassis/assignmentRules", "listAssignmentRules", "Rules that a request may name", ANY_OBJECT, "object"),
    get("/chassis/documents", "listDocuments", "Documents that can be made of records", ANY_OBJECT, "object"),
    get("/chassis/documents/{name}/{record_id}", "getDocument", "The document of a record", ANYTHING),
    Operation(
        "post",
        "//inbound/{mapping}",
        "postDocument",
        "A foreign document, which a mapping turns into records",
        {200: "Receipt", 201: "Receipt", 207: "Receipt", 422: "Errors"},
        ANYTHING,
        security=({"inboundKey": []},),
    ),
)
_ACTIONS = (
    *_actions("/quickActions", "QuickAction", "that starts from nowhere"),
    *_actions("/sobjects/{object}/quickActions", "ObjectAction", "of an object's records"),
    get("/actions", "listActionKinds", "What kinds of actions there are", "Texts"),
    get("/actions/standard", "listStandardActions", "There are none"),
    get("/actions/custom", "listCustomActions", "What kinds of own actions there are", "Texts"),
    get("/actions/custom/flow", "listFlows", "The flows that the user may start"),
    get("/actions/custom/flow/{name}", "describeFlow", "What a flow takes"),
    replace(
        post(
            "/actions/custom/flow/{name}", "runFlow", "Start a flow, once for each input", "FlowInputs", "FlowResult[]"
        ),
        answers={200: "FlowResult[]", 400: "FlowRefusal"},
    ),
    get("/process", "listProcesses", "The next ones", "Texts"),
    get("/process/approvals", "listApprovalProcesses", "Approval processes"),
    post(
        "/process/approvals",
        "actOnApprovals",
        "Submit, approve, reject or recall",
        "ApprovalRequests",
        "ApprovalResult[]",
    ),
    get("/process/rules", "listRules", "The flows that a save sets off"),
    replace(
        post("/process/rules", "triggerRules", "405: a rule follows a change", ANY_OBJECT, ""),
        answers={405: "Errors"},
    ),
    get("/process/rules/{object}", "listRulesOfObject", "Those of an object"),
    get("/process/rules/{object}/{rule}", "getRule", "One of them"),
    get("/functions", "listFunctions", "Functions that packages declare"),
    get("/functions/{name}", "callFunction", "What a function says of a value", ANY_OBJECT, "value"),
)
_INFO, _VALUES = "/ui-api/object-info", "/ui-api/picklist-values/{object}/{record_type}"
_UI_API = (
    replace(
        post("/ui-api/records", "createUiRecord", "Create a record", "UiRecordInput", "UiRecord"),
        answers={200: "UiRecord", 201: "UiRecord"},
    ),
    get(
        "/ui-api/records/{id}",
        "getUiRecord",
        "A record with what is shown of it",
        "UiRecord",
        "ui.fields",
        "optionalFields",
        "layoutTypes",
    ),
    get(
        "/ui-api/records/batch/{ids}",
        "getUiRecords",
        "Several records of any objects",
        ANY_OBJECT,
        "ui.fields",
        "optionalFields",
        "layoutTypes",
    ),
    Operation(
        "patch",
        "/ui-api/records/{id}",
        "updateUiRecord",
        "Change a record",
        {200: "UiRecord"},
        "UiRecordInput",
        EXPECTED,
        refusals=(412,),
    ),
    Operation(
        "delete",
        "/ui-api/records/{id}",
        "deleteUiRecord",
        "Delete a record",
        {204: ""},
        parameters=EXPECTED,
        refusals=(409, 412),
    ),
    get(_INFO, "listObjectInfos", "The objects"),
    get(f"{_INFO}/{{object}}", "getObjectInfo", "All about an object"),
    get(f"{_INFO}/{{object}}/picklist-values/{{record_type}}", "getObjectInfoValues", "Values to choose from"),
    get(
        f"{_INFO}/{{object}}/picklist-values/{{record_type}}/{{field}}", "getObjectInfoFieldValues", "Those of a field"
    ),
    get(_VALUES, "getPicklistValues", "The same by a shorter address"),
    get(f"{_VALUES}/{{field}}", "getFieldPicklistValues", "Those of a field"),
    get("/ui-api/layout/{object}", "getUiLayout", "A layout", ANY_OBJECT, "layoutType", "mode", "recordTypeId"),
    get(
        "/ui-api/record-defaults/create/{object}",
        "getRecordDefaults",
        "What a form for a new record begins with",
        ANY_OBJECT,
        "recordTypeId",
    ),
)


def _oauth(path: str, name: str, summary: str, takes: str, answer: str) -> Operation:
    """An endpoint of OAuth, whose refusals have a shape of their own."""
    answers = {200: answer, 400: "OAuthError"} if answer else {200: ""}
    taken = f"{FORM}#{takes}"
    return Operation(
        "post", f"//services/oauth2/{path}", name, summary, answers, taken, security=_OF_CLIENTS, usual=(413, 429, 503)
    )


def _public(path: str, name: str, summary: str) -> Operation:
    return Operation("get", path, name, summary, {200: ANY_OBJECT}, security=_PUBLIC, usual=(503,))


_IDENTITY = (
    _oauth("token", "getToken", "An access token, by any grant", "TokenRequest", "Token"),
    _oauth("revoke", "revokeToken", "End a token", "TokenOnly", ""),
    _oauth("introspect", "introspectToken", "What a token is worth", "TokenOnly", "AnyObject"),
    _oauth(
        "device_authorization",
        "authorizeDevice",
        "A code for a device without a keyboard",
        "DeviceRequest",
        "AnyObject",
    ),
    Operation(
        "get",
        "//services/oauth2/authorize",
        "authorize",
        "Ask the user",
        {303: ""},
        parameters=(
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
        ),
        headers=("Location",),
        security=_PUBLIC,
    ),
    Operation(
        "get",
        "//services/oauth2/revoke",
        "revokeTokenByGet",
        "End a token",
        {200: ""},
        parameters=("token",),
        security=_PUBLIC,
    ),
    get("//services/oauth2/userinfo", "getUserInfo", "Who the user is"),
    replace(get("//services/oauth2/userinfo", "getUserInfoByPost", "The same"), method="post"),
    get("//id/{organization}/{user}", "getIdentity", "The same, at the address that a token names"),
    _public("//id/keys", "getKeys", "The public keys of identity tokens"),
    _public("//.well-known/openid-configuration", "getOpenIdConfiguration", "OpenID Connect Discovery"),
    _public("//.well-known/oauth-authorization-server", "getOAuthConfiguration", "The same for OAuth (RFC 8414)"),
)


def _tagged(tag: str, operations: Iterable[Operation]) -> Iterable[Operation]:
    return (replace(each, tag=tag) for each in operations)


#: All of them, by subject.
RESOURCES: tuple[Operation, ...] = (
    *_tagged("Records", RECORDS),
    *_tagged("Queries and searches", _QUERIES),
    *_tagged("Descriptions", _DESCRIPTIONS),
    *_tagged("Several requests in one", _COMPOSITE),
    *_tagged("Bulk, imports and exports", _BULK),
    *_tagged("Events and documents", _EVENTS),
    *_tagged("Actions", _ACTIONS),
    *_tagged("For user interfaces", _UI_API),
    *_tagged("Identity", _IDENTITY),
)
