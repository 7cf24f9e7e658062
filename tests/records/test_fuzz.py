"""Whatever is sent: it is stored, or told to be wrong; never anything but a ChassisError."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.records.write import write_records
from chassis_tenants.database import Database

FIELDS = [
    "Name",
    "Code",
    "SerialNumber",
    "Region",
    "Services",
    "OpenedOn",
    "LastAudit",
    "OpensAt",
    "Rating",
    "Budget",
    "Margin",
    "IsActive",
    "Email",
    "Phone",
    "Website",
    "Notes",
    "Story",
    "TaxNumber",
    "WorkshopNumber",
    "Address",
    "AddressCity",
    "PlaceLatitude",
    "Place",
    "ParentWorkshopId",
    "ParentWorkshop",
    "ForemanId",
    "Foreman",
    "OwnerId",
    "Owner",
    "RecordTypeId",
    "RecordType",
    "Id",
    "CreatedDate",
    "attributes",
    "IsDeleted",
    "nonsense",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)
TEXTS = [
    "2026-11-22",
    "2026-11-22T08:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "08:00",
    "North",
    "Repair;Paint",
    "a@b.example",
    "https://x.example",
    "1e30",
    "-0",
    "gW1000000000000AAA",
    "005000000000000AAA",
]
OBJECTS = [{"Code": "a"}, {"Username": "admin"}, {"Code": None}, {"Code": {"a": 1}}, {"attributes": {"type": "User"}}]
LIKELY = st.sampled_from([*TEXTS, *OBJECTS, 10**30, -(10**17), 0.1, True])
PAYLOADS = st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON | LIKELY, max_size=8) | JSON, min_size=1, max_size=4)
_codes = itertools.count()


@pytest.mark.parametrize("operation", ["insert", "update", "upsert", "delete", "undelete"])
@given(payloads=PAYLOADS)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_every_payload_is_answered(
    operation: Any, payloads: list[Any], database: Database, ann: Context, answer: Any
) -> None:
    key = "Code" if operation == "upsert" else None
    usable = [
        {"Name": "f", "Code": f"fuzz{next(_codes)}", **each}
        if isinstance(each, dict) and operation == "insert"
        else each
        for each in payloads
    ]
    try:
        results = answer(write_records(database, ann, "Workshop", operation, usable, external_id_field=key))
    except ChassisError:
        return

    assert len(results) == len(payloads)
    assert all(result.success != bool(result.problems) for result in results)
