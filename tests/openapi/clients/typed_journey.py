"""What a program does with the generated client: it creates a lead, reads it, changes it, and queries."""

from __future__ import annotations

import json
import os

from chassis_client import AuthenticatedClient
from chassis_client.api.lead import create_lead, delete_lead, get_lead, update_lead
from chassis_client.api.queries_and_searches import query
from chassis_client.models import LeadCreate, LeadLeadSourceValue, LeadRecord, LeadUpdate, QueryResult, SaveResult

client = AuthenticatedClient(os.environ["CHASSIS_URL"], os.environ["CHASSIS_TOKEN"], timeout=30)
with client as client:
    new = LeadCreate(
        last_name="欧阳", company="Typed", mobile_phone="13912345678", lead_source=LeadLeadSourceValue.WEBSITE
    )
    made = create_lead.sync(client=client, body=new)
    assert isinstance(made, SaveResult), made
    refused = create_lead.sync(client=client, body=LeadCreate(last_name="Too long" * 99))
    changed = update_lead.sync_detailed(made.id, client=client, body=LeadUpdate(company="Changed"))
    read = get_lead.sync(made.id, client=client)
    assert isinstance(read, LeadRecord), read
    found = query.sync(client=client, q=f"SELECT Id, LastName FROM Lead WHERE Id = '{made.id}'")  # noqa: S608
    assert isinstance(found, QueryResult), found
    gone = delete_lead.sync_detailed(made.id, client=client)

print(  # noqa: T201  the test reads it
    json.dumps(
        {
            "success": made.success,
            "refused": [each.error_code for each in refused],
            "changed": changed.status_code,
            "read": [read.last_name, read.company, read.lead_source.value, type(read.created_date).__name__],
            "found": [each["LastName"] for each in found.records],
            "deleted": gone.status_code,
        }
    )
)
