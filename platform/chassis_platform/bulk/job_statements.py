"""The statements on a bulk job's row; `bulk/jobs.py` says what they are for."""

from __future__ import annotations

from chassis_tenants.seal_marks import text_in_sql
from chassis_tenants.statement import Statement

#: Jobs and what was uploaded for them are kept so long.
KEPT_DAYS = 7

#: The phase whose outcomes are the job's own; imports have others beside.
WRITE = "write"
QUERY_PLACE = "BulkJob.Query"
_COLUMNS = f"""
j.id, j.job_type, j.object_name, j.operation, j.state, j.user_id, j.acting_user_id, j.client_name, j.source_ip,
j.settings, {text_in_sql(QUERY_PLACE, "j.id", "j.query_text")}, j.created_at, j.changed_at, j.ended_at, j.chunks,
j.records, j.content_bytes, j.processed + o.records, j.failed + o.failed, j.retries, j.spent_ms + o.spent,
j.error_message
"""
_FROM = f"""
FROM chassis.bulk_job j CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.records), 0)::bigint AS records, coalesce(sum(o.failed), 0)::bigint AS failed,
           coalesce(sum(o.spent_ms), 0)::bigint AS spent
    FROM chassis.bulk_outcome o WHERE o.tenant_id = %(tenant_id)s AND o.job_id = j.id AND o.phase = '{WRITE}') o
WHERE j.tenant_id = %(tenant_id)s
"""  # noqa: S608  the phase is this file's
FIND = Statement(f"SELECT {_COLUMNS} {_FROM} AND j.id = %(job_id)s", sealed=True)
LIST = Statement(
    f"SELECT {_COLUMNS} {_FROM} AND j.user_id = %(user_id)s AND j.job_type = ANY (%(types)s)"  # noqa: S608
    " AND (%(after)s::text IS NULL OR (j.created_at, j.id) < (SELECT a.created_at, a.id FROM chassis.bulk_job a"
    " WHERE a.tenant_id = %(tenant_id)s AND a.id = %(after)s::text))"
    " ORDER BY j.created_at DESC, j.id DESC LIMIT %(most)s",
    sealed=True,
)
INSERT = Statement(
    "INSERT INTO chassis.bulk_job (tenant_id, id, job_type, object_name, operation, state, user_id, acting_user_id,"
    " client_name, source_ip, settings, query_text, created_at, changed_at, submitted_at) VALUES (%(tenant_id)s,"
    " %(job_id)s, %(job_type)s, %(object_name)s, %(operation)s, %(state)s, %(user_id)s, %(acting)s, %(client)s,"
    " %(address)s, %(settings)s::jsonb, %(query_text)s, %(now)s, %(now)s, %(now)s)",
    sealed=True,
)
CHANGE = Statement(
    "UPDATE chassis.bulk_job SET state = %(to)s, changed_at = %(now)s, error_message = %(message)s,"
    " ended_at = CASE WHEN %(is_over)s THEN %(now)s END,"
    " submitted_at = CASE WHEN %(to)s = 'UploadComplete' THEN %(now)s ELSE submitted_at END"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s AND state = ANY (%(states)s) RETURNING id"
)
SET = Statement(
    "UPDATE chassis.bulk_job SET settings = settings || %(settings)s::jsonb, changed_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s"
)
DELETE = tuple(
    Statement(f"DELETE FROM chassis.{table} WHERE tenant_id = %(tenant_id)s AND {key} = %(job_id)s")  # noqa: S608
    for table, key in (("bulk_outcome", "job_id"), ("bulk_chunk", "job_id"), ("bulk_job", "id"))
)
_OLD = (
    "SELECT id FROM chassis.bulk_job WHERE tenant_id = %(tenant_id)s"  # noqa: S608  a number of this file
    f" AND changed_at < now() - interval '{KEPT_DAYS} days'"
)
#: What the worker's job `expire` removes; the job's row goes last.
EXPIRED = (
    f"DELETE FROM chassis.bulk_outcome WHERE tenant_id = %(tenant_id)s AND job_id IN ({_OLD})",  # noqa: S608
    f"DELETE FROM chassis.bulk_chunk WHERE tenant_id = %(tenant_id)s AND job_id IN ({_OLD})",  # noqa: S608
    f"DELETE FROM chassis.bulk_job WHERE tenant_id = %(tenant_id)s AND id IN ({_OLD})",  # noqa: S608
)
