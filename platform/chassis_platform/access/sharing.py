"""Who asks, as parameters of statements: the user, the groups joined, the roles below, the moment.

They are bound when a statement runs, under the names below, so that users with the same grants share its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_platform import clock
from chassis_platform.access.policy import AccessPolicy

TENANT_ID = sa.bindparam("tenant_id", type_=sa.Integer())
USER_ID = sa.bindparam("user_id", type_=sa.Text())
#: Groups and queues that the user is in.
GROUP_IDS = sa.bindparam("group_ids", type_=pg.ARRAY(sa.Text()))
#: The user, everybody below, and the groups and queues that any of them is in: a text, as `as_text` makes it.
US = "us"
SEPARATOR = ","
#: Ends the name of the parameter that holds the same ids as an array.
ARRAY = "_array"
#: The days that it is anywhere on earth: whose delegate somebody is decides the tenant's calendar, when it matters.
FIRST_DAY = sa.bindparam("first_day", type_=sa.Date())
LAST_DAY = sa.bindparam("last_day", type_=sa.Date())
ASKED_AT = sa.bindparam("asked_at", type_=sa.DateTime(timezone=True))


def as_text(ids: Iterable[str]) -> str:
    """Ids as one text, which is made once, not with every statement.

    PostgreSQL reads every array that a statement gets before it begins, a quarter of a millisecond for a thousand ids.
    A text is taken apart where it is asked for, in half that time, and mostly it isn't.
    """
    return SEPARATOR.join(sorted(ids))


def as_array(text: str) -> str:
    """The same ids as PostgreSQL reads an array of texts; ids need no quoting."""
    return "{" + text + "}"


def who_asks(policy: AccessPolicy) -> dict[str, object]:
    """The values of the parameters that say who the user is among owners, and when they ask: now."""
    return among_owners(policy) | when_asked(clock.now())


def among_owners(policy: AccessPolicy) -> dict[str, object]:
    """The values of those that say who the user is."""
    us = policy.us or as_text([policy.user_id] if policy.user_id else [])  # the operator is no user
    return {
        **policy.owners,
        US: us,
        US + ARRAY: as_array(us),
        "user_id": policy.user_id,
        "group_ids": list(policy.group_ids),
    }


def when_asked(now: datetime) -> dict[str, object]:
    """The values of those that say when."""
    return {
        "first_day": (now - timedelta(hours=12)).date(),
        "last_day": (now + timedelta(hours=14)).date(),
        "asked_at": now,
    }
