"""The line of time where no index finds what is asked for: some of the journal is looked through for each answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from chassis_platform.audit import timeline
from chassis_platform.audit.timeline import TimelineRequest, read_timeline, summary
from chassis_tenants.database import Binding

if TYPE_CHECKING:
    from audit.conftest import Journal


@pytest.fixture(autouse=True)
def little_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "LOOKED_THROUGH", 4)


async def pages(journal: Journal, request: TimelineRequest) -> list[list[str]]:
    """The ids on each page, to the end."""
    found: list[list[str]] = []
    while True:
        page = await read_timeline(journal.database, Binding(journal.tenant.id), request)
        found.append([each["id"] for each in page["lines"]])
        if page["next"] is None:
            return found
        moment, last = page["next"]
        request = replace(request, after=(datetime.fromisoformat(moment), last))


async def test_a_field_is_looked_for_piece_by_piece(journal: Journal) -> None:
    ids = await journal.write(10)

    found = await pages(journal, TimelineRequest(field="Phone", limit=3))

    assert [each for page in found for each in page] == ids[::-1]
    assert max(map(len, found)) == 3


async def test_a_field_that_nobody_read_ends_too(journal: Journal) -> None:
    await journal.write(10)

    found = await pages(journal, TimelineRequest(field="Email"))

    assert found == [[]] * len(found)
    assert len(found) > 2


async def test_what_a_user_saw_says_from_when_on_it_is_told(journal: Journal) -> None:
    ids, user = await journal.write(6), "005000000000000001"
    journal.as_owner(
        'INSERT INTO data."user" (tenant_id, id, name, last_name, username, is_active)'
        " VALUES ({tenant}, %s, 'Reader', 'Reader', 'reader@example.com', true)",
        user,
    )
    journal.as_owner("UPDATE data.access_log SET user_id = %s WHERE tenant_id = {tenant}", user)

    newest = await summary(journal.database, Binding(journal.tenant.id), TimelineRequest(user=user))
    until = datetime.fromisoformat(newest["next"])
    request = TimelineRequest(user=user, end=until)
    older = await summary(journal.database, Binding(journal.tenant.id), request)

    assert [each["times"] for each in newest["lines"]] == [4]
    assert [each["times"] for each in older["lines"]] == [len(ids) - 4 + 1]  # the one at that moment twice
    assert older["next"] is None
