"""The parameters, headers, refusals and ways to sign in that OpenAPI's document has in every tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_platform.access.scopes import SCOPES
from chassis_platform.api.openapi_fields import Schema

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}


def _header(description: str, *, example: str | None = None) -> Schema:
    return {"in": "header", "description": description, "schema": _TEXT | ({"examples": [example]} if example else {})}


def _asked(description: str, schema: Schema = _TEXT, **more: Any) -> Schema:
    return {"in": "query", "description": description, "schema": schema, **more}


def _choice(description: str, *values: str) -> Schema:
    return _asked(description, {"type": "string", "enum": [*values]})


#: By the name in the document; what stands before a dot in it is the parameter's own, but for those in an address.
_QUERY: Mapping[str, Schema] = {
    "q.soql": _asked("A query, such as SELECT Id, Name FROM Account", name="q"),
    "q.sosl": _asked("A search, such as FIND {Joe} IN NAME FIELDS RETURNING Lead", name="q", required=True),
    "q.words": _asked("The words to look for", name="q", required=True),
    "in": _choice("Where to look", "ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"),
    "sobject": _asked("An object to look in"),
    "explain": _asked("A query whose way to the records is asked for, instead of q"),
    "columns": _asked("Answer the query's columns alone", _FLAG),
    "fields": _asked("Only these fields, comma-separated"),
    "updateOnly": _asked("Only change: 404 where there is no such record", _FLAG),
    "ui.fields": _asked("Fields with their object, as Lead.Name, comma-separated", name="fields"),
    "optionalFields": _asked("The same; unknown ones are left out"),
    "layoutTypes": _choice("The fields of layouts", "Full", "Compact"),
    "layoutType": _choice("Which layout", "Full", "Compact"),
    "mode": _choice("What it is for", "View", "Edit", "Create"),
    "recordTypeId": _asked("For records of that type"),
    "ids": _asked("Ids of records, comma-separated", required=True),
    "allOrNone": _asked("All or none", _FLAG),
    "start": _asked("A moment", {"type": "string", "format": "date-time"}, required=True),
    "end": _asked("A moment after it", {"type": "string", "format": "date-time"}, required=True),
    "limit": _asked("At most so many", {"type": "integer", "minimum": 1}),
    "offset": _asked("Leave out so many", _NUMBER),
    "objects": _asked("Only of these objects, comma-separated"),
    "object": _asked("Only of this object"),
    "wait": _asked(
        "So many seconds may pass until there is something", {"type": "integer", "minimum": 0, "maximum": 60}
    ),
    "after": _asked("Go on behind this one"),
    "after.event": _asked("A replay id; -1: from now on, -2: all that is kept", name="after"),
    "queryLocator": _asked("Go on there"),
    "locator": _asked("The locator of the answer before"),
    "maxRecords": _asked("At most so many", {"type": "integer", "minimum": 1}),
    "phase": _choice("Which one", "check", "write", "undo"),
    "batch": _asked("From this batch on", _NUMBER),
    "value": _asked("The value", required=True),
    "sObjects": _asked("Names of objects, with commas between; all where none is named"),
    "token": _asked("The token"),
    "response_type": _choice("What comes back", "code"),
    "client_id": _asked("The app"),
    "redirect_uri": _asked("Where to go back to"),
    "scope": _asked("What the app wants to do, with blanks between"),
    "state": _asked("Comes back as it is"),
    "code_challenge": _asked("Of PKCE"),
    "code_challenge_method": _choice("Of PKCE", "S256"),
}
_HEADERS: Mapping[str, Schema] = {
    "If-Match": _header("Only if the record has this version", example='"3"'),
    "If-None-Match": _header("Only if it is another than this", example='"3"'),
    "If-Modified-Since": _header("Only if it changed since", example="Sun, 22 Nov 2026 08:00:00 GMT"),
    "If-Unmodified-Since": _header("Only if it has not changed since", example="Sun, 22 Nov 2026 08:00:00 GMT"),
    "Idempotency-Key": _header("A new UUID for each new request: sent again, it is answered again, not done again"),
    "Sforce-Duplicate-Rule-Header": _header("What to do about duplicates", example="allowSave=true"),
    "Sforce-Auto-Assign": _header("Whether assignment rules run, or which one does", example="FALSE"),
    "Sforce-Query-Options": _header("How many records a batch has, 200 to 2,000", example="batchSize=500"),
    "Last-Event-ID": _header("The replay id to go on behind"),
}
_IN_ADDRESSES: Mapping[str, str] = {
    "object": "An object's name",
    "id": "An id, of 15 or 18 letters",
    "record_id": "A record's id",
    "ids": "Records' ids with commas between, at most 200",
    "field": "An external id's field, or a record's id",
    "value": "The external id, or a relationship's name",
    "record_type": "A record type's id",
    "name": "Its name",
    "view": "A list view's id or name",
    "action": "An action's name",
    "context": "The id of the record that it starts from",
    "check": "An identity check's name",
    "locator": "What nextRecordsUrl ends with",
    "rule": "A rule's id",
    "mapping": "A mapping's name",
    "organization": "The organization's id",
    "user": "The user's id",
}
PARAMETERS: Mapping[str, Schema] = {
    **{name: {"name": name, **each} for name, each in (*_QUERY.items(), *_HEADERS.items())},
    **{
        f"path.{name}": {"name": name, "in": "path", "required": True, "description": said, "schema": _TEXT}
        for name, said in _IN_ADDRESSES.items()
    },
}
HEADERS: Mapping[str, Schema] = {
    name: {"description": said, "schema": _TEXT}
    for name, said in {
        "ETag": "The version, for If-Match and If-None-Match",
        "Last-Modified": "Since when it is so, where that is known",
        "Location": "Where it is",
        "Sforce-Locator": "Of the next set of results; `null` where there is none",
        "Sforce-NumberOfRecords": "How many records this set has",
    }.items()
}
_REFUSALS: Mapping[int, str] = {
    307: "The record was merged into another: where that is",
    400: "Something is wrong with the request",
    401: "There is no session, or it ended",
    403: "The user may not do this, or a limit is reached",
    404: "There is no such thing for this user",
    405: "Not with this method",
    409: "Something else is in the way",
    412: "A condition does not hold",
    413: "The body is too large",
    415: "The body's encoding is not known",
    422: "The Idempotency-Key was used for another request",
    429: "Too many requests: come again after Retry-After seconds",
    503: "Not right now: try again",
}
RESPONSES: Mapping[str, Schema] = {
    str(status): {
        "description": said,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
    }
    for status, said in _REFUSALS.items()
}


def security_schemes(site: str) -> dict[str, Schema]:
    """How to sign in; `site` is the address of the server."""
    token = f"{site}/services/oauth2/token"
    scopes = dict.fromkeys(SCOPES, "")
    flows = {
        "authorizationCode": {
            "authorizationUrl": f"{site}/services/oauth2/authorize",
            "tokenUrl": token,
            "refreshUrl": token,
            "scopes": scopes,
        },
        "clientCredentials": {"tokenUrl": token, "scopes": scopes},
        "password": {"tokenUrl": token, "scopes": scopes},
    }
    return {
        "oauth": {"type": "oauth2", "description": "A connected app", "flows": flows},
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token that you have"},
        "client": {"type": "http", "scheme": "basic", "description": "A connected app's id and secret"},
        "inboundKey": {"type": "http", "scheme": "bearer", "description": "A key of Setup's page Inbound keys"},
    }
