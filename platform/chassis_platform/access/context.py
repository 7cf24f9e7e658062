"""The Context of a request: who asks, in which tenant, what the metadata says, what the policy allows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.door import OPEN_DOOR, Door
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.security_policy import DEFAULT as DEFAULT_SECURITY
from chassis_platform.access.security_policy import SecurityPolicy
from chassis_tenants.database import Binding
from chassis_tenants.journal import Actor
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
    client_id: str | None = None  # of the connected app
    scopes: frozenset[str] | None = None  # what the app may do in the user's name; None: all that the user may
    ip_ranges: tuple[str, ...] = ()  # where the app may call from; none: anywhere
    acting_user_id: str | None = None  # who really acts, where somebody signed in as the user
    verified_at: datetime | None = None  # when they last showed who they are
    is_emergency: bool = False  # the operator let them in, where nobody else could
    pending: str | None = None  # what is missing before anything else may be done: auth/pending.py


@dataclass(frozen=True, slots=True)
class AssignmentChoice:
    """Which assignment rules saves go by: without some that would run by themselves, and with one instead.

    `instead` is (object, rule): it assigns each new record of the object.
    """

    without: frozenset[str] = frozenset()
    instead: tuple[str, str] | None = None


AS_DECLARED = AssignmentChoice()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a plan needs besides the request itself. Frozen: a change of any part makes a new one."""

    tenant: Tenant
    principal: Principal
    snapshot: Snapshot
    policy: AccessPolicy
    binding: Binding
    allow_duplicates: bool = False  # whoever asks has seen that the record may be there already
    door: Door = OPEN_DOOR  # when and from where the session works
    security: SecurityPolicy = DEFAULT_SECURITY
    assignment: AssignmentChoice = AS_DECLARED
    #: What statements are told of who asks: made when it is first wanted, by `sql/formula_context.py`.
    told: dict[str, object] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def actor(self) -> Actor:
        """Who acts, as the journal keeps who did something."""
        principal = self.principal
        return Actor(principal.user_id, principal.username, principal.source_ip, principal.acting_user_id)

    @property
    def unversioned(self) -> Context:
        """The same, for the later steps of an act whose first step changes what the binding would check."""
        return replace(self, binding=Binding(self.tenant.id, session_hash=self.binding.session_hash))
