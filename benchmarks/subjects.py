"""What is measured: each subject is a request to Chassis and the same one to the hand-written endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import orjson

from benchmarks import made_up
from benchmarks.environment import API, BATCH, Environment, json_headers
from benchmarks.load import Request

READ_TARGET, SUM_TARGET, LOG_TARGET, WRITE_TARGET = 0.8, 0.9, 0.8, 0.5
#: The aggregate goes over so many opportunities, of which the manager sees half.
SUMMED = 200_000
_PLAIN = (
    "Id,LeadNumber,Company,Province,City,LeadSource,Status,Stage,IntentLevel,ScoreGrade,Score,BudgetMin,BudgetMax,"
    "PurchaseHorizon,NextFollowUpTime,FollowUpCount,Occupation,OwnerId,CreatedDate,LastModifiedDate"
)
_ROW = "Id, LeadNumber, Company, City, Status, Stage, IntentLevel, Score, NextFollowUpTime, OwnerId, CreatedDate"
_LEADS = "FROM Lead WHERE Status = '{}' ORDER BY CreatedDate DESC LIMIT 50"
_DEAL = "Id, Name, StageName, Amount, CloseDate, Account.City, Account.Province"
_SUMS = "SELECT StageName, COUNT(Id) n, SUM(Amount) total FROM Opportunity GROUP BY StageName ORDER BY StageName"
_DEALS = "FROM Opportunity WHERE StageName = '{}' ORDER BY CloseDate LIMIT 50"


@dataclass(frozen=True, slots=True)
class Subject:
    """One line of the table. Both makers take the request's number; `per_request` records go into each."""

    name: str
    title: str
    target: float
    ours: Callable[[int], Request]
    limit: Callable[[int], Request]
    reads: bool = True
    per_request: int = 1


def subjects(environment: Environment) -> list[Subject]:
    """All subjects, in the table's order."""
    return [*_gets(environment), *_lists(environment), *_writes(environment)]


def _gets(environment: Environment) -> list[Subject]:
    headers = _headers(environment)
    leads = environment.records.leads

    def get(path: str) -> Callable[[int], Request]:
        # 7919 is a prime: the requests walk over all the leads instead of the first few.
        return lambda n: Request("GET", path.format(leads[n * 7919 % len(leads)]), headers)

    ours = f"{API}/sobjects/Lead/{{}}?fields="
    personal = f"{_PLAIN},Name,MobilePhone,Email"
    return [
        Subject("get", "get, 20 fields", READ_TARGET, get(ours + _PLAIN), get("/leads/{}")),
        Subject("get_logged", "get, 23 fields, logged", READ_TARGET, get(ours + personal), get("/leads/{}/personal")),
    ]


def list_with(environment: Environment, column: str) -> Callable[[int], Request]:
    """Lists of 50 leads with one more column."""
    return _queries(_headers(environment), f"SELECT {_ROW}, {column} {_LEADS}", made_up.STATUSES)


def _queries(headers: dict[str, str], text: str, values: list[str]) -> Callable[[int], Request]:
    paths = [f"{API}/query?{urlencode({'q': text.format(each)}, quote_via=quote)}" for each in values]
    return lambda n: Request("GET", paths[n % len(paths)], headers)


def _lists(environment: Environment) -> list[Subject]:
    headers = _headers(environment)

    def query(text: str, values: list[str]) -> Callable[[int], Request]:
        return _queries(headers, text, values)

    def by_hand(path: str, values: list[str]) -> Callable[[int], Request]:
        return lambda n: Request("GET", path.format(values[n % len(values)]), headers)

    leads, deals = made_up.STATUSES, made_up.STAGES
    return [
        Subject(
            "list",
            "list of 50",
            READ_TARGET,
            query(f"SELECT {_ROW} {_LEADS}", leads),
            by_hand("/leads?status={}", leads),
        ),
        Subject(
            "list_logged",
            "list of 50, logged",
            READ_TARGET,
            query(f"SELECT {_ROW}, Name, MobilePhone {_LEADS}", leads),
            by_hand("/leads-personal?status={}", leads),
        ),
        Subject(
            "list_parents",
            "list of 50, fields of two parents",
            READ_TARGET,
            query(f"SELECT {_DEAL}, Owner.Name, Owner.Title {_DEALS}", deals),
            by_hand("/opportunities?stage={}", deals),
        ),
        Subject(
            "list_parents_logged",
            "list of 50, two parents, logged",
            READ_TARGET,
            query(f"SELECT {_DEAL}, Account.Name, Account.Phone, Owner.Name, Owner.Title {_DEALS}", deals),
            by_hand("/opportunities-personal?stage={}", deals),
        ),
        Subject(
            "aggregate",
            "aggregate over 100,000 records",
            SUM_TARGET,
            query(_SUMS, [""]),
            by_hand("/opportunities-by-stage", [""]),
        ),
    ]


def _writes(environment: Environment) -> list[Subject]:
    headers = json_headers(environment.people.manager_token)
    accounts, leads = environment.records.accounts, environment.records.leads
    chance = made_up.dice("writes")

    def new(n: int) -> made_up.Payload:
        return made_up.lead(chance, 10**7 + n, accounts[n % len(accounts)])

    new_leads = [orjson.dumps(new(n)) for n in range(2_000)]
    numbers = [range(start * BATCH, (start + 1) * BATCH) for start in range(10)]
    ours_batches = [
        orjson.dumps({"allOrNone": True, "records": [{"attributes": {"type": "Lead"}} | new(n) for n in each]})
        for each in numbers
    ]
    limit_batches = [orjson.dumps({"records": [new(n) for n in each]}) for each in numbers]

    def post(path: str, bodies: list[bytes]) -> Callable[[int], Request]:
        return lambda n: Request("POST", path, headers, bodies[n % len(bodies)])

    # Both sides change the same leads, each to a status of its own choosing: most changes are some, as in life.
    changes = [orjson.dumps(made_up.lead_change(chance, n)) for n in range(4_999)]

    def patch(path: str, first: int) -> Callable[[int], Request]:
        return lambda n: Request(
            "PATCH", path.format(leads[n * 7919 % len(leads)]), headers, changes[(first + n) % len(changes)]
        )

    batches = post(f"{API}/composite/sobjects", ours_batches), post("/leads-batch", limit_batches)
    return [
        Subject(
            "create",
            "create",
            WRITE_TARGET,
            post(f"{API}/sobjects/Lead", new_leads),
            post("/leads", new_leads),
            reads=False,
        ),
        Subject(
            "update",
            "update",
            WRITE_TARGET,
            patch(f"{API}/sobjects/Lead/{{}}", 0),
            patch("/leads/{}", 2_500),
            reads=False,
        ),
        Subject("batch", f"batch of {BATCH}", WRITE_TARGET, *batches, reads=False, per_request=BATCH),
    ]


def _headers(environment: Environment) -> dict[str, str]:
    return {"Authorization": f"Bearer {environment.people.manager_token}"}
