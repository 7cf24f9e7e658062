"""The schemas that OpenAPI's document has in every tenant: errors, results, requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_platform.api.openapi_fields import Schema
from chassis_platform.bulk.csv_rows import DELIMITERS, LINE_ENDINGS

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer"}
_ANY: Schema = {}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": [*values]}


def _object(*required: str, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return schema | ({"required": [*required]} if required else {})


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _said(description: str, schema: Schema) -> Schema:
    return {"description": description} | schema


_CODE = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "examples": ["REQUIRED_FIELD_MISSING"]}
_PLAIN: Mapping[str, Schema] = {
    "AnyObject": _said("Its members are described in the reference.", {"type": "object"}),
    "Texts": _map(_TEXT),
    "Addresses": _list(_TEXT),
    "Values": _said("Values of fields by their names.", _map(_ANY)),
    "Error": _said(
        "What is wrong, in the reader's language, and a code that stays.",
        _object("message", "errorCode", message=_TEXT, errorCode=_CODE, fields=_list(_TEXT)),
    ),
    "Errors": _said("Everything that is wrong, at once.", {**_list(_ref("Error")), "minItems": 1}),
    "RecordError": _object("message", "statusCode", message=_TEXT, statusCode=_CODE, fields=_list(_TEXT)),
    "OAuthError": _object("error", error=_TEXT, error_description=_TEXT),
}
_RECORDS: Mapping[str, Schema] = {
    "RecordAttributes": _object("type", type=_TEXT, url=_TEXT),
    "Record": _said(
        "A record of any object: its fields by their names.", _object("attributes", attributes=_ref("RecordAttributes"))
    ),
    "MaybeRecords": _list({"anyOf": [_ref("Record"), {"type": "null"}]}),
    "WantedRecords": _object("ids", "fields", ids=_list(_TEXT), fields=_list(_TEXT)),
    "SaveResult": _object(
        "success",
        "errors",
        id=_TEXT,
        success=_FLAG,
        errors=_list(_ref("RecordError")),
        created=_FLAG,
        warnings=_list(_ref("RecordError")),
    ),
    "Collection": _object(
        "records",
        allOrNone=_FLAG,
        records={**_list(_object("attributes", attributes=_ref("RecordAttributes"))), "maxItems": 200},
    ),
    "Updated": _object("ids", "latestDateCovered", ids=_list(_TEXT), latestDateCovered=_TEXT),
    "Deleted": _object(
        "deletedRecords",
        deletedRecords=_list(_object("id", "deletedDate", id=_TEXT, deletedDate=_TEXT)),
        earliestDateAvailable=_TEXT,
        latestDateCovered=_TEXT,
    ),
    "Merge": _object(
        "masterRecord",
        "recordToMergeIds",
        masterRecord=_object("Id", Id=_TEXT),
        recordToMergeIds=_list(_TEXT),
        fieldSources=_map(_TEXT),
        fillBlanks=_FLAG,
        reason=_TEXT,
    ),
    "MergeResult": _object(
        "id", "success", id=_TEXT, success=_FLAG, mergedRecordIds=_list(_TEXT), updatedRelatedIds=_list(_TEXT)
    ),
    "Reveal": _object("fields", "reason", fields=_list(_TEXT), reason=_TEXT, verification=_MAYBE),
    "Revealed": _object("id", "status", "values", id=_MAYBE, status=_TEXT, expires=_MAYBE, values=_map(_ANY)),
    "IdentityAnswers": _object("answers", answers=_map(_TEXT)),
    "UiRecordInput": _object("fields", apiName=_TEXT, fields=_map(_ANY), allowSaveOnDuplicate=_FLAG),
    "UiRecord": _object("apiName", "fields", "id", apiName=_TEXT, id=_TEXT, fields=_map(_ANY)),
}
_FOUND: Mapping[str, Schema] = {
    "QueryResult": _said(
        "With `explain` it has `plans` instead, with `columns` the `columnMetadata`.",
        _object(
            totalSize=_COUNT,
            done=_FLAG,
            nextRecordsUrl=_TEXT,
            records=_list(_ref("Record")),
            plans=_list({"type": "object"}),
            columnMetadata=_list({"type": "object"}),
        ),
    ),
    "Search": _object("q", q=_TEXT),
    "SearchResult": _object(
        "searchRecords",
        searchRecords=_list(_ref("Record")),
        metadata=_object(
            entityMetadata=_list(
                _object(
                    "entityName",
                    entityName=_TEXT,
                    fieldMetadata=_list(_object("name", "label", name=_TEXT, label=_TEXT)),
                )
            ),
        ),
    ),
    "ParameterizedSearch": {
        **_object(
            "q",
            **{"in": _one_of("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")},
            q=_TEXT,
            sobjects=_list(_object("name", name=_TEXT, fields=_list(_TEXT), where=_TEXT, orderBy=_TEXT, limit=_COUNT)),
            fields=_list(_TEXT),
            overallLimit=_COUNT,
            defaultLimit=_COUNT,
            spellCorrection=_FLAG,
            snippet=_COUNT,
            metadata=_one_of("LABELS"),
        ),
        "additionalProperties": False,
    },
    "ObjectList": _object(
        "sobjects", encoding=_TEXT, maxBatchSize=_COUNT, sobjects=_list(_object("name", name=_TEXT, label=_TEXT))
    ),
    "ObjectBasics": _object("objectDescribe", objectDescribe=_ref("AnyObject"), recentItems=_list(_ref("Record"))),
    "ObjectDescription": _object(
        "name",
        "fields",
        name=_TEXT,
        label=_TEXT,
        fields=_list(_object("name", "type", name=_TEXT, label=_TEXT, type=_TEXT)),
    ),
    "Limits": _map(_object("Max", "Remaining", Max=_COUNT, Remaining=_COUNT)),
    "EventPage": _object("events", "replayId", "more", events=_list({"type": "object"}), replayId=_TEXT, more=_FLAG),
}
_METHODS = _one_of("GET", "POST", "PUT", "PATCH", "DELETE")
_COMPOSITE: Mapping[str, Schema] = {
    "Subrequest": _object(
        "method",
        "url",
        "referenceId",
        method=_METHODS,
        url=_TEXT,
        referenceId=_TEXT,
        body=_ANY,
        httpHeaders=_map(_TEXT),
    ),
    "SubrequestResult": _object(
        "httpStatusCode", "referenceId", body=_ANY, httpHeaders=_map(_TEXT), httpStatusCode=_COUNT, referenceId=_TEXT
    ),
    "Composite": _object(
        "compositeRequest", allOrNone=_FLAG, collateSubrequests=_FLAG, compositeRequest=_list(_ref("Subrequest"))
    ),
    "CompositeResult": _object("compositeResponse", compositeResponse=_list(_ref("SubrequestResult"))),
    "Batch": _object(
        "batchRequests",
        haltOnBatchError=_FLAG,
        batchRequests=_list(_object("method", "url", method=_METHODS, url=_TEXT, richInput=_ANY)),
    ),
    "BatchResult": _object(
        "hasErrors", "results", hasErrors=_FLAG, results=_list(_object("statusCode", statusCode=_COUNT, result=_ANY))
    ),
    "Graphs": _object(
        "graphs",
        graphs=_list(_object("graphId", "compositeRequest", graphId=_TEXT, compositeRequest=_list(_ref("Subrequest")))),
    ),
    "GraphsResult": _object(
        "graphs",
        graphs=_list(
            _object(
                "graphId",
                "graphResponse",
                "isSuccessful",
                graphId=_TEXT,
                graphResponse=_ref("CompositeResult"),
                isSuccessful=_FLAG,
            )
        ),
    ),
    "Tree": _object(
        "records",
        records=_list(_object("attributes", attributes=_object("type", "referenceId", type=_TEXT, referenceId=_TEXT))),
    ),
    "TreeResult": _object(
        "hasErrors",
        "results",
        hasErrors=_FLAG,
        results=_list(_object("referenceId", "id", referenceId=_TEXT, id=_TEXT)),
    ),
    "TreeFault": _object("referenceId", "errors", referenceId=_TEXT, errors=_list(_ref("RecordError"))),
    "TreeRefusal": {
        "anyOf": [_object("hasErrors", "results", hasErrors=_FLAG, results=_list(_ref("TreeFault"))), _ref("Errors")]
    },
}
_JOB_STATES = ("Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted")
_FILE: Mapping[str, Schema] = {"columnDelimiter": _one_of(*DELIMITERS), "lineEnding": _one_of(*LINE_ENDINGS)}
_BULK: Mapping[str, Schema] = {
    "NewIngestJob": _object(
        "object",
        "operation",
        object=_TEXT,
        operation=_one_of("insert", "update", "upsert", "delete", "hardDelete"),
        externalIdFieldName=_MAYBE,
        contentType=_one_of("CSV"),
        assignmentRuleId=_TEXT,
        **_FILE,
    ),
    "NewQueryJob": _object(
        "operation", "query", operation=_one_of("query", "queryAll"), query=_TEXT, contentType=_one_of("CSV"), **_FILE
    ),
    "Job": _object(
        "id",
        "operation",
        "state",
        id=_TEXT,
        operation=_TEXT,
        object=_MAYBE,
        state=_one_of(*_JOB_STATES),
        contentUrl=_TEXT,
        numberRecordsProcessed=_COUNT,
        numberRecordsFailed=_COUNT,
        errorMessage=_TEXT,
    ),
    "JobList": _object("done", "records", done=_FLAG, records=_list(_ref("Job")), nextRecordsUrl=_MAYBE),
    "JobChange": _object("state", state=_one_of("UploadComplete", "Aborted")),
    "NewImport": _object(
        "object",
        object=_TEXT,
        operation=_TEXT,
        externalIdFieldName=_MAYBE,
        mapping={"type": ["object", "null"]},
        **_FILE,
    ),
    "Import": _object(
        "id", "object", "state", id=_TEXT, object=_TEXT, state=_TEXT, records={"type": ["integer", "null"]}
    ),
    "ImportList": _object("imports", imports=_list(_ref("Import")), next=_MAYBE),
    "ImportChange": _object(mapping={"type": "object"}, action=_one_of("check", "start", "undo", "abort")),
    "Export": {
        **_object(
            "query",
            query=_TEXT,
            format=_one_of("csv", "xlsx", "parquet"),
            includeDeleted=_FLAG,
            purpose=_TEXT,
            channel=_TEXT,
            person=_TEXT,
        ),
        "additionalProperties": False,
    },
    "Receipt": _object(
        "id", "status", "records", id=_TEXT, status=_TEXT, records=_ANY, prospects=_list({"type": "object"})
    ),
}
_FLOW_RESULT = _object(
    "actionName",
    "isSuccess",
    actionName=_TEXT,
    isSuccess=_FLAG,
    errors={"anyOf": [_list(_ref("RecordError")), {"type": "null"}]},
)
_ACTIONS: Mapping[str, Schema] = {
    "ActionRun": _object(contextId=_MAYBE, record=_map(_ANY)),
    "ActionResult": _object("success", id=_MAYBE, ids=_list(_TEXT), success=_FLAG, created=_FLAG, contextId=_MAYBE),
    "FlowInputs": _object("inputs", inputs={**_list(_object(recordId=_TEXT)), "maxItems": 200, "minItems": 1}),
    "FlowResult": _FLOW_RESULT,
    "FlowRefusal": {"anyOf": [_list(_ref("FlowResult")), _ref("Errors")]},
    "ApprovalRequests": _object(
        "requests",
        allOrNone=_FLAG,
        requests={
            **_list(
                _object(
                    "actionType",
                    "contextId",
                    actionType=_one_of("Submit", "Approve", "Reject", "Removed"),
                    contextId=_TEXT,
                    comments=_MAYBE,
                    processDefinitionNameOrId=_MAYBE,
                    contextActorId=_MAYBE,
                    nextApproverIds=_list(_TEXT),
                    skipEntryCriteria=_FLAG,
                )
            ),
            "maxItems": 200,
            "minItems": 1,
        },
    ),
    "ApprovalResult": _object("success", success=_FLAG, entityId=_MAYBE, instanceId=_MAYBE, instanceStatus=_MAYBE),
}
_TOKENS: Mapping[str, Schema] = {
    "TokenRequest": _object(
        "grant_type",
        grant_type=_TEXT,
        client_id=_TEXT,
        client_secret=_TEXT,
        username=_TEXT,
        password=_TEXT,
        code=_TEXT,
        code_verifier=_TEXT,
        redirect_uri=_TEXT,
        refresh_token=_TEXT,
        assertion=_TEXT,
        device_code=_TEXT,
        scope=_TEXT,
    ),
    "Token": _object(
        "access_token",
        "instance_url",
        "token_type",
        access_token=_TEXT,
        instance_url=_TEXT,
        id=_TEXT,
        token_type=_TEXT,
        issued_at=_TEXT,
        scope=_TEXT,
        refresh_token=_TEXT,
        id_token=_TEXT,
        signature=_TEXT,
    ),
    "TokenOnly": _object("token", token=_TEXT, client_id=_TEXT, client_secret=_TEXT),
    "DeviceRequest": _object("client_id", client_id=_TEXT, client_secret=_TEXT, scope=_TEXT),
}

SHAPES: Mapping[str, Any] = {
    **_PLAIN,
    **_RECORDS,
    **_FOUND,
    **_COMPOSITE,
    **_BULK,
    **_ACTIONS,
    **_TOKENS,
}
