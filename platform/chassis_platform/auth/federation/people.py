"""What apps are told of a user: the claims of OpenID Connect, as far as the scopes go."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chassis_platform.access.scopes import EMAIL, FULL, IDENTITY, PROFILE
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

_FIND = Statement(
    'SELECT name, first_name, last_name, email, username FROM tenant."user"'
    " WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A user's name and address."""

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    username: str | None = None

    def claims(self, scopes: AbstractSet[str] | None) -> dict[str, str]:
        """The claims that the scopes open; all of them without scopes."""
        wide = scopes is None or FULL in scopes or IDENTITY in scopes
        found: dict[str, str | None] = {}
        if wide or PROFILE in (scopes or ()):
            found |= {"name": self.name, "given_name": self.first_name, "family_name": self.last_name}
            found["preferred_username"] = self.username
        if wide or EMAIL in (scopes or ()):
            found["email"] = self.email
        return {name: value for name, value in found.items() if value}


async def find_person(database: Database, tenant_id: int, user_id: str) -> Person:
    """The user's name and address."""
    [rows] = await database.read(Binding(tenant_id), _FIND.bind(tenant_id=tenant_id, user_id=user_id))
    return Person(*rows[0]) if rows else Person()
