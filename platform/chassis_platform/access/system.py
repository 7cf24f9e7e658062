"""The platform acting for itself on behalf of a user: a policy that grants what one verified act needs, and no more."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.policy import AccessPolicy, Grants, ObjectAccess

_SYSTEM = "system:"
#: Whoever may write these records gives permissions away: people do it through Setup, and no flow does.
THROUGH_SETUP = ("PermissionSetAssignment",)


def _everything_on(obj: Object) -> ObjectAccess:
    return ObjectAccess(
        create=True,
        read=True,
        update=True,
        delete=True,
        view_all=True,
        modify_all=True,
        readable=frozenset(obj.fields),
        editable=frozenset(name for name, each in obj.fields.items() if each.createable or each.updateable),
    )


def system_grants(snapshot: Snapshot, objects: frozenset[str]) -> Grants:
    """All rights on the named objects, read on the rest of the platform's own."""

    def make() -> Grants:
        known = {name: snapshot.objects[name] for name in sorted(objects) if name in snapshot.objects}
        return Grants(
            identity=f"{_SYSTEM}{_digest(objects)}:{snapshot.identity}",
            objects={name: _everything_on(each) for name, each in known.items()},
        )

    return snapshot.keep(("system_grants", objects), make)


def _digest(objects: frozenset[str]) -> str:
    return hashlib.sha256(",".join(sorted(objects)).encode()).hexdigest()[:16]


def as_automation(context: Context) -> Context:
    """The same user and tenant with all rights but to give rights away: what rules and flows do on the user's behalf.

    Automation holds the custom permissions of the sets that say so. The journal still names the user.
    """
    policy = AccessPolicy(user_id=context.principal.user_id, grants=_automation_grants(context.snapshot))
    return replace(context, policy=policy, allow_duplicates=True)  # nobody is there to be asked


def is_automation(context: Context) -> bool:
    """Whether rules and flows are at work, not the user in person."""
    return context.policy.grants is _automation_grants(context.snapshot)


def is_system(context: Context) -> bool:
    """Whether the platform itself acts, by `as_automation` or `as_system`."""
    return context.policy.grants.identity.startswith(_SYSTEM)


def _automation_grants(snapshot: Snapshot) -> Grants:
    def make() -> Grants:
        held = (each.custom_permissions for each in snapshot.permission_sets.values() if each.for_automation)
        custom = frozenset(name for names in held for name in names)
        grants = system_grants(snapshot, frozenset(snapshot.objects))
        narrowed = {name: grants.objects[name].only_reading for name in THROUGH_SETUP if name in grants.objects}
        return replace(grants, custom=custom, objects={**grants.objects, **narrowed})

    return snapshot.keep("automation_grants", make)


def as_system(context: Context, *objects: str) -> Context:
    """The same user and tenant, with all rights on the named objects.

    Danger: whoever calls this has decided by a system permission (ManageUsers …) that the act is allowed. The journal
    still names the user.
    """
    grants = system_grants(context.snapshot, frozenset(objects))
    policy = AccessPolicy(user_id=context.principal.user_id, grants=grants)
    return replace(context, policy=policy)
