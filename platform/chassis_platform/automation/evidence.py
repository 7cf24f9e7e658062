"""Evidence archives: asked for by an auditor, made by a job, kept in parts for a week."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.audit.archive import PART_BYTES, Evidence, build_archive
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.timeline import KINDS, TimelineRequest
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, enqueue, setup_entry
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

JOB = "make_archive"
PREFIX = "0Ev"
_COLUMNS = "id, request, requested_by, created_at, status, done, total, size, digest, error"
_SET = "UPDATE chassis.audit_archive SET {} WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
#: Made archives go after a week; they can be made again.
_WEEK_OLD = "created_at < now() - interval '7 days'"
EXPIRED = (
    f"""
    DELETE FROM chassis.audit_archive_part p USING chassis.audit_archive a
    WHERE a.tenant_id = %(tenant_id)s AND p.tenant_id = %(tenant_id)s AND p.archive_id = a.id AND a.{_WEEK_OLD}
    """,  # noqa: S608  text of this file
    f"""
    UPDATE chassis.audit_archive SET status = 'expired'
    WHERE tenant_id = %(tenant_id)s AND status = 'ready' AND {_WEEK_OLD}
    """,  # noqa: S608  as above
)


async def ask_for_archive(database: Database, context: Context, actor: Actor, request: Mapping[str, Any]) -> str:
    """Queue the making of an archive; the setup trail says who took what. Answers its id."""
    archive_id = new_id(PREFIX)
    made = Statement(
        "INSERT INTO chassis.audit_archive (tenant_id, id, request, requested_by)"
        " VALUES (%(tenant_id)s, %(id)s, %(request)s::jsonb, %(by)s)",
        {
            "tenant_id": context.tenant.id,
            "id": archive_id,
            "request": orjson.dumps(request).decode(),
            "by": context.principal.user_id,
        },
    )
    change = SetupChange("tookEvidence", "Audit", archive_id, "Asked for an evidence archive", after=dict(request))
    job = enqueue(context.tenant.id, JOB, {"archive": archive_id}, lock_key=JOB)
    await database.read(context.binding, made, job, setup_entry(context.tenant.id, actor, change))
    return archive_id


async def list_archives(database: Database, context: Context) -> list[dict[str, Any]]:
    """The newest fifty, with how far they are."""
    statement = Statement(
        f"SELECT {_COLUMNS} FROM chassis.audit_archive WHERE tenant_id = %(tenant_id)s"  # noqa: S608  names of this file
        " ORDER BY created_at DESC, id DESC LIMIT 50",
        {"tenant_id": context.tenant.id},
    )
    [rows] = await database.read(context.binding, statement)
    return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]


async def archive_parts(database: Database, context: Context, archive_id: str) -> int:
    """How many parts a made archive has; NotFound where it is not made, or is gone."""
    statement = Statement(
        "SELECT count(*) FROM chassis.audit_archive_part WHERE tenant_id = %(tenant_id)s AND archive_id = %(id)s",
        {"tenant_id": context.tenant.id, "id": archive_id},
    )
    [[(count,)]] = await database.read(context.binding, statement)
    if not count:
        raise NotFound.of("not_found", "There is no such archive, or it is not made yet, or it was a week old.")
    return int(count)


async def archive_part(database: Database, context: Context, archive_id: str, number: int) -> bytes:
    """One part."""
    statement = Statement(
        "SELECT content FROM chassis.audit_archive_part"
        " WHERE tenant_id = %(tenant_id)s AND archive_id = %(id)s AND number = %(number)s",
        {"tenant_id": context.tenant.id, "id": archive_id, "number": number},
    )
    [[(content,)]] = await database.read(Binding(context.tenant.id), statement)
    return bytes(content)


async def make_archive(database: Database, home: Path, tenant_id: int, archive_id: str) -> None:
    """Make an archive that was asked for; made anew where it was begun before."""
    tenant = await tenant_by_id(database, tenant_id)
    found = Statement(
        f"SELECT {_COLUMNS} FROM chassis.audit_archive WHERE tenant_id = %(tenant_id)s AND id = %(id)s",  # noqa: S608
        {"tenant_id": tenant_id, "id": archive_id},
    )
    [rows] = await database.read(Binding(tenant_id), found)
    if tenant is None or not rows or rows[0][4] == "ready":
        return
    asked, by, at = rows[0][1:4]
    evidence = Evidence(database, tenant, load_signer(home), trusted_keys(home))

    async def report(done: int) -> None:
        await _set(database, tenant_id, archive_id, "status = 'running', done = %(done)s", done=done)

    said = {"request": asked, "requested_by": by, "requested_at": at, "organization": tenant.organization_id}
    content = await build_archive(evidence, tenant, read_request(asked), said, report)
    await _store(database, tenant_id, archive_id, content)


async def _store(database: Database, tenant_id: int, archive_id: str, content: bytes) -> None:
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    async with database.transaction(Binding(tenant_id)) as transaction:
        parameters = {"tenant_id": tenant_id, "id": archive_id}
        await transaction.fetch(
            Statement(
                "DELETE FROM chassis.audit_archive_part WHERE tenant_id = %(tenant_id)s AND archive_id = %(id)s",
                parameters,
            )
        )
        for number, part in enumerate(parts):
            await transaction.fetch(
                Statement(
                    "INSERT INTO chassis.audit_archive_part (tenant_id, archive_id, number, content)"
                    " VALUES (%(tenant_id)s, %(id)s, %(number)s, %(content)s)",
                    {**parameters, "number": number, "content": part},
                )
            )
        digest = hashlib.sha256(content).hexdigest()
        ready = "status = 'ready', total = done, size = %(size)s, digest = %(digest)s"
        await transaction.fetch(Statement(_SET.format(ready), {**parameters, "size": len(content), "digest": digest}))


async def _set(database: Database, tenant_id: int, archive_id: str, change: str, **values: Any) -> None:
    parameters = {"tenant_id": tenant_id, "id": archive_id, **values}
    await database.read(Binding(tenant_id), Statement(_SET.format(change), parameters))


def read_request(asked: Mapping[str, Any]) -> TimelineRequest:
    """What an archive's row says was asked for."""
    start, end = (asked.get(name) and datetime.fromisoformat(asked[name]) for name in ("from", "to"))
    kinds = tuple(asked.get("kinds") or KINDS)
    return TimelineRequest(
        user=asked.get("user"),
        record=asked.get("record"),
        object_name=asked.get("object"),
        field=asked.get("field"),
        start=start or None,
        end=end or None,
        kinds=kinds,
    )
