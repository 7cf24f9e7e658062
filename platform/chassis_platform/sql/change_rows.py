"""The statement by which a write tells what it changed: a row for all records of an object that changed alike."""

from __future__ import annotations

from chassis_tenants.statement import Statement

#: Processes with subscribers listen here; the payload is the tenant's number.
CHANGE_CHANNEL = "chassis_change"

#: Who waits is woken at the commit; where nobody does, nothing is sent, since a commit that notifies takes its turn.
TELL_CHANGES = Statement(
    "WITH told AS ("  # noqa: S608  the channel is this file's
    "INSERT INTO chassis.change_event (tenant_id, object_name, change_type, record_ids, fields, user_id,"
    " acting_user_id, origin, changed_at)"
    " SELECT %(tenant)s, r.object_name, r.change_type, r.record_ids, r.fields, %(actor)s::text,"
    " %(acting_user_id)s::text, %(origin)s::text, %(stamp)s"
    " FROM json_to_recordset(%(rows)s::json)"
    " AS r (object_name text, change_type text, record_ids text[], fields text[]))"
    f" SELECT pg_notify('{CHANGE_CHANNEL}', %(tenant)s::text) FROM chassis.change_stream s"
    " WHERE s.tenant_id = %(tenant)s AND s.watched_until > now()"
)
