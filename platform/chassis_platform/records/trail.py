"""What a write leaves behind: a change event, and field history, or for users and roles the setup audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from chassis_metadata.ids import new_ids
from chassis_metadata.snapshot import Object
from chassis_platform.access.user_facts import FACTS_FROM
from chassis_platform.plan.changes import Change
from chassis_platform.plan.rules import NAME
from chassis_platform.plan.write import WritePlan
from chassis_platform.records import told
from chassis_platform.records.inquiry import PLATFORM
from chassis_platform.sql.rows import folded
from chassis_platform.sql.trail import (
    ACTING,
    CHANGE_ACCESS,
    END_SESSIONS,
    INSERT_LOGIN_NAMES,
    UPDATE_LOGIN_NAMES,
    insert_audit,
    insert_history,
)
from chassis_tenants.journal import DISPLAY_LENGTH, HISTORY_PREFIX, SETUP_PREFIX, TARGET_LENGTH, USERNAME_LENGTH
from chassis_tenants.statement import Statement

CREATED, CHANGED, DELETED, RESTORED = "created", "changed", "deleted", "restored"


def trail_of(plan: WritePlan, created: Sequence[Change], changed: Sequence[Change]) -> Iterable[Statement]:
    """The statements that go with saved records."""
    yield from told.saved(plan, created, changed)
    if plan.obj.package == PLATFORM:
        yield from audit_of(plan, CREATED, created)
        yield from audit_of(plan, CHANGED, changed)
        yield from _login_names(plan, created, changed)
        return
    rows = [*_creations(plan.obj, created), *_field_changes(plan.obj, changed)]
    if rows:
        acting = plan.context.principal.acting_user_id
        for row, entry_id in zip(rows, new_ids(HISTORY_PREFIX, len(rows)), strict=True):
            row["id"] = entry_id
            row[ACTING] = acting
        yield insert_history(plan.context.snapshot, rows)


def _tracked(obj: Object) -> list[str]:
    names: list[str] | None = obj.__dict__.get("_tracked")
    if names is None:
        names = obj.__dict__["_tracked"] = [each.name for each in obj.fields.values() if each.tracked]
    return names


def _creations(obj: Object, created: Sequence[Change]) -> Iterable[dict[str, Any]]:
    if _tracked(obj):
        for change in created:
            yield {"object_name": obj.name, "record_id": change.id, "field_name": CREATED}


def _field_changes(obj: Object, changed: Sequence[Change]) -> Iterable[dict[str, Any]]:
    for name in _tracked(obj):
        for change in changed:
            if change.differs(name):
                is_told = not obj.fields[name].encrypted  # the history holds no value that the record holds encrypted
                yield {
                    "object_name": obj.name,
                    "record_id": change.id,
                    "field_name": name,
                    "old_value": as_text((change.old or {}).get(name)) if is_told else None,
                    "new_value": as_text(change.values[name]) if is_told else None,
                }


def as_text(value: Any) -> str | None:
    """A value as the history keeps it: ISO dates, plain numbers, `A;B` for several choices."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    return ";".join(value) if isinstance(value, list) else str(value)


def audit_of(plan: WritePlan, action: str, changes: Sequence[Change]) -> Iterable[Statement]:
    """Entries of the setup audit trail, and the new access version where they say who a user is."""
    rows = [_audit_row(plan, action, change) for change in changes]
    if not rows:
        return
    for row, entry_id in zip(rows, new_ids(SETUP_PREFIX, len(rows)), strict=True):
        row |= {"id": entry_id, ACTING: plan.context.principal.acting_user_id}
    yield insert_audit(plan.context.snapshot, rows)
    if plan.obj.name in FACTS_FROM:
        yield CHANGE_ACCESS


def audited(obj: Object) -> list[str]:
    """The fields whose values the trail keeps of a record that goes or comes back."""
    return [
        each.name
        for each in obj.fields.values()
        if each.name == NAME
        or (each.column and not (each.system or each.is_compound or each.is_calculated or each.encrypted))
    ]


def _audit_row(plan: WritePlan, action: str, change: Change) -> dict[str, Any]:
    names = [name for name in change.values if change.differs(name)]
    kept = [name for name in names if not plan.obj.fields[name].encrypted]
    whole = {name: change.old[name] for name in audited(plan.obj) if change.old and change.old.get(name) is not None}
    target = str(change.now(NAME) or change.id)
    principal = plan.context.principal
    display = f"{action.capitalize()} {plan.obj.label} {target}" + (f": {', '.join(names)}" if names else "")
    return {
        "username": principal.username[:USERNAME_LENGTH],
        "action": action,
        "section": plan.obj.name,
        "target_name": target[:TARGET_LENGTH],
        "display": display[:DISPLAY_LENGTH],
        "old_value": _document(
            whole if action == DELETED else {name: change.old.get(name) for name in kept if change.old}
        ),
        "new_value": _document(whole if action == RESTORED else {name: change.values[name] for name in kept}),
        "source_ip": principal.source_ip,
    }


def _document(values: dict[str, Any] | None) -> str | None:
    if not values:
        return None
    return orjson.dumps({name: as_text(value) for name, value in sorted(values.items())}).decode()


def _login_names(plan: WritePlan, created: Sequence[Change], changed: Sequence[Change]) -> Iterable[Statement]:
    """Usernames are unique over all tenants and found before a tenant is known; they live beside the users too."""
    if plan.obj.name != "User":
        return
    renamed = [change for change in changed if change.differs("Username")]
    for statement, changes in ((INSERT_LOGIN_NAMES, created), (UPDATE_LOGIN_NAMES, renamed)):
        rows = [{"username": change.values["Username"].lower(), "user_id": change.id} for change in changes]
        if rows:
            yield statement.bind(rows=folded(rows))
    closed = [change.id for change in changed if change.differs("IsActive") and not change.values["IsActive"]]
    if closed:
        yield END_SESSIONS.bind(ids=closed)
