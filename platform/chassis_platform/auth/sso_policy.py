"""Whether a tenant's people sign in by its identity providers only, and who may come in by password in any case."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

_READ = Statement("SELECT only_sso, exempt_user_ids FROM chassis.sso_policy WHERE tenant_id = %(tenant_id)s")
_PROVIDERS = Statement("SELECT count(*) FROM chassis.identity_provider WHERE tenant_id = %(tenant_id)s AND is_active")


@dataclass(frozen=True, slots=True)
class SsoPolicy:
    """Who may not use a password; `exempt_user_ids` are those who break the glass when a provider is down."""

    only_sso: bool = False
    exempt_user_ids: tuple[str, ...] = ()

    def allows_local(self, user_id: str) -> bool:
        """Whether the user may sign in by password or passkey."""
        return not self.only_sso or user_id in self.exempt_user_ids


async def read_sso_policy(database: Database, tenant_id: int) -> SsoPolicy:
    """The tenant's policy."""
    [rows] = await database.read(Binding(tenant_id), _READ.bind(tenant_id=tenant_id))
    return SsoPolicy(rows[0][0], tuple(rows[0][1])) if rows else SsoPolicy()


async def may_sign_in_locally(database: Database, tenant_id: int, user_id: str) -> bool:
    """Whether the user may sign in by password or passkey. Without a provider there is no other way."""
    policy, providers = await database.read(
        Binding(tenant_id), _READ.bind(tenant_id=tenant_id), _PROVIDERS.bind(tenant_id=tenant_id)
    )
    found = SsoPolicy(policy[0][0], tuple(policy[0][1])) if policy else SsoPolicy()
    return providers[0][0] == 0 or found.allows_local(user_id)
