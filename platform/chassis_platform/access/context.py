"""The Context of a request: who asks, in which tenant, what the metadata says, what the policy allows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.policy import AccessPolicy
from chassis_tenants.database import Binding
from chassis_tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking and through what: a person in a browser, a partner's client, the worker."""

    user_id: str
    username: str
    kind: str  # browser | api | inbound | worker | command_line
    session_id: str | None = None
    client_name: str | None = None
    source_ip: str | None = None
    language: str = "en_US"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a plan needs besides the request itself. Frozen: a change of any part makes a new one."""

    tenant: Tenant
    principal: Principal
    snapshot: Snapshot
    policy: AccessPolicy
    binding: Binding
    allow_duplicates: bool = False  # whoever asks has seen that the record may be there already

    @property
    def unversioned(self) -> Context:
        """The same, for the later steps of an act whose first step changes what the binding would check."""
        return replace(self, binding=Binding(self.tenant.id, session_hash=self.binding.session_hash))
