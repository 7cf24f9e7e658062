"""The garage's people, and what each of them is told of changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chassis_platform.access.context import Context
from chassis_platform.automation.events.subscription import next_page, starting_point
from chassis_tenants.database import Database
from records.conftest import admin, ann, ben, counted, people, rows  # noqa: F401  fixtures

VERSION = "66.0"


@dataclass
class Subscriber:
    """Somebody who follows the stream; `objects` names what of it."""

    database: Database
    context: Context
    replay_id: str
    objects: tuple[str, ...] = ()

    async def news(self, most: int = 200) -> list[dict[str, Any]]:
        """All events since the last look, as documents."""
        found: list[dict[str, Any]] = []
        more = True
        while more:
            page = await next_page(
                self.database, self.context, self.replay_id, objects=self.objects, most=most, version=VERSION
            )
            found += [each.document for each in page.events]
            self.replay_id, more = page.replay_id, page.more
        return found

    async def changes(self, most: int = 200) -> list[tuple[str, list[str]]]:
        """The same, as (type, record ids)."""
        return [(each["changeType"], each["recordIds"]) for each in map(_header, await self.news(most))]


def _header(event: dict[str, Any]) -> dict[str, Any]:
    header: dict[str, Any] = event["ChangeEventHeader"]
    return header


Follow = Callable[..., Awaitable[Subscriber]]


@pytest.fixture
def follow(database: Database) -> Follow:
    """A function: somebody begins to follow the stream, from now on or from another replay id."""

    async def begin(context: Context, replay_id: str = "-1", objects: tuple[str, ...] = ()) -> Subscriber:
        return Subscriber(database, context, await starting_point(database, context, replay_id), objects)

    return begin
