"""Made-up records, the same in every run: what is measured is written with them, and before that read from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

SEED = 20_260_101
CITIES = [("Shanghai", "Shanghai"), ("Guangdong", "Shenzhen"), ("Zhejiang", "Hangzhou"), ("Sichuan", "Chengdu")]
STATUSES = ["New", "Cleansing", "ToDispatch", "Dispatched", "FollowingUp"]
STAGES = ["Qualification", "NeedsAnalysis", "Solution", "Quotation", "Negotiation"]
SOURCES = ["Website", "App", "MiniProgram", "WalkIn", "PhoneIn", "Referral"]
HORIZONS = ["Within1Week", "Within1Month", "Within3Months", "Over6Months", "Undecided"]
FAMILY = ["Li", "Wang", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Smith", "Garcia", "Novak", "Silva"]
GIVEN = ["Wei", "Fang", "Na", "Min", "Jing", "Lei", "Tao", "Ana", "Jan", "Eva", "Tom", "Mia"]
_FIRST_DAY = datetime(2026, 1, 1, 8, tzinfo=UTC)

Payload = dict[str, Any]


def dice(kind: str) -> random.Random:
    """Chance that repeats itself, apart for each kind of record."""
    return random.Random(f"{SEED}{kind}")  # noqa: S311  no secret


def phone(number: int) -> str:
    """A mobile number that nobody else has."""
    return f"+86138{number:08d}"


def moment(chance: random.Random) -> str:
    """A moment of the year's first three quarters."""
    return (_FIRST_DAY + timedelta(minutes=chance.randrange(380_000))).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def account(chance: random.Random, number: int) -> Payload:
    """A customer."""
    province, city = chance.choice(CITIES)
    last = chance.choice(FAMILY)
    return {
        "Name": f"{last} Trading {number}",
        "AccountNumber": f"A{number:07d}",
        "Phone": phone(number),
        "Province": province,
        "City": city,
        "Occupation": "Merchant",
        "CustomerSource": "Website",
    }


def lead(chance: random.Random, number: int, account_id: str) -> Payload:
    """Somebody who may buy, brought by an account."""
    province, city = chance.choice(CITIES)
    return {
        "LastName": chance.choice(FAMILY),
        "FirstName": chance.choice(GIVEN),
        "Company": f"{chance.choice(FAMILY)} Logistics {number % 997}",
        "MobilePhone": phone(number),
        "Email": f"lead{number}@example.com",
        "Province": province,
        "City": city,
        "Occupation": "Driver",
        "LeadSource": chance.choice(SOURCES),
        "Status": chance.choice(STATUSES),
        "IntentLevel": chance.choice("HABC"),
        "ScoreGrade": chance.choice("ABC"),
        "Score": chance.randrange(100),
        "BudgetMin": chance.randrange(10, 20) * 10_000,
        "BudgetMax": chance.randrange(20, 60) * 10_000,
        "PurchaseHorizon": chance.choice(HORIZONS),
        "NextFollowUpTime": moment(chance),
        "LeadProviderId": account_id,
        "Description": "Called twice; wants to see the long-range version at the weekend.",
    }


def lead_change(chance: random.Random, number: int) -> Payload:
    """What somebody notes after a call: the status is tracked by the field history."""
    return {
        "Status": chance.choice(STATUSES),
        "Score": chance.randrange(100),
        "NextFollowUpTime": f"2026-11-{number % 28 + 1:02d}T09:30:00.000+0000",
        "Description": f"Call number {number}: asked for an offer with trade-in.",
    }


def opportunity(chance: random.Random, number: int, account_id: str) -> Payload:
    """A deal with an account."""
    return {
        "Name": f"Deal {number}",
        "AccountId": account_id,
        "StageName": chance.choice(STAGES),
        "Amount": chance.randrange(15, 90) * 10_000,
        "Probability": chance.randrange(10, 90),
        "CloseDate": moment(chance)[:10],
    }


def owned(record: Payload, owners: Sequence[str], number: int) -> Payload:
    """The record in somebody's hands."""
    return record | {"OwnerId": owners[number % len(owners)]}
