"""Calls that Schemathesis makes up: no fault of the server, nothing that the document does not tell, no leak.

The gate makes a few hundred. `CHASSIS_SCHEMATHESIS=10000 pytest tests/openapi/test_random_calls.py` makes that many.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from openapi.conftest import document_of
from openapi.known import CANARY, HIDDEN, IDENTITY, PHONE, add_canary, add_hidden, make_bodies, make_known
from openapi.random_calls import Run
from serving import Site

CALLS = int(os.environ.get("CHASSIS_SCHEMATHESIS", "300"))
USERS = ("partner", "agent")


@pytest.fixture(scope="module")
def known(site: Site, neighbour: Site) -> dict[str, list[Any]]:
    add_canary(neighbour)
    add_hidden(site)
    return make_known(site)


@pytest.mark.parametrize("user", USERS)
def test_every_answer_is_as_the_document_says_and_tells_no_secret(
    site: Site, known: dict[str, list[Any]], user: str
) -> None:
    with site.partner(user) as client:
        document = document_of(client, objects="Lead")
    secrets = (CANARY, HIDDEN, IDENTITY, PHONE) if user == "agent" else (CANARY,)
    run = Run(site.url, site.token(user), known, make_bodies(known), secrets)
    run.make(document, CALLS // len(USERS))
    assert not run.faults, "\n".join(f"{fault}\n  {how}" for fault, how in run.faults.items())
    assert run.statuses[200] > sum(run.statuses.values()) // 5


@pytest.mark.usefixtures("known")
def test_the_call_centre_sees_the_records_whose_values_are_masked(site: Site) -> None:
    queries = {
        "SELECT MobilePhone FROM Contact WHERE LastName = 'Of another'": ("MobilePhone", "137****4321"),
        "SELECT IdNumber FROM Account WHERE IdType = 'IdCard'": ("IdNumber", "110***********002X"),
    }
    with site.partner("agent") as client:
        for query, (field, shown) in queries.items():
            rows = client.get("query", params={"q": query}).json()["records"]
            assert {row[field] for row in rows} - {None} == {shown}
