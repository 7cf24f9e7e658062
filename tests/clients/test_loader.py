"""Singer's tap-salesforce, unmodified: what a data warehouse is filled with."""

from __future__ import annotations

from typing import Any

import pytest

from clients.conftest import Clients
from connected_app import make_app
from serving import Site


@pytest.fixture(scope="module")
def told(site: Site, clients: Clients) -> Any:
    with site.partner("partner") as partner:
        for number in range(3):
            lead = {"LastName": f"Loaded {number}", "MobilePhone": f"+1393555300{number}"}
            assert partner.post("sobjects/Lead", json=lead).status_code == 201
    app = make_app(site, label="Warehouse", scopes=["api", "refresh_token"])
    given = {
        "CHASSIS_CLIENT": app.client_id,
        "CHASSIS_SECRET": str(app.client_secret),
        "CHASSIS_REFRESH_TOKEN": app.tokens("partner")["refresh_token"],
    }
    return clients.python("loader_journey.py", given)


def test_every_object_is_discovered(told: Any, site: Site) -> None:
    with site.partner("partner") as partner:
        objects = {each["name"] for each in partner.get("sobjects").json()["sobjects"]}
    assert {"Lead", "Account", "User"} <= set(told["streams"]) <= objects
    assert len(told["streams"]) > 0.9 * len(objects)


def test_chosen_objects_are_read_and_it_is_noted_how_far(told: Any, site: Site) -> None:
    assert told["records"] == {"Lead": 3, "User": len(site.users)}
    assert told["names"] == ["Loaded 0", "Loaded 1"]
    assert told["bookmarks"] == ["Lead", "User"]


def test_the_next_refresh_token_is_kept(told: Any) -> None:
    assert told["is_renewed"]
