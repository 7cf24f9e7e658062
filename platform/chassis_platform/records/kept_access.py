"""Who saw what stays written down where the transaction in which it was seen is undone."""

from __future__ import annotations

from chassis_platform.access.context import Context
from chassis_platform.records.after_save import afterwards
from chassis_platform.sql.access_log import COLUMNS
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

#: Entries bear the time at which their transaction began.
_OF_THIS_TRANSACTION = Statement(
    "SELECT jsonb_agg(to_jsonb(e))::text FROM tenant.access_log e"
    " WHERE e.tenant_id = %(tenant_id)s AND e.created_by_id = %(user_id)s AND e.created_date = now()"
)
_NAMES = ", ".join(COLUMNS)
_KEEP = Statement(
    f"INSERT INTO data.access_log ({_NAMES}) SELECT {_NAMES}"  # noqa: S608  names of columns
    " FROM jsonb_populate_recordset(NULL::data.access_log, %(rows)s::jsonb) ON CONFLICT DO NOTHING"
)


async def keep_access_log(transaction: Transaction, context: Context) -> None:
    """Have the entries of the access log written again after the rollback: values may be told in what was refused."""
    asked = _OF_THIS_TRANSACTION.bind(tenant_id=context.tenant.id, user_id=context.principal.user_id)
    [(rows,)] = await transaction.fetch(asked)
    if rows is None:
        return

    async def keep(separate: Transaction) -> None:
        await separate.fetch(_KEEP.bind(rows=rows))

    afterwards(keep)
