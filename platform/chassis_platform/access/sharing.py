"""Who asks, as parameters of statements: the user, the groups joined, the roles below, the moment.

They are bound when a statement runs, under the names below, so that users with the same grants share its text.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_platform import clock
from chassis_platform.access.policy import AccessPolicy

TENANT_ID = sa.bindparam("tenant_id", type_=sa.Integer())
USER_ID = sa.bindparam("user_id", type_=sa.Text())
#: Groups and queues that the user is in, and those that the user or anybody below is in.
GROUP_IDS = sa.bindparam("group_ids", type_=pg.ARRAY(sa.Text()))
REACHED_GROUP_IDS = sa.bindparam("reached_group_ids", type_=pg.ARRAY(sa.Text()))
ROLE_IDS = sa.bindparam("role_ids", type_=pg.ARRAY(sa.Text()))
#: The days that it is anywhere on earth: whose delegate somebody is decides the tenant's calendar, when it matters.
FIRST_DAY = sa.bindparam("first_day", type_=sa.Date())
LAST_DAY = sa.bindparam("last_day", type_=sa.Date())
ASKED_AT = sa.bindparam("asked_at", type_=sa.DateTime(timezone=True))


def who_asks(policy: AccessPolicy) -> dict[str, object]:
    """The values of the parameters that say who the user is among owners."""
    now = clock.now()
    return {
        "user_id": policy.user_id,
        "group_ids": list(policy.group_ids),
        "reached_group_ids": list(policy.reached_group_ids),
        "role_ids": list(policy.subordinate_role_ids),
        "first_day": (now - timedelta(hours=12)).date(),
        "last_day": (now + timedelta(hours=14)).date(),
        "asked_at": now,
    }
