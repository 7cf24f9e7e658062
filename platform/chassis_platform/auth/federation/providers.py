"""Identity providers of a tenant: who vouches for its people, and what is believed of what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis_platform.auth.tenant_secrets import PROVIDER
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

OIDC, SAML = "oidc", "saml"
KINDS = (OIDC, SAML)
PROVIDER_PREFIX = "0IP"

_COLUMNS = "id, name, kind, label, is_active, body"
_FIND = Statement(
    f"SELECT {_COLUMNS} FROM chassis.identity_provider"  # noqa: S608  this file's names
    " WHERE tenant_id = %(tenant_id)s AND (id = %(key)s OR name = %(key)s)"
)
_SECRET = Statement(
    f"SELECT {PROVIDER.in_sql('sealed_secret')}, sealed_secret FROM chassis.identity_provider"  # noqa: S608  as above
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
    sealed=True,
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


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A provider's secret as it is stored, which opens where it is used."""

    provider: IdentityProvider
    stored: bytes | None
    _found: bytes | None = field(repr=False)

    def opened(self, home: Path) -> str:
        """The client's secret at an OpenID provider, our keys towards a SAML provider; empty where there is none.

        Raises DestroyedSecretError where its key was destroyed: it is not the same as none.
        """
        opened = PROVIDER.opened(home, self.provider.tenant_id, self.provider.id, self._found)
        return "" if opened is None else opened.decode()


async def find_secret(database: Database, provider: IdentityProvider) -> KeptSecret:
    """The provider's secret, read when it is needed."""
    asked = _SECRET.bind(tenant_id=provider.tenant_id, id=provider.id)
    [rows] = await database.read(Binding(provider.tenant_id), asked)
    found, stored = rows[0] if rows else (None, None)
    return KeptSecret(provider, stored, found)


async def find_provider(database: Database, tenant_id: int, key: str) -> IdentityProvider | None:
    """The provider of that id or name."""
    [rows] = await database.read(Binding(tenant_id), _FIND.bind(tenant_id=tenant_id, key=key))
    if not rows:
        return None
    return IdentityProvider(tenant_id, *rows[0])


async def active_providers(database: Database, tenant_id: int) -> list[tuple[str, str]]:
    """Name and label of those that a sign-in page offers."""
    [rows] = await database.read(Binding(tenant_id), _ACTIVE.bind(tenant_id=tenant_id))
    return [(name, label) for name, label in rows]
