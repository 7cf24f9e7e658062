"""Audit and outbox: the inserts that every write carries in its own transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis_metadata.ids import new_id
from chassis_tenants.statement import Statement

SETUP_PREFIX, LOGIN_PREFIX, HISTORY_PREFIX, ACCESS_PREFIX, JOB_PREFIX = "0Ym", "0Ya", "017", "0Al", "0Jb"

#: Workers listen here; the payload is the job's kind.
JOB_CHANNEL = "chassis_job"
#: A read of more records than this has their digest; one of more than that names no more of them.
DIGEST_BEYOND, KEPT_IDS = 200, 2_000
REASON_LENGTH = 255
USERNAME_LENGTH, TARGET_LENGTH, DISPLAY_LENGTH, AGENT_LENGTH = 80, 255, 1000, 400


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as the journal keeps it. The operator of the platform has no user in the tenant."""

    user_id: str | None
    username: str
    source_ip: str | None = None
    acting_user_id: str | None = None  # who really acts, where somebody signed in as the user


OPERATOR = Actor(user_id=None, username="operator")


@dataclass(frozen=True, slots=True)
class SetupChange:
    """One change of a tenant's setup. `before` and `after` are the component's bodies, or None where there is none."""

    action: str  # createdField, changedLayout, installedPackage …
    section: str  # Fields, Permission sets, Packages, Tenants …
    target: str
    display: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Access:
    """Classified fields of some records that were read in clear, through one door."""

    object_name: str
    record_ids: Sequence[str]
    fields: Sequence[str]
    door: str
    session_id: str | None = None
    client_name: str | None = None
    reason: str | None = None
    purpose: str | None = None
    #: How many and which, where the ids are too many to be named.
    total: int | None = None
    digest: str | None = None


def digest_of(record_ids: Iterable[str]) -> str:
    """What stands for many records: SHA-256, in hexadecimal, over their sorted ids, joined by commas."""
    return hashlib.sha256(",".join(sorted(record_ids)).encode()).hexdigest()


def _insert(table: str, values: Mapping[str, Any], *, now: Sequence[str] = ()) -> Statement:
    names = ", ".join([*values, *now])
    places = ", ".join([*(f"%({name})s" for name in values), *("now()" for _ in now)])
    return Statement(f"INSERT INTO {table} ({names}) VALUES ({places})", values)  # noqa: S608  names are this file's


def _entry(tenant_id: int, prefix: str, user_id: str | None) -> dict[str, Any]:
    entry_id = new_id(prefix)
    return {"tenant_id": tenant_id, "id": entry_id, "name": entry_id, "created_by_id": user_id, "user_id": user_id}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def setup_entry(tenant_id: int, actor: Actor, change: SetupChange) -> Statement:
    """A row of the setup audit trail."""
    return _insert(_TRAIL, _setup_row(tenant_id, actor, change))


def setup_entries(tenant_id: int, actor: Actor, changes: Sequence[SetupChange]) -> Statement:
    """A row of the setup audit trail for each change, in one statement."""
    rows = [_setup_row(tenant_id, actor, each) for each in changes]
    names = [name for name in _setup_row(tenant_id, actor, _NO_CHANGE) if name != "tenant_id"]
    columns, typed = ", ".join(names), ", ".join(f"{name} text" for name in names)
    return Statement(
        f"INSERT INTO {_TRAIL} (tenant_id, {columns}) SELECT %(tenant_id)s, {columns}"  # noqa: S608  names of this file
        f" FROM jsonb_to_recordset(%(rows)s::jsonb) AS entry ({typed})",
        {"tenant_id": tenant_id, "rows": json.dumps(rows)},
    )


_TRAIL = "data.setup_audit_trail"
_NO_CHANGE = SetupChange("", "", "", "")


def _setup_row(tenant_id: int, actor: Actor, change: SetupChange) -> dict[str, Any]:
    return {
        **_entry(tenant_id, SETUP_PREFIX, actor.user_id),
        "username": actor.username[:USERNAME_LENGTH],
        "action": change.action,
        "section": change.section,
        "target_name": change.target[:TARGET_LENGTH],
        "display": change.display[:DISPLAY_LENGTH],
        "old_value": _text(change.before),
        "new_value": _text(change.after),
        "source_ip": actor.source_ip,
        **_acting(actor.acting_user_id),
    }


def _acting(user_id: str | None) -> dict[str, str]:
    """Who really acts. An entry of the user's own does not name it: it can be written before the column is there."""
    return {"acting_user_id": user_id} if user_id else {}


def login_entry(  # noqa: PLR0913  the columns of the entry, by name
    tenant_id: int,
    *,
    user_id: str | None,
    username: str,
    status: str,
    login_type: str,
    application: str,
    source_ip: str | None = None,
    user_agent: str | None = None,
    acting_user_id: str | None = None,
) -> Statement:
    """A row of the login history: a sign-in that succeeded (`Success`) or why it did not."""
    return _insert(
        "data.login_history",
        {
            **_entry(tenant_id, LOGIN_PREFIX, user_id),
            "username": username[:USERNAME_LENGTH],
            "login_type": login_type,
            "status": status,
            "application": application,
            "source_ip": source_ip,
            "user_agent": user_agent and user_agent[:AGENT_LENGTH],
            **_acting(acting_user_id),
        },
        now=["login_time"],
    )


def access_entry(tenant_id: int, actor: Actor, access: Access) -> Statement:
    """A row of the access log, for reads whose record ids are known beforehand or from their result."""
    ids = sorted(set(access.record_ids))
    digest = access.digest or (digest_of(ids) if len(ids) > DIGEST_BEYOND else None)
    return _insert(
        "data.access_log",
        {
            **_entry(tenant_id, ACCESS_PREFIX, actor.user_id),
            "object_name": access.object_name,
            "record_ids": ids[:KEPT_IDS],
            "fields": list(access.fields),
            "record_count": len(ids) if access.total is None else access.total,
            "digest": digest,
            "reason": access.reason and access.reason[:REASON_LENGTH],
            "purpose": access.purpose and access.purpose[:USERNAME_LENGTH],
            "door": access.door,
            "source_ip": actor.source_ip,
            "session_id": access.session_id,
            "client_name": access.client_name,
            **_acting(actor.acting_user_id),
        },
    )


def enqueue(
    tenant_id: int,
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    lock_key: str | None = None,
) -> Statement:
    """Queue a job and wake a worker at the commit. A tenant's jobs that share a lock key run in turn."""
    return Statement(
        "WITH queued AS ("  # noqa: S608  the channel is this file's
        "INSERT INTO chassis.job (tenant_id, id, kind, payload, run_at, lock_key)"
        " VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(payload)s::jsonb, coalesce(%(run_at)s, now()), %(lock_key)s)"
        f" RETURNING kind) SELECT pg_notify('{JOB_CHANNEL}', kind) FROM queued",
        {
            "tenant_id": tenant_id,
            "id": new_id(JOB_PREFIX),
            "kind": kind,
            "payload": json.dumps(payload or {}),
            "run_at": run_at,
            "lock_key": lock_key,
        },
    )


def enqueue_each(
    tenant_id: int, kind: str, payloads: Sequence[Mapping[str, Any]], *, lock_key: str | None = None
) -> Statement:
    """Queue a job for each payload, in one statement."""
    return Statement(
        "WITH queued AS ("  # noqa: S608  the channel is this file's
        "INSERT INTO chassis.job (tenant_id, id, kind, payload, run_at, lock_key)"
        " SELECT %(tenant_id)s, each.id, %(kind)s, each.payload, now(), %(lock_key)s"
        " FROM jsonb_to_recordset(%(jobs)s::jsonb) AS each (id text, payload jsonb) RETURNING kind)"
        f" SELECT pg_notify('{JOB_CHANNEL}', kind) FROM queued GROUP BY kind",
        {
            "tenant_id": tenant_id,
            "kind": kind,
            "jobs": json.dumps([{"id": new_id(JOB_PREFIX), "payload": each} for each in payloads]),
            "lock_key": lock_key,
        },
    )
