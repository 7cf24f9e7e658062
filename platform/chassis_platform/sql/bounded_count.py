"""How many records there are, counted up to a bound: a count of everything has no end."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.sql.found import filtered
from chassis_platform.sql.sources import Reach
from chassis_tenants.statement import Statement, compile_statement

MOST = sa.bindparam("most", type_=sa.BigInteger())


def compile_bounded_count(plan: ReadPlan, policy: AccessPolicy, snapshot: Snapshot) -> Statement:
    """How many records the plan finds for users with this policy; of more than `most`, `most`."""
    sources, where = filtered(plan, Reach(snapshot, policy, plan.include_deleted))
    found = sa.select(sa.literal_column("1")).select_from(sources.all()).where(*where).limit(MOST).subquery("found")
    return compile_statement(sa.select(sa.func.count()).select_from(found))
