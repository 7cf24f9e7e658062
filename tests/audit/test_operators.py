"""What operators do is noted before they do it, in a chain of its own that shows every change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from chassis_platform.audit.keys import trusted_keys
from chassis_platform.audit.operators import noted, read_acts, verify_acts

if TYPE_CHECKING:
    from pathlib import Path

    from chassis_tenants.bootstrap import DatabaseUrls


@pytest.fixture
def acts(own_urls: DatabaseUrls, tmp_path: Path) -> DatabaseUrls:
    """A chain of six lines: two acts that were done, one that failed."""
    with noted(own_urls.owner, tmp_path, "create_tenant", "acme"):
        pass
    with noted(own_urls.owner, tmp_path, "suspend_tenant", "acme", reason="unpaid"):
        pass
    with pytest.raises(ValueError, match="no"), noted(own_urls.owner, tmp_path, "erase_tenant", "acme"):
        raise ValueError("no")
    return own_urls


def findings(urls: DatabaseUrls, home: Path, head: str | None = None) -> list[str]:
    with psycopg.connect(urls.owner) as connection:
        return verify_acts(connection, trusted_keys(home), head=head)[0]


def test_an_act_is_there_before_it_begins_and_says_how_it_ended(acts: DatabaseUrls, tmp_path: Path) -> None:
    with psycopg.connect(acts.server) as connection:
        found = [(each["act"], each["target"], each["state"]) for each in reversed(read_acts(connection))]

    assert found == [
        ("create_tenant", "acme", "begun"),
        ("create_tenant", "acme", "done"),
        ("suspend_tenant", "acme", "begun"),
        ("suspend_tenant", "acme", "done"),
        ("erase_tenant", "acme", "begun"),
        ("erase_tenant", "acme", "failed"),
    ]
    assert findings(acts, tmp_path) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE chassis.operator_act SET entry = replace(entry, 'unpaid', 'asked') WHERE sequence = 3", "act 3"),
        ("DELETE FROM chassis.operator_act WHERE sequence = 2", "act 2: it is missing"),
        ("UPDATE chassis.operator_act SET sequence = sequence + 100 WHERE sequence > 4", "act 5: it is missing"),
        ("DELETE FROM chassis.operator_act WHERE sequence > 4", "cut off"),
    ],
)
def test_whatever_is_changed_is_found(acts: DatabaseUrls, tmp_path: Path, change: str, found: str) -> None:
    with psycopg.connect(acts.owner) as connection:
        _, head = verify_acts(connection, trusted_keys(tmp_path))
        connection.execute(change)

    assert any(found in each for each in findings(acts, tmp_path, head))


def test_an_act_that_cannot_be_noted_is_not_done(acts: DatabaseUrls, tmp_path: Path) -> None:
    done = []
    with psycopg.connect(acts.owner) as connection:
        connection.execute("ALTER TABLE chassis.operator_act RENAME TO elsewhere")

    with pytest.raises(psycopg.Error), noted(acts.owner, tmp_path, "erase_tenant", "acme"):
        done.append(True)

    assert done == []
