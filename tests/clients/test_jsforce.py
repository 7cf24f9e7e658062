"""jsforce, unmodified: the journey of a program in Node."""

from __future__ import annotations

from typing import Any

import pytest

from clients.conftest import Clients
from serving import Site
from soap import switch_soap


@pytest.fixture(scope="module")
def told(clients: Clients) -> Any:
    switch_soap(clients.site, on=True)
    return clients.node("jsforce_journey.mjs")


def test_it_learns_who_it_is_and_what_there_is(told: Any, site: Site) -> None:
    assert told["identity"] == site.username("partner")
    assert {"Lead", "Account", "Vehicle"} <= set(told["objects"])
    assert {"Id", "LastName", "OwnerId", "SystemModstamp"} <= set(told["fields"])
    assert told["usage"] == 1_000_000


def test_it_creates_reads_updates_and_upserts(told: Any) -> None:
    assert told["read"] == ["Lead", "欧阳", True]
    assert told["upserted"] == [True, False]


def test_it_fetches_all_pages(told: Any) -> None:
    assert told["fetched"] == [450, 450, "Many 449"]
    assert told["found"] == ["Many 449", "Many 448"]


def test_it_works_with_collections_and_composites(told: Any) -> None:
    assert (told["created"], told["retrieved"], told["updated"]) == (450, 300, 300)
    assert told["composite"] == [201, 200, "Comp"]


def test_it_loads_and_exports_in_bulk(told: Any) -> None:
    loaded, errors = told["loaded"]
    assert (loaded, len(errors)) == (50, 1)
    assert errors[0].startswith("REQUIRED_FIELD_MISSING:")
    assert told["exported"] == ["Bulk 000", "Bulk 001"]
    assert told["removed"] == 450


def test_it_knows_errors_by_their_codes(told: Any) -> None:
    assert told["errors"] == ["REQUIRED_FIELD_MISSING", "INVALID_FIELD", "ENTITY_IS_DELETED"]


def test_it_signs_in_by_oauth_and_by_soap(told: Any, site: Site) -> None:
    assert (told["signedIn"], told["soap"]) == (True, site.username("partner"))
