"""Who decides in my place while I am away: everybody for themselves; administrators for all, as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.write import create_record, delete_record
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

OBJECT = "DelegatedApprover"
_MINE = Statement("""
SELECT d.id, d.delegate_id, u.name, d.start_date, d.end_date, d.process_name, d.is_active
FROM tenant.delegated_approver d
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = d.delegate_id
WHERE d.tenant_id = %(tenant_id)s AND d.user_id = %(user_id)s AND NOT d.is_deleted
ORDER BY d.start_date DESC, d.id
""")
_FIELDS = {"delegate_id": "DelegateId", "from": "StartDate", "to": "EndDate", "process": "ProcessName"}


async def my_delegates(database: Database, context: Context) -> list[Mapping[str, Any]]:
    """The delegations that the user made."""
    [rows] = await database.read(context.binding, _mine(context))
    return [
        {
            "id": row[0],
            "delegate": {"id": row[1], "name": row[2]},
            "from": row[3],
            "to": row[4],
            "process": row[5],
            "active": row[6],
        }
        for row in rows
    ]


def _mine(context: Context) -> Statement:
    return _MINE.bind(tenant_id=context.tenant.id, user_id=context.principal.user_id)


async def delegate(database: Database, context: Context, document: Mapping[str, Any]) -> str:
    """Let somebody decide in the user's place from a day to a day; answers the id."""
    unknown = sorted(set(document) - set(_FIELDS))
    if unknown:
        raise Invalid.of("invalid_field", f"Unknown: {', '.join(unknown)}. Use: {', '.join(_FIELDS)}.", fields=unknown)
    user_id = context.principal.user_id
    if document.get("delegate_id") == user_id:
        raise Invalid.of("invalid_cross_reference_key", "Choose somebody else.", fields=["delegate_id"])
    values = {_FIELDS[name]: value for name, value in document.items()}
    if str(values.get("StartDate") or "") > str(values.get("EndDate") or "9"):
        raise Invalid.of("number_outside_valid_range", "The last day lies before the first.", fields=["to"])
    # Own approvals only: that is what the right rests on.
    values |= {"UserId": user_id, "OwnerId": user_id}
    made = await create_record(database, as_system(context, OBJECT, "User"), OBJECT, values)
    return str(made.id)


async def end_delegation(database: Database, context: Context, delegation_id: str) -> None:
    """Take it back."""
    [rows] = await database.read(context.binding, _mine(context))
    if delegation_id not in {row[0] for row in rows}:
        raise NotFound.of("not_found", "There is no such delegation of yours.")
    await delete_record(database, as_system(context, OBJECT).unversioned, OBJECT, delegation_id)
