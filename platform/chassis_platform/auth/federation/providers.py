"""Identity providers of a tenant: who vouches for its people, and what is believed of what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chassis_platform.auth.secrets import open_sealed, seal
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

OIDC, SAML = "oidc", "saml"
KINDS = (OIDC, SAML)
PROVIDER_PREFIX = "0IP"

_COLUMNS = "id, name, kind, label, is_active, body, sealed_secret"
_FIND = Statement(
    f"SELECT {_COLUMNS} FROM chassis.identity_provider"  # noqa: S608  this file's names
    " WHERE tenant_id = %(tenant_id)s AND (id = %(key)s OR name = %(key)s)"
)
_ACTIVE = Statement(
    "SELECT name, label FROM chassis.identity_provider WHERE tenant_id = %(tenant_id)s AND is_active"
    " ORDER BY lower(label), id"
)


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """What membership in one of the provider's groups means here."""

    group: str
    permission_sets: tuple[str, ...] = ()
    public_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A provider as its tenant set it up."""

    tenant_id: int
    id: str
    name: str
    kind: str
    label: str
    is_active: bool
    body: Mapping[str, Any]
    sealed_secret: bytes | None

    def text(self, key: str) -> str:
        """A text of the set-up; empty where there is none."""
        return str(self.body.get(key) or "")

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the provider calls our user's fields."""
        found: Mapping[str, str] = self.body["attributes"]
        return found

    @property
    def mappings(self) -> tuple[GroupMapping, ...]:
        """What its groups mean here."""
        return tuple(
            GroupMapping(each["group"], tuple(each["permission_sets"]), tuple(each["public_groups"]))
            for each in self.body["mappings"]
        )

    def secret(self, home: Path) -> str:
        """The client's secret at an OpenID provider, our keys towards a SAML provider; empty where there is none."""
        if self.sealed_secret is None:
            return ""
        return open_sealed(home, self.tenant_id, purpose_of(self.id), self.sealed_secret).decode()

    def with_secret(self, sealed: bytes) -> IdentityProvider:
        """The same with what was sealed meanwhile."""
        return replace(self, sealed_secret=sealed)


def purpose_of(provider_id: str) -> str:
    """What a provider's secret is sealed for."""
    return f"identity_provider {provider_id}"


def seal_secret(home: Path, tenant_id: int, provider_id: str, secret: str) -> bytes:
    """The secret as it is stored."""
    return seal(home, tenant_id, purpose_of(provider_id), secret.encode())


async def find_provider(database: Database, tenant_id: int, key: str) -> IdentityProvider | None:
    """The provider of that id or name."""
    [rows] = await database.read(Binding(tenant_id), _FIND.bind(tenant_id=tenant_id, key=key))
    if not rows:
        return None
    *values, sealed = rows[0]
    return IdentityProvider(tenant_id, *(*values, None if sealed is None else bytes(sealed)))


async def active_providers(database: Database, tenant_id: int) -> list[tuple[str, str]]:
    """Name and label of those that a sign-in page offers."""
    [rows] = await database.read(Binding(tenant_id), _ACTIVE.bind(tenant_id=tenant_id))
    return [(name, label) for name, label in rows]
