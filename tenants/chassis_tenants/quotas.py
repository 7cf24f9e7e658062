"""What the operator allows a tenant, and what it has used: overrides of limits, API requests by hour and client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chassis_tenants.statement import Statement

_COUNT = """
INSERT INTO chassis.api_use AS u (tenant_id, hour, client, requests)
SELECT %(tenant_id)s, date_trunc('hour', %(now)s::timestamptz), n.client, n.requests
FROM unnest(%(clients)s::text[], %(requests)s::bigint[]) AS n (client, requests)
ON CONFLICT (tenant_id, hour, client) DO UPDATE SET requests = u.requests + excluded.requests
"""


def count_requests(tenant_id: int, requests: Mapping[str, int], now: datetime) -> Statement:
    """Add requests by client to what was counted this hour; several processes add up."""
    counted = {"clients": list(requests), "requests": list(requests.values())}
    return Statement(_COUNT, {"tenant_id": tenant_id, "now": now, **counted})


def requests_of_a_day(tenant_id: int, now: datetime) -> Statement:
    """The API requests of the last 24 hours, in whole hours."""
    return Statement(
        "SELECT coalesce(sum(requests), 0)::bigint FROM chassis.api_use WHERE tenant_id = %(tenant_id)s"
        " AND hour > %(now)s::timestamptz - interval '24 hours'",
        {"tenant_id": tenant_id, "now": now},
    )


def requests_by_client(tenant_id: int, now: datetime) -> Statement:
    """The same by client, busiest first; with the label of a connected app."""
    return Statement(
        "SELECT u.client, max(c.label), sum(u.requests)::bigint FROM chassis.api_use AS u"
        " LEFT JOIN chassis.api_client AS c ON c.tenant_id = u.tenant_id AND c.client_id = u.client"
        " WHERE u.tenant_id = %(tenant_id)s AND u.hour > %(now)s::timestamptz - interval '24 hours'"
        " GROUP BY u.client ORDER BY 3 DESC, 1 LIMIT 50",
        {"tenant_id": tenant_id, "now": now},
    )


def overrides_of(tenant_id: int) -> Statement:
    """Name and value of each limit that the operator set for the tenant."""
    text = "SELECT name, value FROM chassis.tenant_limit WHERE tenant_id = %(tenant_id)s ORDER BY name"
    return Statement(text, {"tenant_id": tenant_id})


def set_override(tenant_id: int, name: str, value: int) -> Statement:
    """Set a limit, as the owner."""
    return Statement(
        "INSERT INTO chassis.tenant_limit (tenant_id, name, value) VALUES (%(tenant_id)s, %(name)s, %(value)s)"
        " ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value, changed_at = now()",
        {"tenant_id": tenant_id, "name": name, "value": value},
    )


def clear_override(tenant_id: int, name: str) -> Statement:
    """Take the default back, as the owner."""
    text = "DELETE FROM chassis.tenant_limit WHERE tenant_id = %(tenant_id)s AND name = %(name)s"
    return Statement(text, {"tenant_id": tenant_id, "name": name})


def store_record_count(tenant_id: int, records: int, now: datetime) -> Statement:
    """Keep how many records the tenant has."""
    return Statement(
        "INSERT INTO chassis.storage_use (tenant_id, records, counted_at)"
        " VALUES (%(tenant_id)s, %(records)s, %(now)s) ON CONFLICT (tenant_id) DO UPDATE"
        " SET records = excluded.records, counted_at = excluded.counted_at",
        {"tenant_id": tenant_id, "records": records, "now": now},
    )


def storage_in_use(tenant_id: int) -> Statement:
    """Records as they were last counted and when, and the bytes of files that bulk jobs hold right now."""
    return Statement(
        "SELECT (SELECT records FROM chassis.storage_use WHERE tenant_id = %(tenant_id)s),"
        " (SELECT counted_at FROM chassis.storage_use WHERE tenant_id = %(tenant_id)s),"
        " (SELECT coalesce(sum(content_bytes), 0)::bigint FROM chassis.bulk_job WHERE tenant_id = %(tenant_id)s)",
        {"tenant_id": tenant_id},
    )


def bulk_jobs_of_a_day(tenant_id: int, now: datetime) -> Statement:
    """How many bulk jobs of each type were made in the last 24 hours."""
    return Statement(
        "SELECT job_type, count(*) FROM chassis.bulk_job WHERE tenant_id = %(tenant_id)s"
        " AND created_at > %(now)s::timestamptz - interval '24 hours' GROUP BY job_type",
        {"tenant_id": tenant_id, "now": now},
    )
