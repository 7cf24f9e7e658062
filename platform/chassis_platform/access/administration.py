"""What administrators do through Setup alone, where it is verified, approved and recorded as one act."""

from __future__ import annotations

from dataclasses import replace

from chassis_platform.access.policy import AccessPolicy

#: Whoever may write these records gives permissions away.
_THROUGH_SETUP = ("PermissionSetAssignment",)


def without_assignments(policy: AccessPolicy) -> AccessPolicy:
    """The policy without the right to write such records by the ordinary doors."""
    held = {name: policy.grants.objects[name] for name in _THROUGH_SETUP if name in policy.grants.objects}
    if not any(each.create or each.update or each.delete for each in held.values()):
        return policy
    narrowed = {name: each.only_reading for name, each in held.items()}
    grants = replace(
        policy.grants,
        identity=f"setup:{policy.grants.identity}",
        objects={**policy.grants.objects, **narrowed},
    )
    return replace(policy, grants=grants)
