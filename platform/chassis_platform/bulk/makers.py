"""In whose name a job's records are written: its maker's, with the rights that the maker has by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_platform.access.absent_user import Errand, context_of_absent_user
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.bulk.jobs import BulkJob
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

#: In a job's settings: what the connected app that made it may do in the user's name.
SCOPES = "scopes"


def with_scopes(context: Context, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A job's settings with what the app that asks may do: the job may do no more."""
    scopes = context.principal.scopes
    return dict(settings) | ({} if scopes is None else {SCOPES: sorted(scopes)})


async def context_of_maker(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant_id: int, job: BulkJob
) -> Context | None:
    """The maker's Context as of now; None where the user, or the tenant, is active no more."""
    scopes = job.settings.get(SCOPES)
    errand = Errand(
        "api",
        client_name=job.client_name,
        source_ip=job.source_ip,
        acting_user_id=job.acting_user_id,
        scopes=None if scopes is None else frozenset(scopes),
    )
    return await context_of_absent_user(database, snapshots, policies, tenant_id, job.user_id, errand)
