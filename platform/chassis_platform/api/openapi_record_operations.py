"""The operations on records: the general ones, and those that each object has by its own name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chassis_platform.api.openapi_operations import ANY_OBJECT, TAGGED, Operation, for_records, get, once, post

_CONDITIONS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
EXPECTED = ("If-Match", "If-Unmodified-Since")
OF_WRITES = ("Sforce-Duplicate-Rule-Header", "Sforce-Auto-Assign")

_CREATE = once(
    replace(
        post("/sobjects/{object}", "createRecord", "Create a record", "Values", "SaveResult", *OF_WRITES),
        answers={200: "SaveResult", 201: "SaveResult"},
        headers=("Location",),
    )
)
_READ = replace(
    get("/sobjects/{object}/{id}", "getRecord", "Get a record by id", "Record", "fields", *_CONDITIONS),
    answers={200: "Record", 307: "Errors", 304: ""},
    headers=TAGGED,
    refusals=(412,),
)
_UPDATE = Operation(
    "patch",
    "/sobjects/{object}/{id}",
    "updateRecord",
    "Change a record",
    {204: ""},
    "Values",
    (*EXPECTED, *OF_WRITES),
    refusals=(412,),
)
_DELETE = Operation(
    "delete",
    "/sobjects/{object}/{id}",
    "deleteRecord",
    "Move a record to the recycle bin",
    {204: ""},
    parameters=EXPECTED,
    refusals=(409, 412),
)
_BY_KEY = "/sobjects/{object}/{field}/{value}"
_READ_BY_KEY = replace(
    _READ,
    path=_BY_KEY,
    name="getRecordByKey",
    summary="Get a record by external id; or, with an id as field, what a relationship of it leads to",
    answers={200: "Record", 300: "Addresses", 307: "Errors", 304: ""},
)
_UPSERT = Operation(
    "patch",
    _BY_KEY,
    "upsertRecord",
    "Create or change a record by external id",
    {200: "SaveResult", 201: "SaveResult", 204: ""},
    "Values",
    ("updateOnly", *_CONDITIONS, *OF_WRITES),
    refusals=(405, 412),
)
_DELETE_BY_KEY = replace(
    _DELETE, path=_BY_KEY, name="deleteRecordByKey", summary="Delete a record by external id", refusals=(405, 409, 412)
)

#: The operations that each object has by its own name, by what is done.
OF_OBJECTS: Mapping[str, Operation] = {
    "create": for_records(_CREATE, takes="{}Create"),
    "get": for_records(_READ, answers={**_READ.answers, 200: "{}Record"}),
    "update": for_records(_UPDATE, takes="{}Update"),
    "delete": _DELETE,
    "find": for_records(_READ_BY_KEY, answers={**_READ_BY_KEY.answers, 200: "{}Record"}),
    "upsert": for_records(_UPSERT, takes="{}Update"),
    "remove": _DELETE_BY_KEY,
}


RECORDS = (
    _CREATE,
    _READ,
    _UPDATE,
    _DELETE,
    _READ_BY_KEY,
    _UPSERT,
    replace(_UPSERT, method="post", name="upsertRecordByPost"),
    _DELETE_BY_KEY,
    get(
        "/sobjects/{object}/updated",
        "listUpdated",
        "What was made or changed in a span of time",
        "Updated",
        "start",
        "end",
    ),
    get("/sobjects/{object}/deleted", "listDeleted", "What was deleted in a span of time", "Deleted", "start", "end"),
    get("/recent", "listRecent", "What the user looked at last", "Record[]", "limit"),
    post("/sobjects/{object}/merge", "mergeRecords", "Merge records into one", "Merge", "MergeResult"),
    replace(
        post(
            "/sobjects/{object}/{record_id}/reveal",
            "revealValues",
            "See masked values, with a reason",
            "Reveal",
            "Revealed",
        ),
        answers={200: "Revealed", 202: "Revealed"},
    ),
    get("/sobjects/{object}/{record_id}/identity-checks/{check}", "getIdentityCheck", "What to ask a caller"),
    post(
        "/sobjects/{object}/{record_id}/identity-checks/{check}",
        "answerIdentityCheck",
        "Whether the caller's answers are right",
        "IdentityAnswers",
        ANY_OBJECT,
    ),
)
