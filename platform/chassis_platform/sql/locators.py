"""Query locators: where the next batch of a query goes on, kept so that any process can go on with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from chassis_platform import clock
from chassis_tenants.seal_marks import holds_marks, text_in_sql, to_seal
from chassis_tenants.statement import Statement

#: The worker removes them after this time.
LIFETIME = timedelta(hours=12)
#: Wraps the statement that counts; its total is cut by the query's own offset and limit.
_KEEP = """
INSERT INTO chassis.query_locator
    (tenant_id, id, user_id, query, include_deleted, position, after, total, batch_size, created_at)
SELECT %(tenant_id)s, %(locator_id)s, %(user_id)s, %(query_text)s, %(include_deleted)s, %(position)s,
       %(after_key)s::jsonb, least(greatest(counted.total - %(skipped)s, 0), %(most)s), %(batch)s,
       %(asked_at)s
FROM ({count}) AS counted (total)
RETURNING total
"""
_KNOWN_TOTAL = "SELECT %(known_total)s::integer"

#: What a text asks encrypted fields for is sealed as their values are.
_PLACE = "QueryLocator.Query"
_FIND = f"""
SELECT {text_in_sql(_PLACE, "id", "query")}, include_deleted, position, after, total, batch_size
FROM chassis.query_locator
WHERE tenant_id = %(tenant_id)s AND id = %(locator_id)s AND user_id = %(user_id)s AND created_at > %(oldest)s
"""  # noqa: S608  the places are this file's


def keep_locator(count: Statement | None) -> Statement:
    """Insert a locator and answer the query's total: counted with `count`, or bound as `known_total`."""
    text = _KEEP.format(count=_KNOWN_TOTAL if count is None else count.text)
    return Statement(text, {} if count is None else count.parameters, sealed=True)


def kept_text(locator_id: str, text: str, values: Iterable[Any]) -> str:
    """The query's text as it is kept: sealed, where a value in it is one of an encrypted field."""
    return to_seal(_PLACE, locator_id, text, None) if any(map(holds_marks, values)) else text


def find_locator(tenant_id: int, user_id: str, locator_id: str) -> Statement:
    """The locator of that id, if it is the user's own and not too old."""
    oldest = clock.now() - LIFETIME
    wanted = {"tenant_id": tenant_id, "user_id": user_id, "locator_id": locator_id, "oldest": oldest}
    return Statement(_FIND, wanted, sealed=True)
