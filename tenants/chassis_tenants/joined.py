"""An open transaction in the place of the database: who asks it for reads and transactions takes part in the one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis_tenants.database import BY_KEY, Binding, Database, Row, Transaction
from chassis_tenants.statement import Statement

#: What is read by other than keys is planned for its values, as outside.
_BY_VALUES = Statement("SET LOCAL plan_cache_mode = auto")


class JoinedDatabase(Database):
    """What is done through it is committed with the transaction; what fails is undone alone.

    Whether session, metadata and access still hold was asked when the transaction began, and is not asked again.
    """

    def __init__(self, database: Database, transaction: Transaction) -> None:
        self.region = database.region
        self.keys = database.keys
        self._transaction = transaction

    async def read(self, binding: Binding, *statements: Statement) -> list[list[Row]]:
        """Rows of each statement; a failure leaves the transaction as it was."""
        self._demand_same(binding)
        if not statements:
            return []
        async with self._transaction.part() as part:
            rows = await part.commit_with([_BY_VALUES, *statements, BY_KEY])
        return rows[1:-1]

    @asynccontextmanager
    async def transaction(self, binding: Binding) -> AsyncIterator[Transaction]:
        """A part of the transaction."""
        self._demand_same(binding)
        async with self._transaction.part() as part:
            yield part

    async def registry(self, statement: Statement) -> list[Row]:
        """On the same connection: another one might have to be waited for."""
        return await self._transaction.fetch(statement)

    def _demand_same(self, binding: Binding) -> None:
        if binding.tenant_id != self._transaction.tenant_id:
            raise RuntimeError("a transaction is one tenant's")
