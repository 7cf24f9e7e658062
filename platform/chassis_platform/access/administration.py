"""What administrators do through Setup alone, where it is verified, approved and recorded as one act."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chassis_metadata.errors import Forbidden, Problem
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.system import THROUGH_SETUP, is_system


def without_assignments(policy: AccessPolicy) -> AccessPolicy:
    """The policy without the right to write such records by the ordinary doors."""
    held = {name: policy.grants.objects[name] for name in THROUGH_SETUP if name in policy.grants.objects}
    if not any(each.create or each.update or each.delete for each in held.values()):
        return policy
    narrowed = {name: each.only_reading for name, each in held.items()}
    grants = replace(
        policy.grants,
        identity=f"setup:{policy.grants.identity}",
        objects={**policy.grants.objects, **narrowed},
    )
    return replace(policy, grants=grants)


def demand_shown_anew(context: Context, object_name: str) -> None:
    """Refuse to give permissions away by a program's token whose user has not shown lately who they are."""
    if object_name in THROUGH_SETUP and context.principal.session_id is not None and not is_system(context):
        require_recent_verification(context)


def require_recent_verification(context: Context, minutes: int | None = None) -> None:
    """Refuse a dangerous act unless the user showed who it is not long ago. The web application asks and tries again.

    Who signed in as somebody else can't show to be them: the act is not theirs to do. Whom the operator let in, for a
    while and under everybody's eyes, is there for such acts.
    """
    principal = context.principal
    if principal.is_emergency:
        return
    if principal.acting_user_id is not None:
        raise Forbidden.of("insufficient_access", "This can't be done while signed in as somebody else.")
    within = timedelta(minutes=minutes or context.security.verification_minutes)
    if principal.verified_at is None or principal.verified_at < clock.now() - within:
        raise Forbidden(Problem("", "verification_required", "Show that it is you, then try again."))
