"""What formulas ask of whoever runs a statement: the moment, the calendar, the user, the permissions held."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.sharing import among_owners, when_asked
from chassis_platform.sql.formulas.rows import FORMULA_NOW, formula_parameters


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
    moment = now or clock.now()
    if not context.told:  # no request changes it: only the moment is another one each time
        context.told.update(among_owners(context.policy) | running(context, moment))
    return {**context.told, **when_asked(moment), FORMULA_NOW: moment}


def time_zone(context: Context) -> ZoneInfo:
    """The user's calendar: that of date literals and of TODAY()."""
    return _zone(context.principal.time_zone)


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
