"""Sealing a tenant's secrets anew which an older data key sealed, or the installation's key before there were any."""

from __future__ import annotations

from pathlib import Path

import structlog

from chassis_metadata.errors import Unavailable
from chassis_platform.auth.tenant_secrets import LASTING, DestroyedSecretError, SecretKind, is_older
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.statement import Statement

log = structlog.get_logger()


async def seal_kept_secrets(database: Database, home: Path, tenant_id: int, number: int) -> int:
    """Seal with the newest data key what none from `number` on did; answers how many secrets. It bears to run again."""
    done = 0
    for kind in LASTING:
        for column in kind.columns:
            async with database.transaction(Binding(tenant_id)) as transaction:
                done += await _column(transaction, home, kind, column, number)
    return done


async def _column(transaction: Transaction, home: Path, kind: SecretKind, column: str, number: int) -> int:
    older = Statement(
        f"SELECT id, {kind.in_sql(column)}, {column} FROM {kind.table}"  # noqa: S608  names of tenant_secrets.py
        f" WHERE tenant_id = %(tenant_id)s AND {is_older(column)} ORDER BY id",
        {"tenant_id": transaction.tenant_id, "number": number},
        sealed=True,
    )
    found = await transaction.fetch(older)
    changed = [_replaced(transaction.tenant_id, kind, column, row, home) for row in found]
    statements = [each for each in changed if each is not None]
    return sum(map(len, await transaction.fetch_each(statements))) if statements else 0


def _replaced(tenant_id: int, kind: SecretKind, column: str, row: Row, home: Path) -> Statement | None:
    """None where nothing opens it: it stays as it is, until somebody sets a new one."""
    record_id, found, stored = row
    try:
        secret = kind.opened(home, tenant_id, record_id, found)
    except DestroyedSecretError:
        return None
    except Unavailable as error:
        log.warning("secret_not_sealed_anew", tenant_id=tenant_id, secret=record_id, error=str(error))
        return None
    return Statement(
        f"UPDATE {kind.table} SET {column} = %(secret)s WHERE tenant_id = %(tenant_id)s"  # noqa: S608  as above
        f" AND id = %(id)s AND {column} = %(stored)s RETURNING id",
        {
            "tenant_id": tenant_id,
            "id": record_id,
            "secret": kind.to_seal(record_id, secret or b""),
            "stored": bytes(stored),
        },
        sealed=True,
    )
