"""What formulas ask of whoever runs a statement: the moment, the calendar, the user, the permissions held."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.sharing import who_asks
from chassis_platform.sql.formulas.rows import formula_parameters


def running(context: Context, now: datetime | None = None) -> dict[str, object]:
    """The run-time parameters of formulas in a statement that runs for this context; at this moment, or now."""
    tenant = context.tenant
    organization: dict[str, str | None] = {
        "id": tenant.organization_id,
        "name": tenant.label,
        "timezone": tenant.time_zone,
        "language": tenant.language,
        "currency": tenant.currency,
    }
    return formula_parameters(
        now or clock.now(),
        time_zone(context).key,
        context.principal.user_id,
        context.policy.grants.custom,
        organization,
    )


def asking(context: Context, now: datetime | None = None) -> dict[str, object]:
    """The run-time parameters of sharing's predicates: who the user is among owners, and what formulas ask."""
    return who_asks(context.policy) | running(context, now)


def time_zone(context: Context) -> ZoneInfo:
    """The user's calendar: that of date literals and of TODAY()."""
    try:
        return ZoneInfo(context.principal.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
