"""The kinds of jobs and what each does. A handler may run twice for one job, and bears it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_platform import clock
from chassis_platform.audit.keys import load_signer
from chassis_platform.audit.retention import prune
from chassis_platform.audit.seal import DEEP_OVERLAP, OVERLAP, seal_journal
from chassis_platform.auth.notices import JOB as ACCOUNT_NOTICE
from chassis_platform.auth.notices import Noticed
from chassis_platform.auth.tenant_secrets import BEFORE_DATA_KEYS
from chassis_platform.automation.account_notices import send_account_notice
from chassis_platform.automation.alerts import check_alerts
from chassis_platform.automation.answers import call_webhook
from chassis_platform.automation.approvals.links import load_key
from chassis_platform.automation.approvals.mails import mail_approvers
from chassis_platform.automation.approvals.overdue import check_deadlines
from chassis_platform.automation.encryption.conversion import convert_values
from chassis_platform.automation.encryption.kept_secrets import seal_kept_secrets
from chassis_platform.automation.encryption.rotation import JOB as SEAL_ANEW
from chassis_platform.automation.encryption.sealing_anew import seal_anew
from chassis_platform.automation.events.stream import expire_changes
from chassis_platform.automation.evidence import EXPIRED as EXPIRED_EVIDENCE
from chassis_platform.automation.evidence import make_archive
from chassis_platform.automation.flows.document_step import JOB as SEND_DOCUMENT
from chassis_platform.automation.flows.due import flows_due
from chassis_platform.automation.flows.jobs import run_queued
from chassis_platform.automation.journal_exports import run_exports
from chassis_platform.automation.ledgers.nightly import run_nightly
from chassis_platform.automation.mail import send_mails
from chassis_platform.automation.matching.jobs import build_keys, find_all
from chassis_platform.automation.milestones.check import check_milestones
from chassis_platform.automation.password_mails import JOB as PASSWORD_MAIL
from chassis_platform.automation.password_mails import send_reset_mail
from chassis_platform.automation.person_acts import JOB as PRIVACY_ACT
from chassis_platform.automation.scoring.nightly import score_nightly
from chassis_platform.automation.segments import refresh_segments
from chassis_platform.automation.unattended import unattended
from chassis_platform.automation.webhook_subscriptions.sending import JOB as SEND_CHANGES
from chassis_platform.automation.webhook_subscriptions.sending import Sender, send_changes
from chassis_platform.bulk.imports import JOB as BULK_IMPORT
from chassis_platform.bulk.imports import run_import
from chassis_platform.bulk.ingest import JOB as BULK_INGEST
from chassis_platform.bulk.jobs import EXPIRED as EXPIRED_BULK_JOBS
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.bulk.query import COUNT as COUNT_BULK_QUERY
from chassis_platform.bulk.query import count_query
from chassis_platform.documents.sending import send_document
from chassis_platform.privacy.acts import EXPIRED as EXPIRED_EXPORTS
from chassis_platform.privacy.acts import run_act
from chassis_platform.privacy.retention import JOB as RETENTION
from chassis_platform.privacy.retention import run_retention
from chassis_platform.records.purge import purge_deleted
from chassis_platform.records.recalculation import recalculate
from chassis_platform.sql.record_counts import count_stored
from chassis_platform.worker.server import Handler, WorkerServer
from chassis_tenants.conversions import CONVERT
from chassis_tenants.database import Binding
from chassis_tenants.quotas import store_record_count
from chassis_tenants.recalculation import RECALCULATE
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

IN_RECYCLE_BIN = timedelta(days=30)
#: What `expire` removes. An accepted message's row stays: it is what keeps the same message from being taken twice.
_EXPIRED = (
    *EXPIRED_EVIDENCE,
    *EXPIRED_EXPORTS,
    *EXPIRED_BULK_JOBS,
    """
    DELETE FROM chassis.session WHERE tenant_id = %(tenant_id)s
      AND (expires_at < now() - interval '7 days' OR revoked_at < now() - interval '7 days')
    """,
    """
    DELETE FROM chassis.door_token WHERE tenant_id = %(tenant_id)s AND expires_at < now() - interval '1 day'
    """,
    """
    DELETE FROM chassis.webhook_delivery WHERE tenant_id = %(tenant_id)s
      AND (status = 'delivered' AND ended_at < now() - interval '3 days'
           OR status = 'dead' AND ended_at < now() - interval '30 days')
    """,
    # No pause is longer than a week.
    """
    DELETE FROM chassis.identity_attempt WHERE tenant_id = %(tenant_id)s AND last_at < now() - interval '14 days'
    """,
    """
    DELETE FROM chassis.known_device WHERE tenant_id = %(tenant_id)s AND last_seen_at < now() - interval '180 days'
    """,
    """
    DELETE FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND confirmed_at IS NULL
      AND created_at < now() - interval '1 day'
    """,
    """
    DELETE FROM chassis.api_use WHERE tenant_id = %(tenant_id)s AND hour < now() - interval '30 days'
    """,
    """
    DELETE FROM chassis.idempotency WHERE tenant_id = %(tenant_id)s AND created_at < now() - interval '2 days'
    """,
    """
    DELETE FROM chassis.query_locator WHERE tenant_id = %(tenant_id)s AND created_at < now() - interval '12 hours'
    """,
    """
    DELETE FROM chassis.recently_viewed WHERE tenant_id = %(tenant_id)s AND seen_at < now() - interval '180 days'
    """,
    """
    UPDATE chassis.inbound_message SET content = ''::bytea WHERE tenant_id = %(tenant_id)s
      AND status IN ('accepted', 'partial') AND received_at < now() - interval '90 days' AND octet_length(content) > 0
    """,
    """
    DELETE FROM chassis.job WHERE tenant_id = %(tenant_id)s
      AND status = 'failed' AND run_at < now() - interval '90 days'
    """,
    """
    DELETE FROM data.flow_run WHERE tenant_id = %(tenant_id)s
      AND status IN ('Succeeded', 'Replayed') AND created_date < now() - interval '90 days'
    """,
    """
    DELETE FROM data.flow_wait WHERE tenant_id = %(tenant_id)s
      AND status <> 'Waiting' AND created_date < now() - interval '90 days'
    """,
)


async def expire(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remove what is of no use any more: ended sessions, old query locators, delivered messages, failed jobs.

    And the form of secrets that were kept before tenants had keys for them.
    """
    statements = [Statement(text, {"tenant_id": tenant_id}) for text in _EXPIRED]
    await server.database.read(Binding(tenant_id), *statements)
    await expire_changes(server.database, tenant_id)
    await seal_kept_secrets(server.database, server.home, tenant_id, BEFORE_DATA_KEYS)


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


async def watch_journal(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Hold what was sealed since the last look against the alert rules, and send it where the tenant wants it."""
    await check_alerts(server.database, server.snapshots, tenant_id)
    await run_exports(server.database, server.settings, server.home, tenant_id)


async def prune_journal(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remove what is over its time from the journals, where a tenant set one."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is not None:
        await prune(server.database, tenant, load_signer(server.home))


async def make_evidence(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Make an archive of evidence that an auditor asked for."""
    await make_archive(server.database, server.home, tenant_id, payload["archive"])


async def do_privacy_act(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Hand over a person's data, or erase a person, as was asked and agreed to."""
    await run_act(server.database, server.snapshots, load_signer(server.home), tenant_id, payload["act"])


async def keep_no_longer(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Empty or remove what the retention rules say."""
    await run_retention(server.database, server.snapshots, load_signer(server.home), tenant_id)


async def purge_recycle_bin(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remove for good what has lain in the recycle bin for 30 days."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is None:
        return
    snapshot = await server.snapshots.of(tenant_id, tenant.metadata_version)
    binding = Binding(tenant_id, metadata_version=tenant.metadata_version)
    await purge_deleted(server.database, binding, snapshot, older_than=datetime.now(UTC) - IN_RECYCLE_BIN)


async def count_records(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Count the tenant's records: what /limits tells of its storage."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is None:
        return
    snapshot, binding = await server.snapshots.of(tenant_id, tenant.metadata_version), Binding(tenant_id)
    counting = [count_stored(each).bind(tenant_id=tenant_id) for each in snapshot.objects.values()]
    counted = sum(rows[0][0] for rows in await server.database.read(binding, *counting))
    await server.database.read(binding, store_record_count(tenant_id, counted, clock.now()))


async def match_keys(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Make the match keys of what was there before a matching rule came, or changed."""
    await build_keys(server.database, server.snapshots, tenant_id)


async def find_duplicates(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Look over all records by one duplicate rule."""
    await build_keys(server.database, server.snapshots, tenant_id)
    await find_all(server.database, server.snapshots, tenant_id, payload["rule"])


async def recalculate_fields(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Work out calculated fields in records that were there before them."""
    context = await unattended(server.database, server.snapshots, tenant_id)
    if context is not None:
        await recalculate(server.database, context, payload["fields"])


async def look_after_milestones(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Give the warnings that are due, and say what was not in time; follow business hours that changed."""
    await check_milestones(server.database, server.snapshots, tenant_id)


async def flows_by_the_clock(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Queue what flows have to do by now: schedules, times relative to dates, waits that are over."""
    await flows_due(server.database, server.snapshots, tenant_id)


async def run_flow(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Do a queued run of a flow."""
    await run_queued(server.database, server.snapshots, tenant_id, payload["run"])


async def send_queued_mails(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Hand e-mails to the mail server."""
    await send_mails(server.database, server.snapshots, server.settings, tenant_id, payload["ids"])


async def call_other_system(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Make a call that a flow asked for."""
    await call_webhook(server.database, server.snapshots, server.settings, tenant_id, payload)


async def send_a_document(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Make the document of a record that a flow wants sent, and send it."""
    await send_document(server.database, server.snapshots, server.policies, server.settings, tenant_id, payload)


async def score_by_night(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Score all records of the models that ask for it: what time takes away shows nowhere else."""
    await score_nightly(server.database, server.snapshots, tenant_id)


async def close_ledgers(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Take away what expired, warn of what will, look whether balances agree with their entries."""
    await run_nightly(server.database, server.snapshots, tenant_id)


async def refresh_membership(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Make the membership of the segments of one pace anew."""
    await refresh_segments(server.database, server.snapshots, tenant_id, every=payload["every"])


async def look_after_approvals(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Remind approvers of what waits too long, and ask higher up."""
    await check_deadlines(server.database, server.snapshots, tenant_id)


async def send_approval_mails(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Write to approvers, with links that decide."""
    settings = server.settings
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    key, address = load_key(server.home), f"{base.rstrip('/')}/ui/approval-links/"
    ids = payload["workitem_ids"]
    await mail_approvers(server.database, server.snapshots, tenant_id, ids, key=key, base_url=address)


async def send_password_link(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Write to who has forgotten a password."""
    await send_reset_mail(server.database, server.snapshots, server.settings, tenant_id, payload["user_id"])


async def tell_of_account(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Tell a user what has changed of their way in."""
    what = Noticed(payload["what"])
    await send_account_notice(server.database, server.snapshots, server.settings, tenant_id, payload["user_id"], what)


async def seal_values_anew(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Seal with a tenant's new data key what an older one sealed."""
    context = await unattended(server.database, server.snapshots, tenant_id)
    if context is not None:
        await seal_anew(server.database, server.home, context, payload["number"])


async def tell_of_changes(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Send what changed to where a webhook leads."""
    sender = Sender(server.database, server.snapshots, server.policies, server.settings, server.home)
    await send_changes(sender, tenant_id, payload)


async def convert_fields(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Encrypt what stands in clear of fields that are encrypted now, or lay in clear again what is not to be."""
    del payload
    await convert_values(server.database, server.snapshots, tenant_id, load_signer(server.home))


async def write_bulk_job(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Write batches of an ingest job, as long as it is its turn."""
    await run_ingest(Desk(server.database, server.snapshots, server.policies), tenant_id, payload)


async def count_bulk_query(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Say how many records a bulk query has."""
    await count_query(server.database, server.snapshots, server.policies, tenant_id, payload["job"])


async def work_on_import(server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Check, write or take back batches of an import, as long as it is its turn."""
    await run_import(Desk(server.database, server.snapshots, server.policies), tenant_id, payload)


HANDLERS: dict[str, Handler] = {
    COUNT_BULK_QUERY: count_bulk_query,
    CONVERT: convert_fields,
    SEAL_ANEW: seal_values_anew,
    PRIVACY_ACT: do_privacy_act,
    RETENTION: keep_no_longer,
    BULK_INGEST: write_bulk_job,
    BULK_IMPORT: work_on_import,
    PASSWORD_MAIL: send_password_link,
    ACCOUNT_NOTICE: tell_of_account,
    "approval_deadlines": look_after_approvals,
    "approval_mails": send_approval_mails,
    "score_nightly": score_by_night,
    "close_ledgers": close_ledgers,
    "refresh_segments": refresh_membership,
    "flows_due": flows_by_the_clock,
    "run_flow": run_flow,
    "send_mails": send_queued_mails,
    "call_webhook": call_other_system,
    SEND_DOCUMENT: send_a_document,
    SEND_CHANGES: tell_of_changes,
    "check_milestones": look_after_milestones,
    RECALCULATE: recalculate_fields,
    "find_duplicates": find_duplicates,
    "match_keys": match_keys,
    "expire": expire,
    "purge_recycle_bin": purge_recycle_bin,
    "seal_journal": seal,
    "watch_journal": watch_journal,
    "prune_journal": prune_journal,
    "count_records": count_records,
    "make_archive": make_evidence,
}
