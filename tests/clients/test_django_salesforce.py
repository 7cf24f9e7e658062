"""django-salesforce, unmodified: models over the tenant's objects."""

from __future__ import annotations

from typing import Any

import pytest

from clients.conftest import Clients
from serving import Site


@pytest.fixture(scope="module")
def told(clients: Clients) -> Any:
    return clients.python("django_journey.py")


def test_a_model_is_saved_read_filtered_and_deleted(told: Any, site: Site) -> None:
    assert told["read"] == ["Django 1", site.username("partner")]
    assert told["filtered"] == ["Django 2"]
    assert told["related"]
    assert told["left"] == 0


def test_many_are_created_counted_updated_and_deleted_at_once(told: Any) -> None:
    assert (told["created"], told["counted"], told["among"]) == (250, 250, 250)
    assert told["listed"] == ["Fleet 000", "Fleet 001"]
    assert (told["updated"], told["removed"]) == (100, 50)


def test_models_are_made_from_what_the_tenant_has(told: Any) -> None:
    assert told["tables"] > 100
    assert "class Lead(models.Model):" in told["models"]
    assert "current_owner = models.ForeignKey('Account'" in told["models"]
    assert "class Vehicle(models.Model):" in told["models"]
