"""Records shared by hand and record teams: who may share, with whom, how much, until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from chassis_metadata.errors import Forbidden, Invalid, NotFound, Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.write import create_record, delete_record
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.record_conditions import holds
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.sharing import visible
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

SHARE = "RecordShare"
CAUSES = ("Manual", "Team")
LEVELS = ("Read", "Edit")
_HOLDERS = {"005": "User", "00G": "Group"}
_KEYS = frozenset({"with", "access", "cause", "team_role", "reason", "until"})

_SHARES = Statement("""
SELECT coalesce(json_agg(json_build_object(
    'id', s.id, 'with', s.user_or_group_id, 'name', coalesce(u.name, g.name),
    'kind', CASE WHEN u.id IS NULL THEN 'Group' ELSE 'User' END, 'access', s.access_level, 'cause', s.row_cause,
    'team_role', s.team_role, 'reason', s.reason, 'until', s.expires_at,
    'expired', s.expires_at IS NOT NULL AND s.expires_at <= %(asked_at)s, 'shared_by', s.created_by_id,
    'shared_at', s.created_date) ORDER BY s.created_date, s.id), '[]'::json)
FROM tenant.record_share s
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = s.user_or_group_id
LEFT JOIN tenant."group" g ON g.tenant_id = %(tenant_id)s AND g.id = s.user_or_group_id
WHERE s.tenant_id = %(tenant_id)s AND s.record_id = %(record_id)s AND NOT s.is_deleted
""")


async def shares_of(database: Database, context: Context, obj: Object, record_id: str) -> bytes:
    """`{"may_share", "shares": [...]}` of a record that the user sees."""
    may_share = await _may_share(database, context, obj, record_id)
    parameters = {"tenant_id": context.tenant.id, "record_id": normal_id(record_id), **asking(context)}
    [[(found,)]] = await database.read(context.binding, _SHARES.bind(**parameters))
    return b'{"may_share":%b,"shares":%b}' % (orjson.dumps(may_share), found)


async def share(database: Database, context: Context, obj: Object, record_id: str, document: Mapping[str, Any]) -> str:
    """Share a record with a user or group; answers the share's id. Raises all that is wrong at once."""
    values = _values(obj, record_id, document)
    await _demand_share(database, context, obj, record_id)
    made = await create_record(database, as_system(context, SHARE), SHARE, values)
    return str(made.id)


async def unshare(database: Database, context: Context, obj: Object, record_id: str, share_id: str) -> None:
    """Take a share back."""
    await _demand_share(database, context, obj, record_id)
    found = Statement(
        "SELECT id FROM tenant.record_share WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
        " AND record_id = %(record_id)s AND NOT is_deleted",
        {"tenant_id": context.tenant.id, "id": share_id, "record_id": normal_id(record_id)},
    )
    [rows] = await database.read(context.binding, found)
    if not rows:
        raise NotFound.of("not_found", "There is no such share of this record.")
    await delete_record(database, as_system(context, SHARE), SHARE, share_id)


async def _demand_share(database: Database, context: Context, obj: Object, record_id: str) -> None:
    if not await _may_share(database, context, obj, record_id):
        message = "Only the owner, those above in the role hierarchy and administrators share a record."
        raise Forbidden.of("insufficient_access", message)


async def _may_share(database: Database, context: Context, obj: Object, record_id: str) -> bool:
    """Whether the user may; NotFound where the user does not even see the record."""
    if not obj.has_owner:
        raise Invalid.of("invalid_operation", f"Records of {obj.label} have no owner: they are not shared by hand.")
    parameters = {"tenant_id": context.tenant.id, "record_id": normal_id(record_id), **asking(context)}
    [rows] = await database.read(context.binding, _asked(context, obj).bind(**parameters))
    if not rows:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    access = context.policy.on(obj.name)
    return access.update and (access.modify_all or bool(rows[0][0]))


def _asked(context: Context, obj: Object) -> Statement:
    source = tenant_view(obj).alias("t")
    owned = holds(RecordCondition(owner=True), obj, source, context.snapshot)
    key = source.c.id == sa.bindparam("record_id", type_=sa.Text())
    here = [*of_this_object(obj, source), key, sa.not_(source.c.is_deleted)]
    return compile_statement(sa.select(owned).where(*here, visible(obj, source, context.policy, context.snapshot)))


def _values(obj: Object, record_id: str, document: Mapping[str, Any]) -> dict[str, Any]:
    problems = list(_problems(document))
    until = _moment(document.get("until"))
    if document.get("until") is not None and (until is None or until <= clock.now()):
        problems.append(Problem("until", "invalid_value", "Until when: a moment that is to come, with a time zone."))
    if problems:
        raise Invalid(problems)
    return {
        "ObjectName": obj.name,
        "RecordId": normal_id(record_id),
        "UserOrGroupId": document["with"],
        "AccessLevel": document.get("access", LEVELS[0]),
        "RowCause": document.get("cause", CAUSES[0]),
        "TeamRole": document.get("team_role"),
        "Reason": document.get("reason"),
        "ExpiresAt": document.get("until"),
    }


def _problems(document: Mapping[str, Any]) -> list[Problem]:
    found = [
        Problem(key, "invalid_field", f"There is no {key[:40]!r}. Known: {', '.join(sorted(_KEYS))}.")
        for key in sorted(document.keys() - _KEYS)
    ]
    holder = document.get("with")
    if not isinstance(holder, str) or not is_id(holder) or holder[:3] not in _HOLDERS:
        found.append(Problem("with", "malformed_id", "Name the id of a user or of a group."))
    for key, known in (("access", LEVELS), ("cause", CAUSES)):
        if document.get(key, known[0]) not in known:
            found.append(Problem(key, "invalid_value", f"One of: {', '.join(known)}."))
    found += [
        Problem(key, "invalid_value", "A text.")
        for key in ("team_role", "reason")
        if not isinstance(document.get(key, ""), str | None)
    ]
    return found


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
