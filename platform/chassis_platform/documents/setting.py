"""What expressions may know besides the document: the tenant, the user, the time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chassis_platform.access.context import Context
from chassis_platform.documents.expressions import Setting


def setting_of(context: Context, now: datetime) -> Setting:
    """What expressions may know of the tenant, the user and the time."""
    zone = ZoneInfo(context.tenant.time_zone)
    return Setting(
        functions=context.snapshot.functions,
        user_id=context.principal.user_id,
        zone=zone,
        today=now.astimezone(zone).date(),
        settings={name: each.value for name, each in context.snapshot.settings.items()},
        tenant=context.tenant.name,
        now=now,
    )
