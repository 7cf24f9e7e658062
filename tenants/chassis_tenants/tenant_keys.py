"""The keys of tenants: read wrapped from the database, unwrapped by the installation's key, kept in memory.

The database holds no key that opens anything by itself: what wraps them is elsewhere (`KeyWrapper`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from psycopg import AsyncConnection

from chassis_metadata.errors import Unavailable
from chassis_tenants.seal_marks import holds_marks, is_marked, seals, with_opened, with_sealed
from chassis_tenants.sealing import KEY_BYTES, TenantKeys, UnknownVersionError
from chassis_tenants.statement import Statement
from chassis_tenants.wire import Row, Wire

#: What a tenant's keys are for: its values, and the hashes by which values are found.
DATA, INDEX = "data", "index"
_MOST_KEPT = 2_000
#: A value may be sealed by another process with a key that was made a moment ago.
_MOST_READINGS = 2


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Why tenants' keys can't be unwrapped. `passes`: it may be over in a moment, and keys in memory go on serving."""

    text: str
    passes: bool = False


class KeyWrapper(Protocol):
    """What wraps the tenants' keys: a key of a file or of the environment, or a service that keeps it to itself."""

    @property
    def wrapping_id(self) -> str:
        """The name of the key that new keys are wrapped with."""

    async def wrap(self, key: bytes, purpose: str) -> bytes:
        """The key, readable only to who has the wrapping key, for this purpose."""

    async def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """What was wrapped. Raises Unavailable where the wrapping key is another one, or can't be asked."""

    async def problem(self, wrapped_by: Collection[str]) -> KeyProblem | None:
        """What speaks against unwrapping what these keys wrapped; None where all is well."""


class NoWrapper:
    """Of a process that was given no key: it can neither seal nor open."""

    wrapping_id = "none"

    async def wrap(self, key: bytes, purpose: str) -> bytes:
        """Nothing is wrapped."""
        del key, purpose
        raise _no_key()

    async def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """Nothing is unwrapped."""
        del wrapped, wrapped_by, purpose
        raise _no_key()

    async def problem(self, wrapped_by: Collection[str]) -> KeyProblem | None:
        """There is nothing to unwrap it with."""
        return KeyProblem("this process was started without a key that opens tenants' keys") if wrapped_by else None


NO_WRAPPER: KeyWrapper = NoWrapper()


def _no_key() -> Unavailable:
    message = "Encrypted values are not at hand: this process was started without a key that opens tenants' keys."
    return Unavailable.of("encryption_key_unavailable", message)


def purpose_of(tenant_id: int, kind: str, number: int) -> str:
    """What a wrapped key is bound to: it can't be put in the place of another."""
    return f"chassis key {tenant_id} {kind} {number}"


_READ = Statement(
    "SELECT t.key_version, k.kind, k.number, k.wrapped, k.wrapped_by FROM chassis.tenant t"
    " LEFT JOIN chassis.tenant_key k ON k.tenant_id = t.id WHERE t.id = %(tenant_id)s"
)
_KEEP = Statement(
    "INSERT INTO chassis.tenant_key (tenant_id, kind, number, wrapped, wrapped_by)"
    " VALUES (%(tenant_id)s, %(kind)s, %(number)s, %(wrapped)s, %(wrapped_by)s) ON CONFLICT DO NOTHING"
)


class KeyRing:
    """The tenants' keys that this process has met. `dsn` is where a tenant's first keys are put."""

    def __init__(self, wrapper: KeyWrapper, dsn: str) -> None:
        self.wrapper = wrapper
        self._dsn = dsn
        self._kept: OrderedDict[int, TenantKeys] = OrderedDict()
        self._making = asyncio.Lock()

    def known(self, tenant_id: int, version: int | None) -> TenantKeys | None:
        """The keys as they were read, unless the registry says that they changed since."""
        found = self._kept.get(tenant_id)
        if found is None or version not in (None, found.version):
            return None
        self._kept.move_to_end(tenant_id)
        return found

    async def read(self, rows: Sequence[Row], tenant_id: int) -> TenantKeys:
        """What the database answered, unwrapped; kept where new values can be sealed with it, else asked for anew."""
        clear: dict[str, dict[int, bytes | None]] = {DATA: {}, INDEX: {}}
        for _, kind, number, wrapped, wrapped_by in rows:
            if kind is not None:
                purpose = purpose_of(tenant_id, kind, number)
                key = None if wrapped is None else await self.wrapper.unwrap(bytes(wrapped), wrapped_by, purpose)
                clear[kind][number] = key
        keys = TenantKeys(tenant_id, rows[0][0] if rows else 0, clear[DATA], clear[INDEX])
        self._kept.pop(tenant_id, None)
        if keys.current is not None:
            self._keep(keys)
        return keys

    def _keep(self, keys: TenantKeys) -> None:
        self._kept[keys.tenant_id] = keys
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def new_key(self, tenant_id: int, kind: str, number: int) -> Statement:
        """The statement that keeps a new key, unless there is one of that number."""
        wrapped = await self.wrapper.wrap(secrets.token_bytes(KEY_BYTES), purpose_of(tenant_id, kind, number))
        return _KEEP.bind(
            tenant_id=tenant_id, kind=kind, number=number, wrapped=wrapped, wrapped_by=self.wrapper.wrapping_id
        )

    async def make(self, keys: TenantKeys) -> None:
        """A tenant's first keys, or its next ones when all were destroyed: whatever becomes of the write, they stay.

        On a connection of their own: what waits for them may hold all those of the pool.
        """
        async with self._making:
            data, index = (max(each, default=0) + 1 for each in (keys.data, keys.index))
            made = [await self.new_key(keys.tenant_id, DATA, data), await self.new_key(keys.tenant_id, INDEX, index)]
            connection: AsyncConnection[Row] = await AsyncConnection.connect(self._dsn, autocommit=True)
            async with connection:
                bound = Statement(f"SET LOCAL app.tenant_id = '{int(keys.tenant_id)}'")
                wire = Wire(connection, prepared=False)
                await wire.send([Statement("BEGIN"), bound, *made, Statement("COMMIT")])


@dataclass(slots=True)
class KeyDesk:
    """The keys of one tenant for what goes over one connection. `version` is what the registry says of them, if asked.

    `bound`: the connection's transaction is bound to the tenant already.
    """

    ring: KeyRing
    wire: Wire
    tenant_id: int
    version: int | None = None
    bound: bool = True
    used: TenantKeys | None = None

    @property
    def is_outdated(self) -> bool:
        """Whether marks were filled in with other keys than those that the registry has."""
        return self.used is not None and self.used.version != self.version

    async def ready(self, statements: Sequence[Statement]) -> list[Statement]:
        """The statements with their marks filled in."""
        marked = [each.sealed and is_marked(each) for each in statements]
        if not any(marked):
            return list(statements)
        keys = await self._keys()
        if keys.current is None and any(seals(each) for each, one in zip(statements, marked, strict=True) if one):
            await self.ring.make(keys)
            keys = await self._read()
        self.used = keys
        return [with_sealed(each, keys) if one else each for each, one in zip(statements, marked, strict=True)]

    async def opened(self, statements: Sequence[Statement], answers: list[list[Row]]) -> list[list[Row]]:
        """The answers with what their marks stand for."""
        found = list(answers)
        for place, (statement, rows) in enumerate(zip(statements, answers, strict=True)):
            if statement.sealed and holds_marks(rows):
                found[place] = await self._open(rows)
        return found

    async def _open(self, rows: list[Row]) -> list[Row]:
        keys = await self._keys()
        for _ in range(_MOST_READINGS):
            try:
                opened: list[Row] = with_opened(rows, keys)
            except UnknownVersionError:
                keys = replace(await self._read(), just_read=True)
            else:
                return opened
        message = "A value was encrypted with a key that is gone. Restore the tenant's keys from a backup."
        raise Unavailable.of("encryption_key_unavailable", message)

    async def _keys(self) -> TenantKeys:
        return self.ring.known(self.tenant_id, self.version) or await self._read()

    async def _read(self) -> TenantKeys:
        asked = _READ.bind(tenant_id=self.tenant_id)
        if self.bound:
            [rows] = await self.wire.send([asked])
        else:
            bound = Statement(f"SET LOCAL app.tenant_id = '{int(self.tenant_id)}'")
            _, _, rows, _ = await self.wire.send([Statement("BEGIN"), bound, asked, Statement("COMMIT")])
        return await self.ring.read(rows, self.tenant_id)


def asks_for_keys(statements: Sequence[Statement]) -> bool:
    """Whether keys are needed before the statements can be sent."""
    return any(each.sealed and is_marked(each) for each in statements)
