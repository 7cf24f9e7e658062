"""The limit: what a careful engineer writes by hand for these nine requests, with FastAPI and psycopg alone.

The same tables, indexes, rows and JSON as Chassis answers, and the same traces: access log, field history, versions,
stamps, numbers. One statement and one round trip each. It connects as the tables' owner, whom row-level security does
not bind, knows its users by heart, and has no metadata, no permissions, and no other object than these three.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, LiteralString

import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from psycopg import AsyncConnection
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, Field

from chassis_metadata.ids import new_id, new_ids

TENANT = int(os.environ["LIMIT_TENANT"])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and whose records they see: the team's."""

    user_id: str
    session_id: str
    team: list[str]


CALLERS = {token: Caller(**each) for token, each in json.loads(os.environ["LIMIT_CALLERS"]).items()}


class _BytesLoader(Loader):
    def load(self, data: Any) -> bytes:
        return bytes(data)


async def _configure(connection: AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("json", _BytesLoader)


pool = AsyncConnectionPool(
    os.environ["LIMIT_DSN"],
    min_size=2,
    max_size=16,
    open=False,
    kwargs={"autocommit": True, "prepare_threshold": 1},
    configure=_configure,
)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


app = FastAPI(lifespan=_lifespan, docs_url=None, openapi_url=None)


async def _caller(authorization: Annotated[str, Header()]) -> Caller:
    found = CALLERS.get(authorization.removeprefix("Bearer "))
    if found is None:
        raise HTTPException(401)
    return found


Asking = Annotated[Caller, Depends(_caller)]


async def _rows(statement: LiteralString, **parameters: Any) -> list[Any]:
    async with pool.connection() as connection:
        cursor = await connection.execute(statement, {"tenant": TENANT, **parameters})
        return await cursor.fetchall()


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


# -------------------------------------------------------------------------------------------------- one lead

_TIME = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"+0000\"')"
_LEAD_ATTRIBUTES = (
    "(SELECT row_to_json(a) FROM (SELECT 'Lead' AS type,"
    " '/services/data/v66.0/sobjects/Lead/' || l.id AS url) AS a) AS attributes"
)
_LEAD = f"""
    {_LEAD_ATTRIBUTES},
    l.id AS "Id", l.lead_number AS "LeadNumber", l.company AS "Company", l.province AS "Province", l.city AS "City",
    l.lead_source AS "LeadSource", l.status AS "Status", l.stage AS "Stage", l.intent_level AS "IntentLevel",
    l.score_grade AS "ScoreGrade", l.score AS "Score", l.budget_min AS "BudgetMin", l.budget_max AS "BudgetMax",
    l.purchase_horizon AS "PurchaseHorizon", {_TIME.format("l.next_follow_up_time")} AS "NextFollowUpTime",
    l.follow_up_count AS "FollowUpCount", l.occupation AS "Occupation", l.owner_id AS "OwnerId",
    {_TIME.format("l.created_date")} AS "CreatedDate", {_TIME.format("l.last_modified_date")} AS "LastModifiedDate"
"""
_PERSONAL = 'l.name AS "Name", l.mobile_phone AS "MobilePhone", l.email AS "Email"'
_FROM_LEAD = (
    "FROM data.lead AS l WHERE l.tenant_id = %(tenant)s AND l.id = %(id)s AND NOT l.is_deleted"
    " AND l.owner_id = ANY (%(team)s)"
)
_LOGGED = """
    INSERT INTO data.access_log (tenant_id, id, name, user_id, object_name, record_ids, fields, record_count, door,
                                 source_ip, session_id, created_by_id, last_modified_by_id)
    SELECT %(tenant)s, %(entry)s, %(entry)s, %(user)s, {object}, array_agg(DISTINCT {id}), {fields},
           count(DISTINCT {id}), {door}, '127.0.0.1', %(session)s, %(user)s, %(user)s
    FROM found HAVING count({id}) > 0
"""

GET_LEAD = f"SELECT row_to_json(r) FROM (SELECT {_LEAD} {_FROM_LEAD}) AS r"
GET_LEAD_LOGGED = f"""
WITH found AS (SELECT {_LEAD}, {_PERSONAL} {_FROM_LEAD}),
logged AS ({_LOGGED.format(object="'Lead'", id='"Id"', fields="ARRAY['Name', 'MobilePhone', 'Email']", door="'get'")})
SELECT row_to_json(found) FROM found
"""


def _entry(caller: Caller) -> dict[str, str]:
    return {"entry": new_id("0Al"), "user": caller.user_id, "session": caller.session_id}


@app.get("/leads/{lead_id}")
async def get_lead(lead_id: str, caller: Asking) -> Response:
    return _one(await _rows(GET_LEAD, id=lead_id, team=caller.team))


@app.get("/leads/{lead_id}/personal")
async def get_lead_personal(lead_id: str, caller: Asking) -> Response:
    return _one(await _rows(GET_LEAD_LOGGED, id=lead_id, team=caller.team, **_entry(caller)))


def _one(rows: Sequence[tuple[bytes]]) -> Response:
    if not rows:
        raise HTTPException(404)
    return _json(rows[0][0])


# -------------------------------------------------------------------------------------------------- lists

_LEAD_ROW = f"""
    {_LEAD_ATTRIBUTES},
    l.id AS "Id", l.lead_number AS "LeadNumber", l.company AS "Company", l.city AS "City", l.status AS "Status",
    l.stage AS "Stage", l.intent_level AS "IntentLevel", l.score AS "Score",
    {_TIME.format("l.next_follow_up_time")} AS "NextFollowUpTime", l.owner_id AS "OwnerId",
    {_TIME.format("l.created_date")} AS "CreatedDate"
"""
_FROM_LEADS = """
    FROM data.lead AS l
    WHERE l.tenant_id = %(tenant)s AND l.status__lower = %(status)s AND NOT l.is_deleted
      AND l.owner_id = ANY (%(team)s)
    ORDER BY l.created_date DESC, l.id DESC LIMIT 50
"""
_ANSWER = "SELECT count(*), coalesce(json_agg(row_to_json(found)), '[]'::json) FROM found"
LIST_LEADS = f"WITH found AS (SELECT {_LEAD_ROW} {_FROM_LEADS}) {_ANSWER}"
LIST_LEADS_LOGGED = f"""
WITH found AS (SELECT {_LEAD_ROW}, l.name AS "Name", l.mobile_phone AS "MobilePhone" {_FROM_LEADS}),
logged AS ({_LOGGED.format(object="'Lead'", id='"Id"', fields="ARRAY['Name', 'MobilePhone']", door="'query'")})
{_ANSWER}
"""

_DEAL = """
    (SELECT row_to_json(a) FROM (SELECT 'Opportunity' AS type,
     '/services/data/v66.0/sobjects/Opportunity/' || o.id AS url) AS a) AS attributes,
    o.id AS "Id", o.name AS "Name", o.stage_name AS "StageName", o.amount AS "Amount", o.close_date AS "CloseDate",
    CASE WHEN a.id IS NOT NULL THEN (SELECT row_to_json(p) FROM (SELECT
        (SELECT row_to_json(b) FROM (SELECT 'Account' AS type,
         '/services/data/v66.0/sobjects/Account/' || a.id AS url) AS b) AS attributes,
        {account}) AS p) END AS "Account",
    CASE WHEN u.id IS NOT NULL THEN (SELECT row_to_json(p) FROM (SELECT
        (SELECT row_to_json(b) FROM (SELECT 'User' AS type,
         '/services/data/v66.0/sobjects/User/' || u.id AS url) AS b) AS attributes,
        u.name AS "Name", u.title AS "Title") AS p) END AS "Owner"
"""
_ACCOUNT = 'a.city AS "City", a.province AS "Province"'
_FROM_DEALS = """
    FROM (
        SELECT * FROM data.opportunity AS o
        WHERE o.tenant_id = %(tenant)s AND o.stage_name__lower = %(stage)s AND NOT o.is_deleted
          AND o.owner_id = ANY (%(team)s)
        ORDER BY o.close_date, o.id LIMIT 50
    ) AS o
    LEFT JOIN data.account AS a
        ON a.tenant_id = o.tenant_id AND a.id = o.account_id AND NOT a.is_deleted AND a.owner_id = ANY (%(team)s)
    LEFT JOIN data."user" AS u ON u.tenant_id = o.tenant_id AND u.id = o.owner_id AND NOT u.is_deleted
    ORDER BY o.close_date, o.id
"""
LIST_DEALS = f"WITH found AS (SELECT {_DEAL.format(account=_ACCOUNT)} {_FROM_DEALS}) {_ANSWER}"
_SEEN_ACCOUNTS = _LOGGED.format(object="'Account'", id="account_id", fields="ARRAY['Name', 'Phone']", door="'query'")
LIST_DEALS_LOGGED = f"""
WITH found AS (
    SELECT {_DEAL.format(account=_ACCOUNT + ', a.name AS "Name", a.phone AS "Phone"')}, a.id AS account_id
    {_FROM_DEALS}
),
logged AS ({_SEEN_ACCOUNTS})
SELECT count(*), coalesce(json_agg((SELECT row_to_json(r) FROM (SELECT attributes, "Id", "Name", "StageName", "Amount",
    "CloseDate", "Account", "Owner") AS r)), '[]'::json) FROM found
"""


def _listed(rows: Sequence[tuple[int, bytes]]) -> Response:
    count, records = rows[0]
    return _json(b'{"totalSize":%d,"done":true,"records":%b}' % (count, records))


DEALS_BY_STAGE = f"""
WITH found AS (
    SELECT '{{"type":"AggregateResult"}}'::json AS attributes, o.stage_name AS "StageName", count(*) AS n,
           sum(o.amount) AS total
    FROM data.opportunity AS o
    WHERE o.tenant_id = %(tenant)s AND NOT o.is_deleted AND o.owner_id = ANY (%(team)s)
    GROUP BY o.stage_name ORDER BY o.stage_name
)
{_ANSWER}
"""


@app.get("/leads")
async def list_leads(status: str, caller: Asking) -> Response:
    return _listed(await _rows(LIST_LEADS, status=status.lower(), team=caller.team))


@app.get("/leads-personal")
async def list_leads_personal(status: str, caller: Asking) -> Response:
    return _listed(await _rows(LIST_LEADS_LOGGED, status=status.lower(), team=caller.team, **_entry(caller)))


@app.get("/opportunities")
async def list_deals(stage: str, caller: Asking) -> Response:
    return _listed(await _rows(LIST_DEALS, stage=stage.lower(), team=caller.team))


@app.get("/opportunities-personal")
async def list_deals_personal(stage: str, caller: Asking) -> Response:
    return _listed(await _rows(LIST_DEALS_LOGGED, stage=stage.lower(), team=caller.team, **_entry(caller)))


@app.get("/opportunities-by-stage")
async def sum_deals(caller: Asking) -> Response:
    return _listed(await _rows(DEALS_BY_STAGE, team=caller.team))


# -------------------------------------------------------------------------------------------------- writes

Status = Literal[
    "New", "Cleansing", "ToDispatch", "Dispatched", "FollowingUp", "Returned", "Dormant", "Converted", "Lost", "Invalid"
]
Text80 = Annotated[str, Field(max_length=80)]


class NewLead(BaseModel):
    """A lead as it is sent."""

    LastName: Text80
    FirstName: Text80 | None = None
    Company: Annotated[str, Field(max_length=255)] | None = None
    MobilePhone: Annotated[str, Field(max_length=40)] | None = None
    Email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None
    Province: Annotated[str, Field(max_length=40)] | None = None
    City: Annotated[str, Field(max_length=40)] | None = None
    Occupation: Text80 | None = None
    LeadSource: Literal["Website", "App", "MiniProgram", "WalkIn", "PhoneIn", "Referral", "Import", "Other"] = "Other"
    Status: Status = "New"
    IntentLevel: Literal["H", "A", "B", "C"] | None = None
    ScoreGrade: Literal["A", "B", "C"] | None = None
    Score: Decimal | None = None
    BudgetMin: Decimal | None = None
    BudgetMax: Decimal | None = None
    PurchaseHorizon: (
        Literal["Within1Week", "Within1Month", "Within3Months", "Within6Months", "Over6Months", "Undecided"] | None
    ) = None
    NextFollowUpTime: datetime | None = None
    LeadProviderId: Annotated[str, Field(min_length=18, max_length=18)] | None = None
    Description: Annotated[str, Field(max_length=32_000)] | None = None


class NewLeads(BaseModel):
    """Up to 200 leads, all or none."""

    records: Annotated[list[NewLead], Field(max_length=200)]


class LeadChange(BaseModel):
    """What changes of a lead."""

    Status: Status
    Score: Decimal
    NextFollowUpTime: datetime
    Description: Annotated[str, Field(max_length=32_000)]


_CREATE = """
WITH r AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS r (
        id text, history_id text, "LastName" text, "FirstName" text, "Company" text, "MobilePhone" text, "Email" text,
        "Province" text, "City" text, "Occupation" text, "LeadSource" text, "Status" text, "IntentLevel" text,
        "ScoreGrade" text, "Score" numeric, "BudgetMin" numeric, "BudgetMax" numeric, "PurchaseHorizon" text,
        "NextFollowUpTime" timestamptz, "LeadProviderId" text, "Description" text)
),
provider AS (
    SELECT a.id FROM data.account AS a
    WHERE a.tenant_id = %(tenant)s AND a.id = ANY (%(providers)s) AND NOT a.is_deleted AND a.owner_id = ANY (%(team)s)
),
made AS (
    INSERT INTO data.lead (
        tenant_id, id, name, owner_id, record_type_id, created_by_id, last_modified_by_id, lead_number, last_name,
        first_name, company, mobile_phone, email, province, city, occupation, lead_source, status, intent_level,
        score_grade, score, budget_min, budget_max, purchase_horizon, next_follow_up_time, lead_provider_id,
        description, lead_origin, stage, consent_status, is_revived, follow_up48h_met, is_valid, lost_approved,
        trade_in_wanted, is_presale, is_test_driven)
    SELECT %(tenant)s, r.id, concat_ws(' ', r."FirstName", r."LastName"), %(user)s, %(record_type)s, %(user)s, %(user)s,
        'L-' || to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') || nextval('bench.lead_number'), r."LastName",
        r."FirstName", r."Company", r."MobilePhone", r."Email", r."Province", r."City", r."Occupation",
        r."LeadSource", r."Status", r."IntentLevel", r."ScoreGrade", r."Score", r."BudgetMin", r."BudgetMax",
        r."PurchaseHorizon", r."NextFollowUpTime", r."LeadProviderId", r."Description", 'Branch', 'Received',
        'Unknown', false, false, false, false, false, false, false
    FROM r
    WHERE (SELECT count(*) FROM provider) = cardinality(%(providers)s)
    RETURNING id
),
history AS (
    INSERT INTO data.field_history (tenant_id, id, name, user_id, created_by_id, last_modified_by_id, object_name,
                                    record_id, field_name)
    SELECT %(tenant)s, r.history_id, r.history_id, %(user)s, %(user)s, %(user)s, 'Lead', r.id, 'created'
    FROM r JOIN made USING (id)
)
SELECT count(*) FROM made
"""

_UPDATE = """
WITH old AS (
    SELECT l.id, l.status FROM data.lead AS l
    WHERE l.tenant_id = %(tenant)s AND l.id = %(id)s AND NOT l.is_deleted AND l.owner_id = ANY (%(team)s)
    FOR NO KEY UPDATE
),
changed AS (
    UPDATE data.lead AS l
    SET status = %(Status)s, score = %(Score)s, next_follow_up_time = %(NextFollowUpTime)s,
        description = %(Description)s, row_version = l.row_version + 1, last_modified_date = now(),
        system_modstamp = now(), last_modified_by_id = %(user)s
    FROM old
    WHERE l.tenant_id = %(tenant)s AND l.id = old.id
    RETURNING l.id
),
history AS (
    INSERT INTO data.field_history (tenant_id, id, name, user_id, created_by_id, last_modified_by_id, object_name,
                                    record_id, field_name, old_value, new_value)
    SELECT %(tenant)s, %(entry)s, %(entry)s, %(user)s, %(user)s, %(user)s, 'Lead', old.id, 'Status', old.status,
           %(Status)s
    FROM old WHERE old.status IS DISTINCT FROM %(Status)s
)
SELECT count(*) FROM changed
"""

RECORD_TYPE = os.environ["LIMIT_RECORD_TYPE"]


async def _create(leads: Sequence[NewLead], caller: Caller) -> list[str]:
    ids, history_ids = new_ids("00Q", len(leads)), new_ids("017", len(leads))
    rows = [
        {"id": record_id, "history_id": history_id, **each.model_dump()}
        for record_id, history_id, each in zip(ids, history_ids, leads, strict=True)
    ]
    [(made,)] = await _rows(
        _CREATE,
        rows=orjson.dumps(rows, default=str).decode(),
        providers=list({each.LeadProviderId for each in leads if each.LeadProviderId}),
        team=caller.team,
        user=caller.user_id,
        record_type=RECORD_TYPE,
    )
    if made != len(leads):
        raise HTTPException(400, "invalid cross reference id")
    return ids


@app.post("/leads", status_code=201)
async def create_lead(lead: NewLead, caller: Asking) -> Response:
    [made] = await _create([lead], caller)
    return _json(orjson.dumps({"id": made, "success": True, "errors": []}), 201)


@app.post("/leads-batch")
async def create_leads(leads: NewLeads, caller: Asking) -> Response:
    made = await _create(leads.records, caller)
    return _json(orjson.dumps([{"id": each, "success": True, "errors": []} for each in made]))


@app.patch("/leads/{lead_id}")
async def update_lead(lead_id: str, change: LeadChange, caller: Asking) -> Response:
    [(changed,)] = await _rows(
        _UPDATE, **change.model_dump(), id=lead_id, team=caller.team, user=caller.user_id, entry=new_id("017")
    )
    if not changed:
        raise HTTPException(404)
    return Response(status_code=204)


@app.get("/health")
async def health() -> Response:
    return Response("ok")
