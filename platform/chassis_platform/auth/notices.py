"""What a user is told of by mail: that something by which they sign in has changed (ASVS 2.2.3)."""

from __future__ import annotations

from enum import StrEnum

from chassis_tenants.journal import enqueue
from chassis_tenants.statement import Statement

JOB = "account_notice"


class Noticed(StrEnum):
    """What has changed."""

    PASSWORD = "password"  # noqa: S105  a word of the notice
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    RECOVERY_CODES = "recovery_codes"


def tell(tenant_id: int, user_id: str, what: Noticed) -> Statement:
    """Queue the notice, with the change itself."""
    return enqueue(tenant_id, JOB, {"user_id": user_id, "what": what.value})
