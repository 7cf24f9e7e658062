"""The kinds of jobs and what each does. A handler may run twice for one job, and bears it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis_platform.audit.keys import load_signer
from chassis_platform.audit.seal import DEEP_OVERLAP, OVERLAP, seal_journal
from chassis_platform.records.purge import purge_deleted
from chassis_platform.worker.server import Handler, WorkerServer
from chassis_tenants.database import Binding
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

IN_RECYCLE_BIN = timedelta(days=30)
#: What `expire` removes. An accepted message's row stays: it is what keeps the same message from being taken twice.
_EXPIRED = (
    """
    DELETE FROM chassis.session WHERE tenant_id = %(tenant_id)s
      AND (expires_at < now() - interval '7 days' OR revoked_at < now() - interval '7 days')
    """,
    """
    DELETE FROM chassis.query_locator WHERE tenant_id = %(tenant_id)s AND created_at < now() - interval '12 hours'
    """,
    """
    UPDATE chassis.inbound_message SET content = ''::bytea WHERE tenant_id = %(tenant_id)s
      AND status = 'accepted' AND received_at < now() - interval '90 days' AND octet_length(content) > 0
    """,
    """
    DELETE FROM chassis.job WHERE tenant_id = %(tenant_id)s
      AND status = 'failed' AND run_at < now() - interval '90 days'
    """,
)


async def expire(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remove what is of no use any more: ended sessions, old query locators, delivered messages, failed jobs."""
    statements = [Statement(text, {"tenant_id": tenant_id}) for text in _EXPIRED]
    await server.database.read(Binding(tenant_id), *statements)


async def seal(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Seal what the journal got since the last seal; `deep` also finds what was committed hours late."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is None:
        return
    signer = load_signer(server.home)
    overlap = DEEP_OVERLAP if payload.get("deep") else OVERLAP
    sealed = await seal_journal(server.database, tenant, signer, overlap=overlap)
    while sealed is not None and not sealed.is_complete:
        sealed = await seal_journal(server.database, tenant, signer, overlap=overlap)


async def purge_recycle_bin(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remove for good what has lain in the recycle bin for 30 days."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is None:
        return
    snapshot = await server.snapshots.of(tenant_id, tenant.metadata_version)
    binding = Binding(tenant_id, metadata_version=tenant.metadata_version)
    await purge_deleted(server.database, binding, snapshot, older_than=datetime.now(UTC) - IN_RECYCLE_BIN)


HANDLERS: dict[str, Handler] = {
    "expire": expire,
    "purge_recycle_bin": purge_recycle_bin,
    "seal_journal": seal,
}
