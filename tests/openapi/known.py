"""Names, ids and bodies that exist in the dealer's tenant, for calls that are to reach something."""

from __future__ import annotations

from typing import Any

import httpx

from serving import Site

#: What only the neighbour has, what lies in an object that the call centre can't see, and what it sees masked:
#: numbers of a customer who is in no list of ids here, so that nobody may reveal them.
CANARY, HIDDEN, PHONE, IDENTITY = "Zaphod Canary", "Marvin Hidden", "13787654321", "11010519491231002X"
_PHONE = "13912345670"
_DATA = "/services/data/v66.0"


def add_canary(neighbour: Site) -> None:
    """Records of another tenant, which nobody here may ever see."""
    with neighbour.partner("partner") as client:
        _made(client, "sobjects/Account", {"LastName": CANARY})
        _made(client, "sobjects/Lead", _lead(0) | {"LastName": CANARY, "ExternalLeadId": "Known-1"})


def add_hidden(site: Site) -> None:
    """Records of the tenant itself, of which the call centre may see nothing, or not all."""
    with site.partner("admin") as client:
        _made(client, "sobjects/Competitor", {"Name": HIDDEN})
        customer = {"LastName": "Of another", "IdType": "IdCard", "IdNumber": IDENTITY}
        account = _made(client, "sobjects/Account", customer)
        _made(client, "sobjects/Contact", {"LastName": "Of another", "AccountId": account, "MobilePhone": PHONE})


def make_known(site: Site) -> dict[str, list[Any]]:
    """By the name of a parameter, or of a member of a body."""
    with site.partner("partner") as client:
        leads = [_made(client, "sobjects/Lead", _lead(number)) for number in range(12)]
        accounts = [_made(client, "sobjects/Account", {"LastName": f"Account {number}"}) for number in range(3)]
        jobs = _jobs(client)
        names = {
            "view": [each["developerName"] for each in client.get("sobjects/Lead/listviews").json()["listviews"]],
            "quickActions action": [each["name"] for each in client.get("quickActions").json()],
            "sobjects action": [each["name"] for each in client.get("sobjects/Lead/quickActions").json()],
            "functions name": [each["name"] for each in client.get("functions").json()["functions"]],
            "chassis/documents name": [each["name"] for each in client.get("chassis/documents").json()["documents"]],
            "actions/custom/flow name": [each["name"] for each in client.get("actions/custom/flow").json()["actions"]],
        }
    ids = leads + accounts
    return (
        names
        | jobs
        | _queries()
        | _bodies(leads)
        | {"id": leads, "record_id": leads, "ids": [",".join(ids[:5]), ids[0]]}
    )


def _lead(number: int) -> dict[str, Any]:
    return {
        "LastName": f"Lead {number}",
        "MobilePhone": f"1391234{5670 + number}",
        "Company": "Known",
        "LeadSource": "Website",
        "ExternalLeadId": f"Known-{number}",
    }


def _made(client: httpx.Client, path: str, document: dict[str, Any]) -> str:
    answer = client.post(path, json=document)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def _jobs(client: httpx.Client) -> dict[str, list[Any]]:
    """A job of each kind, with content where it takes any. Nobody works on them here."""
    ingest = _made(client, "jobs/ingest", {"object": "Lead", "operation": "insert"})
    answer = client.put(
        f"jobs/ingest/{ingest}/batches", content="LastName\nUploaded\n", headers={"content-type": "text/csv"}
    )
    assert answer.status_code == 201, answer.text
    query = _made(client, "jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    return {"jobs/ingest id": [ingest], "jobs/query id": [query]}


def _queries() -> dict[str, list[Any]]:
    return {
        "q": [
            "SELECT Id, Name FROM Lead",
            "SELECT COUNT() FROM Account",
            "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status",
            "SELECT FIELDS(ALL) FROM Lead LIMIT 5",
            "SELECT Name, (SELECT Name FROM Contacts) FROM Account",
            f"SELECT Id FROM Lead WHERE MobilePhone = '{_PHONE}'",  # noqa: S608
            "FIND {Lead} IN ALL FIELDS RETURNING Lead(Id, Name)",
            "SELECT FIELDS(ALL) FROM Competitor LIMIT 5",
            "SELECT FIELDS(ALL) FROM Contact LIMIT 5",
            "SELECT Name, IdNumber, (SELECT MobilePhone FROM Contacts) FROM Account",
            "FIND {Marvin OR Zaphod OR another} IN ALL FIELDS RETURNING Account(Id, IdNumber), Competitor(Id, Name)",
            f"FIND {{another OR {PHONE}}} IN ALL FIELDS RETURNING Contact(Id, MobilePhone)",
            "Lead",
        ],
        "explain": ["SELECT Id FROM Lead WHERE Name = 'a'"],
        "query": ["SELECT Id, Name FROM Lead"],
        "object": ["Lead", "Lead", "lead", "Account", "Competitor"],
        "apiName": ["Lead"],
        "sobject": ["Lead"],
        "objects": ["Lead", "Lead,Account", ""],
        "sobjects": [[{"name": "Lead"}]],
        "field": ["ExternalLeadId", "ExternalLeadId", "Id", "Name"],
        "value": ["Known-1", "Known-2", "Known-3", "Owner"],
        "fields": ["Id", "Id,Name", "Name,OwnerId,MobilePhone"],
        "ui-api/records fields": ["Lead.Name", "Lead.MobilePhone,Lead.Owner.Name"],
        "record_type": ["012000000000000AAA"],
        "start": ["2026-11-01T00:00:00Z"],
        "end": ["2026-11-22T23:00:00+08:00"],
        "locator": ["null", "0"],
        "after": ["-1", "-2"],
    }


def _bodies(leads: list[str]) -> dict[str, list[Any]]:
    lead = {"attributes": {"type": "Lead"}, "Id": leads[0], "Company": "Changed"}
    url = f"{_DATA}/sobjects/Lead/{leads[1]}"
    return {
        "LastName": ["Made up"],
        "Company": ["Made up"],
        "MobilePhone": [_PHONE],
        "LeadSource": ["Website", "App"],
        "operation": ["insert", "upsert", "query", "delete"],
        "externalIdFieldName": ["ExternalLeadId"],
        "records": [[lead], [_lead(50) | {"attributes": {"type": "Lead", "referenceId": "first"}}]],
        "compositeRequest": [
            [
                {"method": "GET", "url": url, "referenceId": "read"},
                {"method": "PATCH", "url": url, "referenceId": "changed", "body": {"Company": "@{read.LastName}"}},
            ]
        ],
        "batchRequests": [[{"method": "GET", "url": "v66.0/limits"}, {"method": "GET", "url": url}]],
        "inputs": [[{"recordId": leads[2]}]],
        "contextId": [leads[3]],
        "recordId": [leads[4]],
        "state": ["UploadComplete", "Aborted"],
    }


def make_bodies(known: dict[str, list[Any]]) -> dict[str, Any]:
    """Whole bodies by the operation's name."""
    leads, new = known["id"], _lead(60)
    record = {"attributes": {"type": "Lead"}} | new
    return {
        "createLead": new,
        "createRecord": new,
        "updateLead": {"Company": "Changed"},
        "updateRecord": {"Description": "Changed"},
        "upsertLeadByExternalLeadId": {name: value for name, value in new.items() if name != "ExternalLeadId"},
        "createRecords": {"records": [record]},
        "upsertRecords": {"records": [record]},
        "getRecordsByPost": {"ids": leads, "fields": ["Id", "Name", "MobilePhone"]},
        "createTree": {"records": [record | {"attributes": {"type": "Lead", "referenceId": "first"}}]},
        "mergeRecords": {"masterRecord": {"Id": leads[5]}, "recordToMergeIds": [leads[6]]},
        "revealValues": {"fields": ["MobilePhone"], "reason": "Because"},
        "search": {"q": "FIND {Lead} IN ALL FIELDS RETURNING Lead(Id, Name, MobilePhone)"},
        "searchByPost": {"q": "FIND {139} IN PHONE FIELDS RETURNING Lead(Id, Name, MobilePhone)"},
        "createIngestJob": {"object": "Lead", "operation": "insert"},
        "createQueryJob": {"operation": "query", "query": "SELECT Id, MobilePhone FROM Lead"},
        "createImport": {"object": "Lead", "operation": "insert"},
        "exportQuery": {"query": "SELECT Id, MobilePhone FROM Lead", "format": "csv"},
        "createUiRecord": {"apiName": "Lead", "fields": new},
        "updateUiRecord": {"fields": {"Description": "Changed"}},
    }
