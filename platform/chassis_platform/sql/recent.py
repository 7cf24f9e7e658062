"""What users looked at last: kept by id, so many for each user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis_tenants.statement import Statement

MOST_KEPT = 200

#: In the order of ids: two answers with the same records wait for each other and don't deadlock.
_KEEP = """
INSERT INTO chassis.recently_viewed (tenant_id, user_id, record_id, object_name, seen_at)
SELECT %(tenant_id)s, %(user_id)s, unnested.id, %(object_name)s, %(seen_at)s
FROM unnest(%(ids)s::text[]) AS unnested (id) ORDER BY unnested.id
ON CONFLICT (tenant_id, user_id, record_id) DO UPDATE SET seen_at = excluded.seen_at
"""
#: What somebody else is removing, or looking at again, is left to them.
_PRUNE = """
DELETE FROM chassis.recently_viewed WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND record_id IN (
    SELECT record_id FROM chassis.recently_viewed WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s
    ORDER BY seen_at DESC, record_id OFFSET %(most)s FOR UPDATE SKIP LOCKED)
"""
_FIND = """
SELECT object_name, record_id FROM chassis.recently_viewed
WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s
  AND (%(object_name)s::text IS NULL OR object_name = %(object_name)s::text)
ORDER BY seen_at DESC, record_id LIMIT %(most)s
"""


def keep_seen(
    tenant_id: int, user_id: str, object_name: str, ids: Sequence[str], seen_at: datetime
) -> tuple[Statement, Statement]:
    """Note that the user looked at these records, and forget what is looked at longest ago."""
    who = {"tenant_id": tenant_id, "user_id": user_id}
    seen = {**who, "object_name": object_name, "ids": list(ids), "seen_at": seen_at}
    return Statement(_KEEP, seen), Statement(_PRUNE, {**who, "most": MOST_KEPT})


def find_seen(tenant_id: int, user_id: str, object_name: str | None) -> Statement:
    """Rows (object, id) of what the user looked at, the latest first; of one object, where one is named."""
    wanted = {"tenant_id": tenant_id, "user_id": user_id, "object_name": object_name, "most": MOST_KEPT}
    return Statement(_FIND, wanted)
